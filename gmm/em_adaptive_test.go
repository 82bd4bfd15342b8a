package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/internal/em"
)

// Starts go on until the best optimum has been found three times or fifty are made, ten
// at a time, and are those of a fit that asks for as many.
func TestStartsAdapt(t *testing.T) {
	for _, c := range []struct {
		data string
		s    Settings
	}{
		{"faithful", Settings{Components: 2}},
		{"diabetes", Settings{Components: 6, Covariance: Tied}},
		{"iris", Settings{Components: 7, Covariance: Diagonal}},
		{"acidity", Settings{Components: 6}},
	} {
		x := open(t, c.data)
		m, r := fit(t, x, c.s, 1)
		starts := len(r.StartLogLik)
		require.Zero(t, starts%10)
		require.LessOrEqual(t, starts, em.MostStarts)
		if starts < em.MostStarts {
			require.GreaterOrEqual(t, r.Found, 3)
		}
		if starts > 10 { // the round before had not found it often enough
			fewer := c.s
			fewer.Starts = starts - 10
			_, before := fit(t, x, fewer, 1)
			require.Less(t, before.Found, 3)
		}
		t.Logf("%s: found %d times of %d", c.data, r.Found, starts)
		same := c.s
		same.Starts = starts
		again, r2 := fit(t, x, same, 1)
		require.Equal(t, r.StartLogLik, r2.StartLogLik)
		require.Equal(t, r.Found, r2.Found)
		require.Equal(t, total(m, x), total(again, x))
		n, _ := x.Dims()
		higher := 0
		for _, v := range r.StartLogLik {
			if math.Abs(v-r.StartLogLik[r.Start]) < 0.02/float64(n) {
				higher++
			}
		}
		require.GreaterOrEqual(t, higher, r.Found)
	}
	// What is not cheap stops after ten.
	plan := Settings{Components: 20, Covariance: Full}.plan(&scaledRows{n: 60000, d: 50, total: 60000})
	require.False(t, plan.Cheap(10))
}
