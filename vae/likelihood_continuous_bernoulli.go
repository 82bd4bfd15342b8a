package vae

import (
	"math"
	"math/rand/v2"

	"likely/internal/kernel"
)

// ContinuousBernoulli columns lie in [0, 1]; the decoder gives the natural
// parameters. Unlike the cross-entropy of grey values it is a density.
var ContinuousBernoulli = Likelihood{&continuousBernoulliForm}

var continuousBernoulliForm = likelihoodForm{
	name:     "continuous-bernoulli",
	measures: continuous,
	observe:  func(*Config) observation { return continuousBernoulli{} },
	plain:    func(*Config) observation { return continuousBernoulli{} },
}

// continuousBernoulli is the exponential family on [0, 1]
//
//	log p(x|z) = Σ x·loc − A(loc),   A(l) = ln ∫₀¹ exp(x·l) dx = ln((eˡ − 1)/l)
//
// (Loaiza-Ganem & Cunningham 2019, in natural parameters). It is what the
// cross-entropy on grey values lacks: a density.
type continuousBernoulli struct{ bounded }

func (continuousBernoulli) check(v float64) *complaint { return checkUnit(v) }

func (continuousBernoulli) logProb(x, loc, _, _, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		normaliser, _ := unitExponential(loc[j])
		sum += v*loc[j] - normaliser
	}
	return sum
}

func (continuousBernoulli) mean(dst, loc, _ []float64) {
	for j, l := range loc {
		_, dst[j] = unitExponential(l)
	}
}

func (continuousBernoulli) noise(dst []float64, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.Float64()
	}
}

// sample inverts the distribution function (eˡˣ − 1)/(eˡ − 1).
func (continuousBernoulli) sample(dst, loc, _ []float64) {
	for j, u := range dst {
		switch l := loc[j]; {
		case math.Abs(l) < 1e-6:
			// Uniform to the accuracy of the quotient below.
		case l < 0:
			dst[j] = math.Log1p(u*math.Expm1(l)) / l
		default:
			// The mirror image, so that nothing overflows.
			dst[j] = 1 - math.Log1p((1-u)*math.Expm1(-l))/-l
		}
	}
}

// unitExponential returns A(l) and A′(l), the mean. Near 0, where both are
// differences of large numbers, it takes the first terms of their series.
func unitExponential(l float64) (normaliser, mean float64) {
	a := math.Abs(l)
	if a < 0.02 {
		l2 := l * l
		return l/2 + l2/24 - l2*l2/2880, 0.5 + l/12 - l*l2/720
	}
	// A(l) = l + A(−l), so that one sign serves for both.
	tail := -math.Expm1(-a)
	normaliser = math.Log(tail / a)
	mean = 1/a - math.Exp(-a)/tail
	if l > 0 {
		return l + normaliser, 1 - mean
	}
	return normaliser, mean
}

func (f continuousBernoulli) transformed() observation { return f }

func (continuousBernoulli) gradient32() gradient[float32] {
	return continuousBernoulliGradient[float32]{}
}

func (continuousBernoulli) gradient64() gradient[float64] {
	return continuousBernoulliGradient[float64]{}
}

type continuousBernoulliGradient[T kernel.Float] struct{}

func (continuousBernoulliGradient[T]) grad(x, loc, _, _, dloc, _ []T) float64 {
	var sum float64
	for j, v := range x {
		normaliser, mean := unitExponential(float64(loc[j]))
		sum += float64(v)*float64(loc[j]) - normaliser
		dloc[j] = v - T(mean)
	}
	return sum
}

func (f continuousBernoulli) quantile(dst []float64, p float64, loc, _ []float64) {
	for j := range dst {
		dst[j] = p
	}
	f.sample(dst, loc, nil)
}

// information is the variance, A″(loc).
func (continuousBernoulli) information(byLoc, _, _, loc, _, _ []float64) {
	for j, l := range loc {
		byLoc[j] = unitExponentialVariance(l)
	}
}

// unitExponentialVariance returns A″(l) of the continuous Bernoulli, the variance.
func unitExponentialVariance(l float64) float64 {
	if l2 := l * l; l2 < 0.04 {
		return 1.0/12 - l2/240 + l2*l2/6048
	}
	// 1/l² − 1/(4 sinh²(l/2)), whose second term is below rounding for large l.
	h := math.Sinh(l / 2)
	return 1/(l*l) - 1/(4*h*h)
}
