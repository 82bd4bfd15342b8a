package vae

import (
	"likely/internal/kernel"
)

// posterior is q(z|x) as training needs it, one row at a time: h is what the
// encoder gives and e the standard normal noise behind a draw. cache, of the
// length that cached returns, carries values from begin to the other methods.
type posterior[T kernel.Float] interface {
	// random says whether draws differ: whether e is used.
	random() bool
	// outputs returns the width of the encoder's output, cached that of the
	// cache.
	outputs(latent int) int
	cached(latent int) int
	// begin prepares a row.
	begin(h, cache []T)
	// draw stores z(e) in z.
	draw(z, h, cache, e []T)
	// invert stores the e that gives z in e.
	invert(e, z, h, cache []T)
	// logProb returns log q(z(e)|x) in nats.
	logProb(h, cache, e []T) float64
	// kl returns KL(q(z|x) ‖ N(0, I)) in nats and stores weight·∂KL/∂h in dh.
	// A dimension with less than free nats has no gradient.
	kl(dh, h, cache []T, weight T, free float64) float64
	// pathScore adds −weight·∂log q/∂z to dz, score adds weight·∂log q/∂h at
	// fixed z to dh, and path adds the gradient that came back to z(e).
	pathScore(dz, cache, e []T, weight T)
	score(dh, cache, e []T, weight T)
	path(dh, dz, cache, e []T)
}

func newPosterior[T kernel.Float](c *Config) posterior[T] {
	switch {
	case c.Kind == Plain:
		return point[T]{}
	case c.FullPosterior:
		return full[T]{}
	default:
		return diagonal[T]{}
	}
}

// diagonal is q(z|x) = N(m, diag exp(s)), with h = (m, s),
//
//	z = m + exp(s/2)·e
//	KL = ½ Σ (exp(s) − 1 − s + m²)
//
// (Kingma & Welling 2014, appendix B). s is a log-variance throughout. The
// cache holds exp(s/2).
type diagonal[T kernel.Float] struct{}

func (diagonal[T]) random() bool { return true }

func (diagonal[T]) outputs(latent int) int { return 2 * latent }

func (diagonal[T]) cached(latent int) int { return latent }

func (diagonal[T]) begin(h, sd []T) {
	s := h[len(sd):]
	for j, v := range s {
		sd[j] = 0.5 * v
	}
	kernel.Exp(sd, sd)
}

func (diagonal[T]) draw(z, h, sd, e []T) {
	for j, v := range e {
		z[j] = h[j] + sd[j]*v
	}
}

func (diagonal[T]) invert(e, z, h, sd []T) {
	for j, v := range z {
		e[j] = (v - h[j]) / sd[j]
	}
}

func (diagonal[T]) logProb(h, _, e []T) float64 {
	sum := float64(len(e)) * log2Pi
	for j, v := range e {
		sum += float64(h[len(e)+j]) + float64(v)*float64(v)
	}
	return -0.5 * sum
}

func (diagonal[T]) kl(dh, h, sd []T, weight T, free float64) float64 {
	l := len(sd)
	var total float64
	for j, s := range h[l:] {
		m, v := h[j], sd[j]*sd[j]
		kl := 0.5 * (float64(v) - 1 - float64(s) + float64(m)*float64(m))
		total += kl
		dh[j], dh[l+j] = weight*m, weight*0.5*(v-1)
		if kl < free {
			dh[j], dh[l+j] = 0, 0
		}
	}
	return total
}

func (diagonal[T]) pathScore(dz, sd, e []T, weight T) {
	for j, v := range e {
		dz[j] += weight * v / sd[j]
	}
}

func (diagonal[T]) score(dh, sd, e []T, weight T) {
	l := len(sd)
	for j, v := range e {
		dh[j] += weight * v / sd[j]
		dh[l+j] += weight * 0.5 * (v*v - 1)
	}
}

func (diagonal[T]) path(dh, dz, sd, e []T) {
	l := len(sd)
	for j, g := range dz {
		dh[j] += g
		dh[l+j] += g * 0.5 * sd[j] * e[j]
	}
}

// point is the degenerate q(z|x) of the plain autoencoder: z = h, without
// noise and without a price.
type point[T kernel.Float] struct{}

func (point[T]) random() bool { return false }

func (point[T]) outputs(latent int) int { return latent }

func (point[T]) cached(int) int { return 0 }

func (point[T]) begin(_, _ []T) {}

func (point[T]) draw(z, h, _, _ []T) { copy(z, h) }

func (point[T]) invert(e, _, _, _ []T) { clear(e) }

func (point[T]) logProb(_, _, _ []T) float64 { return 0 }

func (point[T]) kl(dh, _, _ []T, _ T, _ float64) float64 {
	clear(dh)
	return 0
}

func (point[T]) pathScore(_, _, _ []T, _ T) {}

func (point[T]) score(_, _, _ []T, _ T) {}

func (point[T]) path(dh, dz, _, _ []T) { kernel.Axpy(1, dz, dh) }
