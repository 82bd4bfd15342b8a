package vae

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"likely/density"
	"likely/internal/kernel"
)

// Poisson columns are counts 0, 1, 2, …; the decoder gives the logarithm of the mean,
// which is the variance too. Like [DiscretizedLogistic] it gives probabilities.
var Poisson = Likelihood{&poissonForm}

var poissonForm = likelihoodForm{
	name:     "poisson",
	measures: []density.Measure{density.Discrete},
	observe:  func(*Config) observation { return poisson{} },
	plain:    func(*Config) observation { return poisson{} },
}

// poisson is the likelihood of counts with log-rates loc,
//
//	log P(x|z) = Σ x·loc − exp(loc) − ln x!
type poisson struct{ countable }

func (poisson) scaled() bool { return false }

func (f poisson) transformed() observation { return f }

func (poisson) floor([]float64, float64) []float64 { return nil }

func (poisson) logProb(x, loc, _, _, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		sum += v*loc[j] - math.Exp(loc[j]) - logFactorial(v)
	}
	return sum
}

func (f poisson) quantile(dst []float64, p float64, loc, _ []float64) {
	for j, l := range loc {
		dst[j] = f.countAt(p, l)
	}
}

// countAt takes the distribution function as the incomplete gamma function
// Q(k+1, exp(loc)).
func (poisson) countAt(p, loc float64) float64 {
	rate := math.Exp(loc)
	return countQuantile(p, rate, math.Sqrt(rate), func(k float64) float64 {
		return mathext.GammaIncRegComp(k+1, rate)
	})
}

func (f poisson) sample(dst, loc, _ []float64) {
	for j, u := range dst {
		dst[j] = f.countAt(u, loc[j])
	}
}

func (poisson) gradient32() gradient[float32] { return poissonGradient[float32]{} }

func (poisson) gradient64() gradient[float64] { return poissonGradient[float64]{} }

type poissonGradient[T kernel.Float] struct{}

func (poissonGradient[T]) grad(x, loc, _, _, dloc, _ []T) float64 {
	kernel.Exp(dloc, loc)
	var sum float64
	for j, v := range x {
		sum += float64(v)*float64(loc[j]) - float64(dloc[j]) - logFactorial(float64(v))
		dloc[j] = v - dloc[j]
	}
	return sum
}

// information is the variance, exp(loc).
func (poisson) information(byLoc, _, _, loc, _, _ []float64) {
	for j, l := range loc {
		byLoc[j] = math.Exp(l)
	}
}
