package eval

import (
	"context"
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/internal/pareto"
)

// ErrNoSimulation reports a model from which x and z cannot be drawn together.
var ErrNoSimulation = errors.New("the model cannot draw x given z")

// Sandwich is a lower and an upper bound on log p(x) of each of N simulated rows,
// in nats. Both hold in expectation, for any number of draws: where they meet,
// that is log p(x). On real rows no draw from the posterior is at hand, and no
// upper bound is certified; that the estimators are sharp on simulated rows says
// that they would be on real rows if these were like the model's own.
type Sandwich struct {
	X, Z         *mat.Dense // the rows (N×D) and the codes they came from (N×L)
	Lower, Upper []float64
	// Single is the upper bound of one draw, log p(x,z) − log q(z|x) at the code
	// the row came from (EUBO); nil where there is no q.
	Single []float64
	// Samples is the number of draws, or chains, for each row.
	Samples int
	// Spent is the number of evaluations of p(x|z).
	Spent    int64
	Warnings []string
}

// Estimates returns the means of both bounds. All Monte Carlo error is in
// DataErr: each row is drawn afresh.
func (s *Sandwich) Estimates() (lower, upper density.Estimate) {
	return density.MeanEstimate(s.Lower, nil, density.LowerBound, s.Samples),
		density.MeanEstimate(s.Upper, nil, density.UpperBound, s.Samples)
}

// Gap returns the mean of upper − lower and its standard error; its expectation
// is not negative.
func (s *Sandwich) Gap() Difference {
	diff := make([]float64, len(s.Lower))
	for i := range diff {
		diff[i] = s.Upper[i] - s.Lower[i]
	}
	e := density.MeanEstimate(diff, nil, density.Consistent, s.Samples)
	return Difference{Mean: e.Value, DataErr: e.DataErr, Rows: e.Rows}
}

// simulate draws n pairs from p(x, z).
func simulate(m density.Latent, n int, seed uint64) (x, z *mat.Dense, err error) {
	if n < 1 {
		return nil, nil, fmt.Errorf("eval: %d simulated rows: %w; want 1 or more", n, ErrSettings)
	}
	x, z = mat.NewDense(n, m.Dim(), nil), mat.NewDense(n, m.LatentDim(), nil)
	first, second := density.NewSource(seed, "eval.simulate", 0), density.NewSource(seed, "eval.simulate", 1)
	switch m := m.(type) {
	case density.Simulator:
		m.RandPrior(z, first)
		m.RandGiven(x, z, second)
	case density.ExactPosterior:
		m.Rand(x, first)
		m.Posterior().Rand(z, x, second)
	default:
		return nil, nil, fmt.Errorf("eval: %w; give the model a method RandGiven", ErrNoSimulation)
	}
	return x, z, nil
}

// ImportanceSandwich brackets log p(x) of n rows simulated from the model by
// importance sampling from q. With z₁ the code that a row came from, a draw from
// its posterior, and z₂ … z_K ~ q
//
//	E log (1/K) Σ w(zₖ) ≥ log p(x)
//
// while with all K from q it is the K-sample lower bound (Sobolev & Vetrov 2019,
// with M = 0). K is s.Samples; the cost is n·(K+1) evaluations of p(x|z).
func ImportanceSandwich(ctx context.Context, m density.Latent, q density.Proposal, n int, s Settings) (*Sandwich, error) {
	if s.Samples == 0 {
		s.Samples = DefaultSamples
	}
	x, z, err := simulate(m, n, s.Seed)
	if err != nil {
		return nil, err
	}
	out := &Sandwich{X: x, Z: z, Lower: make([]float64, n), Upper: make([]float64, n), Single: make([]float64, n), Samples: s.Samples}
	lik, prior := m.LogLik(nil, x, z), m.LogPrior(nil, z)
	pilots := make([]int64, n)
	settings := elbo.Settings{Samples: s.Samples, Seed: s.Seed, Chunk: s.Chunk, Progress: s.Progress}
	err = elbo.EachRow(ctx, m, q, x, "eval.sandwich", settings, func(i int, w *elbo.Weights) {
		own := w.Proposal.LogProb(nil, density.Rows(z, i, i+1), density.Rows(x, i, i+1))[0]
		logs := w.Log(w.LogLik)
		out.Lower[i] = density.LogMeanExp(logs)
		out.Single[i] = lik[i] + prior[i] - own
		logs[0] = out.Single[i]
		out.Upper[i] = density.LogMeanExp(logs)
		pilots[i] = int64(w.Pilot)
	})
	if err != nil {
		return nil, fmt.Errorf("eval: sandwich: %w", err)
	}
	for i, v := range pilots {
		out.Spent += v + int64(s.Samples) + 1
		if math.IsNaN(out.Upper[i]) {
			return nil, fmt.Errorf("eval: sandwich: log p of simulated row %d is NaN: %w; check the model's parameters", i+1, elbo.ErrNotANumber)
		}
	}
	return out, nil
}

// Bidirectional brackets log p(x) of n rows simulated from the model by annealed
// importance sampling in both directions (Grosse, Ghahramani & Adams 2015):
// forward chains give the lower bound of [Anneal]; reverse chains, which start at
// the code the row came from and go back to q₀ with the same temperatures and step
// sizes, give 1/w with expectation 1/p(x), and so an upper bound. The cost is that
// of Anneal and once more n·C·T·Leapfrogs evaluations of p(x|z) and its gradient.
func Bidirectional(ctx context.Context, m density.LatentGradient, n int, s AnnealSettings) (*Sandwich, error) {
	x, z, err := simulate(m, n, s.Seed)
	if err != nil {
		return nil, err
	}
	return BidirectionalAt(ctx, m, x, z, s)
}

// BidirectionalAt is [Bidirectional] for rows x (N×D) with their codes z (N×L) from
// outside, such as rows that another program simulated from the same model. Each code
// must be a draw from the posterior p(z|x) of its row, as the code that the row came
// from is; for any other code the upper value bounds nothing. x and z are kept in the
// result. It panics if x and z differ in rows.
func BidirectionalAt(ctx context.Context, m density.LatentGradient, x, z *mat.Dense, s AnnealSettings) (*Sandwich, error) {
	n, _ := x.Dims()
	if k, l := z.Dims(); k != n || l != m.LatentDim() {
		panic("eval: rows and codes differ in shape")
	}
	a, upper, err := anneal(ctx, m, x, z, s)
	if err != nil {
		return nil, err
	}
	return &Sandwich{X: x, Z: z, Lower: a.LogProb, Upper: upper, Samples: a.Samples, Spent: a.Spent, Warnings: a.Warnings}, nil
}

// CUBO estimates the χ upper bound of order n ≥ 1 of each row of x (N×D) under q
// (Dieng et al. 2017),
//
//	(1/n) log E_q[wⁿ] ≥ log p(x)
//
// from S draws. The bound is one of the expectation; its estimate is the logarithm
// of a mean, biased down, and certifies nothing: the kind is density.Consistent.
func CUBO(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, order float64, s Settings) (*Result, error) {
	if !(order >= 1) || math.IsInf(order, 1) {
		return nil, fmt.Errorf("eval: CUBO of order %v: %w; want 1 or more", order, ErrSettings)
	}
	if s.Samples == 0 {
		s.Samples = DefaultSamples
	}
	var err error
	if s.Measure, err = measureOf(m, s.Measure); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	r := &Result{
		Kind: density.Consistent, Measure: s.Measure, Samples: s.Samples, Spent: int64(n) * int64(s.Samples),
		LogProb: make([]float64, n), StdErr: make([]float64, n), ESS: make([]float64, n), KHat: make([]float64, n),
	}
	pilots := make([]int64, n)
	settings := elbo.Settings{Samples: s.Samples, Seed: s.Seed, Chunk: s.Chunk, Progress: s.Progress}
	err = elbo.EachRow(ctx, m, q, x, "eval.cubo", settings, func(i int, w *elbo.Weights) {
		logs := w.Log(w.LogLik)
		for k := range logs {
			logs[k] *= order
		}
		mean := density.LogMeanExp(logs)
		r.KHat[i] = pareto.Fit(logs).KHat
		r.LogProb[i] = mean / order
		r.StdErr[i], r.ESS[i] = spreadOf(logs, mean)
		r.StdErr[i] /= order
		pilots[i] = int64(w.Pilot)
	})
	if err != nil {
		return nil, fmt.Errorf("eval: CUBO: %w", err)
	}
	for _, v := range pilots {
		r.Spent += v
	}
	r.warn(nil)
	return r, nil
}
