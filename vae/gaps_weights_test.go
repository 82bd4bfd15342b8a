package vae

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// A row of weight 2 is two rows with the same noise, gaps or none: the gradient of the
// whole table is the sum of those of its rows, as often as they count, over their number.
func TestWeightTwoIsTheRowTwice(t *testing.T) {
	for _, c := range []Config{
		{Dim: 4, Likelihood: ByColumn, Columns: fourColumns, Fill: []float64{0.4, 0.2, 0.3, 0.5, 0.1, 2}, Mask: true},
		{Dim: 4, Sigma: PerDim, Fill: []float64{0.4, 0.2, 0.3, 0.5}, Mask: true},
	} {
		c.Latent, c.Hidden = 2, []int{5}
		weights := []float64{2, 1, 1, 3, 1, 1, 1}
		tr := testTrainer(t, c, Settings{Samples: 2, Weights: weights}, nil)
		once := testTrainer(t, c, Settings{Samples: 2}, nil)
		copy(once.theta, tr.theta)
		gradient := func(tr *trainState[float64], from, to int) []float64 {
			tr.epochSeed = 13
			tr.bound(from, to)
			for _, p := range tr.pieces {
				tr.gradPiece(p)
			}
			return append([]float64{}, tr.grad...)
		}
		got, want, total := gradient(tr, 0, 7), make([]float64, len(tr.grad)), sum(weights)
		for i, w := range weights {
			for k, v := range gradient(once, i, i+1) {
				want[k] += w * v / total
			}
		}
		for k, v := range want {
			near(t, v, got[k], 1e-10)
		}
	}
}

// And so it is in a run without noise: one step on a table of columns with gaps, with
// weights or with repeated rows.
func TestWeightsAreRepetitionsWithGaps(t *testing.T) {
	rows := withGaps(mixedRows(20, 1), 0.2, 3)
	weights := make([]float64, 20)
	var repeated []float64
	for i := range weights {
		weights[i] = float64(1 + i%3)
		for range 1 + i%3 {
			repeated = append(repeated, rows.RawRowView(i)...)
		}
	}
	s := Settings{Columns: fourPlain, Hidden: []int{6}, Epochs: 1, Batch: 1000, Precision: Float64, Optimizer: SGD, Rate: 0.1, Missing: true}
	want, _, err := FitAutoencoder(context.Background(), mat.NewDense(len(repeated)/4, 4, repeated), nil, s, source(1))
	require.NoError(t, err)
	s.Weights = weights
	got, _, err := FitAutoencoder(context.Background(), rows, nil, s, source(1))
	require.NoError(t, err)
	for i, tensor := range want.Tensors() {
		for k, v := range tensor.Data {
			near(t, v, got.Tensors()[i].Data[k], 1e-10, tensor.Name)
		}
	}
	for k, v := range want.Config().Fill {
		near(t, v, got.Config().Fill[k], 1e-12)
	}
}
