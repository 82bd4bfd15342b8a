package vae

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
)

// What does not fit is refused before it is allocated: a code of 16 million
// dimensions would take 200 GB.
func TestModelsLargerThanTheMemory(t *testing.T) {
	x := normals(10, 3, 1)
	for _, s := range []Settings{{Latent: 1 << 24}, {Hidden: []int{1 << 23, 1 << 23}}, {Latent: 1 << 20, FullPosterior: true}} {
		_, _, err := Fit(context.Background(), x, nil, s, source(1))
		require.ErrorIs(t, err, ErrMemory)
		require.ErrorContains(t, err, "GB")
	}
	require.Positive(t, freeMemory())
	c := Config{Dim: 784, Latent: 50, Hidden: []int{200, 200}}
	s := Settings{Batch: 100, Samples: 1}
	require.NoError(t, c.checkMemory(&s, 32e6))
	require.Error(t, c.checkMemory(&s, 10e6))
	c.Precision = Float64
	require.Error(t, c.checkMemory(&s, 32e6))
}
