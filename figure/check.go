package figure

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// checkPoints returns an error unless x has at least one row, exactly columns
// columns (any number if columns is 0) and finite values only. what names x.
func checkPoints(what string, x *mat.Dense, columns int) error {
	if x == nil || x.IsEmpty() {
		return fmt.Errorf("figure: %s has no rows: %w", what, ErrEmpty)
	}
	if _, d := x.Dims(); columns > 0 && d != columns {
		return fmt.Errorf("figure: %s has %d columns, want %d: %w", what, d, columns, ErrShape)
	}
	if err := density.CheckFinite(x); err != nil {
		return fmt.Errorf("figure: %s: %w", what, err)
	}
	if largest := max(mat.Max(x), -mat.Min(x)); largest > limit {
		return fmt.Errorf("figure: %s reaches %v, too large to draw: %w", what, largest, ErrShape)
	}
	return nil
}

// limit bounds what can be drawn, so that no width or area overflows.
const limit = 1e100

// checkValues returns an error unless all values can be drawn. what names
// them.
func checkValues(what string, values ...float64) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("figure: %s, value %d is %v: %w", what, i+1, v, density.ErrNonFinite)
		}
		if math.Abs(v) > limit {
			return fmt.Errorf("figure: %s, value %d is %v, too large to draw: %w", what, i+1, v, ErrShape)
		}
	}
	return nil
}

// columnRange returns the smallest and largest value of column j.
func columnRange(x *mat.Dense, j int) (low, high float64) {
	n, _ := x.Dims()
	low, high = math.Inf(1), math.Inf(-1)
	for i := range n {
		low, high = min(low, x.At(i, j)), max(high, x.At(i, j))
	}
	return low, high
}

// thin returns the indices of at most most of n rows, evenly spaced, and a
// note for the reader if some are left out.
func thin(n, most int) (rows []int, note string) {
	kept := min(n, most)
	rows = make([]int, kept)
	for i := range rows {
		rows[i] = i * n / kept
	}
	if kept < n {
		note = fmt.Sprintf("%d of the %d rows are drawn.", kept, n)
	}
	return rows, note
}

// count writes a number of things: "1 epoch", "7 epochs".
func count(n int, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}
