package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/internal/kernel"
	"likely/internal/pareto"
)

const (
	// rungChains is the number of chains of an annealed row: enough for a k̂ of their
	// weights, whose threshold is 0.5.
	rungChains = 100
	// leastChains is the number of effective chains below which a row stays untrusted:
	// annealing was too fast, and its k̂ does not show it.
	leastChains = 20
	// rungLeapfrogs are those of a transition, in units in which the posterior is
	// nearly N(0, I).
	rungLeapfrogs = 3
	// rungTuning is the number of chains that tune the steps.
	rungTuning = 8
	// rungWiden is the standard deviation of the start in those units.
	rungWiden = 1.05
	// defaultAnnealing is the budget of a row.
	defaultAnnealing = 20_000
	// missedErrors is the number of standard errors by which chains may lie below the
	// draws that they replace.
	missedErrors = 3
	// placeDraws is the number of draws from a proposal without one place that give
	// the start its moments.
	placeDraws = 1000
)

// rungTemperatures returns the number of temperatures that a budget of evaluations of
// p(x|z) pays for, each of them with a gradient, which counts as another.
func rungTemperatures(budget int) int {
	t := 1
	for budget >= rungCost(t+1) {
		t++
	}
	return t
}

// rungCost is the number of evaluations of p(x|z) that annealing through t temperatures
// takes, tuning among them.
func rungCost(t int) int {
	steps := (t - 1) * rungLeapfrogs
	return 2 * (rungTuning*(1+steps*tuningRepeats(t)) + rungChains*(1+steps))
}

// annealRow is the last rung of the ladder of proposals: it anneals row i of x, whose
// weights w have a k̂ above the threshold, and puts the outcome in its place. The row
// keeps its estimate, and Back says why, where annealing fails.
func (r *Result) annealRow(ctx context.Context, m density.LatentGradient, x *mat.Dense, w *elbo.Weights, i int, s Settings) (spent int64) {
	logs, spent, reason := annealedWeights(ctx, m, x, w, i, s)
	if reason == "" {
		reason = r.doubt(i, logs)
	}
	if reason != "" {
		r.Back[i] = "annealing was given up: " + reason
		return spent
	}
	r.settle(i, logs)
	return spent
}

// settle puts the log weights of chains in the place of row i.
func (r *Result) settle(i int, logs []float64) {
	r.Rungs[i], r.Back[i] = elbo.Annealed, ""
	r.row(i, logs)
	if r.ESS[i] < leastChains { // the tail of so few says nothing
		r.KHat[i] = math.Inf(1)
		r.Back[i] = fmt.Sprintf("the weight lies on %.0f of %d annealed chains", r.ESS[i], rungChains)
	}
}

// doubt returns why the log weights of the chains of row i are no better than the draws
// of its proposal, or "": their tail is too heavy, or they lie below the estimate from
// the draws, which is too low if anything, and so have missed a place that those found.
func (r *Result) doubt(i int, logs []float64) string {
	tail := pareto.Fit(logs)
	if tail.KHat > Threshold(rungChains) {
		return fmt.Sprintf("its chains had a k̂ of %.2f", tail.KHat)
	}
	mean := density.LogMeanExp(logs)
	stderr, _ := spreadOf(append([]float64{}, logs...), mean)
	if short := r.LogProb[i] - mean; short > missedErrors*math.Hypot(stderr, r.StdErr[i]) {
		return fmt.Sprintf("its chains missed %.2g nats that the draws had found", short)
	}
	return ""
}

// annealedWeights returns the log weights of chains for row i, annealed from a normal
// around its posterior, or a reason why there are none. Chains move in the units of that
// normal, where steps of one size suit all directions.
func annealedWeights(ctx context.Context, m density.LatentGradient, x *mat.Dense, w *elbo.Weights, i int, s Settings) (logs []float64, spent int64, reason string) {
	a := AnnealSettings{
		Chains: rungTuning, Temperatures: rungTemperatures(s.Annealing), Leapfrogs: rungLeapfrogs, Schedule: LinearSchedule,
		Seed: density.NewSource(s.Seed, "eval.importance.anneal").Uint64(), Start: wideNormal{m.LatentDim(), rungWiden},
	}
	if a.Temperatures < 2 {
		return nil, 0, fmt.Sprintf("%d evaluations of p(x|z) are too few", s.Annealing)
	}
	a, err := a.resolve()
	if err != nil {
		return nil, 0, err.Error()
	}
	place := w.Place()
	if place == nil {
		if place, err = placeOf(ctx, w.Proposal, x, a.Seed+uint64(i)); err != nil {
			return nil, 0, err.Error()
		}
	}
	tuned := newAnnealer(ctx, m, x, i, a)
	tuned.bridge.place = place
	if err := tuned.tune(); err != nil {
		return nil, 2 * tuned.bridge.spent, err.Error()
	}
	a.Chains = rungChains
	main := newAnnealer(ctx, m, x, i, a)
	main.bridge.place, main.betas, main.steps = place, tuned.betas, tuned.steps
	acceptance := make([]float64, 1)
	all, err := main.forward("eval.anneal", acceptance)
	spent = 2 * (tuned.bridge.spent + main.bridge.spent)
	switch {
	case err != nil:
		return nil, spent, err.Error()
	case !(acceptance[0] > 0.2):
		return nil, spent, fmt.Sprintf("its chains accepted %.0f %% of their steps", 100*acceptance[0])
	}
	for _, v := range all[0] {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, spent, fmt.Sprintf("a chain has a log weight of %v", v)
		}
	}
	return all[0], spent, ""
}

// placeOf returns mean and covariance of draws from a proposal.
func placeOf(ctx context.Context, q density.Proposal, x *mat.Dense, seed uint64) (*elbo.Place, error) {
	l := q.LatentDim()
	normals, err := elbo.MatchMoments(ctx, q, x, max(placeDraws, 4*l), 1, seed)
	if err != nil {
		return nil, err
	}
	mean, covariance := normals.Moments(x.RawRowView(0))
	var chol mat.Cholesky
	if !chol.Factorize(covariance) {
		return nil, density.ErrNotPositiveDefinite
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	return &elbo.Place{Mean: mean, Root: mat.DenseCopyOf(&lower), LogDet: 0.5 * chol.LogDet()}, nil
}

// placed returns the codes of chains u (N×L), z = Mean + Root·u.
func (b *bridge) placed(u *mat.Dense) *mat.Dense {
	n, l := u.Dims()
	if b.codes == nil {
		b.codes = mat.NewDense(n, l, nil)
	}
	for k := range n {
		copy(b.codes.RawRowView(k), b.place.Mean)
	}
	kernel.Gemm(false, true, n, l, l, 1, u.RawMatrix().Data, l, b.place.Root.RawMatrix().Data, l, 1, b.codes.RawMatrix().Data, l)
	return b.codes
}

// pull makes log p(x, z) and its gradient those of a density of u.
func (b *bridge) pull(c *chains, scratch *mat.Dense) {
	n, l := c.z.Dims()
	scratch.Copy(c.g1)
	kernel.Gemm(false, false, n, l, l, 1, scratch.RawMatrix().Data, l, b.place.Root.RawMatrix().Data, l, 0, c.g1.RawMatrix().Data, l)
	for k := range c.f1 {
		c.f1[k] += b.place.LogDet
	}
}

// wideNormal is N(0, sd²·I) for every row.
type wideNormal struct {
	l  int
	sd float64
}

func (q wideNormal) LatentDim() int { return q.l }

func (q wideNormal) check(z *mat.Dense) {
	if _, l := z.Dims(); l != q.l {
		panic("eval: dimension mismatch")
	}
}

func (q wideNormal) Rand(z, x *mat.Dense, src rand.Source) {
	density.Draws(x, z)
	q.check(z)
	random := rand.New(src)
	z.Apply(func(_, _ int, _ float64) float64 { return q.sd * random.NormFloat64() }, z)
}

func (q wideNormal) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	n, l := z.Dims()
	return q.LogProbGrad(dst, mat.NewDense(n, l, nil), z, x)
}

func (q wideNormal) LogProbGrad(dst []float64, grad, z, x *mat.Dense) []float64 {
	density.Draws(x, z)
	q.check(z)
	n, l := z.Dims()
	dst = density.Resize(dst, n)
	for k := range n {
		dst[k] = -float64(l) * (0.5*math.Log(2*math.Pi) + math.Log(q.sd))
		g := grad.RawRowView(k)
		for j, v := range z.RawRowView(k) {
			dst[k] -= 0.5 * v * v / (q.sd * q.sd)
			g[j] = -v / (q.sd * q.sd)
		}
	}
	return dst
}
