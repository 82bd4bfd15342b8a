package eval

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// Replicated is log p(x) of N rows from several sets of codes that all rows share.
type Replicated struct {
	// Result holds for each row the logarithm of the mean over sets, and its standard
	// error by the spread of the sets. ESS and KHat are nil.
	Result
	// Mean is the mean over the rows. The sets are common to all rows, whose errors
	// therefore do not average out: its SampleErr is that of the mean itself, by the
	// jackknife over sets.
	Mean density.Estimate
}

// LogProbAt evaluates log p(x) of each row of x (N×D) as that of the finite mixture
//
//	p(x) ≈ (1/S) Σ p(x|zₛ)
//
// at R ≥ 2 sets of codes of equal weight (each S×L), such as prior draws or, with an
// error that falls faster than 1/√S, randomised Sobol points (vae.Model.SobolCodes).
// Each set gives an unbiased p̂; the spread of the sets, which must be independent of
// one another, is the error. It costs N·R·S evaluations of p(x|z).
// Errors name the row at which the model gives no number, or wrap [ErrSettings].
func LogProbAt(ctx context.Context, m density.Latent, x *mat.Dense, sets []*mat.Dense, s Settings) (*Replicated, error) {
	n, d := x.Dims()
	if d != m.Dim() {
		panic("eval: model and data differ in dimension")
	}
	if len(sets) < 2 {
		return nil, fmt.Errorf("eval: %d sets of codes: %w; want 2 or more, whose spread is the error", len(sets), ErrSettings)
	}
	var err error
	if s.Measure, err = measureOf(m, s.Measure); err != nil {
		return nil, err
	}
	r := &Replicated{Result: Result{Kind: density.Consistent, Measure: s.Measure, LogProb: make([]float64, n), StdErr: make([]float64, n)}}
	for _, z := range sets {
		codes, l := z.Dims()
		if l != m.LatentDim() {
			panic("eval: model and codes differ in dimension")
		}
		r.Samples += codes
	}
	r.Spent = int64(n) * int64(r.Samples)
	logs := mat.NewDense(n, len(sets), nil)
	err = spread.Each(ctx, n, s.Progress, func() func(i int) error {
		var terms []float64
		return func(i int) error {
			row := logs.RawRowView(i)
			for k, z := range sets {
				codes, _ := z.Dims()
				if cap(terms) < codes {
					terms = make([]float64, codes)
				}
				row[k] = density.LogMeanExp(m.LogLik(terms[:codes], density.Rows(x, i, i+1), z))
			}
			r.LogProb[i] = density.LogMeanExp(row)
			r.StdErr[i], _ = spreadOf(append([]float64{}, row...), r.LogProb[i])
			return checkLogProb(i, r.LogProb[i])
		}
	})
	if err != nil {
		return nil, fmt.Errorf("eval: log p at given codes: %w", err)
	}
	r.Mean = r.Estimate()
	r.Mean.SampleErr = jackknifed(logs)
	return r, nil
}

// jackknifed returns the standard error of the mean over rows of the logarithm of the
// mean over the columns of exp(logs), each column an independent replicate.
func jackknifed(logs *mat.Dense) float64 {
	n, sets := logs.Dims()
	without := make([]float64, sets)
	for i := range n {
		row := logs.RawRowView(i)
		rest := make([]float64, 0, sets)
		for k := range sets {
			rest = append(append(rest[:0], row[:k]...), row[k+1:]...)
			without[k] += density.LogMeanExp(rest) / float64(n)
		}
	}
	var mean, squares float64
	for _, v := range without {
		mean += v / float64(sets)
	}
	for _, v := range without {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(float64(sets-1) / float64(sets) * squares)
}
