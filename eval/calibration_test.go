package eval_test

import (
	"context"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
	"likely/eval"
)

// Exact posterior draws have uniform ranks: a p-value below 1e-5 among these five
// tests would be chance in one of 20,000 seeds. Draws that are too narrow or too wide
// do not, until they are weighted.
func TestCalibration(t *testing.T) {
	m := linear(4, 2, 1)
	p := func(q density.Proposal, samples int) (float64, [][]int) {
		c, err := eval.Calibrate(t.Context(), m, q, eval.CalibrationSettings{Rows: 1500, Samples: samples, Seed: 1})
		require.NoError(t, err)
		return slices.Min(c.PValue), c.Counts
	}
	exact, _ := p(m.Posterior(), 0)
	require.Greater(t, exact, 1e-5)
	narrow, counts := p(m.Scaled(0.7), 0)
	require.Less(t, narrow, 1e-9)
	require.Greater(t, counts[0][0]+counts[0][15], 2*(counts[0][7]+counts[0][8]), "a ∪")
	wide, counts := p(m.Scaled(1.5), 0)
	require.Less(t, wide, 1e-9)
	require.Less(t, counts[0][0]+counts[0][15], counts[0][7]+counts[0][8], "a ∩")
	weighted, _ := p(m.Scaled(1.5), 1000)
	require.Greater(t, weighted, 1e-5)
	// A model that simulates without a posterior: the prior is no posterior.
	curved := curve(3, 2, 0.2, 1)
	c, err := eval.Calibrate(t.Context(), curved, density.PriorProposal(curved), eval.CalibrationSettings{Rows: 1000, Samples: 1500, Seed: 2})
	require.NoError(t, err)
	require.Greater(t, slices.Min(c.PValue), 1e-5)

	_, err = eval.Calibrate(t.Context(), m, m.Posterior(), eval.CalibrationSettings{Rows: 20})
	require.ErrorIs(t, err, eval.ErrSettings)
	_, err = eval.Calibrate(t.Context(), hidden{m}, m.Posterior(), eval.CalibrationSettings{})
	require.ErrorIs(t, err, eval.ErrNoSimulation)
}

func TestEnergyTest(t *testing.T) {
	m := mixture(t)
	same, err := eval.EnergyTest(t.Context(), rows(m, 150, 1), rows(m, 200, 2), 199, 1)
	require.NoError(t, err)
	require.Greater(t, same.PValue, 0.01)
	require.Greater(t, same.Statistic, 0.0)
	other, err := eval.EnergyTest(t.Context(), rows(m, 150, 1), rows(density.StandardNormal(2), 200, 2), 199, 1)
	require.NoError(t, err)
	require.InDelta(t, 0.005, other.PValue, 1e-12)
	require.Greater(t, other.Statistic, 5*same.Statistic)
	// Columns in other units change nothing.
	x, y := rows(m, 150, 1), rows(m, 200, 2)
	x.Scale(1024, x)
	y.Scale(1024, y)
	scaled, err := eval.EnergyTest(t.Context(), x, y, 199, 1)
	require.NoError(t, err)
	require.InDelta(t, same.Statistic, scaled.Statistic, 1e-12)
	_, err = eval.EnergyTest(t.Context(), x, y, 0, 1)
	require.ErrorIs(t, err, eval.ErrSettings)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = eval.EnergyTest(ctx, x, y, 9, 1)
	require.ErrorIs(t, err, context.Canceled)
}

// The p-value of equal distributions is uniform: at 5 % the test fails 5 % of the
// time. Of 200 repetitions at most 25 (five standard deviations).
func TestEnergyTestKeepsItsLevel(t *testing.T) {
	m := density.StandardNormal(3)
	var rejected int
	for i := range uint64(200) {
		r, err := eval.EnergyTest(t.Context(), rows(m, 20, 2*i), rows(m, 30, 2*i+1), 39, i)
		require.NoError(t, err)
		if r.PValue <= 0.05 {
			rejected++
		}
	}
	require.LessOrEqual(t, rejected, 25)
}
