package elbo_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
)

// The bound of K samples is the mean of the logarithms of the mean weights of groups
// of K draws, and its error is that of this mean over groups that share no draw.
func TestMultiSampleByHand(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.5, density.NewSource(1, "model"))
	q := m.Scaled(1.3)
	x := rows(m, 4, 1)
	s := elbo.Settings{Samples: 60, Seed: 5}
	bounds, err := elbo.MultiSample(t.Context(), m, q, x, []int{1, 4, 12}, s)
	require.NoError(t, err)
	draws := make([][]float64, 4)
	require.NoError(t, elbo.EachRow(t.Context(), m, q, x, "elbo.multisample", s, func(i int, w *elbo.Weights) {
		draws[i] = w.Log(nil)
	}))
	for _, b := range bounds {
		for i, logs := range draws {
			require.Len(t, logs, 60)
			groups := 60 / b.K
			values := make([]float64, groups)
			var mean, square float64
			for g := range groups {
				for _, l := range logs[g*b.K : (g+1)*b.K] {
					values[g] += math.Exp(l) / float64(b.K)
				}
				values[g] = math.Log(values[g])
				mean += values[g] / float64(groups)
			}
			for _, v := range values {
				square += (v - mean) * (v - mean)
			}
			require.InDelta(t, mean, b.PerRow[i], 1e-10, "K = %d", b.K)
			require.InDelta(t, math.Sqrt(square/float64(groups-1)/float64(groups)), b.StdErr[i], 1e-10, "K = %d", b.K)
		}
	}

	// Where K does not divide the draws the last group goes around to the first ones:
	// of 3 draws the pairs are 1 2, 3 1 and 2 3.
	s.Samples = 3
	bounds, err = elbo.MultiSample(t.Context(), m, q, x, []int{2}, s)
	require.NoError(t, err)
	require.NoError(t, elbo.EachRow(t.Context(), m, q, x, "elbo.multisample", s, func(i int, w *elbo.Weights) {
		l := w.Log(nil)
		pair := func(a, b int) float64 { return density.LogMeanExp([]float64{l[a], l[b]}) }
		require.InDelta(t, (pair(0, 1)+pair(2, 0)+pair(1, 2))/3, bounds[0].PerRow[i], 1e-10)
	}))
}
