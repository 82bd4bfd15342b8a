package density

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// A row of weight 3 is three rows, in means, variances and errors.
func TestWeightsAreRepetitions(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		n, d := 1+random.IntN(8), 1+random.IntN(3)
		x := mat.NewDense(n, d, nil)
		values, weights := make([]float64, n), make([]float64, n)
		var many, repeated []float64
		for i := range n {
			weights[i] = float64(1 + random.IntN(3))
			values[i] = 100 + random.NormFloat64()
			for j := range d {
				x.Set(i, j, 1000+random.NormFloat64())
			}
			for range int(weights[i]) {
				many = append(many, x.RawRowView(i)...)
				repeated = append(repeated, values[i])
			}
		}
		rows := mat.NewDense(len(many)/d, d, many)
		mean, variance := WeightedMoments(x, weights)
		wantMean, wantVariance := Moments(rows)
		require.InEpsilonSlice(t, wantMean, mean, 1e-13)
		require.InDeltaSlice(t, wantVariance, variance, 1e-12)
		e, want := WeightedMeanEstimate(values, nil, weights, ExactValue, 0), MeanEstimate(repeated, nil, ExactValue, 0)
		require.InEpsilon(t, want.Value, e.Value, 1e-13)
		if len(repeated) > 1 {
			require.InDelta(t, want.DataErr, e.DataErr, 1e-12)
			require.False(t, math.IsNaN(e.DataErr))
		} else {
			require.True(t, math.IsNaN(e.DataErr))
		}
		require.Equal(t, n, e.Rows)
		if n > 1 {
			a, err := NewWeightedStandardizing(x, weights)
			require.NoError(t, err)
			b, err := NewStandardizing(rows)
			require.NoError(t, err)
			require.InEpsilonSlice(t, b.Scale, a.Scale, 1e-10)
			require.InEpsilonSlice(t, b.Shift, a.Shift, 1e-13)
			require.InEpsilonSlice(t, b.Shift, NewWeightedCentering(x, weights).Shift, 1e-13)
		}
	}
	// Draws of a row are made once, however often it counts.
	e := WeightedMeanEstimate([]float64{1, 2, 3}, []float64{0.1, 0.2, 0.3}, []float64{1, 2, 3}, Consistent, 10)
	require.InEpsilon(t, math.Sqrt(0.01+0.16+0.81)/6, e.SampleErr, 1e-13)
	require.True(t, math.IsNaN(WeightedMeanEstimate([]float64{1, 2}, nil, []float64{0.3, 0.3}, ExactValue, 0).DataErr))
	require.Panics(t, func() { WeightedMeanEstimate([]float64{1}, nil, []float64{1, 2}, ExactValue, 0) })
	require.Panics(t, func() { WeightedMoments(mat.NewDense(1, 1, nil), []float64{1, 2}) })
}
