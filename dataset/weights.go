package dataset

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// The sum of the weights lies between these, so that its square is a number.
const (
	leastWeight = 1e-100
	mostWeight  = 1e100
)

// weigh takes a column (from 0) out of the table and makes it the weights of the
// rows. Rows of weight 0 are left out.
func (d *Dataset) weigh(at int) (*Dataset, error) {
	if d.IsImage() {
		return nil, errImageWeights(d.Place())
	}
	if d.Dim() == 1 {
		return nil, fmt.Errorf("dataset: %s has no column beside the weights: %w", d.Place(), ErrWeights)
	}
	if d.Levels != nil && d.Levels[at] != nil {
		return nil, fmt.Errorf("dataset: %s, %s, the weights, holds texts such as %s: %w; a row's weight is a number, 0 or more", d.Place(), columnPlace(d.Columns, at), quote(d.Levels[at][0]), ErrWeights)
	}
	var rows []int
	var weights []float64
	for i := range d.Rows() {
		w := d.X.At(i, at)
		if err := checkWeight(w, d.Where(i, at)); err != nil {
			return nil, err
		}
		if w > 0 {
			rows, weights = append(rows, i), append(weights, w)
		}
	}
	var total float64
	for _, w := range weights {
		total += w
	}
	if err := checkWeightSum(total, d.Place(), columnPlace(d.Columns, at)); err != nil {
		return nil, err
	}
	x := mat.NewDense(len(rows), d.Dim()-1, nil)
	out := d.with(x)
	out.Columns = slices.Delete(slices.Clone(d.Columns), at, at+1)
	if d.Steps != nil {
		out.Steps = slices.Delete(slices.Clone(d.Steps), at, at+1)
	}
	if d.Types != nil {
		out.Types = slices.Delete(slices.Clone(d.Types), at, at+1)
	}
	if d.Levels != nil {
		out.Levels = slices.Delete(slices.Clone(d.Levels), at, at+1)
	}
	out.Weights, out.Absent = weights, d.Rows()-len(rows)
	out.rows = make([]int, len(rows))
	if d.Labels != nil {
		out.Labels = make([]int, len(rows))
	}
	if d.Groups != nil {
		out.Groups = make([]int, len(rows))
	}
	for to, from := range rows {
		row := d.X.RawRowView(from)
		copy(x.RawRowView(to), row[:at])
		copy(x.RawRowView(to)[at:], row[at+1:])
		out.rows[to] = d.Row(from)
		if d.Labels != nil {
			out.Labels[to] = d.Labels[from]
		}
		if d.Groups != nil {
			out.Groups[to] = d.Groups[from]
		}
	}
	return out, nil
}

func errImageWeights(file string) error {
	return fmt.Errorf("dataset: %s holds images, which have no column of weights: %w; leave the weights out", file, ErrWeights)
}

// checkWeight returns an error for a weight, in a place, that is none.
func checkWeight(w float64, where string) error {
	switch {
	case math.IsNaN(w):
		return fmt.Errorf("dataset: %s, the weight, is missing: %w; fill it in, or give 0 for a row that does not count", where, ErrWeights)
	case w < 0:
		return fmt.Errorf("dataset: %s, the weight, is %v: %w; a row counts 0 times, once, or more", where, w, ErrWeights)
	}
	return nil
}

// checkWeightSum returns an error for weights, of a column of a file, whose sum is of no
// use.
func checkWeightSum(total float64, file, column string) error {
	switch {
	case total == 0:
		return fmt.Errorf("dataset: %s: all weights, %s, are 0: %w; at least one row must count", file, column, ErrWeights)
	case total < leastWeight || total > mostWeight:
		return fmt.Errorf("dataset: %s: the weights, %s, sum to %.3g: %w; a row's weight is the number of times that it counts, so scale them to the number of rows they are worth", file, column, total, ErrWeights)
	}
	return nil
}

// TotalWeight returns Σw, the number of rows where they have no weights.
func (d *Dataset) TotalWeight() float64 {
	if d.Weights == nil {
		return float64(d.Rows())
	}
	var sum float64
	for _, w := range d.Weights {
		sum += w
	}
	return sum
}
