package density

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Transformed returns the model of x = y·scale + shift, where y follows m: a
// model fitted in model space, seen in the units of the data.
func Transformed(m Exact, t Transform) Exact {
	if m.Dim() != t.Dim() {
		panic("density: transform and model differ in width")
	}
	return transformed{m: m, t: t}
}

type transformed struct {
	m Exact
	t Transform
}

func (p transformed) Dim() int { return p.m.Dim() }

func (p transformed) Rand(dst *mat.Dense, src rand.Source) {
	p.m.Rand(dst, src)
	p.t.Invert(dst, dst)
}

func (p transformed) LogProb(dst []float64, x *mat.Dense) []float64 {
	dst = p.m.LogProb(dst, p.t.Apply(nil, x))
	jacobian := p.t.LogJacobian()
	for i := range dst {
		dst[i] += jacobian
	}
	return dst
}

// NumParameters returns the parameters of the model, not those of the
// transform, or 0 where the model does not count them.
func (p transformed) NumParameters() int {
	if m, ok := p.m.(Parametric); ok {
		return m.NumParameters()
	}
	return 0
}
