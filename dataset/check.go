package dataset

import (
	"fmt"
	"hash/maphash"
	"math"
	"slices"

	"likely/density"
)

// Check returns an error if no density can be fitted to the data: a single
// row (wraps [ErrTooFew]) or, on a continuous or dequantised measure, a column
// with a single value (wraps density.ErrConstant; the message names all of
// them), on a mixed one a measured column. Apply it to the rows that a model is fitted to, after any
// dequantisation. One row is fine for scoring, so the readers let it pass.
func (d *Dataset) Check() error {
	if d.Rows() < 2 {
		return fmt.Errorf("dataset: %s holds 1 row: %w to fit a density; give at least 2, and many more than columns", d.Place(), ErrTooFew)
	}
	if d.Measure == density.Binary || d.Measure == density.Discrete {
		return nil
	}
	constant := d.ConstantColumns()
	if d.Measure == density.Mixed && d.Types != nil {
		constant = slices.DeleteFunc(constant, func(j int) bool { return d.Types[j].Discrete() })
	}
	if len(constant) == 0 {
		return d.checkSpread()
	}
	places := make([]string, 0, 3)
	for _, j := range constant[:min(3, len(constant))] {
		places = append(places, fmt.Sprintf("%s is %v", columnPlace(d.Columns, j), d.firstValue(j)))
	}
	remedy := "remove it"
	if len(constant) > 1 {
		remedy = "remove them"
	}
	if d.Step > 0 || d.IsImage() {
		remedy = "dequantise the data, or " + remedy
	}
	return fmt.Errorf("dataset: %s: %s in every row: %w and its density infinite; %s",
		d.Place(), enumerate(places, len(constant)), density.ErrConstant, remedy)
}

// checkSpread returns an error for the first measured column whose values differ, but by
// so little or so much that the squares are no numbers.
func (d *Dataset) checkSpread() error {
	first := slices.Clone(d.X.RawRowView(0))
	far, at := make([]float64, d.Dim()), make([]int, d.Dim())
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if math.IsNaN(first[j]) {
				first[j] = v
			}
			if away := math.Abs(v - first[j]); away > far[j] {
				far[j], at[j] = away, i
			}
		}
	}
	for j, away := range far {
		var what, remedy string
		switch {
		case d.Types != nil && d.Types[j].Discrete() || away == 0:
		case away < tooSmallToSquare:
			what, remedy = "little", "multiply"
		case away > tooLargeToSquare:
			what, remedy = "much", "divide"
		}
		if what != "" {
			return fmt.Errorf("dataset: %s is %v, and the first value %v: the column varies by too %s for a variance in a float64: %w; %s it by a power of ten",
				d.Where(at[j], j), d.X.At(at[j], j), first[j], what, density.ErrNonFinite, remedy)
		}
	}
	return nil
}

// ConstantColumns returns the columns (from 0) in which all values that are not
// missing are equal.
func (d *Dataset) ConstantColumns() []int {
	varies := make([]bool, d.Dim())
	first := slices.Clone(d.X.RawRowView(0))
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if v == first[j] || math.IsNaN(v) {
				continue
			}
			if math.IsNaN(first[j]) {
				first[j] = v
			} else {
				varies[j] = true
			}
		}
	}
	var constant []int
	for j, v := range varies {
		if !v {
			constant = append(constant, j)
		}
	}
	return constant
}

// firstValue returns the first value of a column that is not missing, or NaN.
func (d *Dataset) firstValue(j int) float64 {
	for i := range d.Rows() {
		if v := d.X.At(i, j); !math.IsNaN(v) {
			return v
		}
	}
	return math.NaN()
}

// Duplicates returns the number of rows that repeat an earlier row exactly.
// In continuous data they are a sign of rounding or of copied rows, and a
// component of a mixture can collapse onto them.
func (d *Dataset) Duplicates() int {
	seed := maphash.MakeSeed()
	seen := make(map[uint64][]int, d.Rows())
	var count int
	for i := range d.Rows() {
		row := d.X.RawRowView(i)
		var h maphash.Hash
		h.SetSeed(seed)
		for _, v := range row {
			maphash.WriteComparable(&h, v)
		}
		key := h.Sum64()
		if slices.ContainsFunc(seen[key], func(k int) bool { return slices.Equal(d.X.RawRowView(k), row) }) {
			count++
			continue
		}
		seen[key] = append(seen[key], i)
	}
	return count
}

// Place is the file, or the name of data without one.
func (d *Dataset) Place() string {
	if d.File != "" {
		return d.File
	}
	return d.Name
}
