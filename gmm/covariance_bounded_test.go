package gmm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// Smooth, with a kink, at either end, and flat: to the precision, in far fewer steps than
// golden sections alone would take (44 for this interval).
func TestMinimum(t *testing.T) {
	for name, c := range map[string]struct {
		f    func(float64) float64
		want float64
	}{
		"parabola": {func(x float64) float64 { return (x + 3) * (x + 3) }, -3},
		"cosh":     {func(x float64) float64 { return math.Cosh(0.3 * (x + 11)) }, -11},
		"kink":     {math.Abs, 0},
		"low":      {func(x float64) float64 { return x }, -20},
		"high":     {func(x float64) float64 { return -x }, 2},
	} {
		calls := 0
		got := minimum(-20, 2, 1e-8, func(x float64) float64 {
			calls++
			require.True(t, x >= -20 && x <= 2)
			return c.f(x)
		})
		near(t, c.want, got, 2e-7, name)
		if name == "parabola" || name == "cosh" {
			require.Less(t, calls, 36, name)
		}
		require.Less(t, calls, 100, name)
	}
	minimum(-20, 2, 1e-8, func(float64) float64 { return 1 }) // ends
}
