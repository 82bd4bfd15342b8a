package densitytest

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Proposal tests a distribution q(z|x) at the rows of x (N×D, N ≥ 2, all
// different); see the package comment. Config.States holds the values of z if
// there are finitely many.
func Proposal(t testing.TB, q density.Proposal, x *mat.Dense, c Config) {
	t.Helper()
	n, _ := x.Dims()
	if n < 2 {
		t.Fatalf("a proposal is tested with at least 2 rows")
	}
	c = c.resolve(q.LatentDim())
	for i := range n {
		row := density.Rows(x, i, i+1)
		l := law{name: rowName("q(z|x)", i), d: q.LatentDim(), states: c.States,
			draw: func(z *mat.Dense, src rand.Source) { q.Rand(z, row, src) },
			log:  func(z *mat.Dense) []float64 { return q.LogProb(nil, z, row) }}
		checkLaw(t, l, Config{Seed: c.Seed, Draws: c.Draws, Tolerance: c.Tolerance})
		if i == 0 {
			checkDraws(t, l, c)
		}
	}
	checkJointDraws(t, q, x, c)

	z := mat.NewDense(n*testDraws, q.LatentDim(), nil)
	q.Rand(z, x, c.source("proposal"))
	logs := checkFill(t, "LogProb(z|x)", n*testDraws, func(dst []float64) []float64 { return q.LogProb(dst, z, x) })
	checkPairing(t, "LogProb(z|x)", logs, x, z, func(x, z *mat.Dense) []float64 { return q.LogProb(nil, z, x) })
	mustPanic(t, "LogProb(z|x) of codes of a wrong width", func() { q.LogProb(nil, wider(z), x) })
	mustPanic(t, "LogProb(z|x) of codes that are no multiple of the rows", func() { q.LogProb(nil, density.Rows(z, 0, n*testDraws-1), x) })
	if g, ok := q.(density.ProposalGradient); ok {
		checkGradient(t, "log q(z|x)", z, c,
			func(z *mat.Dense) []float64 { return q.LogProb(nil, z, x) },
			func(grad, z *mat.Dense) []float64 { return g.LogProbGrad(nil, grad, z, x) })
	}
}

// checkJointDraws checks by E ln q(z|xᵢ) that the draws that Rand makes for row i
// among all rows follow the same density as those for the row alone.
func checkJointDraws(t testing.TB, q density.Proposal, x *mat.Dense, c Config) {
	t.Helper()
	n, _ := x.Dims()
	s := c.Draws
	joint := mat.NewDense(n*s, q.LatentDim(), nil)
	q.Rand(joint, x, c.source("joint"))
	logs := q.LogProb(nil, joint, x)
	for i := range n {
		alone := mat.NewDense(s, q.LatentDim(), nil)
		row := density.Rows(x, i, i+1)
		q.Rand(alone, row, c.source("alone"))
		a, errA := meanErr(logs[i*s : (i+1)*s])
		b, errB := meanErr(q.LogProb(nil, alone, row))
		if !(math.Abs(a-b) <= deviations*math.Hypot(errA, errB)+1e-9*(1+math.Abs(b))) {
			t.Errorf("Rand for all rows at once: E ln q(z|x) of row %d is %v ± %v, for the row alone %v ± %v; rows i·S to i·S+S−1 of z belong to row i of x", i+1, a, errA, b, errB)
		}
	}
}

// Divergence tests the closed form of KL(q(z|x) ‖ p(z)) at the rows of x (N×D)
// against its mean over draws.
func Divergence(t testing.TB, m density.Latent, q density.PriorDivergence, x *mat.Dense, c Config) {
	t.Helper()
	c = c.resolve(q.LatentDim())
	n, _ := x.Dims()
	closed := checkFill(t, "KLPrior", n, func(dst []float64) []float64 { return q.KLPrior(dst, x) })
	checkChunks(t, "KLPrior", closed, func(from, to int) []float64 { return q.KLPrior(nil, density.Rows(x, from, to)) })
	for i, want := range closed {
		z := mat.NewDense(c.Draws, q.LatentDim(), nil)
		row := density.Rows(x, i, i+1)
		q.Rand(z, row, c.source("divergence"))
		ratios, prior := q.LogProb(nil, z, row), m.LogPrior(nil, z)
		for k := range ratios {
			ratios[k] -= prior[k]
		}
		if mean, err := meanErr(ratios); !(math.Abs(mean-want) <= deviations*err+1e-9*(1+math.Abs(want))) {
			t.Errorf("KL(q ‖ p) of row %d is %v, over draws %v ± %v", i+1, want, mean, err)
		}
	}
}
