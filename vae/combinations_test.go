package vae

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
)

// Every prior with every likelihood and every posterior, in both precisions, half of
// them normalised, trains on a small table, samples within its support, and comes back from its
// tensors with the same bits. Bits are in the support of all families.
func TestEveryPriorWithEveryLikelihood(t *testing.T) {
	x := mat.NewDense(40, 3, nil)
	x.Apply(func(i, j int, v float64) float64 { return float64((i*(j+2) + i/7) % 2) }, x)
	fits := 0
	for _, likelihood := range append(Likelihoods(), ByColumn) {
		for _, prior := range []Prior{StandardNormal, LearnedMixture(3), Vamp(4), ExPost(2)} {
			for _, full := range []bool{false, true} {
				for _, precision := range []Precision{Float32, Float64} {
					name := fmt.Sprintf("%v, %v, full %v, %v", likelihood, prior, full, precision)
					s := Settings{
						Hidden: []int{6}, Epochs: 4, Batch: 15, Likelihood: likelihood, Prior: prior,
						FullPosterior: full, Precision: precision, Norm: Norm(fits / 2 % 2), // each with both precisions
					}
					if likelihood == ByColumn {
						s.Columns = []Column{{Categorical, 3}, {Likelihood: Gaussian}, {Likelihood: NegativeBinomial}}
					}
					fits++
					m, report, err := Fit(context.Background(), x, x, s, source(1))
					require.NoError(t, err, name)
					for _, e := range report.History {
						require.NoError(t, density.CheckFinite(mat.NewDense(1, 4, []float64{e.Train, e.Valid, e.Rate, e.Distortion})), name)
					}
					text, err := json.Marshal(m.Config())
					require.NoError(t, err, name)
					var config Config
					require.NoError(t, json.Unmarshal(text, &config), name)
					back, err := FromTensors(config, m.Tensors())
					require.NoError(t, err, name)
					a, b := mat.NewDense(9, 3, nil), mat.NewDense(9, 3, nil)
					m.Rand(a, source(2))
					back.Rand(b, source(2))
					require.Equal(t, a, b, name)
					require.NoError(t, m.obs.check(a, false), name)
					want, got := scoresOf(t, m, x), scoresOf(t, back, x)
					require.Equal(t, want, got, name)
					require.NoError(t, density.CheckFinite(mat.NewDense(1, len(want), want)), name)
				}
			}
		}
	}
}

// scoresOf returns the bound of each row.
func scoresOf(t *testing.T, m *Model, x *mat.Dense) []float64 {
	t.Helper()
	bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), x, elbo.Settings{Samples: 4, Seed: 1})
	require.NoError(t, err)
	return bound.PerRow
}
