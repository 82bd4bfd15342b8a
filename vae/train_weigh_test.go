package vae

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Of two draws with the weights 1 and 3 the shares are ¼ and ¾, the mean of the
// logarithms is ½ ln 3 and the logarithm of the mean ln 2. What each objective weighs
// the paths of the gradient by follows from its definition.
func TestObjectivesWeighByHand(t *testing.T) {
	logw, beta := []float64{0, math.Log(3)}, 0.5
	half := math.Log(3) / 2
	for o, want := range map[Objective]struct {
		value float64
		draws [2]drawWeight
	}{
		ELBO: {half, [2]drawWeight{{0.5, 0.5, 0.25}, {0.5, 0.5, 0.25}}},
		STL:  {half, [2]drawWeight{{0.5, 0.5, 0}, {0.5, 0.5, 0}}},
		IWAE: {math.Ln2, [2]drawWeight{{0.25, 0.25, 0.125}, {0.75, 0.75, 0.375}}},
		DReG: {math.Ln2, [2]drawWeight{{0.25, 1. / 16, 0}, {0.75, 9. / 16, 0}}},
		// The score of a draw has the logarithm of its weight less that of the other.
		ScoreBaseline: {half, [2]drawWeight{{0.5, 0, half}, {0.5, 0, -half}}},
		Score:         {half, [2]drawWeight{{0.5, 0, 0}, {0.5, 0, -half}}},
	} {
		got := make([]drawWeight, 2)
		require.InDelta(t, want.value, o.weigh(got, logw, beta), 1e-15, "%v", o)
		for k, w := range want.draws {
			require.InDelta(t, w.decoder, got[k].decoder, 1e-15, "%v", o)
			require.InDelta(t, w.path, got[k].path, 1e-15, "%v", o)
			require.InDelta(t, w.score, got[k].score, 1e-15, "%v", o)
		}
	}
}

// The cosine falls from the rate over half of it to nothing.
func TestCosineByHand(t *testing.T) {
	r := &run[float64]{trainState: &trainState[float64]{settings: Settings{Schedule: Cosine, Rate: 2, Epochs: 10}}, perEpoch: 4}
	for _, c := range []struct {
		epoch, step int
		want        float64
	}{{0, 0, 2}, {5, 0, 1}, {2, 2, 1 + math.Sqrt2/2}, {9, 4, 0}} {
		r.progress.Epoch, r.progress.Step = c.epoch, c.step
		require.InDelta(t, c.want, r.rate(), 1e-12)
	}
}
