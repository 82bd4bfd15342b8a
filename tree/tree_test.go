package tree

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
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
func TestRandObserved(t *testing.T) {
	m := randomTree(t, 6, 2, 3, 2, 4)
	const n = 50000
	x := mat.NewDense(n, 4, nil)
	for i := range n {
		x.SetRow(i, []float64{1, math.NaN(), 0, math.NaN()})
	}
	y := mat.NewDense(n, 4, nil)
	m.RandObserved(y, x, density.NewSource(1, "fill"))
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
	m.RandObserved(impossible, impossible, density.NewSource(1, "fill"))
	require.True(t, math.IsNaN(impossible.At(0, 1)))
	require.True(t, math.IsNaN(m.Conditional(nil, impossible).At(0, 0)))
	require.True(t, math.IsInf(m.LogProbObserved(nil, impossible)[0], -1))
}

// Messages of a thousand columns that hang from one do not underflow.
func TestManyColumns(t *testing.T) {
	const d = 1500
	levels, parents, p := make([]int, d), make([]int, d), make([][]float64, d)
	row := make([]float64, d)
	for j := range levels {
		levels[j], p[j] = 2, []float64{0.5, 0.5, 0.25, 0.75}
	}
	parents[0], p[0], row[0] = -1, []float64{0.5, 0.5}, math.NaN()
	m, err := New(levels, parents, p)
	require.NoError(t, err)
	want := math.Log(0.5) + density.LogSumExp([]float64{(d - 1) * math.Log(0.5), (d - 1) * math.Log(0.25)})
	near(t, want, m.LogProbObserved(nil, mat.NewDense(1, d, row))[0], 1e-9)
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

// EM never lowers the likelihood, ends where its gradient is 0 (no change of a
// conditional probability raises it), and finds the tree that made the rows.
func TestMissing(t *testing.T) {
	true4 := randomTree(t, 9, 2, 3, 2, 2, 2)
	x := withGaps(drawn(true4, 2000, 3), 0.3)
	for _, count := range []float64{-1, 0, 5} {
		m, r := fit(t, x, Settings{Missing: true, Count: count, Tolerance: 1e-13, Iterations: 5000})
		require.True(t, r.Converged)
		for i := 1; i < len(r.History); i++ {
			require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-12)
		}
		added := max(4*count, 0)
		if count == 0 {
			added = 4
		}
		score := func(m *Model) float64 {
			var sum float64
			for _, v := range m.LogProbObserved(nil, x) {
				sum += v
			}
			rows := all(m.levels)
			for _, v := range m.LogProb(nil, rows) {
				if added > 0 {
					n, _ := rows.Dims()
					sum += added / float64(n) * v
				}
			}
			return sum / 2000
		}
		best := score(m)
		near(t, best, r.History[len(r.History)-1], 1e-12)
		for j := range m.probability {
			for _, step := range []float64{1e-3, -1e-3} {
				p := append([][]float64{}, m.probability...)
				p[j] = append([]float64{}, p[j]...)
				p[j][0], p[j][1] = p[j][0]+step, p[j][1]-step
				if p[j][0] < 0 || p[j][1] < 0 {
					continue
				}
				other, err := New(m.levels, m.parents, p)
				require.NoError(t, err)
				require.Less(t, score(other), best)
			}
		}
	}
	m, r := fit(t, x, Settings{Missing: true, Iterations: 1})
	require.False(t, r.Converged)
	require.Len(t, r.Warnings, 1)
	require.NotNil(t, m)
	// With nothing missing, Missing changes no bit.
	whole := drawn(true4, 200, 3)
	a, _ := fit(t, whole, Settings{})
	b, _ := fit(t, whole, Settings{Missing: true})
	require.Equal(t, a.probability, b.probability)
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

func TestTensors(t *testing.T) {
	m := randomTree(t, 17, 2, 3, 2)
	back, err := FromTensors(m.Config(), m.Tensors())
	require.NoError(t, err)
	require.Equal(t, m, back)
	for i := range 3 {
		broken := m.Tensors()
		_, err := FromTensors(m.Config(), append(broken[:i:i], broken[i+1:]...))
		require.ErrorIs(t, err, ErrParameters)
		for _, v := range []float64{math.NaN(), -7, 1e300, 0.3} {
			broken = m.Tensors()
			broken[i].Data[0] = v
			_, err = FromTensors(m.Config(), broken)
			require.ErrorIs(t, err, ErrParameters, "%v in %s", v, broken[i].Name)
		}
		broken = m.Tensors()
		broken[i].Data = append(broken[i].Data, 1)
		broken[i].Shape[0]++
		_, err = FromTensors(m.Config(), broken)
		require.ErrorIs(t, err, ErrParameters)
	}
	_, err = FromTensors(Config{}, m.Tensors())
	require.ErrorIs(t, err, ErrParameters)
}

func TestErrors(t *testing.T) {
	x := mat.NewDense(2, 2, []float64{0, 1, 1, 0})
	set := func(v float64) *mat.Dense {
		y := mat.DenseCopyOf(x)
		y.Set(1, 0, v)
		return y
	}
	gap := mat.NewDense(2, 2, []float64{0, math.NaN(), 1, math.NaN()})
	for name, c := range map[string]struct {
		x    *mat.Dense
		s    Settings
		is   error
		says string
	}{
		"fraction":     {set(0.5), Settings{}, density.ErrSupport, "row 2, column 1 is 0.5"},
		"negative":     {set(-1), Settings{}, density.ErrSupport, "row 2, column 1"},
		"NaN":          {set(math.NaN()), Settings{}, density.ErrNonFinite, "Settings.Missing"},
		"infinite":     {set(math.Inf(1)), Settings{}, density.ErrSupport, "row 2, column 1"},
		"above levels": {set(3), Settings{Levels: []int{3, 2}}, density.ErrSupport, "from 0 to 2"},
		"identifier":   {set(1e6), Settings{}, density.ErrSupport, "Settings.Levels"},
		"many values":  {mat.NewDense(2, 2, []float64{0, 5000, 5000, 0}), Settings{}, ErrSettings, "values together"},
		"empty column": {gap, Settings{Missing: true}, ErrSettings, "column 2 has no value"},
		"weight":       {x, Settings{Weights: []float64{1, -1}}, ErrSettings, "weight of row 2"},
		"no weight":    {x, Settings{Weights: []float64{0, 0}}, ErrSettings, "sum to 0"},
		"count":        {x, Settings{Count: math.Inf(1)}, ErrSettings, "Count"},
		"iterations":   {x, Settings{Iterations: -1}, ErrSettings, "Iterations"},
		"tolerance":    {x, Settings{Tolerance: -1}, ErrSettings, "Tolerance"},
	} {
		_, _, err := Fit(context.Background(), c.x, c.s)
		require.ErrorIs(t, err, c.is, name)
		require.ErrorContains(t, err, c.says, name)
	}
	done, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err := Fit(done, x, Settings{})
	require.ErrorIs(t, err, context.Canceled)
	require.Panics(t, func() { _, _, _ = Fit(context.Background(), x, Settings{Levels: []int{2}}) })
	for name, parents := range map[string][]int{"circle": {1, 0}, "two roots": {-1, -1}, "no root": {0, 0}, "outside": {-1, 5}} {
		_, err := New([]int{2, 2}, parents, [][]float64{{0.5, 0.5}, {0.5, 0.5}})
		require.ErrorIs(t, err, ErrParameters, name)
	}
	_, err = New([]int{2}, []int{-1}, [][]float64{{0.5, 0.6}})
	require.ErrorIs(t, err, ErrParameters)
	_, err = New([]int{2}, []int{-1}, [][]float64{{-0.5, 1.5}})
	require.ErrorIs(t, err, ErrParameters)
}

// Mean test log-likelihoods of the tree on four binary tables, fitted to the training
// rows with one count for each cell of a pair: computed by another program.
func TestPublishedTables(t *testing.T) {
	for name, want := range map[string]float64{"nltcs": -6.7590, "plants": -16.5240, "jester": -58.2265, "dna": -87.7348} {
		t.Run(name, func(t *testing.T) {
			train, test := debd(t, name, "train"), debd(t, name, "test")
			m, _ := fit(t, train, Settings{})
			mean := density.MeanEstimate(m.LogProb(nil, test), nil, density.ExactValue, 0)
			near(t, want, mean.Value, 5e-5)
		})
	}
}

// debd reads a part of a binary table, or skips the test.
func debd(t *testing.T, name, part string) *mat.Dense {
	for _, root := range []string{os.Getenv("LIKELY_DATA"), "../../shared/data"} {
		f, err := os.Open(filepath.Join(root, "debd", name+"."+part+".csv.gz"))
		if root == "" || err != nil {
			continue
		}
		defer f.Close()
		unzipped, err := gzip.NewReader(f)
		require.NoError(t, err)
		records, err := csv.NewReader(unzipped).ReadAll()
		require.NoError(t, err)
		x := mat.NewDense(len(records), len(records[0]), nil)
		for i, record := range records {
			for j, v := range record {
				value, err := strconv.ParseFloat(v, 64)
				require.NoError(t, err)
				x.Set(i, j, value)
			}
		}
		return x
	}
	t.Skipf("no folder debd with %s in $LIKELY_DATA or ../shared/data: skipped", name)
	return nil
}
