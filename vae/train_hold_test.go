package vae

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// With a part held, its tensors keep their bits and the others move; with the model
// held, log p(x) of every row stays and the bound rises.
func TestHold(t *testing.T) {
	for _, sigma := range []Sigma{Shared, Optimal, Network} {
		x := normals(60, 2, 3)
		trainer, err := NewTrainer(x, nil, Settings{Latent: 1, Hidden: []int{6}, Sigma: sigma, Batch: 60, Epochs: 1000, Rate: 0.01, Schedule: Constant, Samples: 4}, source(5))
		require.NoError(t, err)
		defer trainer.Close()
		steps := func(encoder, model bool) (before, after *Model) {
			before, _, err = trainer.Model()
			require.NoError(t, err)
			trainer.Hold(encoder, model)
			for range 20 {
				_, err = trainer.Epoch(t.Context())
				require.NoError(t, err)
			}
			after, _, err = trainer.Model()
			require.NoError(t, err)
			return before, after
		}
		steps(false, false)
		for _, held := range []string{"encoder", "decoder"} {
			before, after := steps(held == "encoder", held == "decoder")
			then, now := before.Tensors(), after.Tensors()
			moved := 0
			for i := range then {
				if strings.HasPrefix(then[i].Name, held) {
					require.Equal(t, then[i].Data, now[i].Data, "%v, %s is held: %s", sigma, held, then[i].Name)
				} else if !equalData(then[i].Data, now[i].Data) {
					moved++
				}
			}
			require.Positive(t, moved)
		}
	}
}

func equalData(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}
