package gmm

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// commonAxes finds the axes D and the variances of covariances D·diag(vₖ)·Dᵀ that
// are best for the scatters W, which it overwrites by them. solve gives the best
// variances for fixed axes from the squares along them; the axes are then improved
// by rotations in the planes of two axes, each to its exact minimum (Flury &
// Gautschi 1986). It works on Bₖ = DᵀWₖD, in which a rotation touches two rows and
// two columns: a sweep costs O(K·D³). Every rotation lowers the objective, so a
// sweep that is not made costs progress, never the rise of the likelihood.
func commonAxes(m *moments, w []*mat.SymDense, axes *mat.Dense, floor float64, solve func(*moments, []float64, float64)) (*mat.Dense, error) {
	d := m.d
	if axes == nil {
		ones := make([]float64, m.k)
		fill(ones, 1)
		pooled := mat.NewSymDense(d, nil)
		addScaled(pooled, w, ones)
		_, vectors, err := eigen([]*mat.SymDense{pooled})
		if err != nil {
			return nil, err
		}
		axes = vectors[0]
	}
	turned := make([]*mat.Dense, m.k)
	variances := make([]float64, m.k*d)
	last := math.Inf(1)
	for sweep := range axisSweeps {
		if sweep%freshSweeps == 0 { // rotations add up rounding
			for k := range turned {
				var right mat.Dense
				right.Mul(w[k], axes)
				turned[k] = mat.NewDense(d, d, nil)
				turned[k].Mul(axes.T(), &right)
			}
		}
		for k, b := range turned {
			for j := range d {
				variances[k*d+j] = b.At(j, j)
			}
		}
		solve(m, variances, floor)
		var value, most float64
		for i, v := range variances {
			value += m.divisor(i/d)*math.Log(v) + turned[i/d].At(i%d, i%d)/v
			most = max(most, mat.Trace(turned[i/d])/v)
		}
		if math.IsNaN(value) || math.IsInf(value, 0) {
			return nil, ErrCollapsed
		}
		// What rounding leaves along a narrow axis is relative to the widest.
		if last-value <= innerTolerance*m.total+0x1p-52*most || m.ctx.Err() != nil {
			break
		}
		last = value
		for a := range d {
			for b := range a {
				rotate(turned, axes, a, b, variances)
			}
		}
	}
	for k := range w {
		for j := range d {
			variances[k*d+j] = turned[k].At(j, j)
		}
	}
	solve(m, variances, floor)
	for k := range w {
		compose(w[k], axes, variances[k*d:(k+1)*d])
	}
	return axes, nil
}

// axisSweeps is the largest number of sweeps over all pairs of axes, and
// freshSweeps the number after which Bₖ is computed anew.
const axisSweeps, freshSweeps = 200, 20

// rotate turns axes a and b within their plane to the minimum of the objective of
// commonAxes: axis a becomes the eigenvector of the smaller eigenvalue of
// Q = Σₖ (1/vₖₐ − 1/vₖ_b) [dₐ d_b]ᵀ Wₖ [dₐ d_b]. turned holds the Bₖ.
func rotate(turned []*mat.Dense, axes *mat.Dense, a, b int, v []float64) {
	d, _ := axes.Dims()
	var aa, ab, bb float64
	for k, t := range turned {
		c := 1/v[k*d+a] - 1/v[k*d+b]
		aa += c * t.At(a, a)
		ab += c * t.At(a, b)
		bb += c * t.At(b, b)
	}
	// cos·dₐ + sin·d_b minimises at 2θ = atan2(−2ab, bb−aa)
	s, c := math.Sincos(0.5 * math.Atan2(-2*ab, bb-aa))
	columns := func(x *mat.Dense) {
		for p := range d {
			row := x.RawRowView(p)
			row[a], row[b] = c*row[a]+s*row[b], c*row[b]-s*row[a]
		}
	}
	columns(axes)
	for _, t := range turned {
		columns(t)
		first, second := t.RawRowView(a), t.RawRowView(b)
		for p, x := range first {
			y := second[p]
			first[p], second[p] = c*x+s*y, c*y-s*x
		}
	}
}
