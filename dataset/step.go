package dataset

import (
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/mat"
)

// maxLevels is the number of levels between the smallest and the largest value
// of a column above which it counts as continuous: any number printed with
// enough digits is on some lattice.
const maxLevels = 1 << 20

// DetectStep returns the one spacing on which the values of all columns of x
// (N×D) lie: the largest s such that every difference within a column is a
// whole multiple of s. It fails, wrapping [ErrLattice], where a column has no
// such spacing or columns have different ones; [DetectSteps] then gives one
// for each. It costs O(N·D·log N).
func DetectStep(x *mat.Dense) (float64, error) {
	steps, err := DetectSteps(x)
	if err != nil {
		return 0, err
	}
	for j, s := range steps {
		if s != steps[0] {
			return 0, fmt.Errorf("dataset: column 1 has steps of %v and column %d of %v: %w in common", steps[0], j+1, s, ErrLattice)
		}
	}
	return steps[0], nil
}

// DetectSteps returns the spacing of the levels of each column of x (N×D).
//
// A column with few levels may skip some by chance: a pixel that is only ever
// 0 or 128 is still one of 256 levels. So a column whose own spacing is k
// times the finest spacing s of any column is given s, unless it has so many
// levels that all of them falling on every k-th by chance, k^−(levels−1) at
// most, is out of the question (below 2^−30). A constant column is given s
// too. Missing values, NaN, take no part. A column that is not on a lattice, or only on one of more than 2²⁰
// levels, is an error that wraps [ErrLattice] and names a value.
func DetectSteps(x *mat.Dense) ([]float64, error) {
	steps, err := detectSteps(x)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w", err)
	}
	return steps, nil
}

func detectSteps(x *mat.Dense) ([]float64, error) {
	n, d := x.Dims()
	steps := make([]float64, d)
	levels := make([]int, d)
	column := make([]float64, n)
	finest := math.Inf(1)
	for j := range d {
		distinct := slices.DeleteFunc(slices.Clone(mat.Col(column, j, x)), math.IsNaN)
		slices.Sort(distinct)
		distinct = slices.Compact(distinct)
		levels[j] = len(distinct)
		if len(distinct) <= 1 {
			continue
		}
		step := spacing(distinct)
		if step == 0 {
			return nil, fmt.Errorf("column %d: values such as %v and %v: %w; they are continuous, leave them as they are",
				j+1, distinct[0], distinct[1], ErrLattice)
		}
		steps[j] = step
		finest = min(finest, step)
	}
	if math.IsInf(finest, 1) {
		return nil, fmt.Errorf("every column has a single value: %w can be told; declare the step of the data", ErrLattice)
	}
	for j, s := range steps {
		k := math.Round(s / finest)
		multiple := math.Abs(s-k*finest) <= 1e-6*s
		certain := float64(levels[j]-1)*math.Log2(k) > 30
		if s == 0 || multiple && !certain {
			steps[j] = finest
		}
	}
	return steps, nil
}

// RepeatedSteps returns the spacing of the values of each column of d, by itself, as
// rounding leaves it: 0 where no value repeats, where values are on no grid ([DetectSteps]),
// where there is a single value, and for columns of levels. It costs O(N·D·log N).
func RepeatedSteps(d *Dataset) []float64 {
	steps := make([]float64, d.Dim())
	for j := range steps {
		if c := d.column(j); len(c.distinct) < len(c.sorted) {
			steps[j] = c.step()
		}
	}
	return steps
}

// spacing returns the largest s of which all differences between the values
// (ascending, at least two, all different) are whole multiples, or 0.
//
// It is their greatest common divisor, by Euclid's algorithm. Whole numbers
// are exact; others are known to the resolution of the type they were stored
// in, so a remainder well below the smallest spacing that counts is 0, and the
// result is held against all values.
func spacing(values []float64) float64 {
	lo, hi := values[0], values[len(values)-1]
	var zero, slack float64
	exact := whole(values)
	if !exact {
		slack = 2 * resolution(values) * max(math.Abs(lo), math.Abs(hi))
		zero = max((hi-lo)/(4*maxLevels), 8*slack)
	}
	s := hi - lo
	for i, v := range values[1:] {
		s = min(s, v-values[i])
	}
	for _, v := range values[1:] {
		for b := math.Abs(math.Remainder(v-lo, s)); b > zero; {
			s, b = b, math.Abs(math.Remainder(s, b))
		}
	}
	if (hi-lo)/s > maxLevels || !exact && !fits(values, s, slack) {
		return 0
	}
	return tidy((hi - lo) / math.Round((hi-lo)/s))
}

// fits reports whether all values are lo + k·s to within slack. The step is
// corrected on the way up, because s, from a single gap, has an error that
// grows with k.
func fits(values []float64, s, slack float64) bool {
	lo := values[0]
	for _, v := range values[1:] {
		k := math.Round((v - lo) / s)
		if k < 1 || math.Abs(v-lo-k*s) > 0.1*s {
			return false
		}
		s = (v - lo) / k
	}
	for _, v := range values {
		if k := math.Round((v - lo) / s); math.Abs(v-lo-k*s) > slack {
			return false
		}
	}
	return true
}

// onLevel reports whether a difference between values of the given magnitude
// is a whole number of steps, to the resolution of float32.
func onLevel(difference, step, magnitude float64) bool {
	if step == 1 {
		return difference == math.Trunc(difference)
	}
	k := math.Round(difference / step)
	return math.Abs(difference-k*step) <= min(0x1p-20*magnitude, 0.02*step)
}

func whole(values []float64) bool {
	for _, v := range values {
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return false
		}
	}
	return true
}

// resolution is the relative spacing of float32 numbers if all values are
// such, else that of float64.
func resolution(values []float64) float64 {
	for _, v := range values {
		if v != float64(float32(v)) {
			return 0x1p-52
		}
	}
	return 0x1p-23
}

// tidy returns the number of at most 11 digits that rounding may have moved to
// s, so that a step of 0.1 is 0.1 and not 0.10000000000000002; s itself if
// there is none.
func tidy(s float64) float64 {
	for digits := 1; digits < 12; digits++ {
		v, err := strconv.ParseFloat(strconv.FormatFloat(s, 'g', digits, 64), 64)
		if err == nil && math.Abs(v-s) <= 0x1p-50*s {
			return v
		}
	}
	return s
}
