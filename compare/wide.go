package compare

import (
	"fmt"
	"runtime"

	"likely/gmm"
	"likely/gmm/selection"
	"likely/internal/budget"
)

// A matrix over the columns of a wide table takes memory by the square of their number
// and time by the cube: of 2000 columns it takes minutes, of 100,000 80 GB. Beyond
// widest columns none is made unasked, and from wideOfFew on none of fewer rows than
// columns, which do not determine it.
const (
	widest    = 4096
	wideOfFew = 512
)

// tooWide says whether a table is left without full covariances.
func tooWide(rows, columns int) bool {
	return columns > widest || columns >= wideOfFew && rows <= columns
}

// matrices says whether the covariances of a family are as large as matrices.
func matrices(family gmm.Covariance, columns int) bool {
	return columns > 3 && family.NumParameters(1, columns) >= columns*(columns-1)/2
}

// narrowed returns the families that suit a table of so many rows.
func narrowed(families selection.Families, rows, columns int) selection.Families {
	if !tooWide(rows, columns) {
		return families
	}
	var kept selection.Families
	for _, family := range families {
		if !matrices(family, columns) {
			kept = append(kept, family)
		}
	}
	return kept
}

// checkFamilies says why the families that were asked for do not fit into memory, or "".
func (c *Settings) checkFamilies(columns int) string {
	if !c.Families.Given {
		return ""
	}
	for _, family := range c.Families.Value.Resolved(columns) {
		// Scatter, covariance, its factor, its inverse and a copy for each core.
		bytes := 8 * float64(columns) * float64(columns) * float64(4+runtime.GOMAXPROCS(0))
		if err := budget.Check(max(1, c.Components.Value.From), bytes); err != nil && matrices(family, columns) {
			return fmt.Sprintf("covariances of %d columns in the family %v: %v", columns, family, err)
		}
	}
	return ""
}

// checkWeights says why a first layer of so many inputs and units does not fit into
// memory with what training keeps beside it, or "".
func checkWeights(inputs, units, networks int) string {
	bytes := float64(inputs) * 8 * float64(networks) * float64(4+runtime.GOMAXPROCS(0))
	if err := budget.Check(units, bytes); err != nil {
		return fmt.Sprintf("a layer of %d units on %d numbers: %v", units, inputs, err)
	}
	return ""
}
