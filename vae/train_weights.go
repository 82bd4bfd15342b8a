package vae

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// present returns the rows of x that count, and their weights: those of weight 0 are
// absent, whatever is in them. An error names the weights that make no sense. nil
// weights, and rows that all count, are returned as they are.
func present(setting string, x *mat.Dense, weights []float64) (*mat.Dense, []float64, error) {
	if weights == nil {
		return x, nil, nil
	}
	if x == nil {
		return nil, nil, wrong("{%s} without the rows they are of: {err}; give these too", setting)
	}
	n, d := x.Dims()
	if len(weights) != n {
		return nil, nil, wrong("{%s} has %d weights for %d rows: {err}; give one for each row", setting, len(weights), n)
	}
	var total float64
	count := 0
	for i, w := range weights {
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, nil, wrong("{%s} of row %d is %v: {err}; want 0 or more", setting, i+1, w)
		}
		if total += w; w > 0 {
			count++
		}
	}
	if count == 0 || math.IsInf(total, 0) {
		return nil, nil, wrong("{%s} add up to %v: {err}; want a positive number", setting, total)
	}
	if count == n {
		return x, weights, nil
	}
	rows, kept := mat.NewDense(count, d, nil), make([]float64, 0, count)
	for i, w := range weights {
		if w > 0 {
			rows.SetRow(len(kept), x.RawRowView(i))
			kept = append(kept, w)
		}
	}
	return rows, kept, nil
}

// valued returns the rows of x that have a value, and their weights: a row without any
// says nothing about a model.
func valued(x *mat.Dense, weights []float64) (*mat.Dense, []float64, error) {
	n, d := x.Dims()
	var values, kept []float64
	for i := range n {
		if row := x.RawRowView(i); !empty(row) {
			values = append(values, row...)
			if weights != nil {
				kept = append(kept, weights[i])
			}
		}
	}
	switch len(values) {
	case 0:
		return nil, nil, fmt.Errorf("vae: no row has a value: %w; give some that have", ErrRows)
	case n * d:
		return x, weights, nil
	}
	return mat.NewDense(len(values)/d, d, values), kept, nil
}

// filled returns x with a row that counts in the place of each that does not, for
// errors that name rows as the caller numbers them. Weights that make no sense are for
// present to report.
func filled(x *mat.Dense, weights []float64) *mat.Dense {
	first := slices.IndexFunc(weights, func(w float64) bool { return w > 0 })
	if x == nil || first < 0 || !slices.Contains(weights, 0) {
		return x
	}
	n, _ := x.Dims()
	if len(weights) != n {
		return x
	}
	out := mat.DenseCopyOf(x)
	for i, w := range weights {
		if w == 0 {
			out.SetRow(i, x.RawRowView(first))
		}
	}
	return out
}

// relativeWeights returns the weights of n rows brought to a mean of 1.
func relativeWeights(weights []float64, n int) []float64 {
	out := make([]float64, n)
	var total float64
	for _, w := range weights {
		total += w
	}
	for i := range out {
		out[i] = 1
		if weights != nil {
			out[i] = weights[i] / (total / float64(n))
		}
	}
	return out
}

// weightOf returns the weight of row i of the minibatch, 1 in the mean over all rows.
func (t *trainState[T]) weightOf(i int) float64 { return t.rowWeight[t.order[t.first+i]] }
