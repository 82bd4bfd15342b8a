package gmm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// clusters draws rows about centres that lie far apart.
func clusters(t *testing.T, n int, centres ...[]float64) *mat.Dense {
	t.Helper()
	x := mat.NewDense(n*len(centres), len(centres[0]), nil)
	random := rand.New(density.NewSource(3, "clusters"))
	for i := range n * len(centres) {
		for j, v := range centres[i%len(centres)] {
			x.Set(i, j, v+random.NormFloat64())
		}
	}
	return x
}

// A warm start from two components of which one holds two clusters finds all three, as
// cold starts do.
func TestSplitFindsTheCluster(t *testing.T) {
	x := clusters(t, 60, []float64{0, 0}, []float64{9, 0}, []float64{9, 8})
	two, _, err := Fit(t.Context(), x, Settings{Components: 2}, density.NewSource(1, "two"))
	require.NoError(t, err)
	cold, _, err := Fit(t.Context(), x, Settings{Components: 3}, density.NewSource(1, "three"))
	require.NoError(t, err)
	warm, report, err := Fit(t.Context(), x, Settings{Components: 3, Start: Split(two)}, density.NewSource(1, "warm"))
	require.NoError(t, err)
	require.Len(t, report.StartLogLik, 1)
	require.InDelta(t, total(cold, x), total(warm, x), 1e-5)

	// Several at once, and under weights that drop a cluster.
	one, _, err := Fit(t.Context(), x, Settings{Components: 1}, density.NewSource(1, "one"))
	require.NoError(t, err)
	warm, _, err = Fit(t.Context(), x, Settings{Components: 3, Start: Split(one)}, density.NewSource(1, "warm"))
	require.NoError(t, err)
	require.InDelta(t, total(cold, x), total(warm, x), 1e-5)
}

// Responsibilities after a split are those before, moved between halves: rows keep their
// weights, and each new component has rows.
func TestSplitKeepsWeights(t *testing.T) {
	x := clusters(t, 20, []float64{0, 0}, []float64{9, 0}, []float64{9, 8})
	n, _ := x.Dims()
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 1 + float64(i%3)
	}
	one, _, err := Fit(t.Context(), x, Settings{Components: 1}, density.NewSource(1, "one"))
	require.NoError(t, err)
	s, err := Settings{Components: 6, Start: Split(one), Weights: weights}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	e, err := newEM(rows, s)
	require.NoError(t, err)
	require.NoError(t, s.Start.assign(t.Context(), e, 0, nil))
	counts := make([]float64, 6)
	for i := range n {
		row := e.moments.resp[i*6 : (i+1)*6]
		require.InDelta(t, rows.weightOf(i), floats.Sum(row), 1e-12)
		floats.Add(counts, row)
	}
	require.Greater(t, floats.Min(counts), 1.)
}

// A mixture with more components than are wanted cannot be split into them.
func TestSplitNeedsFewer(t *testing.T) {
	x := clusters(t, 20, []float64{0, 0}, []float64{9, 0})
	three, _, err := Fit(t.Context(), x, Settings{Components: 3}, density.NewSource(1, "three"))
	require.NoError(t, err)
	_, _, err = Fit(t.Context(), x, Settings{Components: 2, Start: Split(three)}, density.NewSource(1, "two"))
	require.ErrorIs(t, err, ErrSettings)
}
