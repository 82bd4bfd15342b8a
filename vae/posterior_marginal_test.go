package vae

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
)

// The closed form of a linear model is the integral of p(x|z) p(z) over its code.
func TestMarginalIsTheIntegral(t *testing.T) {
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	for _, sigma := range []Sigma{Shared, PerDim, Fixed(0.3)} {
		m, _, err := Fit(context.Background(), d.X, nil, Settings{Latent: 1, Hidden: []int{}, Sigma: sigma, Precision: Float64, Epochs: 20}, density.NewSource(1, "test"))
		require.NoError(t, err)
		marginal, ok, err := m.Marginal()
		require.NoError(t, err)
		require.True(t, ok)
		x := density.Rows(d.X, 0, 5)
		for i, got := range marginal.LogProb(nil, x) {
			row := density.Rows(x, i, i+1)
			integral := quad.Fixed(func(v float64) float64 {
				z := mat.NewDense(1, 1, []float64{v})
				return math.Exp(m.LogLik(nil, row, z)[0] + m.LogPrior(nil, z)[0])
			}, -10, 10, 4000, quad.Legendre{}, 0)
			require.InDelta(t, math.Log(integral), got, 1e-9, "%s row %d", sigma, i)
		}
	}
}

func TestNoMarginal(t *testing.T) {
	d, err := dataset.Open("faithful")
	require.NoError(t, err)
	for _, s := range []Settings{{Hidden: []int{4}, Sigma: Shared, Epochs: 1}, {Hidden: []int{}, Epochs: 1}} {
		m, _, err := Fit(context.Background(), d.X, nil, s, density.NewSource(1, "test"))
		require.NoError(t, err)
		_, ok, err := m.Marginal()
		require.NoError(t, err)
		require.False(t, ok)
	}
}
