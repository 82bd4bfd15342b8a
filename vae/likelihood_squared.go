package vae

import (
	"math/rand/v2"

	"likely/density"
	"likely/internal/kernel"
)

// squared is what the plain autoencoder has in the place of a density: minus
// half the squared error, −½‖x − loc‖². It lacks a normaliser and is no
// log-probability.
//
// One factor for all columns keeps it what it is, up to that factor's square. Beside
// columns of other likelihoods perColumn brings each to variance 1, so that none drowns
// the others; the error is then in units of the columns' standard deviations.
type squared struct {
	located
	perColumn bool
}

func (squared) scaled() bool { return false }

func (f squared) transform(of moments, _ bool) (density.Transform, error) {
	return standardizing(of, f.perColumn)
}

func (f squared) transformed() observation { return f }

func (f squared) units(t density.Transform) (factor, shift float64) {
	if f.perColumn {
		return 1, 0
	}
	return t.Scale[0] * t.Scale[0], 0
}

func (squared) floor([]float64, float64) []float64 { return nil }

func (squared) gradient32() gradient[float32] { return squaredGradient[float32]{} }

func (squared) gradient64() gradient[float64] { return squaredGradient[float64]{} }

func (squared) logProb(x, loc, _, _, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		sum += (v - loc[j]) * (v - loc[j])
	}
	return -0.5 * sum
}

func (squared) mean(dst, loc, _ []float64) { copy(dst, loc) }

func (squared) noise(dst []float64, _ *rand.Rand) { clear(dst) }

func (squared) sample(dst, loc, _ []float64) { copy(dst, loc) }

type squaredGradient[T kernel.Float] struct{}

func (squaredGradient[T]) grad(x, loc, _, _, dloc, _ []T) float64 {
	var sum float64
	for j, v := range x {
		r := v - loc[j]
		dloc[j] = r
		sum += float64(r * r)
	}
	return -0.5 * sum
}

func (squared) quantile(dst []float64, _ float64, loc, _ []float64) { copy(dst, loc) }

// information is the curvature of the squared error.
func (squared) information(byLoc, _, _, _, _, _ []float64) {
	for j := range byLoc {
		byLoc[j] = 1
	}
}
