package dataset

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// grid evaluates a density at the midpoints of the square of 2·half side.
func grid(p density.Exact, half float64, n int) (points *mat.Dense, logp []float64, area float64) {
	points = mat.NewDense(n*n, 2, nil)
	side := 2 * half / float64(n)
	for i := range n * n {
		points.SetRow(i, []float64{-half + side*(float64(i/n)+0.5), -half + side*(float64(i%n)+0.5)})
	}
	return points, p.LogProb(nil, points), side * side
}

// Each density integrates to 1, its draws fall where it says and their mean
// log p is its negative entropy; both by quadrature on a grid, which for sums
// of Gaussians of standard deviation ≥ 0.08 is exact to 1e-9 at this spacing.
func TestSyntheticDensities(t *testing.T) {
	for _, c := range curves {
		t.Run(c.name, func(t *testing.T) {
			const n = 20000
			d, truth, err := Synthetic(c.name, n, 7)
			require.NoError(t, err)
			require.Equal(t, 2, truth.Dim())
			require.Equal(t, d.Truth, truth)

			const half = 6.0
			points, logp, area := grid(truth, half, 300)
			var total, entropy, squares float64
			var quadrants [4]float64
			quadrant := func(x []float64) int {
				q := 0
				if x[0] > 0.3 {
					q++
				}
				if x[1] > 0.3 {
					q += 2
				}
				return q
			}
			for i, l := range logp {
				p := math.Exp(l) * area
				total += p
				entropy -= p * l
				squares += p * l * l
				quadrants[quadrant(points.RawRowView(i))] += p
			}
			require.InDelta(t, 1, total, 1e-9)

			var mean float64
			var counts [4]float64
			for i, l := range truth.LogProb(nil, d.X) {
				mean += l / n
				counts[quadrant(d.X.RawRowView(i))]++
			}
			// 5 standard errors each, 5 checks on 5 densities: a chance of
			// failure below 2e-5. The quadrants' edge cuts grid cells, which
			// the second term allows for.
			require.InDelta(t, -entropy, mean, 5*math.Sqrt((squares-entropy*entropy)/n))
			for q, share := range quadrants {
				require.InDelta(t, share, counts[q]/n, 5*math.Sqrt(share*(1-share)/n)+0.01)
			}
		})
	}
}

// log p by the definition, term by term.
func TestSyntheticByHand(t *testing.T) {
	for _, c := range curves {
		truth := ridge(c.points())
		x := mat.NewDense(4, 2, []float64{0.3, -0.7, 2, 0, -1.5, 1.5, 0, 0})
		got := truth.LogProb(nil, x)
		for i := range 4 {
			var p float64
			for _, k := range truth {
				dx, dy := x.At(i, 0)-k.x, x.At(i, 1)-k.y
				v := k.sd * k.sd
				p += math.Exp(-dx*dx/(2*v)) / math.Sqrt(2*math.Pi*v) * math.Exp(-dy*dy/(2*v)) / math.Sqrt(2*math.Pi*v)
			}
			require.InDelta(t, math.Log(p/float64(len(truth))), got[i], 1e-10)
		}
		// Far away the density is tiny, not lost.
		far := truth.LogProb(nil, mat.NewDense(1, 2, []float64{1e3, 1e3}))
		require.False(t, math.IsInf(far[0], 0) || math.IsNaN(far[0]))
	}
}

func TestSyntheticRows(t *testing.T) {
	short, truth, err := Synthetic("rings", 10, 3)
	require.NoError(t, err)
	long, _, err := Synthetic("Rings", 20, 3)
	require.NoError(t, err)
	require.True(t, mat.Equal(short.X, density.Rows(long.X, 0, 10)))
	require.Equal(t, "rings", long.Name)
	require.NotEqual(t, short.SHA256, long.SHA256)
	other, _, err := Synthetic("rings", 10, 4)
	require.NoError(t, err)
	require.NotEqual(t, short.X.At(0, 0), other.X.At(0, 0))
	for i, class := range long.Labels {
		// 0.15 around the ring: 6 standard deviations.
		require.InDelta(t, float64(class+1), math.Hypot(long.X.At(i, 0), long.X.At(i, 1)), 0.9)
	}
	opened, err := Open("rings")
	require.NoError(t, err)
	require.Equal(t, truth, opened.Truth)

	_, _, err = Synthetic("iris", 10, 1)
	require.ErrorIs(t, err, ErrUnknown)
	_, _, err = Synthetic("rings", 0, 1)
	require.ErrorIs(t, err, ErrTooFew)
	require.Panics(t, func() { truth.LogProb(nil, mat.NewDense(1, 3, nil)) })
	require.Panics(t, func() { truth.Rand(mat.NewDense(1, 3, nil), density.NewSource(1, "test")) })
}
