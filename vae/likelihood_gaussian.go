package vae

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"likely/internal/kernel"
)

var log2Pi = math.Log(2 * math.Pi)

// Gaussian columns are normal with mean and (see [Sigma]) standard deviation given
// z.
var Gaussian = Likelihood{} // the zero value stands for gaussianForm

var gaussianForm = likelihoodForm{
	name:     "gaussian",
	measures: continuous,
	scaled:   true,
	normal:   true,
	observe:  func(*Config) observation { return gaussian{} },
	plain:    func(c *Config) observation { return squared{perColumn: c.Columns != nil} },
}

// gaussian is the likelihood
//
//	log p(x|z) = −½ Σ (ln 2π + s + (x − loc)²·exp(−s))
type gaussian struct{ located }

func (gaussian) logProb(x, loc, s, w, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		r := v - loc[j]
		sum += s[j] + r*r*w[j]
	}
	return -0.5 * (float64(len(x))*log2Pi + sum)
}

func (gaussian) mean(dst, loc, _ []float64) { copy(dst, loc) }

func (gaussian) noise(dst []float64, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.NormFloat64()
	}
}

func (gaussian) sample(dst, loc, s []float64) {
	for j, e := range dst {
		dst[j] = loc[j] + math.Exp(0.5*s[j])*e
	}
}

func (f gaussian) transformed() observation { return f }

func (gaussian) gradient32() gradient[float32] { return gaussianGradient[float32]{} }

func (gaussian) gradient64() gradient[float64] { return gaussianGradient[float64]{} }

type gaussianGradient[T kernel.Float] struct{}

func (gaussianGradient[T]) grad(x, loc, s, w, dloc, ds []T) float64 {
	var sum float64
	loc, s, w, dloc, ds = loc[:len(x)], s[:len(x)], w[:len(x)], dloc[:len(x)], ds[:len(x)]
	for j, v := range x {
		r := v - loc[j]
		q := r * w[j]
		dloc[j] = q
		ds[j] = 0.5 * (r*q - 1)
		sum += float64(s[j] + r*q)
	}
	return -0.5 * (float64(len(x))*log2Pi + sum)
}

func (gaussian) quantile(dst []float64, p float64, loc, s []float64) {
	for j, l := range loc {
		dst[j] = l + math.Exp(0.5*s[j])*distuv.UnitNormal.Quantile(p)
	}
}

// information is w on the location and ½ on s (Lehmann & Casella 1998, §2.5, there by σ;
// s = 2 ln σ divides by 4/σ²).
func (gaussian) information(byLoc, byS, both, _, _, w []float64) {
	for j, v := range w {
		byLoc[j], byS[j], both[j] = v, 0.5, 0
	}
}
