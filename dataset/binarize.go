package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// BinarizeThreshold turns levels into 0 and 1 by the middle of their range,
// x > (Lo+Hi)/2 (see [Dataset.Range]): the "threshold at 0.5" of images
// scaled to [0,1]. Missing values stay missing. Rows of 0 and 1 where the range
// is wider, which would all become 0, are an error that wraps [ErrMismatch]. Data that are not continuous any more are an error that
// wraps [ErrMeasure].
func (d *Dataset) BinarizeThreshold() (*Dataset, error) {
	lo, hi, err := d.binaryRange()
	if err != nil {
		return nil, err
	}
	middle := lo + (hi-lo)/2
	return d.binarized(func(_ int, row, from []float64) {
		for j, v := range from {
			if v > middle {
				row[j] = 1
			} else if math.IsNaN(v) {
				row[j] = v
			}
		}
	}), nil
}

// BinarizeStatic turns levels into 0 and 1 by one fixed draw, 1 with
// probability (x−Lo)/(Hi−Lo), as Salakhutdinov & Murray (2008) did for MNIST.
// The draw depends on the seed and on the row and column that a cell has in
// the original data, not on splits or batches. Models are evaluated on this
// one draw, also when they were trained on fresh ones; see
// [Dataset.BinarizeDynamic].
func (d *Dataset) BinarizeStatic(seed uint64) (*Dataset, error) {
	lo, hi, err := d.binaryRange()
	if err != nil {
		return nil, err
	}
	return d.binarized(func(i int, row, from []float64) {
		bernoulli(row, from, lo, hi, d.rowSource(seed, "dataset.binarize", i))
	}), nil
}

// Draw fills dst (len(rows)×D) with data for the given rows (from 0).
type Draw func(dst *mat.Dense, rows []int, src rand.Source)

// BinarizeDynamic returns a function that draws the given rows as 0 and 1
// afresh at every call, 1 with probability (x−Lo)/(Hi−Lo), from src, row by
// row. It is for training only (Burda et al. 2016 train that way); models are
// compared on the fixed draw of [Dataset.BinarizeStatic], never on fresh ones.
// The function may be called concurrently.
func (d *Dataset) BinarizeDynamic() (Draw, error) {
	lo, hi, err := d.binaryRange()
	if err != nil {
		return nil, err
	}
	return func(dst *mat.Dense, rows []int, src rand.Source) {
		if n, width := dst.Dims(); n != len(rows) || width != d.Dim() {
			panic("dataset: dimension mismatch")
		}
		for i, r := range rows {
			row := dst.RawRowView(i)
			clear(row)
			bernoulli(row, d.X.RawRowView(r), lo, hi, src)
		}
	}, nil
}

// bernoulli sets the cells of row, which are 0, to 1 with probability
// (from−lo)/(hi−lo).
func bernoulli(row, from []float64, lo, hi float64, src rand.Source) {
	for j, v := range from {
		if uniform(src) < (v-lo)/(hi-lo) {
			row[j] = 1
		} else if math.IsNaN(v) {
			row[j] = v
		}
	}
}

// binaryRange returns the range that levels are judged by.
func (d *Dataset) binaryRange() (lo, hi float64, err error) {
	if d.Measure != density.Continuous {
		return 0, 0, fmt.Errorf("dataset: %s is %s already: %w; binarise the original levels", d.Place(), d.Measure, ErrMeasure)
	}
	lo, hi = d.Range()
	if !(hi > lo) {
		return 0, 0, fmt.Errorf("dataset: %s has the single value %v: %w; there is nothing to binarise", d.Place(), lo, density.ErrConstant)
	}
	if d.onlyOnes(hi) {
		return 0, 0, fmt.Errorf("dataset: %s holds 0 and 1 where levels %v to %v are expected: %w; give the levels as they are stored, or data that were binarised the same way", d.Place(), lo, hi, ErrMismatch)
	}
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if v < lo || v > hi { // a missing value, NaN, stays one
				return 0, 0, fmt.Errorf("dataset: %s is %v, outside the levels %v to %v: %w; binarise data of the same range", d.Where(i, j), v, lo, hi, density.ErrSupport)
			}
		}
	}
	return lo, hi, nil
}

// binarized returns a binary copy of d; fill is given each row (zeros) and
// the levels it comes from.
func (d *Dataset) binarized(fill func(i int, row, from []float64)) *Dataset {
	x := mat.NewDense(d.Rows(), d.Dim(), nil)
	for i := range d.Rows() {
		fill(i, x.RawRowView(i), d.X.RawRowView(i))
	}
	out := d.with(x)
	out.Measure = density.Binary
	out.Step, out.Steps, out.Lo, out.Hi = 1, nil, 0, 1
	out.origin = nil
	return out
}
