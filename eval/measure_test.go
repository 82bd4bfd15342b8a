package eval_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval"
	"likely/vae"
)

// A probability of bits and a density are on different measures, whatever the
// settings say: the result names the model's, and comparing the two is refused.
func TestMeasureIsTheModels(t *testing.T) {
	ctx := context.Background()
	x := mat.NewDense(6, 2, []float64{0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 0, 1})
	fit := func(l vae.Likelihood) *vae.Model {
		m, _, err := vae.Fit(ctx, x, nil, vae.Settings{Latent: 1, Hidden: []int{2}, Likelihood: l, Epochs: 1}, rand.NewPCG(1, 1))
		require.NoError(t, err)
		return m
	}
	bits, normal := fit(vae.Bernoulli), fit(vae.Gaussian)
	s := eval.Settings{Samples: 10}
	ofBits, err := eval.LogProb(ctx, bits, bits.Encoder(), x, s)
	require.NoError(t, err)
	require.Equal(t, density.Binary, ofBits.Measure)
	ofNormal, err := eval.LogProb(ctx, normal, normal.Encoder(), x, s)
	require.NoError(t, err)
	require.Equal(t, density.Continuous, ofNormal.Measure)
	_, err = eval.Compare(ofBits, ofNormal)
	require.ErrorIs(t, err, eval.ErrMismatch)

	s.Measure = density.Binary
	_, err = eval.LogProb(ctx, normal, normal.Encoder(), x, s)
	require.ErrorIs(t, err, eval.ErrMismatch)
	require.ErrorContains(t, err, "binary data")
	_, err = eval.Anneal(ctx, normal, x, eval.AnnealSettings{Chains: 2, Temperatures: 2, Measure: density.Binary})
	require.ErrorIs(t, err, eval.ErrMismatch)
	_, err = eval.Quadrate(ctx, normal, x, eval.QuadratureSettings{Measure: density.Binary})
	require.ErrorIs(t, err, eval.ErrMismatch)
	_, err = eval.CUBO(ctx, normal, normal.Encoder(), x, 2, s)
	require.ErrorIs(t, err, eval.ErrMismatch)
	s.Measure = density.Dequantized
	_, err = eval.LogProb(ctx, bits, bits.Encoder(), x, s)
	require.ErrorIs(t, err, eval.ErrMismatch)
	ofNormal, err = eval.LogProb(ctx, normal, normal.Encoder(), x, s)
	require.NoError(t, err)
	require.Equal(t, density.Dequantized, ofNormal.Measure)
}
