package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

// digitsModel trains a variational autoencoder of the digits.
func digitsModel(t *testing.T, latent int) (*vae.Model, *mat.Dense) {
	if testing.Short() {
		t.Skip("trains a network")
	}
	d, err := dataset.Open("digits")
	require.NoError(t, err)
	d, err = d.Dequantize(1)
	require.NoError(t, err)
	x := density.NewCentering(d.X).Apply(nil, d.X)
	m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: latent, Hidden: []int{64}, Epochs: 30}, rand.NewPCG(1, 1))
	require.NoError(t, err)
	return m, x
}

// On rows drawn from a variational autoencoder, bidirectional annealing brackets
// log p between bounds that differ by less than half a nat in the mean, for a code
// of 2 and of 50 dimensions, with 16 chains and 200 temperatures of 10 leapfrogs
// each way. The seeds are fixed.
func TestSandwichOfAnAutoencoderCloses(t *testing.T) {
	for _, latent := range []int{2, 50} {
		m, _ := digitsModel(t, latent)
		s, err := eval.Bidirectional(t.Context(), m, 8, eval.AnnealSettings{Temperatures: 200, Seed: 1})
		require.NoError(t, err)
		gap := s.Gap()
		t.Logf("%d dimensions: %.3f ± %.3f nats, %d evaluations", latent, gap.Mean, gap.StdErr(), s.Spent)
		require.Less(t, gap.Mean, 0.5)
		require.Greater(t, gap.Mean, -3*gap.StdErr(), "the bounds are on their sides")
	}
}

// The integral over a code of two dimensions, importance sampling and annealing
// agree on real rows. Twelve differences are compared with four standard errors:
// a right program fails with probability 8·10⁻⁴ over seeds, which are fixed.
func TestEstimatesOfAnAutoencoderAgree(t *testing.T) {
	m, all := digitsModel(t, 2)
	x := density.Rows(all, 0, 6)
	exact, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Tolerance: 1e-5, Hints: m.Encoder(), Seed: 1})
	require.NoError(t, err)
	require.Equal(t, density.Quadrature, exact.Kind)
	sampled, err := eval.LogProb(t.Context(), m, elbo.Adaptive(m, m.Encoder()), x, eval.Settings{Samples: 4000, Seed: 2})
	require.NoError(t, err)
	annealed, err := eval.Anneal(t.Context(), m, x, eval.AnnealSettings{Chains: 32, Temperatures: 200, Seed: 3})
	require.NoError(t, err)
	for i, want := range exact.LogProb {
		for name, r := range map[string]*eval.Result{"sampled": sampled, "annealed": &annealed.Result} {
			require.InDelta(t, want, r.LogProb[i], 4*math.Hypot(r.StdErr[i], exact.Error[i]), "%s row %d", name, i)
		}
	}
}

// Over 250 seeds the interval of ±1.96 standard errors of importance sampling
// covers the integral in about 95 of 100 cases, row by row. With 250 draws the
// count's own standard deviation is 1.4 %: the bound is 4 of them below 95 %.
func TestIntervalsOfAnAutoencoderCover(t *testing.T) {
	m, all := digitsModel(t, 2)
	x := density.Rows(all, 0, 4)
	exact, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Tolerance: 1e-5, Hints: m.Encoder(), Seed: 1})
	require.NoError(t, err)
	const seeds = 250
	covered := make([]int, len(exact.LogProb))
	for seed := range uint64(seeds) {
		r, err := eval.LogProb(t.Context(), m, elbo.Adaptive(m, m.Encoder()), x, eval.Settings{Samples: 500, Seed: seed})
		require.NoError(t, err)
		for i, want := range exact.LogProb {
			if math.Abs(r.LogProb[i]-want) <= 1.96*r.StdErr[i]+exact.Error[i] {
				covered[i]++
			}
		}
	}
	for i, n := range covered {
		t.Logf("row %d: %.1f %% of the intervals cover", i, 100*float64(n)/seeds)
		require.GreaterOrEqual(t, float64(n), seeds*(0.95-4*0.0138), "row %d", i)
	}
}
