package vae

import (
	"math"

	"likely/internal/kernel"
)

// full is q(z|x) = N(m, CCᵀ) with C lower triangular, its diagonal exp(s/2),
// and h = (m, s, c), c being what is below the diagonal, row by row,
//
//	z = m + C·e
//	KL = ½ (Σ C² + Σ m² − L − Σ s)
//
// The cache holds C, row-major with zeros above the diagonal.
type full[T kernel.Float] struct{}

func (full[T]) random() bool { return true }

func (full[T]) outputs(latent int) int { return 2*latent + latent*(latent-1)/2 }

func (full[T]) cached(latent int) int { return latent * latent }

// order returns L for a cache of L² elements.
func order[T any](c []T) int { return int(math.Sqrt(float64(len(c))) + 0.5) }

func (full[T]) begin(h, c []T) {
	l := order(c)
	below := h[2*l:]
	for j := range l {
		row := c[j*l : (j+1)*l]
		copy(row, below[:j])
		below = below[j:]
		row[j] = T(math.Exp(0.5 * float64(h[l+j])))
		clear(row[j+1:])
	}
}

func (full[T]) draw(z, h, c, e []T) {
	l := len(e)
	for j := range z {
		z[j] = h[j]
		for k, v := range c[j*l : j*l+j+1] {
			z[j] += v * e[k]
		}
	}
}

// invert solves C·e = z − m.
func (full[T]) invert(e, z, h, c []T) {
	l := len(e)
	for j := range e {
		e[j] = z[j] - h[j]
		for k, v := range c[j*l : j*l+j] {
			e[j] -= v * e[k]
		}
		e[j] /= c[j*l+j]
	}
}

func (full[T]) logProb(h, c, e []T) float64 { return diagonal[T]{}.logProb(h, c[:len(e)], e) }

// kl splits the divergence by dimension into ½(Σ_k C_jk² + m² − 1 − s).
func (full[T]) kl(dh, h, c []T, weight T, free float64) float64 {
	l := order(c)
	below := dh[2*l:]
	var total float64
	for j := range l {
		row := c[j*l : j*l+j+1]
		m, s := h[j], h[l+j]
		kl := float64(m)*float64(m) - 1 - float64(s)
		for _, v := range row {
			kl += float64(v) * float64(v)
		}
		kl *= 0.5
		total += kl
		w := weight
		if kl < free {
			w = 0
		}
		dh[j], dh[l+j] = w*m, w*0.5*(row[j]*row[j]-1)
		for k, v := range row[:j] {
			below[k] = w * v
		}
		below = below[j:]
	}
	return total
}

// backSubstitute calls f with each element of C⁻ᵀe, from the last to the first. solved
// holds the elements already found.
func backSubstitute[T kernel.Float](c, e []T, f func(j int, y T)) {
	l := len(e)
	var small [128]T
	y := small[:]
	if l > len(small) {
		y = make([]T, l)
	}
	for j := l - 1; j >= 0; j-- {
		y[j] = e[j]
		for k := j + 1; k < l; k++ {
			y[j] -= c[k*l+j] * y[k]
		}
		y[j] /= c[j*l+j]
		f(j, y[j])
	}
}

func (full[T]) pathScore(dz, c, e []T, weight T) {
	backSubstitute(c, e, func(j int, y T) { dz[j] += weight * y })
}

func (full[T]) score(dh, c, e []T, weight T) {
	l := len(e)
	backSubstitute(c, e, func(j int, y T) {
		dh[j] += weight * y
		dh[l+j] += weight * 0.5 * (c[j*l+j]*y*e[j] - 1)
		below := dh[2*l+j*(j-1)/2:]
		for k := range j {
			below[k] += weight * y * e[k]
		}
	})
}

func (full[T]) path(dh, dz, c, e []T) {
	l := len(e)
	below := dh[2*l:]
	for j, g := range dz {
		dh[j] += g
		dh[l+j] += g * 0.5 * c[j*l+j] * e[j]
		for k := range j {
			below[k] += g * e[k]
		}
		below = below[j:]
	}
}
