package densitytest

import (
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

var (
	_ density.Curved = (*Linear)(nil)
	_ density.Curved = (*Curve)(nil)
	_ density.Curved = (*Blocks)(nil)
)

// LogLikCurvature implements density.Curved: WᵀV⁻¹W, whatever z.
func (m *Linear) LogLikCurvature(dst []float64, grad, curvature, x, z *mat.Dense) []float64 {
	dst = m.logLik(dst, grad, x, z)
	for i := range dst {
		outer(curvature.RawRowView(i), m.w, m.variance)
	}
	return dst
}

// LogPriorCurvature implements density.Curved.
func (m *Linear) LogPriorCurvature(dst []float64, grad, curvature, z *mat.Dense) []float64 {
	identities(curvature, m.LatentDim())
	return m.LogPriorGrad(dst, grad, z)
}

// CurvatureCost implements density.Curved.
func (m *Linear) CurvatureCost() int { return m.LatentDim() + 2 }

// LogLikCurvature implements density.Curved.
func (m *Curve) LogLikCurvature(dst []float64, grad, curvature, x, z *mat.Dense) []float64 {
	dst = m.logLik(dst, grad, x, z)
	h, mean, variance := make([]float64, hidden), make([]float64, m.Dim()), make([]float64, m.Dim())
	for j := range variance {
		variance[j] = m.variance
	}
	jacobian, inner := mat.NewDense(m.Dim(), m.LatentDim(), nil), mat.NewDense(hidden, m.LatentDim(), nil)
	for i := range dst {
		m.decode(h, mean, z.RawRowView(i))
		for k, v := range h {
			for c, w := range m.inner.RawRowView(k) {
				inner.Set(k, c, (1-v*v)*w)
			}
		}
		jacobian.Mul(m.outer, inner)
		outer(curvature.RawRowView(i), jacobian, variance)
	}
	return dst
}

// LogPriorCurvature implements density.Curved.
func (m *Curve) LogPriorCurvature(dst []float64, grad, curvature, z *mat.Dense) []float64 {
	identities(curvature, m.LatentDim())
	return m.LogPriorGrad(dst, grad, z)
}

// CurvatureCost implements density.Curved.
func (m *Curve) CurvatureCost() int { return m.LatentDim() + 2 }

// outer stores JᵀV⁻¹J in dst, row by row.
func outer(dst []float64, j *mat.Dense, variance []float64) {
	d, l := j.Dims()
	clear(dst)
	for k := range d {
		row := j.RawRowView(k)
		for a := range l {
			for b := range l {
				dst[a*l+b] += row[a] * row[b] / variance[k]
			}
		}
	}
}

// identities stores an L×L identity in each row.
func identities(dst *mat.Dense, l int) {
	dst.Zero()
	n, _ := dst.Dims()
	for i := range n {
		for j := range l {
			dst.Set(i, j*l+j, 1)
		}
	}
}
