package search

import (
	"cmp"
	"math"
	"slices"

	"likely/density"
)

// Choose returns the candidate with the highest mean score, and the simplest that is
// within one standard error of it, each −1 if there is none. scores holds for each
// candidate log p of the same rows, nil for one that is out; parameters says how simple
// it is; weights how often each row counts (nil: once).
func Choose(scores [][]float64, parameters []int, weights []float64) (best, chosen int) {
	best = -1
	highest := math.Inf(-1)
	order := bySize(parameters)
	for _, i := range order {
		if scores[i] == nil {
			continue
		}
		if m := mean(scores[i], weights); m > highest {
			best, highest = i, m
		}
	}
	if best < 0 {
		return -1, -1
	}
	for _, i := range order {
		if scores[i] == nil {
			continue
		}
		if gap, se := Difference(scores[best], scores[i], weights); i == best || gap <= se {
			return best, i
		}
	}
	return best, best
}

// bySize returns the indices from the simplest, those of one size in their order.
func bySize(parameters []int) []int {
	order := make([]int, len(parameters))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(parameters[a], parameters[b]) })
	return order
}

// Difference returns the mean over rows of a − b, and its standard error; +Inf and NaN
// where a row of b has no density.
func Difference(a, b, weights []float64) (diff, se float64) {
	d := make([]float64, len(a))
	for i, v := range a {
		d[i] = v - b[i]
	}
	e := density.WeightedMeanEstimate(d, nil, weights, density.ExactValue, 0)
	return e.Value, e.DataErr
}

func mean(values, weights []float64) float64 {
	return density.WeightedMeanEstimate(values, nil, weights, density.ExactValue, 0).Value
}
