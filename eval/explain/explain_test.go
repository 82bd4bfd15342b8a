package explain

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/eval"
)

// Two rows of three weights each: one far below, which is counted and has no bin.
func TestPoolWeights(t *testing.T) {
	logs := [][]float64{{5, 5 - 20, 5 + math.Log(0.5)}, {-7, -7, -7 + math.Log(0.5)}}
	h := pool([]eval.Histogram{eval.NewHistogram(logs[0], 12, 12), eval.NewHistogram(logs[1], 12, 12)}, 3)
	require.Equal(t, 1, h.Below)
	require.Equal(t, 5, h.Counts[11])
	require.InDelta(t, 1, h.Mass[11], 1e-8, "in the mean over rows")
	require.Equal(t, 2, h.Rows)
	require.Equal(t, -12.0, h.From)
}

// Bounds that do not meet are warned of, and so is what the estimator says itself.
func TestLooseBoundsAreWarnedOf(t *testing.T) {
	w := &work{out: &Explanation{}}
	w.loose(&eval.Sandwich{Lower: []float64{-1, -2}, Upper: []float64{-0.6, -1.6}}, "annealing")
	require.Empty(t, w.out.Warnings)
	w.loose(&eval.Sandwich{Lower: []float64{-1, -2}, Upper: []float64{-0.4, -1.4}, Warnings: []string{"few chains"}}, "annealing")
	require.Len(t, w.out.Warnings, 2)
	require.Contains(t, w.out.Warnings[0], "few chains")
	require.Contains(t, w.out.Warnings[1], "uncertain by 0.6 nats")
}
