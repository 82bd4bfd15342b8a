package densitytest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func normal(t *testing.T, mean []float64, cov ...float64) *density.Normal {
	t.Helper()
	n, err := density.NewNormal(mean, mat.NewSymDense(len(mean), cov))
	require.NoError(t, err)
	return n
}

func mixture(t *testing.T) *FiniteMixture {
	return NewFiniteMixture([]float64{0.3, 0.7}, normal(t, []float64{0, 0}, 1, 0, 0, 1), normal(t, []float64{3, 3}, 2, 1, 1, 2))
}

func TestExactPasses(t *testing.T) {
	diagonal, err := density.NewDiagonalNormal([]float64{1, -2, 3, 0.5}, []float64{1, 4, 0.25, 1e-4})
	require.NoError(t, err)
	bernoulli, err := density.NewBernoulli([]float64{0.1, 0.5, 0.9, 0, 1})
	require.NoError(t, err)
	wide := make([]float64, 20)
	for j := range wide {
		wide[j] = 0.2 + 0.03*float64(j)
	}
	many, err := density.NewBernoulli(wide)
	require.NoError(t, err)
	Exact(t, density.StandardNormal(1), Config{})
	Exact(t, normal(t, []float64{1, 2}, 2, 1.9, 1.9, 2), Config{})
	Exact(t, normal(t, []float64{1, 2, 3}, 2, 1, 0.02, 1, 3, 0.01, 0.02, 0.01, 1e-3), Config{})
	Exact(t, diagonal, Config{})
	Exact(t, bernoulli, Config{Binary: true})
	Exact(t, many, Config{Binary: true})
}

func TestLatentPasses(t *testing.T) {
	Latent(t, mixture(t), Config{})
	Latent(t, RandomLinear(2, 1, 0.3, density.NewSource(1, "w")), Config{})
	Latent(t, RandomLinear(5, 3, 0.3, density.NewSource(2, "w")), Config{})
	Latent(t, NewCurve(2, 1, 0.1, density.NewSource(3, "w")), Config{})
	Latent(t, NewCurve(4, 2, 0.1, density.NewSource(4, "w")), Config{})
	Latent(t, NewBlocks(2, 2, 2, 0.1, density.NewSource(5, "w")), Config{})
}

func TestDivergencePasses(t *testing.T) {
	m := RandomLinear(4, 2, 0.5, density.NewSource(1, "w"))
	x := mat.NewDense(3, 4, nil)
	m.Rand(x, density.NewSource(1, "x"))
	Divergence(t, m, m.Posterior().(density.PriorDivergence), x, Config{})
	Divergence(t, m, density.PriorProposal(m), x, Config{})
}

// The mixture that mlpack's tests evaluate, with the values they expect.
func TestMixtureReference(t *testing.T) {
	x := mat.NewDense(6, 2, []float64{0, 0, 1, 1, 2, 2, 3, 3, -1, 5.3, 1.4, 0})
	want := []float64{0.05094887202, 0.03451996667, 0.04696302254, 0.06432759685, 2.503171279e-6, 0.02467668218}
	for i, v := range mixture(t).LogProb(nil, x) {
		require.InEpsilon(t, want[i], math.Exp(v), 1e-8)
	}
}

func TestLinearEvidenceByGrid(t *testing.T) {
	// A Curve that is linear does not exist; a grid over the code of a Linear
	// does.
	m := RandomLinear(3, 1, 0.4, density.NewSource(5, "w"))
	x := mat.NewDense(4, 3, nil)
	m.Rand(x, density.NewSource(5, "x"))
	const points, limit = 4001, 9.0
	z := mat.NewDense(points, 1, nil)
	for i := range points {
		z.Set(i, 0, -limit+2*limit*float64(i)/(points-1))
	}
	prior := m.LogPrior(nil, z)
	for i, want := range m.LogProb(nil, x) {
		logs := m.LogLik(nil, density.Rows(x, i, i+1), z)
		for k := range logs {
			logs[k] += prior[k]
		}
		require.InDelta(t, want, density.LogSumExp(logs)+math.Log(2*limit/(points-1)), 1e-9)
	}
}

func TestScalingPasses(t *testing.T) {
	x := mat.NewDense(50, 2, nil)
	density.StandardNormal(2).Rand(x, density.NewSource(6, "x"))
	Scaling(t, func(x *mat.Dense) density.Exact {
		mean, variance := density.Moments(x)
		n, err := density.NewDiagonalNormal(mean, variance)
		require.NoError(t, err)
		return n
	}, x, 1e-9)
}
