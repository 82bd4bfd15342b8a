package gmm

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
	"gonum.org/v1/gonum/mat"
)

// closedForm returns the maximum for noise that is the same in all columns (Tipping
// & Bishop 1999, eq. 7 and 8): with eigenvalues λ of S in decreasing order and those
// of the L first in Λ, ψ is the mean of the others.
func (f factorFamily) closedForm(v *scatterView, floor float64) factorShape {
	d, l := v.m.d, f.l
	c := factorShape{d: d, l: l, loadings: make([]float64, d*l), noise: make([]float64, d)}
	values, vectors, err := eigen([]*mat.SymDense{mat.NewSymDense(d, v.dense)})
	if err != nil {
		fill(c.noise, math.NaN())
		return c
	}
	psi := sum(values[0][:d-l]) / float64(d-l)
	if psi < floor {
		psi, c.atFloor = floor, true
	}
	fill(c.noise, psi)
	for q := range l {
		size := math.Sqrt(max(values[0][d-1-q]-psi, 0))
		for j := range d {
			c.loadings[j*l+q] = size * vectors[0].At(j, d-1-q)
		}
	}
	return c
}

// mostSweeps and sweepGain end the ascent of an M-step: EM stays monotone with any
// number of sweeps, and goes on where the last step ended.
const (
	mostSweeps = 2
	sweepGain  = 1e-13
)

// ascend climbs the likelihood of S from the noise of c by two conditional maxima in
// turn (Zhao, Yu & Jiang 2008), none of which needs the factors as missing data, so
// that noise near 0 or at the floor does not slow it down as it does EM:
//
//	Λ = Ψ^½ U (Θ−I)^½          Θ, U: the L largest eigenvalues and vectors of Ψ^(−½)SΨ^(−½)
//	ψⱼ ← ψⱼ + (bᵀSb − bⱼ)/bⱼ²   b: column j of Σ⁻¹, for each j in turn, and at least the floor
func (f factorFamily) ascend(v *scatterView, c factorShape, floor float64) factorShape {
	d, l := c.d, c.l
	out := factorShape{d: d, l: l, loadings: make([]float64, d*l), noise: append([]float64{}, c.noise...), atFloor: c.atFloor}
	last := math.Inf(1)
	for sweep := 0; ; sweep++ {
		value, ok := out.conditionalLoadings(v.dense)
		if !ok || v.m.ctx.Err() != nil {
			fill(out.noise, math.NaN())
			return out
		}
		if sweep == mostSweeps || !(last-value > sweepGain*float64(d)) {
			return out
		}
		last = value
		out.conditionalNoise(v.dense, floor)
	}
}

// conditionalLoadings sets the loadings to their maximum given the noise, and
// returns ln|Σ| + tr Σ⁻¹S there.
func (c *factorShape) conditionalLoadings(s []float64) (float64, bool) {
	d, l := c.d, c.l
	scaled := mat.NewSymDense(d, nil)
	value := 0.0
	for i := range d {
		value += math.Log(c.noise[i])
		for j := i; j < d; j++ {
			scaled.SetSym(i, j, s[i*d+j]/math.Sqrt(c.noise[i]*c.noise[j]))
		}
		value += scaled.At(i, i)
	}
	values, vectors, err := eigen([]*mat.SymDense{scaled})
	if err != nil {
		return 0, false
	}
	for q := range l {
		theta := values[0][d-1-q]
		more := max(theta-1, 0)
		if more > 0 {
			value -= more - math.Log(theta)
		}
		for j := range d {
			c.loadings[j*l+q] = math.Sqrt(more*c.noise[j]) * vectors[0].At(j, d-1-q)
		}
	}
	return value, true
}

// conditionalNoise sets the noise of each column in turn to its maximum given
// everything else.
func (c *factorShape) conditionalNoise(s []float64, floor float64) {
	d := c.d
	inverse := make([]float64, d*d)
	for i := range d {
		for j := i; j < d; j++ {
			inverse[i*d+j] = floats.Dot(c.loadings[i*c.l:(i+1)*c.l], c.loadings[j*c.l:(j+1)*c.l])
		}
		inverse[i*(d+1)] += c.noise[i]
	}
	t, ok := lapack64.Potrf(blas64.Symmetric{N: d, Stride: d, Data: inverse, Uplo: blas.Upper})
	if !ok {
		return
	}
	lapack64.Potri(t)
	sigma := blas64.Symmetric{N: d, Stride: d, Data: inverse, Uplo: blas.Upper}
	dense := blas64.Symmetric{N: d, Stride: d, Data: s, Uplo: blas.Upper}
	b, product := make([]float64, d), make([]float64, d)
	c.atFloor = false
	for j := range d {
		for i := range d {
			b[i] = inverse[min(i, j)*d+max(i, j)]
		}
		blas64.Symv(1, dense, blas64.Vector{N: d, Inc: 1, Data: b}, 0, blas64.Vector{N: d, Inc: 1, Data: product})
		step := (floats.Dot(b, product) - b[j]) / (b[j] * b[j])
		if c.noise[j]+step < floor {
			step, c.atFloor = floor-c.noise[j], true
		}
		c.noise[j] += step
		blas64.Syr(-step/(1+step*b[j]), blas64.Vector{N: d, Inc: 1, Data: b}, sigma)
	}
}
