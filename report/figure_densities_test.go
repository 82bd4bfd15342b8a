package report

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// A curve from even codes has no Monte Carlo noise to be seen. Of N(z, 0.1²) with z from
// N(0, 1), which is N(0, 1.01), the density is right to 4 % where 98 % of the rows lie. As
// many random codes are off by a third there.
func TestEvenCodesDrawNoNoise(t *testing.T) {
	const n = drawnCodes * drawnCodes
	z, many := mat.NewDense(n, 1, nil), mat.NewDense(n*drawsOfCode, 1, nil)
	density.StandardNormal(1).Rand(many, density.NewSource(1, "report.even codes"))
	random := mat.DenseCopyOf(many.Slice(0, n, 0, 1))
	evenly(z, many)
	for i := 1; i < n; i++ {
		require.LessOrEqual(t, z.At(i-1, 0), z.At(i, 0))
	}
	worst := func(z *mat.Dense) (worst float64) {
		for x := -2.3; x < 2.3; x += 0.01 {
			var p float64
			for i := range n {
				p += math.Exp(-50*math.Pow(x-z.At(i, 0), 2)) / (0.1 * math.Sqrt(2*math.Pi) * n)
			}
			worst = max(worst, math.Abs(p*math.Sqrt(2*math.Pi*1.01)*math.Exp(x*x/2.02)-1))
		}
		return worst
	}
	require.Less(t, worst(z), 0.05)
	require.Greater(t, worst(random), 0.2)
}
