package densitytest

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// testRows and testDraws are the shape of the codes that pairing is tested with.
const (
	testRows  = 6
	testDraws = 5
)

// Latent tests a latent-variable model; see the package comment. If the model
// is also a density.ExactPosterior, density.Finite or density.LatentGradient,
// what these add is tested too, and its posterior as a proposal.
func Latent(t testing.TB, m density.Latent, c Config) {
	t.Helper()
	c = c.resolve(m.Dim())
	finite, isFinite := m.(density.Finite)
	if isFinite {
		c.States = finite.States()
	}
	prior := law{name: "p(z)", d: m.LatentDim(), draw: m.RandPrior, states: c.States,
		log: func(z *mat.Dense) []float64 { return m.LogPrior(nil, z) }}
	checkLaw(t, prior, Config{Seed: c.Seed, Draws: c.Draws, Tolerance: c.Tolerance})
	checkDraws(t, prior, c)
	checkDraws(t, law{name: "p(x)", d: m.Dim(), draw: m.Rand}, c)
	checkCount(t, m)
	checkLatentShapes(t, m, c)
	checkConditional(t, m, c)
	checkMarginal(t, m, c)
	if g, ok := m.(density.LatentGradient); ok {
		checkLatentGradient(t, g, c)
	}
	if oracle, ok := m.(density.ExactPosterior); ok {
		checkBayes(t, oracle, c)
		Exact(t, oracle, c)
		x := mat.NewDense(3, m.Dim(), nil)
		m.Rand(x, c.source("posterior"))
		Proposal(t, oracle.Posterior(), x, c)
		if isFinite {
			checkEvidence(t, oracle, finite, x)
		}
	}
}

// testPairs returns rows from the model and codes from the prior, testDraws of
// them for a row.
func testPairs(m density.Latent, c Config) (x, z *mat.Dense) {
	x = mat.NewDense(testRows, m.Dim(), nil)
	m.Rand(x, c.source("pairs.x"))
	z = mat.NewDense(testRows*testDraws, m.LatentDim(), nil)
	m.RandPrior(z, c.source("pairs.z"))
	return x, z
}

func checkLatentShapes(t testing.TB, m density.Latent, c Config) {
	t.Helper()
	x, z := testPairs(m, c)
	n := testRows * testDraws
	prior := checkFill(t, "LogPrior", n, func(dst []float64) []float64 { return m.LogPrior(dst, z) })
	checkChunks(t, "LogPrior", prior, func(from, to int) []float64 { return m.LogPrior(nil, density.Rows(z, from, to)) })
	lik := checkFill(t, "LogLik", n, func(dst []float64) []float64 { return m.LogLik(dst, x, z) })
	checkPairing(t, "LogLik", lik, x, z, func(x, z *mat.Dense) []float64 { return m.LogLik(nil, x, z) })
	mustPanic(t, "LogPrior of codes of a wrong width", func() { m.LogPrior(nil, wider(z)) })
	mustPanic(t, "LogLik of codes of a wrong width", func() { m.LogLik(nil, x, wider(z)) })
	mustPanic(t, "LogLik of rows of a wrong width", func() { m.LogLik(nil, wider(x), z) })
	mustPanic(t, "LogLik of codes that are no multiple of the rows", func() { m.LogLik(nil, x, density.Rows(z, 0, n-1)) })
}

// checkPairing checks that row i·S+s of z belongs to row i of x: cutting the
// pairs by rows, or taking each code alone with its row, gives the same bits.
func checkPairing(t testing.TB, name string, want []float64, x, z *mat.Dense, f func(x, z *mat.Dense) []float64) {
	t.Helper()
	n, _ := x.Dims()
	s := len(want) / n
	for i := range n {
		row := density.Rows(x, i, i+1)
		if !sameBits(f(row, density.Rows(z, i*s, (i+1)*s)), want[i*s:(i+1)*s]) {
			t.Errorf("%s gives other bits for row %d alone than among all: rows i·S to i·S+S−1 of z belong to row i of x", name, i+1)
			return
		}
		for k := i * s; k < (i+1)*s; k++ {
			if !sameBits(f(row, density.Rows(z, k, k+1)), want[k:k+1]) {
				t.Errorf("%s gives other bits for code %d alone than among all", name, k+1)
				return
			}
		}
	}
}

// checkConditional checks that p(x|z) integrates to 1 over x for some codes.
func checkConditional(t testing.TB, m density.Latent, c Config) {
	t.Helper()
	if c.Reference != nil || m.Dim() > 2 && !(c.Binary && m.Dim() <= maxBinary) {
		return // checkMarginal sees a wrong constant in any dimension
	}
	x := mat.NewDense(c.Draws, m.Dim(), nil)
	m.Rand(x, c.source("conditional"))
	f, ok := newFrame(x)
	if !ok {
		t.Errorf("p(x): draws have a singular covariance")
		return
	}
	codes := mat.NewDense(3, m.LatentDim(), nil)
	m.RandPrior(codes, c.source("conditional.z"))
	for k := range 3 {
		log := func(x *mat.Dense) []float64 {
			n, _ := x.Dims()
			logs := make([]float64, n)
			z := density.Rows(codes, k, k+1)
			for i := range logs {
				m.LogLik(logs[i:i+1], density.Rows(x, i, i+1), z)
			}
			return logs
		}
		var total float64
		if c.Binary {
			for _, v := range log(binaries(m.Dim())) {
				total += math.Exp(v)
			}
		} else {
			total = f.integrate(c.Points, 1, log, func(dst, _ []float64) { dst[0] = 1 })[0]
		}
		if !(math.Abs(total-1) <= c.Tolerance) {
			t.Errorf("p(x|z) integrates to %v over x at z = %v", total, codes.RawRowView(k))
		}
	}
}

// checkMarginal compares the mean of a density h over draws of x with E p(x|z) over x ~
// h and z from the prior. Both are ∫ h(x) p(x) dx. The density h is as wide as p, and
// in a few columns also narrow, at two draws of x.
func checkMarginal(t testing.TB, m density.Latent, c Config) {
	t.Helper()
	l := law{name: "p(x)", d: m.Dim(), draw: m.Rand}
	if c.Reference != nil {
		checkOverlap(t, m, c.Reference, c)
		return
	}
	if c.Binary {
		h, _ := density.NewBernoulli(newCoins(l, c).(coins).p) // none of which is 0 or 1
		checkOverlap(t, m, h, c)
		return
	}
	x := drawn(l, c, "marginal.frame")
	f, ok := newFrame(x)
	if !ok {
		t.Errorf("p(x): draws have a singular covariance")
		return
	}
	cov := mat.NewSymDense(m.Dim(), nil)
	centres, widths := [][]float64{f.mean}, []float64{1}
	if m.Dim() <= 3 {
		centres, widths = append(centres, x.RawRowView(0), x.RawRowView(1)), append(widths, 0.3, 0.3)
	}
	for k, width := range widths {
		cov.SymOuterK(width*width, f.lower)
		h, err := density.NewNormal(centres[k], cov)
		if err != nil {
			t.Errorf("p(x): %v", err)
			return
		}
		checkOverlap(t, m, h, c)
	}
}

func checkOverlap(t testing.TB, m density.Latent, h density.Exact, c Config) {
	t.Helper()
	x, z := mat.NewDense(c.Draws, m.Dim(), nil), mat.NewDense(c.Draws, m.LatentDim(), nil)
	m.Rand(x, c.source("marginal.draws"))
	left := h.LogProb(nil, x)
	h.Rand(x, c.source("marginal.x"))
	m.RandPrior(z, c.source("marginal.z"))
	right := m.LogLik(nil, x, z)
	// A common factor keeps densities of many columns within range.
	peak := max(density.LogMeanExp(left), density.LogMeanExp(right))
	for i := range left {
		left[i], right[i] = math.Exp(left[i]-peak), math.Exp(right[i]-peak)
	}
	a, errA := meanErr(left)
	b, errB := meanErr(right)
	if !(math.Abs(a-b) <= deviations*math.Hypot(errA, errB)) {
		t.Errorf("Rand, RandPrior and LogLik disagree: E h(x) over draws is %v ± %v, E p(x|z) over h is %v ± %v", a, errA, b, errB)
	}
}

func checkLatentGradient(t testing.TB, m density.LatentGradient, c Config) {
	t.Helper()
	x, z := testPairs(m, c)
	checkGradient(t, "log p(z)", z, c,
		func(z *mat.Dense) []float64 { return m.LogPrior(nil, z) },
		func(grad, z *mat.Dense) []float64 { return m.LogPriorGrad(nil, grad, z) })
	checkGradient(t, "log p(x|z)", z, c,
		func(z *mat.Dense) []float64 { return m.LogLik(nil, x, z) },
		func(grad, z *mat.Dense) []float64 { return m.LogLikGrad(nil, grad, x, z) })
	g := mat.NewDense(testRows*testDraws, m.LatentDim(), nil)
	want := checkFill(t, "LogLikGrad", testRows*testDraws, func(dst []float64) []float64 {
		return m.LogLikGrad(dst, mat.DenseCopyOf(g), x, z)
	})
	checkPairing(t, "LogLikGrad", want, x, z, func(x, z *mat.Dense) []float64 {
		n, l := z.Dims()
		return m.LogLikGrad(nil, mat.NewDense(n, l, nil), x, z)
	})
}

// checkBayes checks log p(x) = log p(x|z) + log p(z) − log p(z|x) at codes from
// the prior and from the posterior.
func checkBayes(t testing.TB, m density.ExactPosterior, c Config) {
	t.Helper()
	q := m.Posterior()
	x, z := testPairs(m, c)
	for _, from := range []struct {
		name string
		draw func(src rand.Source)
	}{{"prior", func(rand.Source) {}}, {"posterior", func(src rand.Source) { q.Rand(z, x, src) }}} {
		from.draw(c.source("bayes"))
		evidence, lik, prior, posterior := m.LogProb(nil, x), m.LogLik(nil, x, z), m.LogPrior(nil, z), q.LogProb(nil, z, x)
		for k := range lik {
			got := lik[k] + prior[k] - posterior[k]
			want := evidence[k/testDraws]
			if math.IsInf(posterior[k], -1) && math.IsInf(lik[k]+prior[k], -1) {
				continue // a code that cannot be
			}
			if !(math.Abs(got-want) <= 1e-9*(1+math.Abs(want)+math.Abs(posterior[k]))) {
				t.Errorf("at a code from the %s, log p(x|z) + log p(z) − log p(z|x) = %v, log p(x) = %v", from.name, got, want)
				return
			}
		}
	}
}

// checkEvidence checks that p(x) is the sum of p(x|z) p(z) over all codes.
func checkEvidence(t testing.TB, m density.Exact, finite density.Finite, x *mat.Dense) {
	t.Helper()
	states := finite.States()
	prior := finite.LogPrior(nil, states)
	for i, want := range m.LogProb(nil, x) {
		logs := finite.LogLik(nil, density.Rows(x, i, i+1), states)
		for k := range logs {
			logs[k] += prior[k]
		}
		if got := density.LogSumExp(logs); !(math.Abs(got-want) <= 1e-9*(1+math.Abs(want))) {
			t.Errorf("summed over its codes log p of row %d is %v, in closed form %v", i+1, got, want)
		}
	}
}
