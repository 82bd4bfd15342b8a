package report

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// The ellipses of the pictures, in the units of the data, hold four fifths of their
// components: along each the log density of the component's marginal has fallen by
// −ln(1−0.8) from its top. The parts of one column sum to the density.
func TestComponentsInPictures(t *testing.T) {
	means := mat.NewDense(2, 3, []float64{0, 1, -1, 2, 0, 1})
	covs := []mat.Symmetric{
		mat.NewSymDense(3, []float64{1, .5, 0, .5, 1, .2, 0, .2, .5}),
		mat.NewSymDense(3, []float64{.5, 0, .1, 0, 2, 0, .1, 0, 1}),
	}
	m, err := gmm.New([]float64{.3, .7}, means, covs)
	require.NoError(t, err)
	units := density.Transform{Shift: []float64{5, -3, 100}, Scale: []float64{10, 0.1, 7}}
	curves := ellipses(m, units, 2, 0)
	require.Len(t, curves, 2)
	for k, curve := range curves {
		one, err := gmm.New([]float64{1}, mat.DenseCopyOf(means.Slice(k, k+1, 0, 3)), covs[k:k+1])
		require.NoError(t, err)
		two := density.Transformed(one.Marginal(2, 0), density.Transform{Shift: []float64{100, 5}, Scale: []float64{7, 10}})
		top := two.LogProb(nil, mat.NewDense(1, 2, []float64{100 + 7*means.At(k, 2), 5 + 10*means.At(k, 0)}))[0]
		for _, v := range two.LogProb(nil, curve) {
			require.InDelta(t, math.Log(1-ellipseShare), v-top, 1e-9)
		}
	}
	column := m.Marginal(1)
	t1 := density.Transform{Shift: []float64{3}, Scale: []float64{4}}
	x := mat.NewDense(4, 1, []float64{-5, 0, 3.3, 20})
	want := density.Transformed(column, t1).LogProb(nil, x)
	list := parts(column, t1)
	require.Len(t, list, 2)
	for i, v := range want {
		var sum float64
		for _, part := range list {
			sum += math.Exp(part(nil, x)[i])
		}
		require.InDelta(t, v, math.Log(sum), 1e-9)
	}
}
