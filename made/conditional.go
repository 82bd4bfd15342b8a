package made

import (
	"math"
	"math/rand/v2"
)

var halfLog2Pi = 0.5 * math.Log(2*math.Pi)

// logColumn returns ln p of the value v of a column, in model space, whose distribution
// the network describes by out. Where grad is not nil the gradient by out is stored in it.
func (c Column) logColumn(v float64, out, grad []float64, floor float64) float64 {
	switch c.Kind {
	case Bernoulli:
		if grad != nil {
			grad[0] = v - 1/(1+math.Exp(-out[0]))
		}
		if v == 1 {
			return -softplus(-out[0])
		}
		return -softplus(out[0])
	case Categorical:
		norm := logSumExp(out)
		if grad != nil {
			for a, l := range out {
				grad[a] = -math.Exp(l - norm)
			}
			grad[int(v)]++
		}
		return out[int(v)] - norm
	}
	return logMixture(v, out, grad, floor)
}

// logMixture returns the log density of a mixture of normals, of which out holds the
// logarithms of the weights but for a constant, the means, and the logarithms of the
// variances above the floor.
func logMixture(v float64, out, grad []float64, floor float64) float64 {
	k := len(out) / 3
	logits, means, logs := out[:k], out[k:2*k], out[2*k:]
	norm := logSumExp(logits)
	peak, sum := math.Inf(-1), 0.0
	for c, l := range logits {
		variance, e := floor+math.Exp(logs[c]), v-means[c]
		log := l - norm - halfLog2Pi - 0.5*(math.Log(variance)+e*e/variance)
		if grad != nil { // what the gradient below needs again
			grad[c], grad[2*k+c] = log, variance
		}
		if log > peak {
			sum, peak = sum*math.Exp(peak-log)+1, log
		} else if !math.IsInf(peak, -1) {
			sum += math.Exp(log - peak)
		}
	}
	switch {
	case math.IsNaN(v):
		return v
	case math.IsInf(peak, -1): // too far from all to be told
		return peak
	}
	total := peak + math.Log(sum)
	if grad != nil {
		for c, l := range logits {
			r, variance, e := math.Exp(grad[c]-total), grad[2*k+c], v-means[c]
			grad[c] = r - math.Exp(l-norm)
			grad[k+c] = r * e / variance
			grad[2*k+c] = 0.5 * r * (e*e/variance - 1) * (variance - floor) / variance
		}
	}
	return total
}

// drawColumn returns a draw from the distribution that out describes, in model space.
func (c Column) drawColumn(out []float64, floor float64, random *rand.Rand) float64 {
	switch c.Kind {
	case Bernoulli:
		if random.Float64() < 1/(1+math.Exp(-out[0])) {
			return 1
		}
		return 0
	case Categorical:
		return float64(drawLogits(out, random))
	}
	k := len(out) / 3
	at := drawLogits(out[:k], random)
	return out[k+at] + math.Sqrt(floor+math.Exp(out[2*k+at]))*random.NormFloat64()
}

// drawLogits returns an index with a probability proportional to the exponential of its
// number.
func drawLogits(logits []float64, random *rand.Rand) int {
	u, norm := random.Float64(), logSumExp(logits)
	last := 0
	for i, l := range logits {
		p := math.Exp(l - norm)
		if p == 0 {
			continue
		}
		last = i
		if u -= p; u < 0 {
			break
		}
	}
	return last
}

// softplus returns ln(1 + eˣ).
func softplus(x float64) float64 { return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x))) }

// logSumExp is density.LogSumExp of finite numbers, without its checks.
func logSumExp(x []float64) float64 {
	peak := math.Inf(-1)
	for _, v := range x {
		peak = max(peak, v)
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(v - peak)
	}
	return peak + math.Log(sum)
}
