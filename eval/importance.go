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
	"likely/internal/spread"
)

// Errors of evaluation. They are wrapped with the row or the setting.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrNoProposal reports a model without a closed form that was given no
	// proposal.
	ErrNoProposal = errors.New("log p(x) has no closed form")
	// ErrMismatch reports results that cannot be compared.
	ErrMismatch = errors.New("results are not of the same rows on the same measure")
)

// Settings says how to evaluate. The zero value works.
type Settings struct {
	// Samples is S, the number of codes drawn for each row; 0: DefaultSamples.
	Samples int
	// Seed is what all draws are derived from.
	Seed uint64
	// Chunk is the largest number of codes that a core holds in memory at
	// once, as in elbo.Settings; 0: 1024. It does not change the result.
	Chunk int
	// Annealing is the number of evaluations of p(x|z) that a row whose k̂ is too large
	// after the last rung of a ladder of proposals (elbo.NewLadder, which is
	// elbo.Adaptive beyond 6 dimensions) may take to be annealed, if Samples is
	// elbo.FewestJudged or more; 0: 20,000. Negative: such rows stay as they are.
	Annealing int
	// Measure is what the density is a density with respect to; it is kept
	// in the result, so that only like is compared with like. A model that
	// cannot be one (density.Measured) is an error that wraps ErrMismatch;
	// the zero value stands for the model's usual one.
	Measure density.Measure
	// Progress, if not nil, is told how many rows are done. Calls may be
	// concurrent.
	Progress func(done, total int)
	// Where, if not nil, says where a row, counted from 0, comes from, such as "x.csv,
	// line 3": warnings name rows so. nil: by number.
	Where func(row int) string
}

// DefaultSamples is the number of codes drawn for each row where Settings do not say.
const DefaultSamples = 1000

const (
	// closedRows is the number of rows between two looks at the context where
	// there is a closed form.
	closedRows = 4096
)

// LogProb evaluates log p(x) of each row of x (N×D): in closed form if the
// model is density.Exact, as a sum over all codes if it is density.Finite, else,
// for a density.Latent, by importance sampling from the proposal at a cost of N·S
// evaluations of p(x|z). A proposal is not used, and may be nil, where the value
// is exact.
//
// Draws for row i come from the stream (Seed, "eval.importance", i): the result
// does not depend on Chunk, on GOMAXPROCS, or on which other rows are there.
// Errors name the row at which the model gives no number; one wraps
// [ErrNoProposal], or [ErrSettings].
func LogProb(ctx context.Context, m density.Model, q density.Proposal, x *mat.Dense, s Settings) (*Result, error) {
	if s.Samples == 0 {
		s.Samples = DefaultSamples
	}
	if s.Samples < 1 {
		return nil, fmt.Errorf("eval: %d samples: %w; want 1 or more, or 0 for the default", s.Samples, ErrSettings)
	}
	var err error
	if s.Measure, err = measureOf(m, s.Measure); err != nil {
		return nil, err
	}
	if exact, ok := m.(density.Exact); ok {
		return closedForm(ctx, exact, x, s)
	}
	if finite, ok := m.(density.Finite); ok {
		return finiteSum(ctx, finite, x, s)
	}
	latent, ok := m.(density.Latent)
	if !ok || q == nil {
		return nil, fmt.Errorf("eval: %w; give a proposal q(z|x), such as the encoder or density.PriorProposal", ErrNoProposal)
	}
	return importance(ctx, latent, q, x, s)
}

func closedForm(ctx context.Context, m density.Exact, x *mat.Dense, s Settings) (*Result, error) {
	n, _ := x.Dims()
	r := &Result{Kind: density.ExactValue, Measure: s.Measure, LogProb: make([]float64, n)}
	for from := 0; from < n; from += closedRows {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("eval: %w", err)
		}
		to := min(from+closedRows, n)
		m.LogProb(r.LogProb[from:to], density.Rows(x, from, to))
		for i, v := range r.LogProb[from:to] {
			if err := checkLogProb(from+i, v); err != nil {
				return nil, err
			}
		}
		if s.Progress != nil {
			s.Progress(to, n)
		}
	}
	return r, nil
}

// checkLogProb returns an error that names row i, counted from 0 here and from 1
// there, if its value is no logarithm of a density.
func checkLogProb(i int, v float64) error {
	if math.IsNaN(v) || math.IsInf(v, 1) {
		return fmt.Errorf("eval: log p of row %d is %v: %w; check the row and the model's parameters", i+1, v, elbo.ErrNotANumber)
	}
	return nil
}

// finiteSum adds up p(x|z) p(z) over all codes.
func finiteSum(ctx context.Context, m density.Finite, x *mat.Dense, s Settings) (*Result, error) {
	n, d := x.Dims()
	if d != m.Dim() {
		panic("eval: model and data differ in dimension")
	}
	states := m.States()
	count, _ := states.Dims()
	prior := m.LogPrior(nil, states)
	r := &Result{Kind: density.ExactValue, Measure: s.Measure, LogProb: make([]float64, n), Spent: int64(n) * int64(count)}
	err := spread.Each(ctx, n, s.Progress, func() func(i int) error {
		logs := make([]float64, count)
		return func(i int) error {
			m.LogLik(logs, density.Rows(x, i, i+1), states)
			for k, v := range prior {
				logs[k] += v
			}
			r.LogProb[i] = density.LogSumExp(logs)
			return checkLogProb(i, r.LogProb[i])
		}
	})
	if err != nil {
		return nil, fmt.Errorf("eval: %w", err)
	}
	return r, nil
}

func importance(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, s Settings) (*Result, error) {
	n, _ := x.Dims()
	r := &Result{
		Kind: density.Consistent, Measure: s.Measure, Samples: s.Samples,
		LogProb: make([]float64, n), StdErr: make([]float64, n), ESS: make([]float64, n), KHat: make([]float64, n),
		Smoothed: make([]float64, n), Debiased: make([]float64, n),
		Rungs: make([]elbo.Rung, n), Back: make([]string, n), Costs: make([]int64, n),
	}
	if s.Annealing == 0 {
		s.Annealing = defaultAnnealing
	}
	gradient, anneals := m.(density.LatentGradient)
	anneals = anneals && s.Annealing > 0 && s.Samples >= elbo.FewestJudged && elbo.Climbs(q)
	settings := elbo.Settings{Samples: s.Samples, Seed: s.Seed, Chunk: s.Chunk, Progress: s.Progress}
	err := elbo.EachRow(ctx, m, q, x, "eval.importance", settings, func(i int, w *elbo.Weights) {
		r.Costs[i] = int64(s.Samples + w.Pilot)
		r.Rungs[i], r.Back[i] = w.Rung, w.Back
		r.row(i, w.Log(w.LogLik)) // the terms are not needed any more
		if anneals && !(r.KHat[i] <= Threshold(s.Samples)) {
			r.Costs[i] += r.annealRow(ctx, gradient, density.Rows(x, i, i+1), w, i, s)
		}
	})
	if ctx.Err() != nil { // perhaps while a row was annealed
		return nil, fmt.Errorf("eval: importance sampling: %w", ctx.Err())
	}
	if err != nil {
		return nil, fmt.Errorf("eval: importance sampling: %w", err)
	}
	for _, v := range r.Costs {
		r.Spent += v
	}
	r.warn(s.Where)
	return r, nil
}

// row fills the entries of row i from its log importance weights, which it
// overwrites.
func (r *Result) row(i int, logs []float64) {
	r.LogProb[i] = density.LogMeanExp(logs)
	fit := pareto.Fit(logs)
	r.KHat[i], r.Smoothed[i] = fit.KHat, fit.Smoothed
	r.Debiased[i], _ = elbo.Jackknife(logs)
	r.StdErr[i], r.ESS[i] = spreadOf(logs, r.LogProb[i])
	r.StdErr[i] = max(r.StdErr[i], fit.StdErr(r.LogProb[i]))
}

// spreadOf returns the standard error of the logarithm of the mean weight, by the
// delta method, and the effective sample size, from log weights, which it
// overwrites, and the logarithm of their mean.
func spreadOf(logs []float64, mean float64) (stderr, ess float64) {
	count := float64(len(logs))
	if math.IsInf(mean, -1) { // not one draw hit
		return math.Inf(1), 0
	}
	var squares, deviation float64
	for k, l := range logs {
		logs[k] = math.Exp(l - mean) // w/w̄, of mean 1
		squares += logs[k] * logs[k]
	}
	for _, w := range logs {
		deviation += (w - 1) * (w - 1)
	}
	return math.Sqrt(deviation / (count * (count - 1))), count * count / squares
}
