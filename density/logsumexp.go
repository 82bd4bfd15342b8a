package density

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// LogSumExp returns ln Σ exp(xᵢ) without overflow: the maximum is taken out
// first. It is −Inf for an empty slice or one that holds only −Inf, +Inf if
// any element is, and NaN if any element is.
func LogSumExp(x []float64) float64 {
	if len(x) == 0 {
		return math.Inf(-1)
	}
	if floats.HasNaN(x) {
		return math.NaN()
	}
	peak := floats.Max(x)
	if math.IsInf(peak, 0) {
		return peak
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(v - peak)
	}
	return peak + math.Log(sum)
}

// LogMeanExp returns ln (1/n) Σ exp(xᵢ) for the n elements of x. With
// importance weights in nats for x it is the estimate of log p(x); note that
// it is the logarithm of a mean, never the mean of logarithms.
func LogMeanExp(x []float64) float64 {
	return LogSumExp(x) - math.Log(float64(len(x)))
}
