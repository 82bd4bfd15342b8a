package gmm

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Given some columns, another is the margin of the conditional mixture, whatever family
// the covariances are of; and draws of what is missing have that mixture's moments: within
// five standard errors of 3000 draws, a false alarm once in 10⁵ seeds.
func TestColumnGivenIsTheMarginOfTheConditional(t *testing.T) {
	x := mat.NewDense(120, 4, nil)
	for i := range 120 {
		u := float64(i)
		x.SetRow(i, []float64{math.Sin(u), math.Cos(1.3*u) + math.Sin(u), math.Sin(2.1 * u * u), float64(i%7) / 7})
	}
	nan := math.NaN()
	for _, family := range []Covariance{Full, Diagonal, Tied, FactorAnalyzers(1)} {
		m, _, err := Fit(t.Context(), x, Settings{Components: 3, Covariance: family, Starts: 2}, density.NewSource(1, "test"))
		require.NoError(t, err)
		rows := mat.NewDense(3, 4, []float64{0.3, nan, -0.2, 99, 0.3, 0.9, -0.2, nan, nan, nan, nan, nan})
		var mu sync.Mutex
		seen := 0
		m.ColumnGiven(rows, 3, func(i int, weights, means, variances []float64) {
			mu.Lock()
			defer mu.Unlock()
			seen++
			want := m.Marginal(3)
			if known := [][]int{{0, 2}, {0, 1, 2}, nil}[i]; known != nil {
				values := make([]float64, len(known))
				for a, j := range known {
					values[a] = rows.At(i, j)
				}
				c, err := m.Conditional(known, values)
				require.NoError(t, err)
				want = c.Marginal(c.Dim() - 1)
			}
			for k := range weights {
				require.InDelta(t, want.Weights()[k], weights[k], 1e-10)
				require.InDelta(t, want.Means().At(k, 0), means[k], 1e-10)
				require.InDelta(t, want.Covariance(k).At(0, 0), variances[k], 1e-10)
			}
		})
		require.Equal(t, 3, seen)

		const n = 3000
		gaps := mat.NewDense(n, 4, nil)
		for i := range n {
			gaps.SetRow(i, []float64{0.3, nan, -0.2, nan})
		}
		drawn := m.RandMissing(nil, gaps, density.NewSource(2, "test"))
		c, err := m.Conditional([]int{0, 2}, []float64{0.3, -0.2})
		require.NoError(t, err)
		centre, covariance := c.Moments()
		mean, variance := density.Moments(drawn)
		for a, j := range []int{1, 3} {
			sd := math.Sqrt(covariance.At(a, a))
			require.InDelta(t, centre[a], mean[j], 5*sd/math.Sqrt(n))
			require.InEpsilon(t, covariance.At(a, a), variance[j], 0.25)
		}
		require.Equal(t, drawn, m.RandMissing(nil, gaps, density.NewSource(2, "test")), "the same seed")
		require.Equal(t, []float64{0.3, -0.2}, []float64{drawn.At(7, 0), drawn.At(7, 2)}, "what is known stays")
	}
}
