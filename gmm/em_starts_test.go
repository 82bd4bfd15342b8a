package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestStartsReachTheOptimum(t *testing.T) {
	x := open(t, "faithful")
	for _, s := range []Start{KMeans, Hierarchical, RandomResponsibilities} {
		m, r := fit(t, x, Settings{Components: 2, Start: s}, 1)
		near(t, -1130.263960, total(m, x), 2e-6)
		require.Equal(t, s.repeats(), len(r.StartLogLik) == 10)
	}
	x = open(t, "iris")
	for _, s := range []Start{KMeans, Hierarchical} {
		m, _ := fit(t, x, Settings{Components: 3, Start: s}, 1)
		near(t, -180.185477, total(m, x), 2e-6)
	}
}

// The greedy seeds of k-means++ leave less than those of one draw each do, which here
// is 16 clusters of which each seed should hit another.
func TestSeedsAreGreedy(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(16*40, 2, nil)
	for i := range 16 * 40 {
		x.SetRow(i, []float64{float64(i%4) + 0.05*random.NormFloat64(), float64(i/4%4) + 0.05*random.NormFloat64()})
	}
	s, err := Settings{Components: 16}.resolve()
	require.NoError(t, err)
	rows, err := scaleRows(x, s)
	require.NoError(t, err)
	missed := 0
	for run := range uint64(20) {
		centres := seeds(rows, 16, rand.New(rand.NewPCG(run, 2)))
		hit := map[[2]int]bool{}
		for k := range 16 {
			a, b := centres[2*k]*rows.transform.Scale[0]+rows.transform.Shift[0], centres[2*k+1]*rows.transform.Scale[1]+rows.transform.Shift[1]
			hit[[2]int{int(math.Round(a)), int(math.Round(b))}] = true
		}
		missed += 16 - len(hit)
	}
	require.LessOrEqual(t, missed, 1) // single draws miss 4
}

// Ward's merges by chains against the definition: always the cheapest union.
func TestWardIsGreedy(t *testing.T) {
	x := blobs(60, 4, 2, 3)
	rows, err := scaleRows(x, Settings{Covariance: Full, Components: 1})
	require.NoError(t, err)
	all := make([]int, 60)
	group := make([]int, 60)
	for i := range all {
		all[i], group[i] = i, i
	}
	squares := func(a, b int) float64 { // rise in the sum of squares, from the rows
		about := func(in func(g int) bool) float64 {
			var n float64
			mean := make([]float64, 2)
			for i, g := range group {
				if in(g) {
					n++
					for j, v := range rows.row(i) {
						mean[j] += v
					}
				}
			}
			var sum float64
			for i, g := range group {
				if in(g) {
					for j, v := range rows.row(i) {
						sum += (v - mean[j]/n) * (v - mean[j]/n)
					}
				}
			}
			return sum
		}
		return about(func(g int) bool { return g == a || g == b }) - about(func(g int) bool { return g == a }) - about(func(g int) bool { return g == b })
	}
	for live := 60; live > 4; live-- {
		best, a, b := math.Inf(1), 0, 0
		names := map[int]bool{}
		for _, g := range group {
			names[g] = true
		}
		for p := range 60 {
			for q := range p {
				if names[p] && names[q] {
					if v := squares(p, q); v < best {
						best, a, b = v, p, q
					}
				}
			}
		}
		for i, g := range group {
			if g == a {
				group[i] = b
			}
		}
	}
	got := ward(rows, all, 4)
	for i := range 60 {
		for j := range 60 {
			require.Equal(t, group[i] == group[j], got.member[i] == got.member[j])
		}
	}
}

// A fit goes on where another ended.
func TestWarmStart(t *testing.T) {
	x := open(t, "iris")
	short, _ := fit(t, x, Settings{Components: 3, Starts: 1, Iterations: 5}, 1)
	whole, w := fit(t, x, Settings{Components: 3, Start: From(short)}, 1)
	near(t, -180.185477, total(whole, x), 2e-6)
	require.Greater(t, w.History[0], total(short, x)/150)
	at, r := fit(t, x, Settings{Components: 3, Start: From(whole)}, 1)
	require.LessOrEqual(t, r.Iterations, 4)
	near(t, total(whole, x), total(at, x), 1e-6)
	y := punched(x, 0.1, 1)
	m, _ := fit(t, y, Settings{Components: 3, Missing: true, Start: From(whole)}, 1)
	require.NoError(t, density.CheckFinite(m.Means()))
	_, _, err := Fit(context.Background(), x, Settings{Components: 2, Start: From(whole)}, density.NewSource(1, "t"))
	require.ErrorIs(t, err, ErrSettings)
}

// Above hierarchicalRows a sample is clustered.
func TestHierarchicalStartOfManyRows(t *testing.T) {
	x := blobs(3000, 3, 2, 5)
	if testing.Short() {
		t.Skip("takes seconds")
	}
	a, _ := fit(t, x, Settings{Components: 3, Start: Hierarchical}, 1)
	b, _ := fit(t, x, Settings{Components: 3}, 1)
	near(t, total(b, x), total(a, x), 1e-3)
	require.False(t, mat.Equal(a.Means(), mat.NewDense(3, 2, nil)))
}
