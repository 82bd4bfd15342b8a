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
	// TrainErr is the standard error of having only so many trainings of each model,
	// Fits; 0 and 0: it is not known.
	TrainErr float64
	Fits     int
	Rows     int
	// Freedom is the number of degrees of freedom of the error over rows; 0: Rows − 1.
	// Rows that count several times have more, and rows in groups have fewer.
	Freedom float64
	// Kinds says what the numbers of A and of B are.
	Kinds [2]density.Kind
}

// significance is the number of standard errors beyond which a difference
// counts where there are many rows: a two-sided error of 4.6 % where there is none.
const significance = 2

// LeastRows is the number of rows, or of groups of rows, below which no difference counts.
// If neither model is better, all of n rows favour the same one with probability 2·2⁻ⁿ,
// whatever their distribution (the sign test). That is below 4.6 % from six rows on.
const LeastRows = 6

// StdErr returns all standard errors together.
func (d Difference) StdErr() float64 {
	return math.Hypot(math.Hypot(d.DataErr, d.SampleErr), d.TrainErr)
}

// Needed returns how many standard errors from zero a difference must be to count. Of
// many rows it is 2. An error that is taken from few rows or few trainings may be too
// small by chance, so it is more: the quantile of Student's t that is passed as seldom as a
// normal variable passes 2. Of fewer than [LeastRows] it is +Inf.
func (d Difference) Needed() float64 {
	if d.rowFreedom()+1 < LeastRows-1e-9 {
		return math.Inf(1)
	}
	return -d.student().Quantile(distuv.UnitNormal.CDF(-significance))
}

// Significant reports whether the difference is farther from zero than [Difference.Needed]
// standard errors.
func (d Difference) Significant() bool { return math.Abs(d.Mean) > d.Needed()*d.StdErr() }

func (d Difference) rowFreedom() float64 {
	if d.Freedom > 0 {
		return d.Freedom
	}
	return float64(d.Rows - 1)
}

// DegreesOfFreedom returns those of StdErr. Errors of several freedoms are pooled as
// Satterthwaite (1946) and Welch (1947) do. Draws are part of the spread of rows, from which
// DataErr is taken.
func (d Difference) DegreesOfFreedom() float64 {
	rows := math.Pow(math.Hypot(d.DataErr, d.SampleErr), 2)
	training := d.TrainErr * d.TrainErr
	freedom := d.rowFreedom()
	if training > 0 && d.Fits > 1 {
		sum := rows + training
		freedom = sum * sum / (rows*rows/freedom + training*training/float64(d.Fits-1))
	}
	return freedom
}

// student returns the distribution of Mean over StdErr where there is no difference.
func (d Difference) student() distuv.StudentsT {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: max(d.DegreesOfFreedom(), 1)}
}

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
// given probability, such as 0.95, if the mean is normal. It has no end for fewer than
// two rows.
func (d Difference) Interval(level float64) (low, high float64) {
	if !(level > 0 && level < 1) {
		panic("eval: a level lies between 0 and 1")
	}
	if d.rowFreedom() < 1 {
		return math.Inf(-1), math.Inf(1)
	}
	half := d.student().Quantile(0.5+level/2) * d.StdErr()
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
	if !slices.Equal(a.Groups, b.Groups) {
		return Difference{}, fmt.Errorf("eval: rows of different groups: %w; group the rows alike for both models", ErrMismatch)
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
	d := Difference{Mean: e.Value, DataErr: e.DataErr, SampleErr: e.SampleErr, Rows: e.Rows, Kinds: [2]density.Kind{a.Kind, b.Kind}}
	var total float64
	for _, w := range a.Weights { // rows that count several times are so many rows
		total += w
	}
	d.Freedom = max(total-1, 0)
	if a.Groups != nil {
		d.DataErr, d.Freedom = clustered(diff, a.Weights, a.Groups, e)
	}
	return d, nil
}

// clustered returns the error over rows of a mean e of values, of which rows of a group
// are not independent, and its degrees of freedom: of g groups the square is
// g/(g−1) Σ (Σᵢ wᵢ(vᵢ − m))² / W² (Liang & Zeger 1986), less what draws have of it, and
// there is one degree less than groups. Of one group the error is NaN.
func clustered(values, weights []float64, groups []int, e density.Estimate) (dataErr, freedom float64) {
	sums := make(map[int]float64)
	var order []int // sums are taken in the order of rows, for the same bits
	var total float64
	for i, v := range values {
		w := 1.0
		if weights != nil {
			w = weights[i]
		}
		if _, known := sums[groups[i]]; !known {
			order = append(order, groups[i])
		}
		sums[groups[i]] += w * (v - e.Value)
		total += w
	}
	var squares float64
	for _, g := range order {
		squares += sums[g] * sums[g]
	}
	n := float64(len(order))
	if n < 2 {
		return math.NaN(), 0
	}
	variance := n / (n - 1) * squares / (total * total)
	return math.Sqrt(max(variance-e.SampleErr*e.SampleErr, 0)), n - 1
}
