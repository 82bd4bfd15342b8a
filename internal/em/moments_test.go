package em

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// However rows are cut into parts, the moments are those of all of them by hand, also where
// the mean is far larger than the spread.
func TestMomentsJoin(t *testing.T) {
	values := []float64{1e8 + 1, 1e8 + 2, 1e8 + 4, 1e8 - 3, 1e8}
	weights := []float64{1, 2, 0.5, 3, 1.5}
	var total, mean, squares float64
	for i, v := range values {
		total += weights[i]
		mean += weights[i] * (v - 1e8)
	}
	mean /= total
	for i, v := range values {
		squares += weights[i] * (v - 1e8 - mean) * (v - 1e8 - mean)
	}
	m := NewMoments(2)
	for i, v := range values {
		m.Join(1, weights[i], v, 0)
	}
	require.Equal(t, total, m.Weight[1])
	require.InDelta(t, mean, m.Mean[1]-1e8, 1e-7)
	require.InEpsilon(t, squares, m.Squares[1], 1e-7)
	require.Zero(t, m.Weight[0])
	require.False(t, math.IsNaN(m.Mean[0]))
}
