package tree

import (
	"compress/gzip"
	"context"
	"encoding/csv"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

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

// Settings that were resolved resolve to themselves, and come back from JSON.
func TestSettings(t *testing.T) {
	for _, s := range []Settings{{}, {Count: -3, Levels: []int{2, 3}, Missing: true}, {Count: 0.5}} {
		s, err := s.Resolved()
		require.NoError(t, err)
		again, err := s.Resolved()
		require.NoError(t, err)
		require.Equal(t, s, again)
		text, err := json.Marshal(s)
		require.NoError(t, err)
		var back Settings
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, s, back)
	}
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
