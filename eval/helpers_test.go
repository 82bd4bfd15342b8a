package eval_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
)

// near requires two finite numbers to be close; InDelta accepts NaN.
func near(t require.TestingT, want, got, delta float64, args ...any) {
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, delta, args...)
}

// rows draws n rows from a model.
func rows(m density.Model, n int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(seed, "test.rows"))
	return x
}

// hidden hides the closed forms of a model.
type hidden struct{ density.LatentGradient }

func linear(d, l int, seed uint64) *densitytest.Linear {
	return densitytest.RandomLinear(d, l, 0.4, density.NewSource(seed, "weights"))
}

func curve(d, l int, variance float64, seed uint64) *densitytest.Curve {
	return densitytest.NewCurve(d, l, variance, density.NewSource(seed, "weights"))
}

func mixture(t testing.TB) *densitytest.FiniteMixture {
	part := func(mean []float64, cov ...float64) density.Exact {
		n, err := density.NewNormal(mean, mat.NewSymDense(len(mean), cov))
		require.NoError(t, err)
		return n
	}
	return densitytest.NewFiniteMixture([]float64{0.3, 0.7}, part([]float64{0, 0}, 1, 0, 0, 1), part([]float64{3, 3}, 2, 1, 1, 2))
}

// brokenDecoder gives NaN for the row that starts with a value.
type brokenDecoder struct {
	density.LatentGradient
	first float64
}

func (b brokenDecoder) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	return b.spoil(b.LatentGradient.LogLik(dst, x, z), x, z)
}

func (b brokenDecoder) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	return b.spoil(b.LatentGradient.LogLikGrad(dst, grad, x, z), x, z)
}

func (b brokenDecoder) spoil(dst []float64, x, z *mat.Dense) []float64 {
	s := density.Draws(x, z)
	for i := range dst {
		if x.At(i/s, 0) == b.first {
			dst[i] = math.NaN()
		}
	}
	return dst
}

// newNarrow returns a linear model whose posterior is a thousand times narrower
// than its prior.
func newNarrow() *densitytest.Linear {
	return densitytest.NewLinear(mat.NewDense(2, 2, []float64{1, 0.3, -0.2, 1}), []float64{0, 0}, []float64{1e-6, 1e-6})
}
