package compare

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
	"likely/gmm"
	"likely/vae"
)

// Every mixture is a density, a latent-variable model with an exact posterior,
// and a proposal.
func TestMixturesPassTheSuite(t *testing.T) {
	for _, data := range []string{"faithful", "galaxies"} {
		x := standardized(t, data)
		for _, family := range []gmm.Covariance{gmm.Full, gmm.Tied, gmm.Diagonal} {
			t.Run(fmt.Sprint(data, " ", family), func(t *testing.T) {
				m, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 3, Covariance: family, Starts: 3}, density.NewSource(1, "test"))
				require.NoError(t, err)
				densitytest.Exact(t, m, densitytest.Config{})
				densitytest.Latent(t, m, densitytest.Config{})
				densitytest.Proposal(t, m.Posterior(), density.Rows(x, 0, 20), densitytest.Config{States: m.States()})
			})
		}
	}
	x := standardized(t, "faithful")
	densitytest.Scaling(t, func(x *mat.Dense) density.Exact {
		m, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 3, Starts: 3}, density.NewSource(1, "test"))
		require.NoError(t, err)
		return m
	}, x, 1e-9)
}

// So is every VAE, with its encoder and with the proposals made of it.
func TestAutoencodersPassTheSuite(t *testing.T) {
	continuous := standardized(t, "faithful")
	binary := mat.NewDense(300, 3, nil)
	bits, err := density.NewBernoulli([]float64{0.2, 0.5, 0.9})
	require.NoError(t, err)
	bits.Rand(binary, density.NewSource(1, "bits"))
	for name, c := range map[string]struct {
		x *mat.Dense
		s vae.Settings
	}{
		"network":   {continuous, vae.Settings{}},
		"norm":      {continuous, vae.Settings{Norm: vae.LayerNorm}},
		"shared":    {continuous, vae.Settings{Sigma: vae.Shared}},
		"per-dim":   {continuous, vae.Settings{Sigma: vae.PerDim}},
		"fixed":     {continuous, vae.Settings{Sigma: vae.Fixed(0.5)}},
		"linear":    {continuous, vae.Settings{Sigma: vae.Shared, Hidden: []int{}}},
		"bernoulli": {binary, vae.Settings{Likelihood: vae.Bernoulli}},
	} {
		t.Run(name, func(t *testing.T) {
			if testing.Short() && name != "network" && name != "bernoulli" {
				t.Skip("one of each likelihood is enough for a short run")
			}
			if c.s.Hidden == nil {
				c.s.Hidden = []int{12}
			}
			c.s.Epochs, c.s.Precision = 20, vae.Float64
			m, _, err := vae.Fit(t.Context(), c.x, nil, c.s, density.NewSource(1, "test"))
			require.NoError(t, err)
			config := densitytest.Config{Binary: name == "bernoulli", GradientTolerance: 1e-5}
			densitytest.Latent(t, m, config)
			rows := density.Rows(c.x, 0, 10)
			densitytest.Proposal(t, m.Encoder(), rows, densitytest.Config{})
			densitytest.Divergence(t, m, m.Encoder(), rows, densitytest.Config{})
			densitytest.Proposal(t, elbo.Adaptive(m, m.Encoder()), rows, densitytest.Config{})
			if marginal, ok, err := m.Marginal(); ok {
				require.NoError(t, err)
				densitytest.Exact(t, marginal, densitytest.Config{})
			}
		})
	}
}
