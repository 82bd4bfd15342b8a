package eval

import (
	"math"
	"slices"

	"likely/density"
)

// tail is the largest weights of one row, as the diagnostics see them.
type tail struct {
	khat float64
	// smoothed is the logarithm of the mean weight after the tail has been
	// replaced by what its fit expects.
	smoothed float64
}

// fitTail fits a generalised Pareto distribution to the largest ⌈3√S⌉ of the
// weights whose logarithms are given (S/5 of them if S ≤ 225), and smooths them:
// the j-th largest of M becomes the quantile (j − ½)/M of the fit, but no more
// than the largest weight drawn (Vehtari et al. 2024, section 3). k̂ is −Inf for a
// tail without spread, as an exact proposal gives, and +Inf where there are too
// few draws to tell; the weights then stay as they are.
func fitTail(logs []float64) tail {
	count := len(logs)
	raw := density.LogMeanExp(logs)
	length := int(math.Ceil(3 * math.Sqrt(float64(count))))
	if count <= 225 {
		length = count / 5
	}
	if length < minTail || math.IsInf(raw, -1) {
		return tail{math.Inf(1), raw}
	}
	sorted := slices.Sorted(slices.Values(logs))
	peak, cutoff := sorted[count-1], sorted[count-length-1]
	excess := make([]float64, length)
	base := math.Exp(cutoff - peak)
	for i, l := range sorted[count-length:] {
		excess[i] = math.Exp(l-peak) - base
	}
	// Rounding alone makes differences of some units in the last place of
	// weights that are equal.
	if excess[length-1] <= 1e-10 {
		return tail{math.Inf(-1), raw}
	}
	shape, scale := fitPareto(excess)
	for j := range length {
		v := base + quantile((float64(j)+0.5)/float64(length), shape, scale)
		sorted[count-length+j] = peak + math.Log(min(v, 1))
	}
	return tail{shape, density.LogMeanExp(sorted)}
}

// quantile is that of the generalised Pareto distribution at probability p.
func quantile(p, shape, scale float64) float64 {
	if math.Abs(shape) < 1e-12 {
		return -scale * math.Log1p(-p)
	}
	return scale * math.Expm1(-shape*math.Log1p(-p)) / shape
}

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
