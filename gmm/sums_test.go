package gmm

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The squares that the E-step leaves are about the means before the M-step. Moved
// to the new means they are those of a pass over the rows; where that would cost
// digits they are not offered.
func TestSquaresLeftByTheEStep(t *testing.T) {
	const n, k, d = 700, 3, 5
	random := rand.New(rand.NewPCG(5, 6))
	m := moments{n: n, k: k, d: d, total: n, x: make([]float64, n*d), resp: make([]float64, n*k), count: make([]float64, k), mean: make([]float64, k*d), ctx: context.Background()}
	for i := range m.x {
		m.x[i] = 3 + random.NormFloat64()
	}
	for i := range m.resp {
		m.resp[i] = random.Float64()
	}
	for _, c := range []struct {
		from    float64 // the means before the M-step
		offered bool
	}{{3.3, true}, {3 - 0.5, true}, {5, false}, {-1e6, false}} {
		fill(m.mean, c.from)
		m.sumRows(true)
		ahead := m.ahead
		m.collect()
		want := m.squaresOfRows()
		got := ahead.squaresAbout(m.count, m.mean)
		require.Equal(t, c.offered, got != nil, "means from %v", c.from)
		if c.offered {
			require.InEpsilonSlice(t, want, got, 1e-13)
		}
		require.InEpsilonSlice(t, want, m.squares(), 1e-13)
		require.Nil(t, m.ahead, "what is used up is not used again")
	}
}
