package vae

import (
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Interpolate returns steps codes (steps×L, steps ≥ 2) on the straight line
// from a to b, both included.
func Interpolate(a, b []float64, steps int) *mat.Dense {
	return path(a, b, steps, func(t float64) (float64, float64) { return 1 - t, t })
}

// InterpolateSpherical returns steps codes (steps×L, steps ≥ 2) from a to b on
// a great circle,
//
//	z(t) = sin((1−t)Ω)/sin Ω · a + sin(tΩ)/sin Ω · b,   Ω the angle of a and b
//
// (Shoemake 1985). A straight line between draws from the prior passes through
// shorter codes than the prior has; this one keeps their length. For codes in
// line with the origin it is the straight line.
func InterpolateSpherical(a, b []float64, steps int) *mat.Dense {
	var ab, aa, bb float64
	for j, v := range a {
		ab += v * b[j]
		aa += v * v
		bb += b[j] * b[j]
	}
	omega := math.Acos(min(max(ab/math.Sqrt(aa*bb), -1), 1))
	sin := math.Sin(omega)
	if !(sin > 1e-9) {
		return Interpolate(a, b, steps)
	}
	return path(a, b, steps, func(t float64) (float64, float64) {
		return math.Sin((1-t)*omega) / sin, math.Sin(t*omega) / sin
	})
}

func path(a, b []float64, steps int, weights func(t float64) (float64, float64)) *mat.Dense {
	if len(a) != len(b) || steps < 2 {
		panic("vae: dimension mismatch")
	}
	z := mat.NewDense(steps, len(a), nil)
	for i := range steps {
		u, v := weights(float64(i) / float64(steps-1))
		for j := range a {
			z.Set(i, j, u*a[j]+v*b[j])
		}
	}
	return z
}

// Encode stores the mean of q(z|xᵢ) for each row of x (N×D) in dst (N×L, or nil, and
// then allocated) and returns it.
func (m *Model) Encode(dst, x *mat.Dense) *mat.Dense {
	mean, _ := m.Encoder().Moments(x)
	if dst == nil {
		return mean
	}
	checkWidth(dst, m.config.Latent)
	dst.Copy(mean)
	return dst
}

// DecodeMean stores the mean of p(x|z) for each row of z (N×L) in dst (N×D, or nil, and
// then allocated) and returns it; see [Model.Decode].
func (c *coder) DecodeMean(dst, z *mat.Dense) *mat.Dense {
	if dst == nil {
		n, _ := z.Dims()
		dst = mat.NewDense(n, c.config.Dim, nil)
	}
	c.decodeMean(dst, nil, z)
	return dst
}

// Traverse returns a copy of the code z for each of the values (len(values)×L)
// with dimension d set to that value.
func Traverse(z []float64, d int, values []float64) *mat.Dense {
	out := mat.NewDense(len(values), len(z), nil)
	for i, v := range values {
		out.SetRow(i, z)
		out.Set(i, d, v)
	}
	return out
}

// Manifold returns the n×n codes (n²×2) whose coordinates are the normal
// quantiles of (i + ½)/n, the first rising along a row and the second falling
// from row to row: equal steps in probability under the prior, laid out as a
// picture (Kingma & Welling 2014, figure 4).
func Manifold(n int) *mat.Dense {
	z := mat.NewDense(n*n, 2, nil)
	quantile := func(i int) float64 { return distuv.UnitNormal.Quantile((float64(i) + 0.5) / float64(n)) }
	for i := range n {
		for j := range n {
			z.Set(i*n+j, 0, quantile(j))
			z.Set(i*n+j, 1, quantile(n-1-i))
		}
	}
	return z
}
