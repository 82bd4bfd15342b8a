package eval_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// For a linear model all parts are known: a full normal has no approximation gap,
// and the amortisation gap of a q that is wider by a factor f is the divergence
// L(f² − 1 − 2 ln f)/2 from the posterior.
func TestGapOfALinearModel(t *testing.T) {
	m := linear(6, 2, 1)
	x := rows(m, 8, 1)
	const f = 1.5
	q := m.Scaled(f)
	logp, err := eval.LogProb(t.Context(), hidden{m}, m.Scaled(1.1), x, eval.Settings{Samples: 2000, Seed: 1})
	require.NoError(t, err)
	star, err := elbo.Refine(t.Context(), m, q, x, elbo.RefineSettings{Family: elbo.Full, Seed: 1})
	require.NoError(t, err)
	refined, err := elbo.ELBO(t.Context(), hidden{m}, star.Proposal, x, elbo.Settings{Samples: 500, Seed: 1})
	require.NoError(t, err)
	amortized, err := elbo.ELBO(t.Context(), hidden{m}, q, x, elbo.Settings{Samples: 5000, Seed: 1})
	require.NoError(t, err)
	g, err := eval.NewGap(logp, refined, amortized)
	require.NoError(t, err)
	for i := range g.Total {
		near(t, g.Total[i], g.Approximation[i]+g.Amortization[i], 1e-12)
		near(t, 0, g.Approximation[i], 5*g.ApproximationErr[i]+2e-3)
		near(t, f*f-1-2*math.Log(f), g.Amortization[i], 5*g.AmortizationErr[i]+2e-3)
	}
	total, approximation, amortization := g.Estimates()
	near(t, total.Value, approximation.Value+amortization.Value, 1e-12)
	require.Equal(t, density.Consistent, total.Kind)
	d := eval.Overfitting(amortization, amortization)
	require.Zero(t, d.Mean)
	require.False(t, d.Significant())

	_, err = eval.NewGap(logp, refined, &elbo.Bound{PerRow: []float64{1}})
	require.ErrorIs(t, err, eval.ErrMismatch)
}
