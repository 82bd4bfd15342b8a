package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// ErrDimension reports a code of too many dimensions for quadrature.
var ErrDimension = errors.New("too many dimensions for quadrature")

// QuadratureSettings says how to integrate over the code. The zero value works.
type QuadratureSettings struct {
	// Tolerance is the error of log p(x) to reach, in nats; 0: 1e-6.
	Tolerance float64
	// Evaluations is the largest number of evaluations of p(x|z) for a row; 0:
	// two million.
	Evaluations int
	// Hints is a proposal whose draws say where to look first; nil: none but
	// the prior. Without it a posterior much narrower than a hundredth of the
	// prior may be missed.
	Hints density.Proposal
	// Seed is what the draws that place the grid are derived from.
	Seed uint64
	// Measure is kept in the result, as in Settings.
	Measure density.Measure
	// Progress, if not nil, is told how many rows are done. Calls may be
	// concurrent.
	Progress func(done, total int)
}

// Quadrature is log p(x) of each row by quadrature.
type Quadrature struct {
	// Result has Kind density.Quadrature if all rows reached the tolerance,
	// else density.Consistent and warnings. Only LogProb is per row.
	Result
	// Error is the estimate of the error of each row, in nats.
	Error []float64
}

// Quadrate evaluates log p(x) = log ∫ p(x|z) p(z) dz of each row of x (N×D) for a
// code of one to three dimensions by adaptive cubature: a box around the prior is
// cut into regions, each integrated by two rules of different degree (Genz & Malik
// 1980; Gauss–Kronrod in one dimension), and those in which the two differ most
// are cut in half until the sum of the differences is below the tolerance. In one
// dimension the error counts peaks that could hide between nodes. In more, a thin curved
// ridge may be missed by both rules: of a ring 0.016 wide in two dimensions they found
// 85 % and claimed to have found 99 %. A code with more dimensions is an error that wraps
// ErrDimension; errors name the row at which the model gives no number.
func Quadrate(ctx context.Context, m density.Latent, x *mat.Dense, s QuadratureSettings) (*Quadrature, error) {
	n, d := x.Dims()
	l := m.LatentDim()
	if d != m.Dim() || s.Hints != nil && s.Hints.LatentDim() != l {
		panic("eval: model, hints and data differ in dimension")
	}
	if l > 3 {
		return nil, fmt.Errorf("eval: a code of %d dimensions: %w; want 3 at most, or use importance sampling", l, ErrDimension)
	}
	if _, ok := m.(density.Finite); ok {
		return nil, fmt.Errorf("eval: a code of finitely many values is no variable to integrate over: %w; its sum is exact", ErrDimension)
	}
	if s.Tolerance == 0 {
		s.Tolerance = 1e-6
	}
	if s.Evaluations == 0 {
		s.Evaluations = 2e6
	}
	if !(s.Tolerance > 0) || s.Evaluations < 1 {
		return nil, fmt.Errorf("eval: quadrature to %v nats in %d evaluations: %w; want positive numbers, or 0 for the default", s.Tolerance, s.Evaluations, ErrSettings)
	}
	var err error
	if s.Measure, err = measureOf(m, s.Measure); err != nil {
		return nil, err
	}
	q := &Quadrature{Result: Result{Kind: density.Quadrature, Measure: s.Measure, LogProb: make([]float64, n)}, Error: make([]float64, n)}
	edge, spent := make([]bool, n), make([]int64, n)
	low, high := priorBox(m, s.Seed)
	err = spread.Each(ctx, n, s.Progress, func() func(i int) error {
		return func(i int) error {
			c := &cubature{ctx: ctx, m: m, rule: newRule(l), x: density.Rows(x, i, i+1), row: i}
			err := c.run(low, high, s)
			q.LogProb[i], q.Error[i], edge[i], spent[i] = c.log, c.err, c.edge, c.spent
			return err
		}
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("eval: quadrature: %w", ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	q.judge(s, edge, spent)
	return q, nil
}

func (q *Quadrature) judge(s QuadratureSettings, edge []bool, spent []int64) {
	var open, cut int
	for i, e := range q.Error {
		q.Spent += spent[i]
		if !(e <= s.Tolerance) {
			open++
		}
		if edge[i] {
			cut++
		}
	}
	if open > 0 {
		q.Kind = density.Consistent
		q.Warnings = append(q.Warnings, fmt.Sprintf("quadrature of %d of %d rows did not reach %.2g nats in %d evaluations; more evaluations, or hints from the encoder, would help", open, len(q.Error), s.Tolerance, s.Evaluations))
	}
	if cut > 0 {
		q.Kind = density.Consistent
		q.Warnings = append(q.Warnings, fmt.Sprintf("the posterior of %d of %d rows reaches the edge of the region of integration, 12 standard deviations of the prior: their log p is too low", cut, len(q.Error)))
	}
}

// priorBox returns a box of 12 standard deviations around the mean of the prior.
func priorBox(m density.Latent, seed uint64) (low, high []float64) {
	const draws, reach = 4000, 12
	z := mat.NewDense(draws, m.LatentDim(), nil)
	m.RandPrior(z, density.NewSource(seed, "eval.quadrature.prior"))
	low, variance := density.Moments(z)
	high = slices.Clone(low)
	for j, v := range variance {
		low[j] -= reach * math.Sqrt(v)
		high[j] += reach * math.Sqrt(v)
	}
	return low, high
}
