// Package pareto judges importance weights by the tail of their distribution
// (Vehtari, Simpson, Gelman, Yao & Gabry 2024).
package pareto

import (
	"math"
	"slices"

	"likely/density"
)

// Tail is the largest weights of one row, as the diagnostics see them.
type Tail struct {
	// KHat is the fitted tail index.
	KHat float64
	// Smoothed is the logarithm of the mean weight after the tail has been
	// replaced by what its fit expects.
	Smoothed float64

	// The fit, in units of the largest weight: draws and how many of them are the
	// tail, the weight above which it begins, its shape and scale, and the sum of the
	// squares of the others.
	draws, length               int
	base, shape, scale, squares float64
	peak                        float64 // logarithm of the largest weight
}

// Fit fits a generalised Pareto distribution to the largest ⌈3√S⌉ of the
// weights whose logarithms are given (S/5 of them if S ≤ 225), and smooths them:
// the j-th largest of M becomes the quantile (j − ½)/M of the fit, but no more
// than the largest weight drawn (Vehtari et al. 2024, section 3). k̂ is −Inf for a
// tail without spread, as an exact proposal gives, and +Inf where there are too
// few draws to tell; the weights then stay as they are.
func Fit(logs []float64) Tail {
	count := len(logs)
	raw := density.LogMeanExp(logs)
	length := int(math.Ceil(3 * math.Sqrt(float64(count))))
	if count <= 225 {
		length = count / 5
	}
	if length < minTail || math.IsInf(raw, -1) {
		return Tail{KHat: math.Inf(1), Smoothed: raw}
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
		return Tail{KHat: math.Inf(-1), Smoothed: raw}
	}
	shape, scale := fitPareto(excess)
	t := Tail{KHat: shape, draws: count, length: length, base: base, shape: shape, scale: scale, peak: peak}
	for _, l := range sorted[:count-length] {
		t.squares += math.Exp(2 * (l - peak))
	}
	for j := range length {
		v := base + quantile((float64(j)+0.5)/float64(length), shape, scale)
		sorted[count-length+j] = peak + math.Log(min(v, 1))
	}
	t.Smoothed = density.LogMeanExp(sorted)
	return t
}

const (
	// farther is how many times as many draws the tail is followed as there are.
	farther = 20
	// heavy is the k̂ from which on standard errors are widened, heaviest that to
	// which: beyond it no error can be trusted.
	heavy, heaviest = 0.4, 0.7
)

// StdErr returns the standard error of the logarithm of the mean weight, mean, by the
// delta method, with the squares of the tail replaced by what its fit expects of them
// in the range that 20 times as many draws would reach, for a k̂ larger by its own
// standard error (1 + k̂)/√M (Hosking & Wallis 1987). Weights with k̂ ≥ ½ have no
// variance; that of the draws is nearly always too small, since the weights that would
// make it up have not been drawn. Below k̂ = 0.4 it is 0: that of the draws serves. A k̂
// above 0.7 counts as 0.7.
//
// For Pareto weights of index 0.5, 0.6, 0.65 and 0.7 and 5000 draws, ±1.96 of the larger
// of the two cover log E w in 96, 96, 96 and 95 % of 600 repetitions, those of the
// draws alone in 92, 87, 83 and 75 %.
func (t Tail) StdErr(mean float64) float64 {
	if t.length == 0 || t.shape <= heavy {
		return 0
	}
	k, e := min(t.shape, heaviest), 1/(farther*float64(t.length))
	k += min((k-heavy)/0.1, 1) * (1 + k) / math.Sqrt(float64(t.length))
	// ∫ (a + b v^−k)² dv over the upper probabilities v from e to 1.
	a, b := t.base-t.scale/k, t.scale/k
	power := func(p float64) float64 { // ∫ v^−p dv
		if math.Abs(p-1) < 1e-9 {
			return -math.Log(e)
		}
		return (1 - math.Pow(e, 1-p)) / (1 - p)
	}
	tail := a*a*(1-e) + 2*a*b*power(k) + b*b*power(2*k)
	relative := math.Exp(mean - t.peak)
	variance := (t.squares+float64(t.length)*tail)/float64(t.draws) - relative*relative
	return math.Sqrt(max(variance, 0)/float64(t.draws)) / relative
}

// quantile is that of the generalised Pareto distribution at probability p.
func quantile(p, shape, scale float64) float64 {
	if math.Abs(shape) < 1e-12 {
		return -scale * math.Log1p(-p)
	}
	return scale * math.Expm1(-shape*math.Log1p(-p)) / shape
}

// Threshold returns the Pareto k̂ above which an importance-sampling estimate
// from S draws cannot be trusted, min(1 − 1/log₁₀ S, 0.7) (Vehtari et al. 2024,
// section 3.2.4).
func Threshold(samples int) float64 {
	return min(1-1/math.Log10(float64(samples)), 0.7)
}

// minTail is the smallest number of weights that a tail is fitted to.
const minTail = 5

// fitPareto returns shape and scale of a generalised Pareto distribution fitted to
// excesses over a threshold (ascending, not negative, the last positive) by the
// quasi-Bayesian estimator of Zhang & Stephens (2009), the shape shrunk towards ½
// with the weight of ten observations (Vehtari et al. 2024, appendix C).
func fitPareto(excess []float64) (k, sigma float64) {
	n := float64(len(excess))
	const prior = 3
	grid := 30 + int(math.Sqrt(n))
	quartile := excess[int(n/4+0.5)-1]
	largest := excess[len(excess)-1]
	if !(quartile > 0) {
		quartile = largest * 0x1p-52
	}
	theta, profile := make([]float64, grid), make([]float64, grid)
	for j := range grid {
		theta[j] = 1/largest + (1-math.Sqrt(float64(grid)/(float64(j)+0.5)))/(prior*quartile)
		k := shape(theta[j], excess)
		profile[j] = n * (math.Log(-theta[j]/k) - k - 1)
	}
	var mean, total float64
	peak := slices.Max(profile)
	for j, l := range profile {
		weight := math.Exp(l - peak)
		mean += weight * theta[j]
		total += weight
	}
	best := mean / total
	k = shape(best, excess)
	return (k*n + 0.5*10) / (n + 10), -k / best
}

// shape is the maximum-likelihood shape for a given scale parameter θ.
func shape(theta float64, excess []float64) float64 {
	var sum float64
	for _, v := range excess {
		sum += math.Log1p(-theta * v)
	}
	return sum / float64(len(excess))
}
