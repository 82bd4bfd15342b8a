package eval

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

// Difference is the mean over N rows of log p_A(x) − log p_B(x), in nats.
type Difference struct {
	Mean float64
	// DataErr is the standard error of having only these rows, SampleErr that
	// of having only these draws.
	DataErr, SampleErr float64
	Rows               int
	// Kinds says what the numbers of A and of B are.
	Kinds [2]density.Kind
}

// significance is the number of standard errors beyond which a difference
// counts: a two-sided error of 4.6 % where there is none.
const significance = 2

// StdErr returns both standard errors together.
func (d Difference) StdErr() float64 { return math.Hypot(d.DataErr, d.SampleErr) }

// Significant reports whether the difference is more than two standard errors
// from zero. It is not for a single row.
func (d Difference) Significant() bool { return math.Abs(d.Mean) > significance*d.StdErr() }

// Certified reports whether the kinds of the two numbers allow a verdict for the
// one with the larger mean: that of the winner must not be an upper bound, nor that
// of the loser a lower one. A lower bound that beats an exact value has won; an
// exact value that is above a lower bound has shown nothing.
func (d Difference) Certified() bool {
	winner, loser := d.Kinds[0], d.Kinds[1]
	if d.Mean < 0 {
		winner, loser = loser, winner
	}
	return winner != density.UpperBound && loser != density.LowerBound
}

// Interval returns the mean ± as many standard errors as cover the truth with the
// given probability, such as 0.95, if the mean is normal.
func (d Difference) Interval(level float64) (low, high float64) {
	if !(level > 0 && level < 1) {
		panic("eval: a level lies between 0 and 1")
	}
	half := distuv.UnitNormal.Quantile(0.5+level/2) * d.StdErr()
	return d.Mean - half, d.Mean + half
}

// Compare returns the paired difference between two results of the same rows. A
// different number of rows, other weights or another measure is an error that wraps
// ErrMismatch; that the rows are the same ones is up to the caller. A row to which
// one model gives probability 0 makes Mean infinite, and one to which both do makes
// it NaN; neither is significant, for no number of other rows can outweigh it.
func Compare(a, b *Result) (Difference, error) {
	if len(a.LogProb) != len(b.LogProb) {
		return Difference{}, fmt.Errorf("eval: %d rows against %d: %w; evaluate both models on one set of rows", len(a.LogProb), len(b.LogProb), ErrMismatch)
	}
	if a.Measure != b.Measure {
		return Difference{}, fmt.Errorf("eval: a %s measure against a %s one: %w; prepare the data alike for both models", a.Measure, b.Measure, ErrMismatch)
	}
	if !slices.Equal(a.Weights, b.Weights) {
		return Difference{}, fmt.Errorf("eval: rows of different weights: %w; weigh the rows alike for both models", ErrMismatch)
	}
	diff, errs := make([]float64, len(a.LogProb)), make([]float64, len(a.LogProb))
	for i := range diff {
		diff[i] = a.LogProb[i] - b.LogProb[i]
		for _, r := range []*Result{a, b} {
			if r.StdErr != nil {
				errs[i] = math.Hypot(errs[i], r.StdErr[i])
			}
		}
	}
	e := density.WeightedMeanEstimate(diff, errs, a.Weights, density.Consistent, 0)
	return Difference{Mean: e.Value, DataErr: e.DataErr, SampleErr: e.SampleErr, Rows: e.Rows, Kinds: [2]density.Kind{a.Kind, b.Kind}}, nil
}
