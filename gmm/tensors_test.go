package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/internal/safetensors"
)

// A covariance in a file may be off symmetry by rounding, and by no more; one
// that is symmetric keeps its bits.
func TestSymmetrised(t *testing.T) {
	read := func(c ...float64) (*Model, error) {
		return FromTensors(Config{Dim: 2, Components: 1, Covariance: "full"}, []safetensors.Tensor{
			{Name: "weights", Shape: []int{1}, Data: []float64{1}},
			{Name: "means", Shape: []int{1, 2}, Data: []float64{0, 0}},
			{Name: "covariances", Shape: []int{1, 2, 2}, Data: c},
		})
	}
	m, err := read(4, 1+3e-7, 1-3e-7, 1)
	require.NoError(t, err)
	require.Equal(t, 1.0, m.Covariance(0).At(0, 1), "the mean of the two")
	m, err = read(4, 0.1, 0.1, 1)
	require.NoError(t, err)
	require.Equal(t, 0.1, m.Covariance(0).At(1, 0))
	for _, c := range [][]float64{{4, 1 + 3e-6, 1 - 3e-6, 1}, {math.Inf(1), 0, 0, 1}, {4, math.NaN(), math.NaN(), 1}, {4, math.Inf(1), math.Inf(1), 1}, {-4, 1, 1.0000001, 1}} {
		_, err = read(c...)
		require.ErrorIs(t, err, ErrParameters, "%v", c)
	}
	_, err = FromTensors(Config{Dim: 2, Components: 1, Covariance: "full"}, []safetensors.Tensor{{Name: "other"}})
	require.ErrorIs(t, err, ErrParameters)
}
