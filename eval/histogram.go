package eval

import (
	"math"
	"slices"

	"likely/density"
)

// Histogram counts log importance weights, relative to their largest, in bins of
// equal width.
type Histogram struct {
	// From and Width place the bins, in nats below the largest weight: bin b
	// covers [From + b·Width, From + (b+1)·Width).
	From, Width float64
	// Counts are numbers of draws, Mass the share of the sum of weights that
	// they carry.
	Counts []int
	Mass   []float64
	// Below is the number of draws under the first bin.
	Below int
}

// NewHistogram counts the log weights of one row in the given number of bins
// over the nats below the largest.
func NewHistogram(logs []float64, bins int, nats float64) Histogram {
	if bins < 1 || !(nats > 0) {
		panic("eval: a histogram needs bins and a positive width")
	}
	h := Histogram{From: -nats, Width: nats / float64(bins), Counts: make([]int, bins), Mass: make([]float64, bins)}
	if len(logs) == 0 {
		return h
	}
	peak, total := slices.Max(logs), density.LogSumExp(logs)
	for _, l := range logs {
		b := int(math.Floor((l - peak - h.From) / h.Width))
		if l == peak {
			b = bins - 1
		}
		if !(l-peak >= h.From) {
			h.Below++
			continue
		}
		b = min(b, bins-1)
		h.Counts[b]++
		h.Mass[b] += math.Exp(l - total)
	}
	return h
}
