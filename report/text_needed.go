package report

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"likely/eval"
	"likely/results"
)

// neededText says how many standard errors a difference must be to count, in the pairs
// that need most: two, unless it comes from few rows or few trainings.
func neededText(pairs ...results.Pair) string {
	most := 2.0
	for _, p := range pairs {
		if p.Needed != nil {
			most = max(most, *p.Needed)
		}
	}
	if most < 2.05 {
		return "two standard errors"
	}
	return fmt.Sprintf("%.1f standard errors", most)
}

// tooFew says whether a pair has too few rows, or groups of rows, for any verdict.
func tooFew(p *results.Pair) bool {
	return p.Rows < eval.LeastRows || p.Groups > 0 && p.Groups < eval.LeastRows
}

// tooFewText says so.
func tooFewText(p *results.Pair) string {
	what := plural(p.Rows, "row")
	if p.Groups > 0 {
		what = plural(p.Groups, "group") + " of rows"
	}
	return fmt.Sprintf("%s are too few to tell: it takes %d", what, eval.LeastRows)
}

// chance returns how often a lead of z standard errors comes about where there is none.
func chance(p *results.Pair, z float64) float64 {
	if p.Freedom == nil || !(*p.Freedom > 0) {
		return math.Erfc(z / math.Sqrt2)
	}
	return 2 * distuv.StudentsT{Mu: 0, Sigma: 1, Nu: *p.Freedom}.CDF(-z)
}

// distinct returns how many different numbers there are.
func distinct(list []int) int {
	seen := make(map[int]bool)
	for _, v := range list {
		seen[v] = true
	}
	return len(seen)
}
