package vae

import (
	"math"

	"likely/internal/kernel"
)

// posterior is q(z|x) as training needs it, one row at a time: h is what the
// encoder gives, z one draw, e the standard normal noise behind it. cache
// (length L) carries values from begin to the other methods.
type posterior[T kernel.Float] interface {
	// outputs returns the width of the encoder's output.
	outputs(latent int) int
	// begin prepares a row and returns KL(q(z|x) ‖ N(0, I)) in nats.
	begin(h, cache []T) float64
	// draw stores z(e) in z.
	draw(z, h, cache, e []T)
	// gradKL stores weight·∂KL/∂h in dh.
	gradKL(dh, h, cache []T, weight T)
	// gradDraw adds the gradient that came back to z(e) to dh.
	gradDraw(dh, dz, cache, e []T)
}

// diagonal is q(z|x) = N(m, diag exp(s)), with h = (m, s),
//
//	z = m + exp(s/2)·e
//	KL = ½ Σ (exp(s) − 1 − s + m²)
//
// (Kingma & Welling 2014, appendix B). s is a log-variance throughout.
type diagonal[T kernel.Float] struct{}

func (diagonal[T]) outputs(latent int) int { return 2 * latent }

func (diagonal[T]) begin(h, sd []T) float64 {
	l := len(sd)
	var kl float64
	for j, s := range h[l:] {
		sd[j] = T(math.Exp(0.5 * float64(s)))
		m, v := float64(h[j]), float64(sd[j])
		kl += v*v - 1 - float64(s) + m*m
	}
	return 0.5 * kl
}

func (diagonal[T]) draw(z, h, sd, e []T) {
	for j, v := range e {
		z[j] = h[j] + sd[j]*v
	}
}

func (diagonal[T]) gradKL(dh, h, sd []T, weight T) {
	l := len(sd)
	for j, v := range sd {
		dh[j] = weight * h[j]
		dh[l+j] = weight * 0.5 * (v*v - 1)
	}
}

func (diagonal[T]) gradDraw(dh, dz, sd, e []T) {
	l := len(sd)
	for j, g := range dz {
		dh[j] += g
		dh[l+j] += g * 0.5 * sd[j] * e[j]
	}
}

// point is the degenerate q(z|x) of the plain autoencoder: z = h, without
// noise and without a price.
type point[T kernel.Float] struct{}

func (point[T]) outputs(latent int) int { return latent }

func (point[T]) begin(_, _ []T) float64 { return 0 }

func (point[T]) draw(z, h, _, _ []T) { copy(z, h) }

func (point[T]) gradKL(dh, _, _ []T, _ T) { clear(dh) }

func (point[T]) gradDraw(dh, dz, _, _ []T) { kernel.Axpy(1, dz, dh) }
