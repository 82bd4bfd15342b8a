package vae

import (
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// Hamiltonian Monte Carlo asks for thousands of gradients of a few rows each: what
// a call needs is kept for the next one.
func TestGradientByTheCodeReusesItsMemory(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector empties pools at random")
	}
	x := mat.NewDense(8, 30, nil)
	random := rand.New(rand.NewPCG(3, 4))
	for i := range 8 {
		for j := range 30 {
			x.Set(i, j, random.NormFloat64())
		}
	}
	m, _, err := Fit(t.Context(), x, nil, Settings{Latent: 2, Hidden: []int{64}, Epochs: 1}, rand.NewPCG(1, 1))
	require.NoError(t, err)
	z, grad, dst := mat.NewDense(8, 2, nil), mat.NewDense(8, 2, nil), make([]float64, 8)
	m.LogLikGrad(dst, grad, x, z)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const calls = 1000
	for range calls {
		m.LogLikGrad(dst, grad, x, z)
	}
	runtime.ReadMemStats(&after)
	// A tape alone takes more than 100 kB.
	require.Less(t, (after.TotalAlloc-before.TotalAlloc)/calls, uint64(4096), "bytes a call")
}
