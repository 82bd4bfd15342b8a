package eval_test

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// One step is importance sampling from the prior, draw for draw.
func TestOneTemperatureIsPriorSampling(t *testing.T) {
	m := curve(3, 2, 0.2, 1)
	x := rows(m, 4, 1)
	a, err := eval.Anneal(t.Context(), m, x, eval.AnnealSettings{Temperatures: 1, Chains: 50, Seed: 3})
	require.NoError(t, err)
	for i, got := range a.LogProb {
		z := mat.NewDense(50, 2, nil)
		m.RandPrior(z, density.NewSource(3, "eval.anneal.start", uint64(i)))
		near(t, density.LogMeanExp(m.LogLik(nil, density.Rows(x, i, i+1), z)), got, 1e-12)
	}
	require.EqualValues(t, 4*50, a.Spent)
}

// For linear models the truth is known: the mean bound is below it, within three
// standard errors, and near it within five; more temperatures make the weights
// more even, whatever the schedule, and so does a start near the posterior.
func TestAnnealingOnLinearModels(t *testing.T) {
	m := linear(6, 3, 2)
	x := rows(m, 12, 1)
	truth := m.LogProb(nil, x)
	effective := func(s eval.AnnealSettings) float64 {
		s.Seed, s.Chains = 1, 64
		a, err := eval.Anneal(t.Context(), hidden{m}, x, s)
		require.NoError(t, err)
		require.Equal(t, density.LowerBound, a.Kind)
		var gap, variance, ess float64
		for i, v := range a.LogProb {
			gap += (truth[i] - v) / 12
			variance += a.StdErr[i] * a.StdErr[i] / 144
			ess += a.ESS[i] / 12
			require.Greater(t, a.Acceptance[i], 0.35)
			require.Less(t, a.Acceptance[i], 0.95)
		}
		require.Greater(t, gap, -3*math.Sqrt(variance), "a bound on its side")
		require.Less(t, gap, 5*math.Sqrt(variance))
		return ess
	}
	few := effective(eval.AnnealSettings{Temperatures: 4})
	for _, s := range []eval.Schedule{eval.Sigmoid, eval.LinearSchedule, eval.AdaptiveSchedule} {
		require.Greater(t, effective(eval.AnnealSettings{Temperatures: 60, Schedule: s}), 3*few, "%v", s)
	}
	start := m.Scaled(1.3).(density.ProposalGradient)
	require.Greater(t, effective(eval.AnnealSettings{Temperatures: 4, Start: start}), 3*few)
}

func TestAnnealingAgreesWithAGrid(t *testing.T) {
	m := curve(4, 2, 0.1, 2)
	x := rows(m, 10, 1)
	a, err := eval.Anneal(t.Context(), m, x, eval.AnnealSettings{Temperatures: 80, Chains: 32, Seed: 2})
	require.NoError(t, err)
	truth := m.Evidence(x, 301)
	var mean, variance float64
	for i, v := range a.LogProb {
		mean += (v - truth[i]) / 10
		variance += a.StdErr[i] * a.StdErr[i] / 100
	}
	near(t, 0, mean, 0.05+4*math.Sqrt(variance))
	require.Nil(t, a.KHat)
	require.Empty(t, a.Untrusted())
}

// Sandwiches bracket the truth and shrink with the budget.
func TestSandwiches(t *testing.T) {
	m := linear(6, 3, 2)
	truthOf := func(s *eval.Sandwich) float64 {
		var mean float64
		for _, v := range m.LogProb(nil, s.X) {
			mean += v / float64(len(s.Lower))
		}
		return mean
	}
	check := func(s *eval.Sandwich, err error) float64 {
		require.NoError(t, err)
		truth := m.LogProb(nil, s.X)
		low, high := eval.Difference{}, eval.Difference{}
		for _, side := range []struct {
			d      *eval.Difference
			values []float64
			sign   float64
		}{{&low, s.Lower, 1}, {&high, s.Upper, -1}} {
			diff := make([]float64, len(truth))
			for i, v := range side.values {
				diff[i] = side.sign * (truth[i] - v)
			}
			e := density.MeanEstimate(diff, nil, density.Consistent, 0)
			require.Greater(t, e.Value, -3*e.DataErr, "a bound on its side")
		}
		g := s.Gap()
		require.Greater(t, g.Mean, -3*g.StdErr())
		lower, upper := s.Estimates()
		require.Equal(t, density.LowerBound, lower.Kind)
		require.Equal(t, density.UpperBound, upper.Kind)
		near(t, upper.Value-lower.Value, g.Mean, 1e-9)
		require.Positive(t, s.Spent)
		near(t, truthOf(s), lower.Value, 5)
		return g.Mean
	}
	few := check(eval.ImportanceSandwich(t.Context(), m, m.Scaled(1.6), 60, eval.Settings{Samples: 5, Seed: 1}))
	many := check(eval.ImportanceSandwich(t.Context(), m, m.Scaled(1.6), 60, eval.Settings{Samples: 500, Seed: 1}))
	require.Less(t, many, 0.2*few)
	require.Less(t, many, 0.1)
	coarse := check(eval.Bidirectional(t.Context(), m, 30, eval.AnnealSettings{Temperatures: 4, Seed: 1}))
	fine := check(eval.Bidirectional(t.Context(), m, 30, eval.AnnealSettings{Temperatures: 40, Seed: 1}))
	require.Less(t, fine, 0.3*coarse)
	require.Less(t, fine, 0.3)
}

// Rows with their codes from outside give the numbers of the same rows simulated here,
// and codes drawn from the exact posterior of given rows give bounds of their log p.
func TestBidirectionalAt(t *testing.T) {
	m := linear(4, 2, 3)
	settings := eval.AnnealSettings{Temperatures: 30, Seed: 1}
	want, err := eval.Bidirectional(t.Context(), m, 10, settings)
	require.NoError(t, err)
	got, err := eval.BidirectionalAt(t.Context(), m, want.X, want.Z, settings)
	require.NoError(t, err)
	require.Equal(t, want.Lower, got.Lower)
	require.Equal(t, want.Upper, got.Upper)

	x := rows(m, 200, 7)
	z := mat.NewDense(200, 2, nil)
	m.Posterior().Rand(z, x, density.NewSource(9, "test.codes"))
	s, err := eval.BidirectionalAt(t.Context(), m, x, z, settings)
	require.NoError(t, err)
	var below, above []float64
	for i, truth := range m.LogProb(nil, x) {
		below, above = append(below, truth-s.Lower[i]), append(above, s.Upper[i]-truth)
	}
	// Three standard errors: a false alarm in 700 seeds for each side.
	for _, diff := range [][]float64{below, above} {
		e := density.MeanEstimate(diff, nil, density.Consistent, 0)
		require.Greater(t, e.Value, -3*e.DataErr)
		require.Less(t, e.Value, 0.5)
	}
	require.Panics(t, func() { eval.BidirectionalAt(t.Context(), m, x, want.Z, settings) })
}

func TestEvidenceUpperBoundIsKnownForAPosterior(t *testing.T) {
	m := linear(4, 2, 3)
	s, err := eval.ImportanceSandwich(t.Context(), m, m.Posterior(), 20, eval.Settings{Samples: 3, Seed: 1})
	require.NoError(t, err)
	for i, want := range m.LogProb(nil, s.X) {
		near(t, want, s.Lower[i], 1e-9)
		near(t, want, s.Upper[i], 1e-9)
		near(t, want, s.Single[i], 1e-9)
	}
}

// With a normal posterior and a q that is wider by a factor f in L dimensions,
// E_q[w²]/p² = (f²/√(2f² − 1))ᴸ.
func TestCUBO(t *testing.T) {
	m := linear(4, 2, 3)
	x := rows(m, 10, 1)
	const f = 1.4
	r, err := eval.CUBO(t.Context(), hidden{m}, m.Scaled(f), x, 2, eval.Settings{Samples: 20000, Seed: 1})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, r.Kind)
	above := math.Log(f * f / math.Sqrt(2*f*f-1)) // half of L = 2 times it
	for i, logp := range m.LogProb(nil, x) {
		near(t, logp+above, r.LogProb[i], 5*r.StdErr[i])
		require.Less(t, r.StdErr[i], above/5)
	}
	_, err = eval.CUBO(t.Context(), m, m.Posterior(), x, 0.5, eval.Settings{})
	require.ErrorIs(t, err, eval.ErrSettings)
}

func TestAnnealingBits(t *testing.T) {
	m := curve(3, 2, 0.1, 1)
	x := rows(m, 7, 1)
	run := func(x *mat.Dense, chunk int) *eval.Annealing {
		a, err := eval.Anneal(t.Context(), m, x, eval.AnnealSettings{Temperatures: 8, Chains: 5, Leapfrogs: 3, Seed: 2, Chunk: chunk, Schedule: eval.AdaptiveSchedule})
		require.NoError(t, err)
		return a
	}
	want := run(x, 0)
	require.Equal(t, want, run(x, 1))
	require.Equal(t, want, run(x, 11))
	require.Equal(t, want.LogProb[:3], run(density.Rows(x, 0, 3), 0).LogProb)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want, run(x, 0))
}

func TestAnnealingErrors(t *testing.T) {
	m := curve(3, 2, 0.1, 1)
	x := rows(m, 5, 1)
	for _, s := range []eval.AnnealSettings{{Chains: -1}, {Temperatures: -1}, {Leapfrogs: -2}, {Step: -1}, {Chunk: -1}, {Schedule: 9}} {
		_, err := eval.Anneal(t.Context(), m, x, s)
		require.ErrorIs(t, err, eval.ErrSettings)
	}
	_, err := eval.Anneal(t.Context(), brokenDecoder{m, x.At(3, 0)}, x, eval.AnnealSettings{Temperatures: 2})
	require.ErrorIs(t, err, elbo.ErrNotANumber)
	require.ErrorContains(t, err, "row 4")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = eval.Anneal(ctx, m, x, eval.AnnealSettings{})
	require.ErrorIs(t, err, context.Canceled)
	_, err = eval.Anneal(t.Context(), cliff{m}, x, eval.AnnealSettings{Temperatures: 3, Chains: 2})
	require.ErrorIs(t, err, eval.ErrStuck)
	_, err = eval.Bidirectional(t.Context(), hidden{m}, 0, eval.AnnealSettings{})
	require.ErrorIs(t, err, eval.ErrSettings)
	_, err = eval.Bidirectional(t.Context(), hidden{m}, 3, eval.AnnealSettings{})
	require.ErrorIs(t, err, eval.ErrNoSimulation)
}

// cliff has a gradient that leads nowhere.
type cliff struct{ density.LatentGradient }

func (c cliff) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	dst = c.LatentGradient.LogLikGrad(dst, grad, x, z)
	n, l := grad.Dims()
	for i := range n {
		for j := range l {
			grad.Set(i, j, 1e9)
		}
	}
	return dst
}
