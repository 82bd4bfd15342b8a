package kernel

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// The portable setting's inner loop exists in Go and, for amd64, in assembly.
// Here the products run on the one in Go everywhere.
func TestPortableSumsInGo(t *testing.T) {
	before := active
	defer func() { active = before }()
	active = portableSetting(2, 2, sums[float32], sums[float64])
	r := rand.New(rand.NewPCG(20, 21))
	for range 100 {
		m, n, k := r.IntN(30), r.IntN(30), r.IntN(30)
		ta, tb := r.IntN(2) == 0, r.IntN(2) == 0
		g := newGemmCase[float32](r, ta, tb, m, n, k, 1, 1.5, -1)
		g.check(t, g.run())
		d := newGemmCase[float64](r, ta, tb, m, n, k, 1, 1.5, -1)
		d.check(t, d.run())
	}
	require.Equal(t, "portable", Setting())
}
