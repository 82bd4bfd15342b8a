package density_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

func TestSourcesAreTheSameEverywhere(t *testing.T) {
	// Written down once; a change here changes every seeded result.
	require.Equal(t, uint64(16263463496896403866), density.NewSource(1, "eval", 2, 3).Uint64())
}

func TestSourcesDiffer(t *testing.T) {
	seen := make(map[uint64]string)
	add := func(name string, src rand.Source) {
		v := src.Uint64()
		require.NotContains(t, seen, v, "%s and %s", name, seen[v])
		seen[v] = name
	}
	add("seed 0", density.NewSource(0, ""))
	add("seed 1", density.NewSource(1, ""))
	add("purpose", density.NewSource(0, "a"))
	add("index 0", density.NewSource(0, "", 0))
	add("indices 0 0", density.NewSource(0, "", 0, 0))
	add("indices 0 1", density.NewSource(0, "", 0, 1))
	add("indices 1 0", density.NewSource(0, "", 1, 0))
	for i := range uint64(2000) {
		add("row", density.NewSource(7, "row", i))
	}
}

// Neighbouring streams are uncorrelated: the mean product of 50,000 pairs of
// normals has standard error 0.0045; five of them.
func TestNeighboursAreIndependent(t *testing.T) {
	var sum, squares float64
	const count = 50000
	for i := range uint64(count) {
		a := rand.New(density.NewSource(3, "row", i)).NormFloat64()
		b := rand.New(density.NewSource(3, "row", i+1)).NormFloat64()
		sum += a * b / count
		squares += a * a / count
	}
	require.Less(t, math.Abs(sum), 0.0225)
	require.InDelta(t, 1, squares, 0.032)
}
