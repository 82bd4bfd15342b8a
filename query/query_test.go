package query

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/lcm"
	"likely/saved"
	"likely/tree"
	"likely/vae"
)

var nan = math.NaN()

// prepared returns the preparation of rows of D columns in units that are not those of
// the model.
func prepared(d int) saved.Preparation {
	p := saved.Preparation{Transform: density.NewIdentity(d)}
	for j := range d {
		p.Columns = append(p.Columns, string(rune('a'+j)))
		p.Transform.Shift[j], p.Transform.Scale[j] = float64(10*j)-3, 0.5+float64(j)
	}
	return p
}

// three is a mixture of three correlated normals in three columns.
func three(t *testing.T) *gmm.Model {
	covariance := func(a, b, c float64) mat.Symmetric {
		return mat.NewSymDense(3, []float64{1, a, b, a, 1.5, c, b, c, 0.7})
	}
	m, err := gmm.New([]float64{0.2, 0.5, 0.3}, mat.NewDense(3, 3, []float64{0, 0, 0, 2, -1, 1, -2, 2, 0.5}),
		[]mat.Symmetric{covariance(0.3, 0.1, -0.2), covariance(-0.4, 0.2, 0.1), covariance(0, 0.5, 0)})
	require.NoError(t, err)
	return m
}

func ask(t *testing.T, f saved.Fitted, p saved.Preparation, s Settings) *Model {
	m, err := New(&saved.Model{Name: "m", Fitted: f, Preparation: p}, s)
	require.NoError(t, err)
	return m
}

// What a mixture says of a column is the quotient of two densities, log p(x, y) −
// log p(x), whatever else is unknown; and its mean, deviation and distribution function
// are the integrals of that.
func TestColumnIsTheQuotientOfDensities(t *testing.T) {
	g, p := three(t), prepared(3)
	m := ask(t, g, p, Settings{})
	require.True(t, m.Exact())
	rows := mat.NewDense(3, 3, []float64{0.5, 7, -0.3, nan, 7, 1.2, nan, nan, nan})
	columns, err := m.Column(t.Context(), rows, 1)
	require.NoError(t, err)
	logs := func(i int, y float64) float64 { // in model space
		row := mat.DenseCopyOf(rows.Slice(i, i+1, 0, 3))
		row.Set(0, 1, nan)
		without := g.LogProbObserved(nil, row)[0]
		row.Set(0, 1, y)
		return g.LogProbObserved(nil, row)[0] - without
	}
	for i := range columns {
		c := &columns[i]
		var total, mean, square, below float64
		const step = 0.002
		for y := -12 + step/2; y < 12; y += step {
			v := y*p.Transform.Scale[1] + p.Transform.Shift[1]
			require.InDelta(t, logs(i, y)-math.Log(p.Transform.Scale[1]), c.LogProb(v), 1e-9)
			q := math.Exp(logs(i, y)) * step
			total, mean, square = total+q, mean+q*v, square+q*v*v
			if y < 0.7 {
				below += q
			}
		}
		require.InDelta(t, 1, total, 1e-9)
		require.InDelta(t, mean, c.Mean(), 1e-8)
		require.InDelta(t, math.Sqrt(square-mean*mean), c.StdDev(), 1e-7)
		require.InDelta(t, below, c.CDF(0.7*p.Transform.Scale[1]+p.Transform.Shift[1]), 1e-6)
		require.Zero(t, c.MeanErr())
		for _, q := range []float64{1e-9, 0.05, 0.5, 0.95, 1 - 1e-9} {
			require.InDelta(t, q, c.CDF(c.Quantile(q)), 1e-12)
		}
	}
	filled, err := m.Impute(t.Context(), rows)
	require.NoError(t, err)
	require.InDelta(t, columns[2].Mean(), filled.At(2, 1), 1e-9)
	require.InDelta(t, 0.5*p.Transform.Scale[0]+p.Transform.Shift[0], filled.At(0, 0), 1e-12, "what is known stays")
}

// The same for columns of all sorts, where probabilities sum.
func TestColumnsOfAllSorts(t *testing.T) {
	x := mat.NewDense(200, 4, nil)
	src := density.NewSource(1, "test")
	for i := range 200 {
		u := float64(src.Uint64()%1000) / 1000
		x.SetRow(i, []float64{float64(i % 2), float64(i % 3), math.Floor(5 * u * float64(1+i%2)), u + float64(i%2)})
	}
	kinds := []lcm.Column{{Kind: lcm.Bernoulli}, {Kind: lcm.Categorical, Levels: 3}, {Kind: lcm.NegativeBinomial}, {Kind: lcm.Normal}}
	l, _, err := lcm.Fit(t.Context(), x, lcm.Settings{Components: 2, Columns: kinds, Starts: 2}, density.NewSource(1, "test"))
	require.NoError(t, err)
	p := saved.Preparation{Columns: []string{"bit", "class", "visits", "size"}, Measure: density.Mixed, Transform: density.NewIdentity(4)}
	p.Types = []dataset.ColumnType{dataset.Binary, dataset.Categorical, dataset.Count, dataset.Continuous}
	p.Levels = [][]string{nil, {"low", "mid", "high"}, nil, nil}
	m := ask(t, l, p, Settings{})
	row := mat.NewDense(1, 4, []float64{1, 2, 3, 0.8})
	for j, values := range [][]float64{{0, 1}, {0, 1, 2}, {0, 1, 2, 3, 4, 5, 6, 7, 8, 40}, {-0.3, 0.8, 2}} {
		columns, err := m.Column(t.Context(), row, j)
		require.NoError(t, err)
		c := &columns[0]
		require.Equal(t, p.Levels[j], c.Levels())
		require.Equal(t, j < 3, c.Discrete())
		var total float64
		without := mat.DenseCopyOf(row)
		without.Set(0, j, nan)
		for _, v := range values {
			with := mat.DenseCopyOf(row)
			with.Set(0, j, v)
			require.InDelta(t, l.LogProbObserved(nil, with)[0]-l.LogProbObserved(nil, without)[0], c.LogProb(v), 1e-10)
			total += math.Exp(c.LogProb(v))
			if j < 3 && v < 9 {
				require.InDelta(t, total, c.CDF(v), 1e-12)
				require.InDelta(t, total, c.CDF(v+0.5), 1e-12)
			}
		}
		if j < 2 {
			require.InDelta(t, 1, total, 1e-12)
		}
		q := c.Quantile(0.6)
		require.GreaterOrEqual(t, c.CDF(q), 0.6)
		require.Less(t, c.CDF(q-1), 0.6)
		require.True(t, math.IsInf(c.LogProb(-1), -1) || j == 3)
	}
}

// A linear VAE is a normal, so that what draws of its code say can be held against the
// closed form. Five standard errors of 40 answers: a false alarm once in 40,000 seeds.
func TestDrawsAgreeWithTheClosedForm(t *testing.T) {
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	p := prepared(4)
	p.Transform, err = density.NewStandardizing(d.X)
	require.NoError(t, err)
	x := p.Transform.Apply(nil, d.X)
	v, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: 2, Hidden: []int{}, Epochs: 60, Sigma: vae.PerDim}, density.NewSource(1, "test"))
	require.NoError(t, err)
	sampled := ask(t, v, p, Settings{Draws: 2000, Seed: 3})
	closed := *sampled
	require.True(t, closed.Exact())
	sampled.exact = nil
	rows := mat.DenseCopyOf(x.Slice(0, 10, 0, 4))
	for i := range 5 {
		rows.Set(i, (i+1)%4, nan)
	}
	for j := range 4 {
		got, err := sampled.Column(t.Context(), rows, j)
		require.NoError(t, err)
		want, err := closed.Column(t.Context(), rows, j)
		require.NoError(t, err)
		for i := range got {
			g, w := &got[i], &want[i]
			require.Positive(t, g.MeanErr())
			require.InDelta(t, w.Mean(), g.Mean(), 5*g.MeanErr()+1e-9)
			require.InEpsilon(t, w.StdDev(), g.StdDev(), 0.15)
			at := w.Quantile(0.8)
			require.InDelta(t, w.LogProb(at), g.LogProb(at), 5*g.LogProbErr(at)+1e-9)
			require.InDelta(t, 0.8, g.CDF(at), 0.1)
		}
	}
	got, err := sampled.Impute(t.Context(), rows)
	require.NoError(t, err)
	want, err := closed.Impute(t.Context(), rows)
	require.NoError(t, err)
	for i := range 5 {
		require.InDelta(t, want.At(i, (i+1)%4), got.At(i, (i+1)%4), 0.1)
	}
}

// Draws have the distribution that the column says: mean and deviation of 4000 copies of a
// row within five of their standard errors, and the joint covariance of what is missing.
func TestDrawsHaveTheDistribution(t *testing.T) {
	g, p := three(t), prepared(3)
	m := ask(t, g, p, Settings{})
	const n = 4000
	rows := mat.NewDense(n, 3, nil)
	for i := range n {
		rows.SetRow(i, []float64{0.4, nan, nan})
	}
	drawn, err := m.Draw(t.Context(), rows, 1, 0)
	require.NoError(t, err)
	for j := 1; j < 3; j++ {
		columns, err := m.Column(t.Context(), mat.DenseCopyOf(rows.Slice(0, 1, 0, 3)), j)
		require.NoError(t, err)
		mean, variance := density.Moments(drawn)
		require.InDelta(t, columns[0].Mean(), mean[j], 5*columns[0].StdDev()/math.Sqrt(n))
		require.InEpsilon(t, columns[0].StdDev(), math.Sqrt(variance[j]), 0.1)
	}
	conditional, err := g.Conditional([]int{0}, []float64{0.4})
	require.NoError(t, err)
	_, covariance := conditional.Moments()
	var cross float64
	mean, _ := density.Moments(drawn)
	for i := range n {
		cross += (drawn.At(i, 1) - mean[1]) * (drawn.At(i, 2) - mean[2]) / n
	}
	require.InDelta(t, covariance.At(0, 1)*p.Transform.Scale[1]*p.Transform.Scale[2], cross, 0.25)
	other, err := m.Draw(t.Context(), rows, 1, 1)
	require.NoError(t, err)
	require.NotEqual(t, drawn.At(0, 1), other.At(0, 1))
	again, err := m.Draw(t.Context(), rows, 1, 0)
	require.NoError(t, err)
	require.Equal(t, drawn, again)
}

func TestAssign(t *testing.T) {
	g := three(t)
	m := ask(t, g, prepared(3), Settings{})
	rows := mat.NewDense(2, 3, []float64{2, nan, nan, nan, nan, nan})
	a, err := m.Assign(t.Context(), rows)
	require.NoError(t, err)
	require.InDeltaSlice(t, g.Weights(), a.Responsibilities.RawRowView(1), 1e-12, "nothing is known")
	one := g.Marginal(0).Responsibilities(nil, mat.NewDense(1, 1, []float64{2}))
	require.InDeltaSlice(t, one.RawRowView(0), a.Responsibilities.RawRowView(0), 1e-12)
}

// Rows come in blocks, numbered through, and each says what it says by itself where the
// answer is exact.
func TestBlocks(t *testing.T) {
	m := ask(t, three(t), prepared(3), Settings{})
	rows := mat.NewDense(2*block+7, 3, nil)
	for i := range 2*block + 7 {
		rows.SetRow(i, []float64{float64(i) / 100, nan, 0.2})
	}
	next := 0
	require.NoError(t, m.EachColumn(t.Context(), rows, 1, func(from int, columns []Column) error {
		require.Equal(t, next, from)
		require.LessOrEqual(t, len(columns), block)
		for i := range columns {
			alone, err := m.Column(t.Context(), mat.DenseCopyOf(rows.Slice(from+i, from+i+1, 0, 3)), 1)
			require.NoError(t, err)
			require.Equal(t, alone[0].Mean(), columns[i].Mean())
		}
		next += len(columns)
		return nil
	}))
	require.Equal(t, 2*block+7, next)
	enough := errors.New("enough")
	require.ErrorIs(t, m.EachColumn(t.Context(), rows, 1, func(int, []Column) error { return enough }), enough)
	var b strings.Builder
	require.NoError(t, m.WriteColumns(t.Context(), &b, rows, 1, []float64{0.5}, nil))
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	require.Len(t, lines, 2*block+8)
	require.Equal(t, "row,mean,sd,q0.5", lines[0])
	require.True(t, strings.HasPrefix(lines[2*block+7], "519,"))
}

func TestWhatCannotAnswer(t *testing.T) {
	tr, _, err := tree.Fit(context.Background(), mat.NewDense(4, 2, []float64{0, 1, 1, 0, 1, 1, 0, 0}), tree.Settings{})
	require.NoError(t, err)
	_, err = New(&saved.Model{Name: "tree", Fitted: tr}, Settings{})
	require.ErrorIs(t, err, ErrNoAnswer)
	m := ask(t, three(t), prepared(3), Settings{})
	_, err = m.Index("d")
	require.ErrorIs(t, err, dataset.ErrColumn)
}
