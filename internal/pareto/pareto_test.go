package pareto

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
		got := Fit(logs).KHat
		require.InDelta(t, k, got, 5*(1+k)/math.Sqrt(671)+0.01)
		// k̂ is that of ratios: units do not matter.
		for j := range logs {
			logs[j] += 1234
		}
		require.InDelta(t, got, Fit(logs).KHat, 1e-6)
	}
}

// Exponential weights have index 0 and uniform ones −1, shrunk towards ½.
func TestKHatOfLightTails(t *testing.T) {
	random := rand.New(density.NewSource(9, "light"))
	logs := make([]float64, 50000)
	for j := range logs {
		logs[j] = math.Log(random.ExpFloat64())
	}
	require.InDelta(t, 0, Fit(logs).KHat, 0.2)
	for j := range logs {
		logs[j] = math.Log(random.Float64())
	}
	require.InDelta(t, -1, Fit(logs).KHat, 0.25)
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
		fit := Fit(logs)
		raw += math.Pow(density.LogMeanExp(logs)-truth, 2) / repetitions
		smooth += math.Pow(fit.Smoothed-truth, 2) / repetitions
	}
	require.Less(t, smooth, 0.8*raw)
}

func TestTailEdges(t *testing.T) {
	inf := math.Inf(-1)
	require.True(t, math.IsInf(Fit([]float64{1, 2, 3}).KHat, 1))
	require.InDelta(t, density.LogMeanExp([]float64{1, 2, 3}), Fit([]float64{1, 2, 3}).Smoothed, 0)
	all := make([]float64, 100)
	require.True(t, math.IsInf(Fit(all).KHat, -1))
	for j := range all {
		all[j] = inf
	}
	require.True(t, math.IsInf(Fit(all).KHat, 1))
	all[3] = 0 // a single draw hit
	got := Fit(all)
	require.False(t, math.IsNaN(got.KHat))
	require.Greater(t, got.KHat, 0.7)
}

// ±1.96 of the wider standard error cover log E w for weights U^−k with k where the
// variance does not exist, and those of the draws alone do not: of 300 repetitions a
// coverage of 95 % gives fewer than 90.5 % with a probability below 1e-3, and one of
// 85 % more than 90.5 % likewise.
func TestWideErrorsCoverHeavyTails(t *testing.T) {
	const repetitions, draws = 300, 2000
	for _, k := range []float64{0.5, 0.6, 0.7} {
		truth := -math.Log(1 - k) // E U^−k = 1/(1 − k)
		var plain, wide float64
		for i := range repetitions {
			random := rand.New(density.NewSource(uint64(i), "wide"))
			logs := make([]float64, draws)
			for j := range logs {
				logs[j] = -k * math.Log(random.Float64())
			}
			mean, fit := density.LogMeanExp(logs), Fit(logs)
			var squares float64
			for _, l := range logs {
				squares += math.Pow(math.Exp(l-mean)-1, 2)
			}
			se := math.Sqrt(squares) / draws
			if math.Abs(mean-truth) <= 1.96*se {
				plain++
			}
			if math.Abs(mean-truth) <= 1.96*max(se, fit.StdErr(mean)) {
				wide++
			}
		}
		t.Logf("k = %v: %.1f %% of the draws' own errors cover, %.1f %% of the wide ones", k, 100*plain/repetitions, 100*wide/repetitions)
		require.GreaterOrEqual(t, wide/repetitions, 0.905)
		if k > 0.5 {
			require.Less(t, plain/repetitions, 0.905)
		}
	}
}

// Of light tails the draws' own error serves, and the wide one is continuous in k̂.
func TestWideErrorsOfLightTails(t *testing.T) {
	random := rand.New(density.NewSource(1, "light"))
	logs := make([]float64, 2000)
	for j := range logs {
		logs[j] = -0.2 * math.Log(random.Float64())
	}
	require.Zero(t, Fit(logs).StdErr(density.LogMeanExp(logs)))
	require.Zero(t, Tail{}.StdErr(0))
}

// An independent program of the published algorithm (Zhang & Stephens 2009; Vehtari et
// al. 2024), written in another language, finds these numbers for the 1000 quantiles of
// weights U^−k, in the last case cut at e⁵.
func TestAgreesWithAnotherProgram(t *testing.T) {
	for _, c := range []struct{ k, most, kHat, smoothed, raw float64 }{
		{0.3, 100, 0.32356064382606975, 0.3564312590553349, 0.3555117081270347},
		{0.8, 100, 0.7574598327160176, 1.396951278788551, 1.4288567933297784},
		{0.8, 5, 0.6971073139889216, 1.3220286831759394, 1.3485409950784693},
	} {
		logs := make([]float64, 1000)
		for i := range logs {
			logs[i] = min(-c.k*math.Log1p(-(float64(i)+0.5)/1000), c.most)
		}
		require.InDelta(t, c.raw, density.LogMeanExp(logs), 1e-12)
		got := Fit(logs)
		require.InDelta(t, c.kHat, got.KHat, 1e-9)
		require.InDelta(t, c.smoothed, got.Smoothed, 1e-9)
	}
}

// The error of the mean counts the bulk of the weights: 900 of weight 1 and 100 a
// little above, with a heavy tail of index 0.5, have an error that is that of the
// weights themselves, sd/√S, or somewhat more for what the tail may hide.
func TestErrorCountsTheBulk(t *testing.T) {
	logs := make([]float64, 1000)
	for i := range 100 {
		logs[i] = math.Log(1 + 0.05*(math.Pow((float64(i)+0.5)/100, -0.5)-1))
	}
	mean := density.LogMeanExp(logs)
	var square float64
	for _, l := range logs {
		w := math.Exp(l-mean) - 1
		square += w * w
	}
	plain := math.Sqrt(square/999) / math.Sqrt(1000)
	got := Fit(logs)
	require.Greater(t, got.KHat, 0.4)
	require.Greater(t, got.StdErr(mean), 0.95*plain)
	require.Less(t, got.StdErr(mean), 3*plain)
}
