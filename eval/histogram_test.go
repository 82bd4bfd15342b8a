package eval

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestHistogram(t *testing.T) {
	h := NewHistogram([]float64{0, 0, -1.5, -9.9, -11}, 5, 10)
	require.Equal(t, []int{1, 0, 0, 0, 3}, h.Counts)
	require.Equal(t, 1, h.Below)
	require.InDelta(t, 1, h.Mass[4]+h.Mass[0], 1e-4)
	require.InDelta(t, -10, h.From, 0)
	require.InDelta(t, 2, h.Width, 0)
	require.Panics(t, func() { NewHistogram(nil, 0, 1) })
	require.Equal(t, []int{0}, NewHistogram(nil, 1, 1).Counts)
}
