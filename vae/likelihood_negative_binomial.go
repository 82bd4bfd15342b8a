package vae

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"likely/density"
	"likely/internal/kernel"
)

// NegativeBinomial columns are counts 0, 1, 2, … that vary more than those of
// [Poisson]. With the mean μ, whose logarithm the decoder gives, the variance is
// μ + α·μ². [Sigma] stands for the root of the dispersion α, whose logarithm a saved
// model keeps as log-variance. It gives probabilities.
var NegativeBinomial = Likelihood{&negativeBinomialForm}

var negativeBinomialForm = likelihoodForm{
	name:     "negative-binomial",
	measures: []density.Measure{density.Discrete},
	scaled:   true,
	observe:  func(*Config) observation { return negativeBinomial{} },
}

// negativeBinomial is the likelihood of counts with log-means loc and log-dispersions
// s. With r = exp(−s), a = loc + s and F(a) = 1/(1 + e^{−a}) = μ/(r + μ),
//
//	log P(x|z) = Σ ln Γ(x+r) − ln Γ(r) − ln x! + r ln(1 − F(a)) + x ln F(a)
//
// (the parametrisation of Hilbe 2011, NB2).
type negativeBinomial struct{ countable }

func (negativeBinomial) scaled() bool { return true }

func (f negativeBinomial) transformed() observation { return f }

// floor is 1e-6, where nothing that could be countable tells it from a Poisson
// distribution. A probability needs no floor to be bounded; this one keeps the
// difference of the two log-gammas exact.
func (negativeBinomial) floor(variance []float64, _ float64) []float64 {
	for j := range variance {
		variance[j] = 1e-6
	}
	return variance
}

// mass returns ln P(x) and its derivatives by loc and by s.
func (negativeBinomial) mass(x, loc, s, r float64) (logp, dloc, ds float64) {
	a := loc + s
	share, rest := logistic(a), logistic(-a)
	below := softplus(a) // −ln(1 − F)
	top, _ := math.Lgamma(x + r)
	bottom, _ := math.Lgamma(r)
	logp = top - bottom - logFactorial(x) - r*below - x*softplus(-a)
	dloc = x*rest - r*share
	slope := mathext.Digamma(x+r) - mathext.Digamma(r) - below + 1 - (x/r+1)*rest
	return logp, dloc, -r * slope
}

func (f negativeBinomial) logProb(x, loc, s, w, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		logp, _, _ := f.mass(v, loc[j], s[j], w[j])
		sum += logp
	}
	return sum
}

func (f negativeBinomial) quantile(dst []float64, p float64, loc, s []float64) {
	for j, l := range loc {
		dst[j] = f.countAt(p, l, s[j])
	}
}

// countAt takes the distribution function as the incomplete beta function
// I(r, k+1) at 1 − F(a).
func (negativeBinomial) countAt(p, loc, s float64) float64 {
	mean, r := math.Exp(loc), math.Exp(-s)
	return countQuantile(p, mean, math.Sqrt(mean+mean*mean/r), func(k float64) float64 {
		return mathext.RegIncBeta(r, k+1, logistic(-loc-s))
	})
}

func (f negativeBinomial) sample(dst, loc, s []float64) {
	for j, u := range dst {
		dst[j] = f.countAt(u, loc[j], s[j])
	}
}

func (negativeBinomial) gradient32() gradient[float32] { return negativeBinomialGradient[float32]{} }

func (negativeBinomial) gradient64() gradient[float64] { return negativeBinomialGradient[float64]{} }

type negativeBinomialGradient[T kernel.Float] struct{ negativeBinomial }

func (f negativeBinomialGradient[T]) grad(x, loc, s, w, dloc, ds []T) float64 {
	var sum float64
	for j, v := range x {
		logp, byLoc, byS := f.mass(float64(v), float64(loc[j]), float64(s[j]), float64(w[j]))
		dloc[j], ds[j] = T(byLoc), T(byS)
		sum += logp
	}
	return sum
}

// information is rμ/(r+μ) on the location and, mean and dispersion being orthogonal,
// nothing that it shares with s, on which it is the mean of the squared derivative.
func (f negativeBinomial) information(byLoc, byS, both, loc, s, w []float64) {
	for j, l := range loc {
		byLoc[j], both[j] = w[j]*logistic(l+s[j]), 0
		byS[j] = f.informationOnDispersion(l, s[j], w[j])
	}
}

// informationOnDispersion sums over the counts up to 20 standard deviations above the
// mean, many of them together where they are many.
func (f negativeBinomial) informationOnDispersion(loc, s, r float64) float64 {
	const terms = 400
	mean := math.Exp(loc)
	top := mean + 20*math.Sqrt(mean+mean*mean/r) + 20
	step := math.Ceil(top / terms)
	var total, mass float64
	for x := 0.0; x <= top; x += step {
		logp, _, ds := f.mass(x, loc, s, r)
		p := math.Exp(logp)
		mass += p
		total += p * ds * ds
	}
	return total / mass
}
