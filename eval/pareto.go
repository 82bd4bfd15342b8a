package eval

import (
	"math"
	"slices"
)

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
