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
		var many, repeated, repeatedErrs []float64
		errs := make([]float64, n)
		for i := range n {
			weights[i] = float64(1 + random.IntN(3))
			errs[i] = 0.3 * random.Float64()
			values[i] = 100 + random.NormFloat64()
			for j := range d {
				x.Set(i, j, 1000+random.NormFloat64())
			}
			for range int(weights[i]) {
				many = append(many, x.RawRowView(i)...)
				repeated = append(repeated, values[i])
				repeatedErrs = append(repeatedErrs, errs[i])
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
		// So is the error over rows where each row was itself drawn.
		e, want = WeightedMeanEstimate(values, errs, weights, Consistent, 9), MeanEstimate(repeated, repeatedErrs, Consistent, 9)
		require.InEpsilon(t, want.Value, e.Value, 1e-13)
		if len(repeated) > 1 {
			require.InDelta(t, want.DataErr, e.DataErr, 1e-10)
			require.False(t, math.IsNaN(e.DataErr))
		}
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
	tenths := []float64{0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.1 + 1e-15}
	require.True(t, math.IsNaN(WeightedMeanEstimate([]float64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, nil, tenths, ExactValue, 0).DataErr), "1 but for rounding")
	require.Panics(t, func() { WeightedMeanEstimate([]float64{1}, nil, []float64{1, 2}, ExactValue, 0) })
	require.Panics(t, func() { WeightedMoments(mat.NewDense(1, 1, nil), []float64{1, 2}) })
}

// A row of weight 0 is absent, whatever its value.
func TestWeightZeroIsAbsence(t *testing.T) {
	for _, absent := range []float64{7, math.Inf(-1), math.Inf(1), math.NaN()} {
		e := WeightedMeanEstimate([]float64{absent, 1, 2, 4}, []float64{math.Inf(1), 0.1, 0.2, 0.3}, []float64{0, 2, 1, 3}, Consistent, 5)
		want := WeightedMeanEstimate([]float64{1, 2, 4}, []float64{0.1, 0.2, 0.3}, []float64{2, 1, 3}, Consistent, 5)
		require.Equal(t, want, e)
		require.False(t, math.IsNaN(e.DataErr))
	}
	require.Panics(t, func() { WeightedMeanEstimate([]float64{1, 2}, nil, []float64{0, 0}, ExactValue, 0) })
}
