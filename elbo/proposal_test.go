package elbo_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
)

func TestDefensivePassesTheSuite(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.2, density.NewSource(1, "w"))
	q := elbo.Defensive([]float64{3, 1}, m.Posterior(), density.PriorProposal(m))
	densitytest.Proposal(t, q, rows(m, 2, 1), densitytest.Config{})
	mix := mixture(t)
	finite := elbo.Defensive([]float64{0.5, 0.5}, mix.Posterior(), density.PriorProposal(mix))
	densitytest.Proposal(t, finite, rows(mix, 2, 1), densitytest.Config{States: mix.States()})
}

// With the prior among the parts at weight α no weight exceeds p(x|z)/α.
func TestDefensiveBoundsTheWeights(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.2, density.NewSource(1, "w"))
	x := rows(m, 5, 1)
	q := elbo.Defensive([]float64{0.9, 0.1}, m.Scaled(0.1), density.PriorProposal(m))
	err := elbo.EachRow(t.Context(), m, q, x, "test", elbo.Settings{Samples: 2000}, func(_ int, w *elbo.Weights) {
		for k, l := range w.Log(nil) {
			require.LessOrEqual(t, l, w.LogLik[k]-math.Log(0.1)+1e-9)
		}
	})
	require.NoError(t, err)
}

func TestDefensiveRefusesNonsense(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.2, density.NewSource(1, "w"))
	other := densitytest.RandomLinear(3, 1, 0.2, density.NewSource(1, "w"))
	q := density.PriorProposal(m)
	for _, weights := range [][]float64{{1}, {1, 0}, {1, -1}, {1, math.NaN()}, {1, math.Inf(1)}} {
		require.Panics(t, func() { elbo.Defensive(weights, q, q) })
	}
	require.Panics(t, func() { elbo.Defensive(nil) })
	require.Panics(t, func() { elbo.Defensive([]float64{1, 1}, q, density.PriorProposal(other)) })
}

func TestAdaptedPassesTheSuite(t *testing.T) {
	for _, l := range []int{1, 2} {
		m := densitytest.NewCurve(3, l, 0.01, density.NewSource(2, "w"))
		x := rows(m, 3, 2)
		q := elbo.Adaptive(m, density.PriorProposal(m)).(elbo.Adapter)
		for i := range 2 {
			adapted := q.Adapt(density.Rows(x, i, i+1), density.NewSource(1, "adapt"))
			require.Positive(t, adapted.Spent)
			require.Equal(t, elbo.Kernels, adapted.Rung)
			// An adapted proposal ignores the row; two rows are needed to
			// test the pairing. The grid must resolve a narrow posterior.
			densitytest.Proposal(t, adapted.Proposal, x, densitytest.Config{Tolerance: 1e-3, Draws: 4000})
		}
	}
}

// The posteriors of a curved model have an effective sample of few per cent under
// the prior, and of a good part after adaptation; the estimates agree with a grid.
func TestAdaptationRaisesTheEffectiveSample(t *testing.T) {
	m := densitytest.NewCurve(4, 2, 0.01, density.NewSource(4, "w"))
	x := rows(m, 6, 4)
	truth := m.Evidence(x, 601)
	effective := func(q density.Proposal) float64 {
		var total float64
		ess := make([]float64, 6)
		require.NoError(t, elbo.EachRow(t.Context(), m, q, x, "test", elbo.Settings{Samples: 2000}, func(i int, w *elbo.Weights) {
			logs := w.Log(nil)
			sum := density.LogSumExp(logs)
			var squares float64
			for _, l := range logs {
				squares += math.Exp(2 * (l - sum))
			}
			ess[i] = 1 / squares / 2000
			if ess[i] > 0.1 {
				// Five standard errors.
				require.InDelta(t, truth[i], density.LogMeanExp(logs), 5*math.Sqrt(1/ess[i]/2000), "row %d", i+1)
			}
		}))
		for _, e := range ess {
			total += e / 6
		}
		return total
	}
	plain, adapted := effective(density.PriorProposal(m)), effective(elbo.Adaptive(m, density.PriorProposal(m)))
	require.Less(t, plain, 0.1)
	require.Greater(t, adapted, 0.3)
}

// Beyond six dimensions a model that knows its curvature gets the ladder, any other
// its proposal and the prior.
func TestAdaptiveInManyDimensions(t *testing.T) {
	m := densitytest.RandomLinear(9, 7, 0.5, density.NewSource(2, "w"))
	x := rows(m, 1, 1)
	a := elbo.Adaptive(m, density.PriorProposal(m)).(elbo.Adapter).Adapt(x, density.NewSource(1, "adapt"))
	require.Equal(t, elbo.Posterior, a.Rung)
	q := elbo.Adaptive(struct{ density.Latent }{m}, m.Posterior())
	_, searches := q.(elbo.Adapter)
	require.False(t, searches)
	z := mat.NewDense(2, 7, nil)
	q.Rand(z, x, density.NewSource(1, "z"))
	require.Len(t, q.LogProb(nil, z, x), 2)
}

func TestMatchMoments(t *testing.T) {
	m := densitytest.RandomLinear(4, 2, 0.3, density.NewSource(2, "w"))
	x := rows(m, 3, 2)
	q, err := elbo.MatchMoments(t.Context(), m.Posterior(), x, 20000, 1.5, 1)
	require.NoError(t, err)
	densitytest.Proposal(t, q, x, densitytest.Config{})
	draws := mat.NewDense(20000, 2, nil)
	m.Posterior().Rand(draws, density.Rows(x, 1, 2), density.NewSource(9, "z"))
	want := covariance(draws)
	mean, got := q.Moments(x.RawRowView(1))
	wantMean, _ := density.Moments(draws)
	for a := range 2 {
		near(t, wantMean[a], mean[a], 0.03)
		for b := range 2 {
			near(t, 1.5*1.5*want.At(a, b), got.At(a, b), 0.05*1.5*1.5*math.Sqrt(want.At(a, a)*want.At(b, b)))
		}
	}
	_, err = elbo.MatchMoments(t.Context(), m.Posterior(), x, 3, 1, 1)
	require.ErrorIs(t, err, elbo.ErrSettings)
	_, err = elbo.MatchMoments(t.Context(), m.Posterior(), x, 30, 0.5, 1)
	require.ErrorIs(t, err, elbo.ErrSettings)
}
