package eval

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"likely/elbo"
)

// RungRow is what became of the rows that ended on one rung of the ladder of
// proposals (elbo.NewLadder).
type RungRow struct {
	Rung elbo.Rung
	// Rows is their number, and Untrusted that of those whose k̂ is above the
	// threshold.
	Rows, Untrusted int
	// KHat is the median of their k̂, and Worst the largest; NaN where none has
	// one.
	KHat, Worst float64
	// Back is the number of rows for which a higher rung was tried and given up,
	// or could not be tried.
	Back int
	// Evaluations is the mean number of evaluations of p(x|z) that one of them took.
	Evaluations float64
}

// RungTable counts the rows by rung, from the lowest, without empty ones. It is nil
// for closed forms.
func (r *Result) RungTable() []RungRow {
	var table []RungRow
	limit := Threshold(r.Samples)
	for rung := elbo.Given; rung <= elbo.Integrated; rung++ {
		row := RungRow{Rung: rung, KHat: math.NaN(), Worst: math.NaN()}
		var khats []float64
		for i, v := range r.Rungs {
			if v != rung {
				continue
			}
			row.Rows++
			row.Evaluations += float64(r.Costs[i])
			if r.Back[i] != "" {
				row.Back++
			}
			if r.KHat == nil || math.IsNaN(r.KHat[i]) {
				continue
			}
			khats = append(khats, r.KHat[i])
			if r.KHat[i] > limit {
				row.Untrusted++
			}
		}
		if row.Rows == 0 {
			continue
		}
		row.Evaluations /= float64(row.Rows)
		if len(khats) > 0 {
			slices.Sort(khats)
			row.KHat, row.Worst = khats[len(khats)/2], khats[len(khats)-1]
		}
		table = append(table, row)
	}
	return table
}

// String returns the row as a line such as
//
//	moments: 31 rows, 8900 evaluations each, median k̂ 0.44, 2 above the threshold, 5 went back
func (r RungRow) String() string {
	text := fmt.Sprintf("%v: %d rows, %.0f evaluations each", r.Rung, r.Rows, r.Evaluations)
	if !math.IsNaN(r.KHat) && r.Rung != elbo.Integrated {
		text += fmt.Sprintf(", median k̂ %.2f, %d above the threshold", r.KHat, r.Untrusted)
	}
	if r.Back > 0 {
		text += fmt.Sprintf(", %d went back", r.Back)
	}
	return text
}

// rungText joins the table for a warning; empty where no search was made.
func (r *Result) rungText() string {
	var lines []string
	for _, row := range r.RungTable() {
		if row.Rung != elbo.Given || row.Back > 0 {
			lines = append(lines, row.String())
		}
	}
	return strings.Join(lines, "; ")
}
