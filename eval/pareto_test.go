package eval

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

// Weights of a Pareto distribution have the tail index of that distribution. With
// the 3√S = 671 largest of 50,000 the fit has a standard error of
// (1+k)/√671 ≈ 0.05; five of them, and 0.01 for its shrinkage.
func TestKHatOfPareto(t *testing.T) {
	for i, k := range []float64{0.2, 0.5, 0.9, 1.4} {
		random := rand.New(density.NewSource(uint64(i), "pareto"))
		logs := make([]float64, 50000)
		for j := range logs {
			logs[j] = -k * math.Log(random.Float64()) // U^−k
		}
		got := fitTail(logs).khat
		require.InDelta(t, k, got, 5*(1+k)/math.Sqrt(671)+0.01)
		// k̂ is that of ratios: units do not matter.
		for j := range logs {
			logs[j] += 1234
		}
		require.InDelta(t, got, fitTail(logs).khat, 1e-6)
	}
}

// Exponential weights have index 0 and uniform ones −1, shrunk towards ½.
func TestKHatOfLightTails(t *testing.T) {
	random := rand.New(density.NewSource(9, "light"))
	logs := make([]float64, 50000)
	for j := range logs {
		logs[j] = math.Log(random.ExpFloat64())
	}
	require.InDelta(t, 0, fitTail(logs).khat, 0.2)
	for j := range logs {
		logs[j] = math.Log(random.Float64())
	}
	require.InDelta(t, -1, fitTail(logs).khat, 0.25)
}

// The fit recovers shape and scale of a generalised Pareto sample of 20,000.
func TestFitPareto(t *testing.T) {
	random := rand.New(density.NewSource(3, "gpd"))
	for _, c := range [][2]float64{{0.3, 2}, {-0.4, 0.5}, {1e-9, 1}} {
		sample := make([]float64, 20000)
		for j := range sample {
			sample[j] = quantile(random.Float64(), c[0], c[1])
		}
		slices.Sort(sample)
		k, sigma := fitPareto(sample)
		require.InDelta(t, c[0], k, 0.05)
		require.InEpsilon(t, c[1], sigma, 0.05)
	}
}

func TestThreshold(t *testing.T) {
	require.InDelta(t, 0.5, Threshold(100), 1e-12)
	require.InDelta(t, 2.0/3, Threshold(1000), 1e-12)
	require.Equal(t, 0.7, Threshold(5000))
	require.Less(t, Threshold(5), 0.0)
}

// Smoothing lowers the scatter of the mean of heavy-tailed weights: at k = 0.7
// their variance does not exist.
func TestSmoothingSteadiesTheMean(t *testing.T) {
	const repetitions, k = 400, 0.7
	truth := math.Log(1 / (1 - k)) // E U^−k
	var raw, smooth float64
	for i := range repetitions {
		random := rand.New(density.NewSource(uint64(i), "smooth"))
		logs := make([]float64, 1000)
		for j := range logs {
			logs[j] = -k * math.Log(random.Float64())
		}
		fit := fitTail(logs)
		raw += math.Pow(density.LogMeanExp(logs)-truth, 2) / repetitions
		smooth += math.Pow(fit.smoothed-truth, 2) / repetitions
	}
	require.Less(t, smooth, 0.8*raw)
}

func TestTailEdges(t *testing.T) {
	inf := math.Inf(-1)
	require.True(t, math.IsInf(fitTail([]float64{1, 2, 3}).khat, 1))
	require.InDelta(t, density.LogMeanExp([]float64{1, 2, 3}), fitTail([]float64{1, 2, 3}).smoothed, 0)
	all := make([]float64, 100)
	require.True(t, math.IsInf(fitTail(all).khat, -1))
	for j := range all {
		all[j] = inf
	}
	require.True(t, math.IsInf(fitTail(all).khat, 1))
	all[3] = 0 // a single draw hit
	got := fitTail(all)
	require.False(t, math.IsNaN(got.khat))
	require.Greater(t, got.khat, 0.7)
}

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
