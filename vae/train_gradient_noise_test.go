package vae

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// noisyModel is a VAE fitted to faithful for so few epochs that its gradients
// are not zero yet, and twenty rows to take them on.
func noisyModel(t *testing.T, precision Precision) (*Model, *mat.Dense) {
	t.Helper()
	x := readTable(t, "faithful.csv")
	m, _, err := Fit(context.Background(), x, nil, Settings{Hidden: []int{10}, Latent: 1, Epochs: 20, Precision: precision}, source(1))
	require.NoError(t, err)
	return m, density.Rows(x, 0, 20)
}

func noise(t *testing.T, m *Model, x *mat.Dense, o Objective, samples, draws int) *GradientNoise {
	t.Helper()
	g, err := m.GradientNoise(context.Background(), x, o, samples, draws, source(uint64(1+samples)))
	require.NoError(t, err)
	return g
}

// The order of the variances of the encoder's gradient: the score function's is
// far above that of any reparameterised estimator, a baseline takes most of it
// away but not all. A ratio of two variances from 2000 gradients has a standard
// error below a tenth of it; the factors asked for are less than half of those
// measured, 7 standard errors off, so that a right estimator fails with
// probability below 1e-11.
func TestGradientVariance(t *testing.T) {
	m, x := noisyModel(t, Float64)
	variance := func(o Objective, samples int) float64 {
		return noise(t, m, x, o, samples, 2000).Encoder.MeanVariance()
	}
	score := variance(Score, 1)
	for o, factor := range map[Objective]float64{ELBO: 100, STL: 100, SampledELBO: 10} {
		got := variance(o, 1)
		t.Logf("score %.3g, %v %.3g", score, o, got)
		require.Greater(t, score, factor*got, "%v", o)
	}
	score, baseline, stl := variance(Score, 2), variance(ScoreBaseline, 2), variance(STL, 2)
	t.Logf("with two draws: score %.3g, with baseline %.3g, stl %.3g", score, baseline, stl)
	require.Greater(t, score, 50*baseline)
	require.Greater(t, baseline, 3*stl)
	// Of independent draws the variance falls as 1/K.
	near(t, 1, 8*variance(STL, 8)/variance(STL, 1), 0.4)
}

// With K the signal-to-noise ratio of the encoder's gradient falls as 1/√K for
// IWAE and rises as √K for DReG, and the decoder's rises for both (Rainforth et
// al. 2018, theorem 1; Tucker et al. 2019). The square of a ratio from 4000
// gradients has a standard error of at most √2/4000 + a tenth of it; the limits
// are 5 or more of those from the measured values: a right estimator fails with
// probability below 1e-6.
func TestSignalToNoise(t *testing.T) {
	m, x := noisyModel(t, Float64)
	snr := func(o Objective, samples int) (encoder, decoder float64) {
		g := noise(t, m, x, o, samples, 4000)
		t.Logf("%v K=%d: encoder %.3g, decoder %.3g", o, samples, g.Encoder.SNR(), g.Decoder.SNR())
		return g.Encoder.SNR(), g.Decoder.SNR()
	}
	one, decoderOne := snr(IWAE, 1)
	many, decoderMany := snr(IWAE, 16)
	require.Less(t, many, 0.6*one)
	require.Greater(t, decoderMany, 2*decoderOne)
	one, decoderOne = snr(DReG, 1)
	many, decoderMany = snr(DReG, 16)
	require.Greater(t, many, 2*one)
	require.Greater(t, decoderMany, 2*decoderOne)
}

// Where q is the posterior, STL and DReG have no noise in the encoder's gradient;
// the plain estimator of the same bound has.
func TestNoNoiseAtThePosterior(t *testing.T) {
	x := readTable(t, "iris.csv")
	m := optimalLinear(t, x, covariance(x, 150), 1)
	for _, o := range []Objective{STL, DReG} {
		g := noise(t, m, x, o, 3, 50)
		near(t, 0, g.Encoder.MeanVariance(), 1e-20)
		require.Greater(t, g.Decoder.MeanVariance(), 1e-6)
	}
	require.Greater(t, noise(t, m, x, SampledELBO, 3, 50).Encoder.MeanVariance(), 1e-6)
}

// Estimators of the same gradient have the same mean, within 5 of the standard
// errors that the variances give, in both precisions. Of some 200 elements one
// leaves with probability 1e-4.
func TestGradientMeans(t *testing.T) {
	for _, precision := range []Precision{Float32, Float64} {
		m, x := noisyModel(t, precision)
		a, b := noise(t, m, x, IWAE, 3, 2000), noise(t, m, x, DReG, 3, 2000)
		for _, side := range [][2]GradientMoments{{a.Encoder, b.Encoder}, {a.Decoder, b.Decoder}} {
			require.Len(t, side[0].Mean, len(side[1].Mean))
			for i, v := range side[0].Mean {
				near(t, v, side[1].Mean[i], 5*math.Sqrt((side[0].Variance[i]+side[1].Variance[i])/2000)+1e-5)
			}
		}
		require.Equal(t, m.NumParameters(), len(a.Encoder.Mean)+len(a.Decoder.Mean))
		again := noise(t, m, x, IWAE, 3, 2000)
		require.Equal(t, a, again)
	}
}

func TestGradientNoiseRefusals(t *testing.T) {
	m, x := noisyModel(t, Float32)
	_, err := m.GradientNoise(context.Background(), x, ScoreBaseline, 1, 10, source(1))
	require.ErrorContains(t, err, "Samples")
	_, err = m.GradientNoise(context.Background(), x, ELBO, 1, 1, source(1))
	require.ErrorContains(t, err, "2 or more")
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = m.GradientNoise(ctx, x, ELBO, 1, 10, source(1))
	require.ErrorIs(t, err, context.Canceled)
	bad := mat.DenseCopyOf(x)
	bad.Set(3, 1, math.NaN())
	_, err = m.GradientNoise(context.Background(), bad, ELBO, 1, 10, source(1))
	require.ErrorContains(t, err, "row 4, column 2")
	require.True(t, math.IsInf(GradientMoments{Mean: []float64{1}, Variance: []float64{0}, draws: 2}.SNR(), 1))
}
