package vae

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/internal/safetensors"
)

var (
	fourColumns = []Column{{Likelihood: Bernoulli}, {Categorical, 3}, {Likelihood: Gaussian}, {Likelihood: NegativeBinomial}}
	fourPlain   = []Column{{Likelihood: Bernoulli}, {Categorical, 3}, {Likelihood: Gaussian}, {Likelihood: Poisson}}
)

// mixedRows returns rows of fourColumns that depend on a common code: bits, three
// categories, numbers and counts.
func mixedRows(n int, seed uint64) *mat.Dense {
	x, z := mat.NewDense(n, 4, nil), normals(n, 5, seed)
	for i := range n {
		code, e := z.At(i, 0), z.RawRowView(i)
		bit := 0.0
		if code+0.3*e[1] > 0 {
			bit = 1
		}
		category := 2.0
		if code+0.5*e[2] < -0.4 {
			category = 0
		} else if code+0.5*e[2] < 0.5 {
			category = 1
		}
		x.SetRow(i, []float64{bit, category, 7 + 2*code + 0.5*e[3], math.Floor(math.Exp(1 + 0.8*code + 0.3*e[4]))})
	}
	return x
}

// columnModel returns a small model of fourColumns, fitted in float64.
func columnModel(t testing.TB, s Settings, x *mat.Dense) *Model {
	t.Helper()
	if s.Columns == nil {
		s.Columns = fourColumns
	}
	if s.Hidden == nil {
		s.Hidden = []int{7}
	}
	if s.Epochs == 0 {
		s.Epochs = 6
	}
	s.Precision = Float64
	m, _, err := Fit(context.Background(), x, nil, s, source(1))
	require.NoError(t, err)
	return m
}

// The probabilities of all rows of bits, categories and counts sum to 1, by quadrature
// over a code of one dimension. Counts above 200 have less than 1e-9 together.
func TestDiscreteColumnsSumToOne(t *testing.T) {
	x := mixedRows(60, 1)
	discrete := mat.NewDense(60, 4, nil)
	for i := range 60 {
		discrete.SetRow(i, []float64{x.At(i, 0), x.At(i, 1), 1 - x.At(i, 0), x.At(i, 3)})
	}
	m := columnModel(t, Settings{Latent: 1, Columns: []Column{{Likelihood: Bernoulli}, {Categorical, 3}, {Categorical, 2}, {Likelihood: Poisson}}}, discrete)
	rows := mat.NewDense(2*3*2*200, 4, nil)
	for i := range 2 * 3 * 2 * 200 {
		rows.SetRow(i, []float64{float64(i % 2), float64(i / 2 % 3), float64(i / 6 % 2), float64(i / 12)})
	}
	near(t, 0, density.LogSumExp(logProbOnGrid(m, rows, 161, 0.1)), 1e-6)
	require.Equal(t, []density.Measure{density.Discrete}, m.Measures())
}

// The density of a mixed table integrates to 1: over the number by the midpoint rule,
// over bits and categories by their sum.
func TestMixedColumnsIntegrateToOne(t *testing.T) {
	x := mixedRows(60, 1)
	three := mat.DenseCopyOf(x.Slice(0, 60, 0, 3))
	m := columnModel(t, Settings{Latent: 1, Columns: fourColumns[:3], Sigma: PerDim}, three)
	const points, step = 300, 0.1
	rows := mat.NewDense(6*points, 3, nil)
	for i := range 6 * points {
		rows.SetRow(i, []float64{float64(i % 2), float64(i / 2 % 3), 7 + (float64(i/6)-points/2)*step})
	}
	near(t, 0, density.LogSumExp(logProbOnGrid(m, rows, 161, 0.1))+math.Log(step), 1e-6)
	require.Equal(t, []density.Measure{density.Mixed}, m.Measures())
}

// altered returns the model with changed tensors and columns.
func altered(t testing.TB, m *Model, columns []Column, change func(name string, v *mat.Dense)) *Model {
	t.Helper()
	c := m.Config()
	c.Columns = columns
	var tensors []safetensors.Tensor
	for _, s := range m.Tensors() {
		data := append([]float64{}, s.Data...)
		rows, width := s.Shape[0], 1
		if len(s.Shape) > 1 {
			width = s.Shape[1]
		}
		change(s.Name, mat.NewDense(rows, width, data))
		tensors = append(tensors, safetensors.Tensor{Name: s.Name, Shape: s.Shape, Data: data})
	}
	out, err := FromTensors(c, tensors)
	require.NoError(t, err)
	return out
}

// reorder puts the rows (or columns) of v in an order.
func reorder(v *mat.Dense, order []int, byRow bool) {
	from := mat.DenseCopyOf(v)
	for to, k := range order {
		if byRow {
			v.SetRow(to, from.RawRowView(k))
			continue
		}
		for i := range v.RawMatrix().Rows {
			v.Set(i, to, from.At(i, k))
		}
	}
}

// Other codes for the same categories, and the weights that go with them, leave log p,
// q(z|x) and reconstructions what they were.
func TestRecodingChangesNothing(t *testing.T) {
	x := mixedRows(60, 1)
	m := columnModel(t, Settings{}, x)
	// Level 0 is now 2, 1 is 0 and 2 is 1.
	recoded := mat.DenseCopyOf(x)
	for i := range 60 {
		recoded.Set(i, 1, math.Mod(x.At(i, 1)+2, 3))
	}
	other := altered(t, m, fourColumns, func(name string, v *mat.Dense) {
		order := []int{0, 2, 3, 1, 4, 5}
		switch name {
		case "encoder.0.weight":
			reorder(v, order, false)
		case "decoder.mean.weight", "decoder.mean.bias":
			reorder(v, order, true)
		}
	})
	z := normals(60, 2, 5)
	want, got := m.LogLik(nil, x, z), other.LogLik(nil, recoded, z)
	mean, logvar := m.Encoder().Moments(x)
	mean2, logvar2 := other.Encoder().Moments(recoded)
	for i := range want {
		near(t, want[i], got[i], 1e-10)
	}
	require.True(t, mat.EqualApprox(mean, mean2, 1e-10) && mat.EqualApprox(logvar, logvar2, 1e-10))
	require.Equal(t, m.ReconstructionError(nil, x), other.ReconstructionError(nil, recoded))
	a, b := m.Reconstruct(nil, x), other.Reconstruct(nil, recoded)
	for i := range 60 {
		require.Equal(t, math.Mod(a.At(i, 1)+2, 3), b.At(i, 1))
	}
}

// The same columns in another order, with the weights that go with them, have the same
// log p but for rounding.
func TestOrderOfColumnsIsRounding(t *testing.T) {
	x := mixedRows(60, 1)
	m := columnModel(t, Settings{}, x)
	moved, places := []int{3, 1, 0, 2}, []int{5, 1, 2, 3, 0, 4} // columns, and their locations
	y, columns := mat.DenseCopyOf(x), make([]Column, 4)
	reorder(y, moved, false)
	for to, from := range moved {
		columns[to] = fourColumns[from]
	}
	other := altered(t, m, columns, func(name string, v *mat.Dense) {
		switch name {
		case "encoder.0.weight":
			reorder(v, places, false)
		case "decoder.mean.weight", "decoder.mean.bias":
			reorder(v, places, true)
		case "decoder.logvar.weight", "decoder.logvar.bias":
			reorder(v, []int{1, 0}, true)
		}
	})
	z := normals(60, 2, 5)
	want := m.LogLik(nil, x, z)
	for i, got := range other.LogLik(nil, y, z) {
		relative(t, want[i], got, 1e-12)
	}
}

// A fit to a number in other units is the same fit: log p moves by minus the logarithm
// of the factor.
func TestUnitsOfAColumnMoveLogProb(t *testing.T) {
	x := mixedRows(60, 1)
	scaled := mat.DenseCopyOf(x)
	for i := range 60 {
		scaled.Set(i, 2, 1024*x.At(i, 2))
	}
	z := normals(60, 2, 5)
	for _, sigma := range []Sigma{Network, PerDim} {
		m, other := columnModel(t, Settings{Sigma: sigma}, x), columnModel(t, Settings{Sigma: sigma}, scaled)
		want := m.LogLik(nil, x, z)
		for i, got := range other.LogLik(nil, scaled, z) {
			near(t, want[i]-math.Log(1024), got, 1e-9)
		}
	}
}

// What is in one column says something about the others: after training the bound on
// rows that it has not seen is above the log p of independent columns with the means
// and variances of the training rows.
func TestColumnsShareTheCode(t *testing.T) {
	train, test := mixedRows(600, 1), mixedRows(300, 2)
	m, report, err := Fit(context.Background(), train, test, Settings{Latent: 1, Hidden: []int{16}, Columns: fourColumns, Epochs: 80}, source(1))
	require.NoError(t, err)
	got := report.History[report.BestEpoch-1].Valid
	independent, _, err := Fit(context.Background(), train, test, Settings{Latent: 1, Hidden: []int{}, Columns: fourColumns, Sigma: PerDim, Epochs: 80, Beta: 1e6}, source(1))
	require.NoError(t, err)
	// With such a price on the code it says nothing, and columns are independent.
	alone := independent.LogLik(nil, test, mat.NewDense(300, 1, nil))
	t.Logf("bound %.3f, independent columns %.3f", got, sum(alone)/300)
	require.Greater(t, got, sum(alone)/300+1)
	sample := mat.NewDense(400, 4, nil)
	m.Rand(sample, source(3))
	require.NoError(t, m.obs.check(sample, false))
}

// A run that was stopped and resumed, and a model that was kept, have the same bits.
func TestColumnsResumeAndComeBack(t *testing.T) {
	x := mixedRows(60, 1)
	for _, sigma := range []Sigma{Network, PerDim} {
		s := Settings{Hidden: []int{6}, Epochs: 4, Batch: 16, Columns: fourColumns, Sigma: sigma, Prior: Vamp(3)}
		want, _, err := Fit(context.Background(), x, x, s, source(1))
		require.NoError(t, err)
		first, err := NewTrainer(x, x, s, source(1))
		require.NoError(t, err)
		for range 7 {
			require.NoError(t, first.Step())
		}
		var file bytes.Buffer
		require.NoError(t, first.WriteCheckpoint(&file))
		first.Close()
		second, err := NewTrainer(x, x, s, source(9))
		require.NoError(t, err)
		require.NoError(t, second.Resume(&file))
		for !second.Done() {
			require.NoError(t, second.Step())
		}
		got, _, err := second.Model()
		require.NoError(t, err)
		second.Close()
		require.Equal(t, want.Tensors(), got.Tensors())
		text, err := json.Marshal(got.Config())
		require.NoError(t, err)
		var c Config
		require.NoError(t, json.Unmarshal(text, &c))
		back, err := FromTensors(c, got.Tensors())
		require.NoError(t, err)
		z := normals(60, 2, 5)
		require.Equal(t, want.LogLik(nil, x, z), back.LogLik(nil, x, z))
		wantMean, _ := want.Encoder().Moments(x)
		mean, _ := back.Encoder().Moments(x)
		require.Equal(t, wantMean, mean)
		require.Equal(t, ByColumn, back.Config().Likelihood)
	}
}

// mixedReference is a density of rows of fourColumns, whose columns are independent:
// fair coins, equal categories, a normal and geometric counts.
type mixedReference struct{}

func (mixedReference) Dim() int { return 4 }

func (mixedReference) Rand(dst *mat.Dense, src rand.Source) {
	random := rand.New(src)
	n, _ := dst.Dims()
	for i := range n {
		count := math.Floor(math.Log(1-random.Float64()) / math.Log(0.8))
		dst.SetRow(i, []float64{float64(random.IntN(2)), float64(random.IntN(3)), 7 + 2.5*random.NormFloat64(), count})
	}
}

func (mixedReference) LogProb(dst []float64, x *mat.Dense) []float64 {
	n, _ := x.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		e := (x.At(i, 2) - 7) / 2.5
		dst[i] = -math.Log(6) - 0.5*(log2Pi+e*e) - math.Log(2.5) + math.Log(0.2) + x.At(i, 3)*math.Log(0.8)
	}
	return dst
}

func TestColumnsPassTheSuite(t *testing.T) {
	x := mixedRows(60, 1)
	m := columnModel(t, Settings{}, x)
	densitytest.Latent(t, m, densitytest.Config{Reference: mixedReference{}})
	densitytest.Proposal(t, m.Encoder(), density.Rows(x, 0, 6), densitytest.Config{})
}

// A plain autoencoder of mixed columns gives most of the categories back.
func TestAutoencoderOfColumns(t *testing.T) {
	x := mixedRows(300, 1)
	a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{Columns: fourPlain, Hidden: []int{16}, Epochs: 150}, source(1))
	require.NoError(t, err)
	y := a.Reconstruct(nil, x)
	same := 0
	for i := range 300 {
		if x.At(i, 1) == y.At(i, 1) {
			same++
		}
	}
	require.Greater(t, same, 285) // a third by guessing
}

// A code that no training row has is no panic: it has probability 0, and the encoder
// sees none of the levels.
func TestUnknownCategory(t *testing.T) {
	m := columnModel(t, Settings{}, mixedRows(60, 1))
	for _, code := range []float64{3, -1, 0.5, 1e300} {
		x := mat.NewDense(1, 4, []float64{0, code, 7, 2})
		z, grad := normals(1, 2, 1), mat.NewDense(1, 2, nil)
		require.Equal(t, []float64{math.Inf(-1)}, m.LogLik(nil, x, z))
		require.Equal(t, []float64{math.Inf(-1)}, m.LogLikGrad(nil, grad, x, z))
		m.Reconstruct(nil, x)
	}
}

func TestBadColumns(t *testing.T) {
	good := mixedRows(20, 1)
	with := func(j int, v float64) *mat.Dense {
		x := mat.DenseCopyOf(good)
		x.Set(4, j, v)
		return x
	}
	replaced := func(j int, c Column) []Column {
		out := append([]Column{}, fourColumns...)
		out[j] = c
		return out
	}
	for _, c := range []struct {
		x    *mat.Dense
		s    Settings
		want error
		text string
	}{
		{good, Settings{Columns: fourColumns[:3]}, ErrSettings, "Settings.Columns describes 3 columns, the data have 4"},
		{good, Settings{Columns: []Column{}}, ErrSettings, "describes 0 columns"},
		{good, Settings{Likelihood: ByColumn}, ErrSettings, "by-column"},
		{good, Settings{Likelihood: Bernoulli, Columns: fourColumns}, ErrSettings, "bernoulli"},
		{good, Settings{Columns: fourColumns, Sigma: Shared}, ErrSettings, "network or per-dim"},
		{good, Settings{Columns: fourColumns, Dynamic: true}, ErrSettings, "fresh bits need bernoulli"},
		{good, Settings{Columns: replaced(1, Column{Likelihood: Categorical})}, nil, "0 levels of a categorical column; want 2 to 65536 in Settings.Columns, column 2"},
		{good, Settings{Columns: replaced(2, Column{Gaussian, 3})}, ErrSettings, "column 3 has 3 levels"},
		{good, Settings{Columns: replaced(2, Column{Likelihood: ByColumn})}, ErrSettings, "column 3"},
		{with(1, 3), Settings{Columns: fourColumns}, density.ErrSupport, "row 5, column 2 is 3, not a code 0, 1, …, 2"},
		{with(1, -1), Settings{Columns: fourColumns}, density.ErrSupport, "row 5, column 2 is -1, not a code"},
		{with(1, 0.5), Settings{Columns: fourColumns}, density.ErrSupport, "row 5, column 2 is 0.5, not a code"},
		{with(3, -2), Settings{Columns: fourColumns}, density.ErrSupport, "row 5, column 4 is -2, not a count"},
		{with(3, 1.5), Settings{Columns: fourColumns}, density.ErrSupport, "row 5, column 4 is 1.5, not a count"},
		{with(0, 2), Settings{Columns: fourColumns}, density.ErrSupport, "row 5, column 1 is 2, neither 0 nor 1"},
		{with(2, math.Inf(1)), Settings{Columns: fourColumns}, density.ErrNonFinite, "row 5, column 3 is +Inf"},
		{with(2, math.NaN()), Settings{Columns: fourColumns}, density.ErrNonFinite, "row 5, column 3 is NaN"},
	} {
		_, _, err := Fit(context.Background(), c.x, nil, c.s, source(1))
		require.Error(t, err, c.text)
		require.ErrorContains(t, err, c.text)
		if c.want != nil {
			require.ErrorIs(t, err, c.want, c.text)
		}
	}
	_, _, err := FitAutoencoder(context.Background(), good, nil, Settings{Columns: fourColumns}, source(1))
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorContains(t, err, "no Settings.Likelihood negative-binomial in Settings.Columns, column 4")
}
