package vae

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// S prior draws as a mixture of S components, scored by package gmm, are the
// importance-sampling estimate with the prior as proposal and these draws.
func TestMixtureIsPriorSampling(t *testing.T) {
	for _, c := range variants {
		if c.Likelihood != Gaussian {
			continue
		}
		m := randomModel(t, c, 101)
		const rows, draws = 9, 400
		x := mat.NewDense(rows, c.Dim, nil)
		m.Rand(x, source(102))
		mixture, err := m.Mixture(draws, source(103))
		require.NoError(t, err)
		got := mixture.LogProb(nil, x)
		z := mat.NewDense(draws, c.Latent, nil)
		m.RandPrior(z, source(103))
		for i := range rows {
			want := density.LogMeanExp(m.LogLik(nil, density.Rows(x, i, i+1), z))
			relative(t, want, got[i], 1e-12, "%+v", c)
		}
	}
}

// E log p_S(x) rises with S to log p(x). With the mean over 300 mixtures the
// steps below, of 0.1 nats or more, are many standard errors wide.
func TestMixtureRisesToTheDensity(t *testing.T) {
	m := randomModel(t, Config{Dim: 2, Latent: 1, Hidden: []int{6}, Sigma: Fixed(0.3), Precision: Float64}, 111)
	x := mat.NewDense(1, 2, nil)
	m.Rand(x, source(112))
	var grid []float64
	for v := -8.0; v <= 8; v += 0.01 {
		grid = append(grid, v)
	}
	z := mat.NewDense(len(grid), 1, grid)
	terms, prior := m.LogLik(nil, x, z), m.LogPrior(nil, z)
	for i := range terms {
		terms[i] += prior[i] + math.Log(0.01)
	}
	exact := density.LogSumExp(terms)
	last := math.Inf(-1)
	for _, s := range []int{1, 10, 100, 1000} {
		var mean float64
		for r := range 300 {
			mixture, err := m.Mixture(s, source(uint64(1000*s+r)))
			require.NoError(t, err)
			mean += mixture.LogProb(nil, x)[0] / 300
		}
		require.Greater(t, mean, last, "S = %d", s)
		last = mean
	}
	near(t, exact, last, 0.02)
}

func TestMixtureNeedsAGaussian(t *testing.T) {
	_, err := randomModel(t, variants[5], 1).Mixture(3, source(1))
	require.ErrorIs(t, err, ErrNotGaussian)
}
