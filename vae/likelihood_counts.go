package vae

import (
	"math"
	"math/rand/v2"

	"likely/density"
)

// countable is what likelihoods of counts 0, 1, 2, … have in common: their location is
// the logarithm of the mean, and they are trained on the counts as they are, of which
// the encoder sees standardised columns.
type countable struct{ squares }

func (countable) check(v float64) *complaint {
	if v >= 0 && v <= maxCount && v == math.Trunc(v) {
		return nil
	}
	return &complaint{density.ErrSupport, ", not a count 0, 1, 2, …", "use counts without scaling, or another {Likelihood}"}
}

// maxCount is the largest count, up to which float64 holds whole numbers exactly.
const maxCount = 1 << 53

func (countable) transform(of moments, _ bool) (density.Transform, error) {
	return density.NewIdentity(len(of.mean)), nil
}

func (countable) inputs(of moments, _ density.Transform) density.Transform {
	return standardizingInputs(of)
}

func (countable) units(density.Transform) (factor, shift float64) { return 1, 0 }

// bias returns the logarithm of the mean, and for a column of zeros a small one.
func (countable) bias(mean float64) float64 { return math.Log(max(mean, 1e-3)) }

func (countable) mean(dst, loc, _ []float64) {
	for j, l := range loc {
		dst[j] = math.Exp(l)
	}
}

// noise draws the distribution function at the count, in (0, 1).
func (countable) noise(dst []float64, random *rand.Rand) {
	for j := range dst {
		for dst[j] = 0; dst[j] == 0; {
			dst[j] = random.Float64()
		}
	}
}

// countQuantile returns the smallest count at which cdf, which rises, reaches p. mean
// and sd say where to look first.
func countQuantile(p, mean, sd float64, cdf func(k float64) float64) float64 {
	if !(mean < maxCount) {
		return maxCount
	}
	low, high := -1.0, math.Ceil(mean+sd) // cdf(low) < p; −1 has none
	for step := sd + 1; cdf(high) < p; step *= 2 {
		low = high
		if high += math.Ceil(step); high >= maxCount {
			return maxCount
		}
	}
	for high-low > 1 {
		if middle := math.Floor(low + (high-low)/2); cdf(middle) < p {
			low = middle
		} else {
			high = middle
		}
	}
	return high
}

// logFactorial returns ln x! of a count, and +Inf for a number below 0.
func logFactorial(x float64) float64 {
	if x >= 0 && x < float64(len(logFactorials)) {
		return logFactorials[int(x)]
	}
	if x < 0 {
		return math.Inf(1)
	}
	v, _ := math.Lgamma(x + 1)
	return v
}

// logFactorials holds the first ones, of which most data consist.
var logFactorials = func() (table [256]float64) {
	for k := range table {
		table[k], _ = math.Lgamma(float64(k) + 1)
	}
	return table
}()
