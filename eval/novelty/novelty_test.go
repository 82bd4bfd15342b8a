package novelty_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/eval/novelty"
)

func rows(m density.Model, n int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(seed, "test.rows"))
	return x
}

func source(seed uint64) rand.Source { return density.NewSource(seed, "test.source") }

// The statistic orders the controls as it must. Training rows are far below 0, also
// with a little noise. Kernel estimates rise with their bandwidth. Held-out rows and
// fresh rows are about 0, and a density that is too wide is far above. |C_T| < 3 for
// fresh rows fails with a probability below 0.01 for a new seed, as cells are averaged.
func TestCopyingOrdersTheControls(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.2, density.NewSource(1, "w"))
	train, held := rows(m, 600, 1), rows(m, 600, 2)
	score := func(x *mat.Dense) float64 {
		c, err := novelty.Copying(t.Context(), train, held, x, 5, source(1))
		require.NoError(t, err)
		require.Len(t, c.Weight, len(c.Cells))
		return c.Statistic
	}
	controls := novelty.Controls(train, rows(m, 600, 5), 500, []float64{0.02, 0.1, 0.5, 2}, source(2))
	scores := make([]float64, len(controls))
	for i, c := range controls {
		scores[i] = score(c.Rows)
		t.Logf("%-32s %6.2f", c.Name, scores[i])
	}
	require.Less(t, math.Abs(scores[0]), 3.0)
	require.Less(t, scores[1], -8.0)
	require.Less(t, scores[2], -8.0)
	require.Less(t, scores[3], -5.0)
	for i := 4; i < len(scores); i++ {
		require.Greater(t, scores[i], scores[i-1])
	}
	require.Greater(t, scores[len(scores)-1], 5.0)
	require.Less(t, math.Abs(score(rows(m, 500, 3))), 3.0)

	_, err := novelty.Copying(t.Context(), train, held, held, 0, source(1))
	require.ErrorIs(t, err, novelty.ErrRows)
	_, err = novelty.Copying(t.Context(), train, density.Rows(held, 0, 3), held, 5, source(1))
	require.ErrorIs(t, err, novelty.ErrRows)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = novelty.Copying(ctx, train, held, held, 5, source(1))
	require.ErrorIs(t, err, context.Canceled)
}

// Distances from hulls in the plane, by hand.
func TestHullByHand(t *testing.T) {
	base := mat.NewDense(4, 2, []float64{0, 0, 2, 0, 0, 2, 2, 2})
	x := mat.NewDense(6, 2, []float64{1, 1, 0.3, 1.9, 3, 1, 3, 3, 2, 0, -1, -1})
	got, err := novelty.Hull(t.Context(), x, base, 4)
	require.NoError(t, err)
	want := []float64{0, 0, 1, math.Sqrt2, 0, math.Sqrt2}
	for i, w := range want {
		require.InDelta(t, w, got[i], 1e-6, "row %d", i+1)
	}
	_, err = novelty.Hull(t.Context(), x, base, 5)
	require.ErrorIs(t, err, novelty.ErrRows)
}

// Mixtures of k points lie in their hull; against many random mixtures the distance
// of any other point is smallest.
func TestHullProperties(t *testing.T) {
	random := rand.New(source(4))
	const k, d = 6, 4
	for range 50 {
		base := rows(density.StandardNormal(d), k, random.Uint64())
		mix := func() []float64 {
			weights, total := make([]float64, k), 0.0
			for i := range weights {
				weights[i] = random.ExpFloat64()
				total += weights[i]
			}
			out := make([]float64, d)
			for i, w := range weights {
				for j, v := range base.RawRowView(i) {
					out[j] += w / total * v
				}
			}
			return out
		}
		inside, err := novelty.Hull(t.Context(), mat.NewDense(1, d, mix()), base, k)
		require.NoError(t, err)
		require.InDelta(t, 0, inside[0], 1e-5)
		point := rows(density.StandardNormal(d), 1, random.Uint64())
		point.Scale(2, point)
		got, err := novelty.Hull(t.Context(), point, base, k)
		require.NoError(t, err)
		require.False(t, math.IsNaN(got[0]))
		for range 300 {
			var square float64
			for j, v := range mix() {
				square += (v - point.At(0, j)) * (v - point.At(0, j))
			}
			require.LessOrEqual(t, got[0], math.Sqrt(square)+1e-9)
		}
	}
}

func TestCoverage(t *testing.T) {
	m := density.StandardNormal(2)
	real := rows(m, 500, 1)
	same, err := novelty.Coverage(t.Context(), real, rows(m, 500, 2), 5)
	require.NoError(t, err)
	require.Greater(t, min(same.Precision, same.Recall, same.Coverage), 0.9)
	require.InDelta(t, 1, same.Density, 0.15)
	far := rows(m, 500, 3)
	far.Apply(func(_, _ int, v float64) float64 { return v + 100 }, far)
	none, err := novelty.Coverage(t.Context(), real, far, 5)
	require.NoError(t, err)
	require.Equal(t, novelty.Quality{}, none)
	narrow := rows(m, 500, 4)
	narrow.Scale(0.1, narrow)
	collapsed, err := novelty.Coverage(t.Context(), real, narrow, 5)
	require.NoError(t, err)
	require.Greater(t, collapsed.Precision, 0.95)
	require.Less(t, collapsed.Recall, 0.2)
	require.Less(t, collapsed.Coverage, 0.3)
	_, err = novelty.Coverage(t.Context(), real, density.Rows(narrow, 0, 5), 5)
	require.ErrorIs(t, err, novelty.ErrRows)
}

// Of 40 bins 2 differ by chance; with a probability below 1e-4 more than 10 do.
func TestBins(t *testing.T) {
	m := density.StandardNormal(2)
	train := rows(m, 2000, 1)
	same, err := novelty.NewBins(t.Context(), train, rows(m, 1000, 2), 40, source(1))
	require.NoError(t, err)
	require.LessOrEqual(t, same.Different, 10)
	half := rows(m, 1000, 3)
	half.Apply(func(_, j int, v float64) float64 {
		if j == 0 {
			return math.Abs(v)
		}
		return v
	}, half)
	lost, err := novelty.NewBins(t.Context(), train, half, 40, source(1))
	require.NoError(t, err)
	require.Greater(t, lost.Different, 20)
	_, err = novelty.NewBins(t.Context(), train, half, 3000, source(1))
	require.ErrorIs(t, err, novelty.ErrRows)
}

func TestMemory(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.2, density.NewSource(1, "w"))
	train := rows(m, 100, 1)
	z := mat.NewDense(20, 2, nil)
	m.RandPrior(z, source(1))
	q := m.Posterior()
	averages, err := novelty.KernelAverage(t.Context(), q, train, z)
	require.NoError(t, err)
	// By the definition.
	logs := q.LogProb(nil, mat.NewDense(1, 2, z.RawRowView(3)), density.Rows(train, 0, 1))
	require.Len(t, logs, 1)
	var total float64
	want := make([]float64, 3)
	for i := range 100 {
		p := math.Exp(q.LogProb(nil, mat.NewDense(1, 2, z.RawRowView(3)), density.Rows(train, i, i+1))[0])
		total += p
		for j, v := range train.RawRowView(i) {
			want[j] += p * v
		}
	}
	for j := range want {
		require.InDelta(t, want[j]/total, averages.At(3, j), 1e-9)
	}
	mean, _ := density.Moments(train)
	for _, v := range novelty.Memory(averages, averages, mean) {
		require.Zero(t, v)
	}
	shifted := mat.DenseCopyOf(averages)
	shifted.Apply(func(i, j int, v float64) float64 { return 2*mean[j] - v }, averages)
	for _, v := range novelty.Memory(shifted, averages, mean) {
		require.InDelta(t, 4, v, 1e-9)
	}
}
