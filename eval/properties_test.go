package eval_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// Weighted draws have the moments of the posterior, which a grid knows. 8 rows × 4
// moments at 5 standard errors.
func TestPosteriorMomentsMatchAGrid(t *testing.T) {
	m := curve(4, 2, 0.2, 6)
	x := rows(m, 8, 1)
	const points, limit, samples = 241, 6.0, 20000
	grid := mat.NewDense(points*points, 2, nil)
	for i := range points * points {
		grid.Set(i, 0, -limit+2*limit*float64(i%points)/(points-1))
		grid.Set(i, 1, -limit+2*limit*float64(i/points)/(points-1))
	}
	moments := func(logs []float64, z *mat.Dense) (m [4]float64) {
		total := density.LogSumExp(logs)
		for k, l := range logs {
			w := math.Exp(l - total)
			a, b := z.At(k, 0), z.At(k, 1)
			for j, v := range []float64{a, b, a * a, b * b} {
				m[j] += w * v
			}
		}
		return m
	}
	prior := m.LogPrior(nil, grid)
	q := elbo.Adaptive(m, density.PriorProposal(m))
	require.NoError(t, elbo.EachRow(t.Context(), m, q, x, "test", elbo.Settings{Samples: samples, KeepCodes: true}, func(i int, w *elbo.Weights) {
		logs := m.LogLik(nil, density.Rows(x, i, i+1), grid)
		for k := range logs {
			logs[k] += prior[k]
		}
		want := moments(logs, grid)
		weights := w.Log(nil)
		got := moments(weights, w.Codes)
		total := density.LogSumExp(weights)
		for j := range want {
			var variance float64
			for k, l := range weights {
				v := w.Codes.At(k, j%2)
				if j > 1 {
					v *= v
				}
				d := math.Exp(l-total) * (v - got[j])
				variance += d * d
			}
			near(t, want[j], got[j], 5*math.Sqrt(variance), "row %d, moment %d", i+1, j+1)
		}
	}))
}

// With the decoder fixed and q optimised, the bound rises, the divergence from the
// posterior falls, and log p̂ stays where it is.
func TestOptimisingTheProposalLeavesLogPAlone(t *testing.T) {
	m := linear(6, 3, 7)
	x := rows(m, 6, 1)
	truth := m.LogProb(nil, x)
	q := m.Scaled(2)
	bound, divergence := math.Inf(-1), math.Inf(1)
	for _, steps := range []int{50, 200, 1000} {
		star, err := elbo.Refine(t.Context(), m, density.PriorProposal(m), x, elbo.RefineSettings{Family: elbo.Full, Steps: steps, Rate: 0.01, Seed: 1})
		require.NoError(t, err)
		b, err := elbo.ELBO(t.Context(), m, star.Proposal, x, elbo.Settings{Samples: 2000, Seed: 2})
		require.NoError(t, err)
		e := b.Estimate()
		require.Greater(t, e.Value, bound)
		bound = e.Value
		var kl float64
		for _, v := range b.Divergence {
			kl += v / 6
		}
		require.Less(t, kl, divergence)
		divergence = kl
		defended := elbo.Defensive([]float64{0.5, 0.5}, star.Proposal, q)
		r, err := eval.LogProb(t.Context(), hidden{m}, defended, x, eval.Settings{Samples: 4000, Seed: 3})
		require.NoError(t, err)
		for i, want := range truth {
			near(t, want, r.LogProb[i], 5*r.StdErr[i])
		}
	}
	require.Less(t, divergence, 0.02)
}
