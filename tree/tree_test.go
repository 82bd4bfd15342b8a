package tree

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
)

// near requires two finite numbers to be close; InDelta accepts NaN.
func near(t *testing.T, want, got, delta float64) {
	t.Helper()
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, delta)
}

// randomTree returns a tree of columns with the given numbers of values.
func randomTree(t *testing.T, seed uint64, levels ...int) *Model {
	random := rand.New(density.NewSource(seed, "tree"))
	parents, probabilities := make([]int, len(levels)), make([][]float64, len(levels))
	for j, l := range levels {
		rows := 1
		if parents[j] = -1; j > 0 {
			parents[j] = random.IntN(j)
			rows = levels[parents[j]]
		}
		probabilities[j] = make([]float64, rows*l)
		for r := range rows {
			row := probabilities[j][r*l : (r+1)*l]
			for b := range row {
				row[b] = random.ExpFloat64()
			}
			normalize(row)
		}
	}
	m, err := New(levels, parents, probabilities)
	require.NoError(t, err)
	return m
}

// all returns every row of columns with the given numbers of values.
func all(levels []int) *mat.Dense {
	n := 1
	for _, l := range levels {
		n *= l
	}
	x := mat.NewDense(n, len(levels), nil)
	for i := range n {
		rest := i
		for j, l := range levels {
			x.Set(i, j, float64(rest%l))
			rest /= l
		}
	}
	return x
}

func drawn(m *Model, n int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(seed, "rows"))
	return x
}

// withGaps returns x with a share of its values missing.
func withGaps(x *mat.Dense, share float64) *mat.Dense {
	y, random := mat.DenseCopyOf(x), rand.New(density.NewSource(4, "gaps"))
	n, d := x.Dims()
	for i := range n {
		for j := range d {
			if random.Float64() < share {
				y.Set(i, j, math.NaN())
			}
		}
	}
	return y
}

func fit(t *testing.T, x *mat.Dense, s Settings) (*Model, *Report) {
	m, r, err := Fit(context.Background(), x, s)
	require.NoError(t, err)
	return m, r
}

func TestSuite(t *testing.T) {
	densitytest.Exact(t, randomTree(t, 1, 2, 2, 2, 2, 2, 2), densitytest.Config{Binary: true})
	m, _ := fit(t, drawn(randomTree(t, 2, 2, 2, 2, 2, 2, 2, 2, 2), 300, 1), Settings{})
	densitytest.Exact(t, m, densitytest.Config{Binary: true})
}

// Columns of any number of values sum to 1 over all rows, and draws have the shares of
// their probabilities: 5 standard errors for each of 72 rows, fewer than one wrong
// alarm in 20,000 seeds.
func TestCategorical(t *testing.T) {
	m := randomTree(t, 3, 3, 2, 4, 3)
	x := all(m.levels)
	logs := m.LogProb(nil, x)
	near(t, 0, density.LogSumExp(logs), 1e-12)
	const n = 100000
	counts := make(map[string]float64)
	draws := drawn(m, n, 2)
	for i := range n {
		counts[fmt.Sprint(draws.RawRowView(i))]++
	}
	for i, l := range logs {
		p := math.Exp(l)
		near(t, p, counts[fmt.Sprint(x.RawRowView(i))]/n, 5*math.Sqrt(p*(1-p)/n)+1e-12)
	}
	require.Equal(t, []density.Measure{density.Discrete}, m.Measures())
	require.Equal(t, 2+len(m.probability[1])/2+len(m.probability[2])*3/4+len(m.probability[3])*2/3, m.NumParameters())
}

// Of all 16 trees of four columns, with the probabilities that are best for each, none
// has a higher likelihood: of rows alone, and of rows and added rows.
func TestBestOfAllTrees(t *testing.T) {
	for seed := range uint64(20) {
		levels := []int{2, 2, 2, 2}
		if seed%2 == 1 {
			levels = []int{3, 2, 4, 2}
		}
		x := drawn(randomTree(t, seed, levels...), 60, seed)
		for _, count := range []float64{-1, 0.3} {
			best := math.Inf(-1)
			trees := 0
			for code := range 5 * 5 * 5 { // parents of columns 2 to 4, some of which are no tree
				parents := []int{-1, code % 5, code / 5 % 5, code / 25}
				for j := range parents {
					parents[j]-- // −1 to 3
				}
				parents[0] = -1
				if score, ok := likelihood(x, levels, parents, max(4*count, 0)); ok {
					trees++
					best = max(best, score)
				}
			}
			require.Equal(t, 16, trees)
			_, r := fit(t, x, Settings{Count: count, Levels: levels})
			near(t, best, r.History[0], 1e-10)
		}
	}
}

// likelihood returns the largest mean log-likelihood of a tree with the given parents,
// added rows included, from counts made here; false if it is no tree.
func likelihood(x *mat.Dense, levels, parents []int, added float64) (float64, bool) {
	n, _ := x.Dims()
	for j := range parents {
		at, steps := j, 0
		for ; at > 0; at = parents[at] {
			if steps++; steps > 4 {
				return 0, false
			}
		}
		if at < 0 {
			return 0, false // a second root
		}
	}
	var sum float64
	for j, p := range parents {
		values := 1
		if p >= 0 {
			values = levels[p]
		}
		for a := range values {
			cells, total := make([]float64, levels[j]), 0.0
			for b := range cells {
				cells[b] = added / float64(values*levels[j])
				for i := range n {
					if x.At(i, j) == float64(b) && (p < 0 || x.At(i, p) == float64(a)) {
						cells[b]++
					}
				}
				total += cells[b]
			}
			for _, c := range cells {
				if c > 0 {
					sum += c * math.Log(c/total)
				}
			}
		}
	}
	return sum / float64(n), true
}

// Every way of leaving values out of a row: ln p of the rest is the logarithm of a sum
// over all rows that agree with it, and so are all conditional probabilities.
func TestMissingIsSummedOver(t *testing.T) {
	m := randomTree(t, 5, 2, 3, 2, 3, 2)
	x := all(m.levels)
	logs := m.LogProb(nil, x)
	n, d := x.Dims()
	row := make([]float64, d)
	for gaps := range 1 << d {
		copy(row, []float64{1, 2, 0, 1, 1})
		for j := range row {
			if gaps>>j&1 == 1 {
				row[j] = math.NaN()
			}
		}
		var agree []float64
		given := make([]float64, m.offset[d])
		for i := range n {
			fits := true
			for j, v := range row {
				fits = fits && (math.IsNaN(v) || v == x.At(i, j))
			}
			if !fits {
				continue
			}
			agree = append(agree, logs[i])
			for j := range d {
				given[m.offset[j]+int(x.At(i, j))] += math.Exp(logs[i])
			}
		}
		one := mat.NewDense(1, d, row)
		want := density.LogSumExp(agree)
		near(t, want, m.LogProbObserved(nil, one)[0], 1e-12)
		for a, v := range m.Conditional(nil, one).RawRowView(0) {
			near(t, given[a]/math.Exp(want), v, 1e-12)
		}
		if gaps > 0 {
			require.True(t, math.IsNaN(m.LogProb(nil, one)[0]))
		}
	}
}

// Gaps are filled by draws from the conditional distribution of all of them together:
// 5 standard errors for each of 12 pairs of values.
func TestRandMissing(t *testing.T) {
	m := randomTree(t, 6, 2, 3, 2, 4)
	const n = 50000
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		x.SetRow(i, []float64{1, math.NaN(), 0, math.NaN()})
	}
	y := m.RandMissing(nil, x, density.NewSource(1, "fill"))
	counts := make(map[[2]float64]float64)
	for i := range n {
		require.Equal(t, 1.0, y.At(i, 0))
		require.Equal(t, 0.0, y.At(i, 2))
		counts[[2]float64{y.At(i, 1), y.At(i, 3)}]++
	}
	whole := m.LogProbObserved(nil, density.Rows(x, 0, 1))[0]
	for a := range 3 {
		for b := range 4 {
			p := math.Exp(m.LogProb(nil, mat.NewDense(1, 4, []float64{1, float64(a), 0, float64(b)}))[0] - whole)
			near(t, p, counts[[2]float64{float64(a), float64(b)}]/n, 5*math.Sqrt(p*(1-p)/n)+1e-12)
		}
	}
	impossible := mat.NewDense(1, 4, []float64{7, math.NaN(), 0, 0})
	m.RandMissing(impossible, impossible, density.NewSource(1, "fill"))
	require.True(t, math.IsNaN(impossible.At(0, 1)))
	require.True(t, math.IsNaN(m.Conditional(nil, impossible).At(0, 0)))
	require.True(t, math.IsInf(m.LogProbObserved(nil, impossible)[0], -1))
}

// The joint probabilities of the E-step are those of a sum over all rows.
func TestPairs(t *testing.T) {
	m := randomTree(t, 7, 2, 3, 2, 3)
	x := all(m.levels)
	s := m.newMessages()
	whole := s.up([]float64{math.NaN(), math.NaN(), 1, math.NaN()})
	s.down()
	states := m.offset[4]
	joint := make([]float64, states*states)
	for i := range joint {
		joint[i] = math.NaN() // what is not written shows
	}
	s.pairs(joint)
	want := make([]float64, states*states)
	n, _ := x.Dims()
	for i, l := range m.LogProb(nil, x)[:n] {
		if x.At(i, 2) != 1 {
			continue
		}
		for a := range 4 {
			for b := range 4 {
				want[(m.offset[a]+int(x.At(i, a)))*states+m.offset[b]+int(x.At(i, b))] += math.Exp(l - whole)
			}
		}
	}
	require.InDeltaSlice(t, want, joint, 1e-12)
	for _, v := range joint {
		require.False(t, math.IsNaN(v))
	}
}

// A row of weight 2 is there twice, one of weight 0 not at all, whatever it holds.
func TestWeights(t *testing.T) {
	x := drawn(randomTree(t, 11, 2, 3, 2, 2), 40, 1)
	for _, missing := range []bool{false, true} {
		rows := x
		if missing {
			rows = withGaps(x, 0.2)
		}
		weights, twice := make([]float64, 41), mat.NewDense(60, 4, nil)
		y := mat.NewDense(41, 4, nil)
		at := 0
		for i := range 40 {
			y.SetRow(i, rows.RawRowView(i))
			weights[i] = float64(1 + i%2)
			for range 1 + i%2 {
				twice.SetRow(at, rows.RawRowView(i))
				at++
			}
		}
		y.SetRow(40, []float64{-3, 0.5, math.Inf(1), 900})
		a, ra := fit(t, y, Settings{Weights: weights, Missing: missing})
		b, rb := fit(t, twice, Settings{Missing: missing})
		require.Equal(t, b.parents, a.parents)
		for j := range a.probability {
			require.InDeltaSlice(t, b.probability[j], a.probability[j], 1e-9)
		}
		near(t, rb.History[len(rb.History)-1], ra.History[len(ra.History)-1], 1e-9)
	}
}

// Columns in another order, values with other numbers and another root change nothing.
func TestInvariance(t *testing.T) {
	x := drawn(randomTree(t, 13, 2, 3, 4, 2, 3), 100, 1)
	order, renamed := []int{3, 0, 4, 2, 1}, mat.NewDense(100, 5, nil)
	for i := range 100 {
		for j, from := range order {
			v := x.At(i, from)
			if from == 2 {
				v = 3 - v
			}
			renamed.Set(i, j, v)
		}
	}
	a, _ := fit(t, x, Settings{Levels: []int{2, 3, 4, 2, 3}})
	b, _ := fit(t, renamed, Settings{Levels: []int{2, 2, 3, 4, 3}})
	require.InDeltaSlice(t, a.LogProb(nil, x), b.LogProb(nil, renamed), 1e-10)
}

// A value that no row has is a distribution all the same, and gaps may put together
// what no row shows: columns 1 and 3 depend on column 2, which the last row lacks.
func TestWithoutCounts(t *testing.T) {
	m, _ := fit(t, mat.NewDense(4, 2, []float64{0, 0, 0, 0, 1, 1, 1, 1}), Settings{Count: -1, Levels: []int{3, 4}})
	near(t, math.Log(0.5), m.LogProb(nil, mat.NewDense(1, 2, []float64{1, 1}))[0], 1e-12)
	require.True(t, math.IsInf(m.LogProb(nil, mat.NewDense(1, 2, []float64{0, 1}))[0], -1))
	gap := math.NaN()
	x := mat.NewDense(5, 3, []float64{0, 0, gap, 1, 1, gap, gap, 0, 0, gap, 1, 1, 0, gap, 1})
	m, r := fit(t, x, Settings{Count: -1, Missing: true})
	require.False(t, math.IsInf(r.History[0], 0) || math.IsNaN(r.History[0]))
	for _, v := range m.LogProbObserved(nil, x) {
		require.False(t, math.IsInf(v, 0) || math.IsNaN(v))
	}
}

func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	x := withGaps(drawn(randomTree(t, 15, 2, 3, 2, 2, 2, 2), 1500, 1), 0.2)
	a, _ := fit(t, x, Settings{Missing: true})
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b, _ := fit(t, x, Settings{Missing: true})
	require.Equal(t, a.probability, b.probability)
}
