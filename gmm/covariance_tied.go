package gmm

import (
	"gonum.org/v1/gonum/floats"

	"likely/density"
	"likely/internal/safetensors"
)

// Tied gives all components one covariance, without restriction: D(D+1)/2
// parameters. The clusters are ellipsoids of the same shape, and the borders
// between them are planes.
var Tied Covariance = tied{}

type tied struct{}

func (tied) String() string { return "tied" }

func (f tied) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func (tied) NumParameters(_, d int) int { return d * (d + 1) / 2 }

func (tied) scales() bool { return true }

func (tied) needs(int) need { return needScatters }

func (tied) maximize(m *moments, floor float64, _ shapes) (shapes, error) {
	c := m.pooled()
	floats.Scale(1/m.pooledDivisor(), c)
	shape, err := newFullShape(m.d, c, floor)
	if err != nil {
		return nil, m.allCollapsed(err)
	}
	return tiedShapes(Tied, m.k, shape), nil
}

func (tied) toTensor(s shapes) safetensors.Tensor {
	t := s.(*fullShapes)
	return safetensors.Tensor{Name: "covariances", Shape: []int{t.d, t.d}, Data: append([]float64{}, t.components[0].sigma...)}
}

func (tied) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	if err := checkShape(t, d, d); err != nil {
		return nil, err
	}
	one, err := fullFromTensor(Tied, safetensors.Tensor{Name: t.Name, Shape: []int{1, d, d}, Data: t.Data}, 1, d)
	if err != nil {
		return nil, err
	}
	return tiedShapes(Tied, k, one.(*fullShapes).components[0]), nil
}

// tiedShapes returns k components of one shape.
func tiedShapes(of Covariance, k int, shape fullShape) *fullShapes {
	s := &fullShapes{d: shape.d(), of: of, tied: true, components: make([]fullShape, k)}
	for i := range s.components {
		s.components[i] = shape
	}
	return s
}

// allCollapsed returns the error for a covariance of all components that is none.
func (m *moments) allCollapsed(err error) error {
	return density.SettingErrorf(err, "gmm: the covariance that all components share collapsed: {err}; drop columns that others determine, use a smaller {Components} or a larger {Floor}")
}
