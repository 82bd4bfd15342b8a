package vae

import (
	"math"
	"math/rand/v2"

	"likely/density"
	"likely/internal/kernel"
)

// Bernoulli columns are 0 or 1; the decoder gives the logits.
var Bernoulli = Likelihood{&bernoulliForm}

var bernoulliForm = likelihoodForm{
	name:     "bernoulli",
	measures: []density.Measure{density.Binary},
	observe:  func(*Config) observation { return bernoulli{} },
	plain:    func(*Config) observation { return bernoulli{} },
}

// bernoulli is the likelihood of binary columns with logits loc,
//
//	log p(x|z) = Σ (x·loc − ln(1 + exp(loc)))
//
// which needs no probability and so never takes the logarithm of 0.
type bernoulli struct{ bounded }

func (bernoulli) check(v float64) *complaint {
	if v == 0 || v == 1 {
		return nil
	}
	return &complaint{density.ErrSupport, ", neither 0 nor 1", "binarise the data or use a continuous likelihood"}
}

func (bernoulli) logProb(x, loc, _, _, tmp []float64) float64 {
	kernel.Activate(kernel.Softplus, tmp, loc)
	var sum float64
	for j, v := range x {
		sum += v*loc[j] - tmp[j]
	}
	return sum
}

func (bernoulli) mean(dst, loc, _ []float64) { kernel.Activate(kernel.Sigmoid, dst, loc) }

func (bernoulli) noise(dst []float64, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.Float64()
	}
}

func (bernoulli) sample(dst, loc, _ []float64) {
	for j, u := range dst {
		dst[j] = 0
		if u*(1+math.Exp(-loc[j])) < 1 {
			dst[j] = 1
		}
	}
}

func (f bernoulli) transformed() observation { return f }

func (bernoulli) gradient32() gradient[float32] { return bernoulliGradient[float32]{} }

func (bernoulli) gradient64() gradient[float64] { return bernoulliGradient[float64]{} }

type bernoulliGradient[T kernel.Float] struct{}

func (bernoulliGradient[T]) grad(x, loc, _, _, dloc, _ []T) float64 {
	kernel.Activate(kernel.Softplus, dloc, loc)
	var sum float64
	loc, dloc = loc[:len(x)], dloc[:len(x)]
	for j, v := range x {
		sum += float64(v*loc[j] - dloc[j])
	}
	kernel.Activate(kernel.Sigmoid, dloc, loc)
	for j, v := range x {
		dloc[j] = v - dloc[j]
	}
	return sum
}

func (bernoulli) quantile(dst []float64, p float64, loc, _ []float64) {
	for j, l := range loc {
		dst[j] = 1
		if p <= logistic(-l) {
			dst[j] = 0
		}
	}
}

// information is the variance, p(1 − p).
func (bernoulli) information(byLoc, _, _, loc, _, _ []float64) {
	for j, l := range loc {
		byLoc[j] = logistic(l) * logistic(-l)
	}
}
