package dataset

import (
	"fmt"
	"math"

	"likely/density"
)

// byteLevels returns the range of unsigned bytes as the data show it: from 0 to
// the largest, which is 255 if one is above 127, so that a few rows of dark
// images have the range of all.
func byteLevels(values []float64) (lo, hi float64) {
	for _, v := range values {
		hi = max(hi, v)
	}
	if hi > math.MaxInt8 {
		hi = math.MaxUint8
	}
	return 0, hi
}

// onlyOnes reports whether all values are 0 or 1, some are 1, and the highest
// level is another one: bits where levels are expected.
func (d *Dataset) onlyOnes(hi float64) bool {
	if hi < 8 { // rows may lack the higher of a few levels by chance
		return false
	}
	found := false
	for i := range d.Rows() {
		for _, v := range d.X.RawRowView(i) {
			if v == 1 {
				found = true
			} else if v != 0 && !math.IsNaN(v) {
				return false
			}
		}
	}
	return found
}

// CheckLevels returns an error unless all values of d are levels between lo and
// hi, whole multiples of step above lo; a step of 0 allows any value between.
// It is how rows that come later are held against those that a model was fitted
// to. A value outside wraps density.ErrSupport, one between levels
// [ErrLattice]; rows of 0 and 1 alone, where hi is higher, wrap [ErrMismatch],
// since a threshold at the middle would make them all 0. Missing values pass.
func (d *Dataset) CheckLevels(lo, hi, step float64) error {
	if !(hi > lo) || step < 0 {
		panic("dataset: levels need a range and a step")
	}
	if d.onlyOnes(hi) {
		return fmt.Errorf("dataset: %s holds 0 and 1 where levels %v to %v are expected: %w; give the levels as they are stored, or data that were binarised the same way", d.Place(), lo, hi, ErrMismatch)
	}
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			switch {
			case v < lo || v > hi:
				return fmt.Errorf("dataset: %s is %v, outside the levels %v to %v: %w; give data of the same range", d.Where(i, j), v, lo, hi, density.ErrSupport)
			case step > 0 && !math.IsNaN(v) && !onLevel(v-lo, step, max(v, -v)):
				return fmt.Errorf("dataset: %s is %v, between the levels from %v in steps of %v: %w; give the levels as they are stored", d.Where(i, j), v, lo, step, ErrLattice)
			}
		}
	}
	return nil
}
