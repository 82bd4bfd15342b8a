package eval

import (
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
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

// Chains have a stream of their own for each row, by the seed and the row's number from
// the first of all.
func TestStreamsOfChains(t *testing.T) {
	first := func(seed uint64, row int) uint64 {
		w := &annealer{s: AnnealSettings{Seed: seed}, first: 3, rows: 2}
		return w.streams("eval.anneal.reverse")[row].Uint64()
	}
	require.Equal(t, density.NewSource(7, "eval.anneal.reverse", 4).Uint64(), first(7, 1))
	require.NotEqual(t, first(7, 0), first(7, 1))
	require.NotEqual(t, first(7, 0), first(8, 0))
}
