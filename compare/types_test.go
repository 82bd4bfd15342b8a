package compare

import (
	"bytes"
	"encoding/csv"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/lcm"
	"likely/results"
	"likely/saved"
)

// people returns a table of n people, header first: two kinds of them who differ in all
// columns.
func people(n int) [][]string {
	random := rand.New(density.NewSource(5, "test"))
	table := [][]string{{"sex", "visits", "age", "class", "smokes"}}
	pick := func(p float64, a, b string) string {
		if random.Float64() < p {
			return a
		}
		return b
	}
	for range n {
		p, mean, age := 0.8, 1.5, 30.
		if random.Float64() < 0.4 {
			p, mean, age = 0.3, 6, 61.
		}
		visits := 0
		for s := random.ExpFloat64(); s < mean; s += random.ExpFloat64() {
			visits++
		}
		class := pick(p, "low", pick(0.5, "middle", "high"))
		table = append(table, []string{
			pick(p, "female", "male"), strconv.Itoa(visits),
			strconv.FormatFloat(age+6*random.NormFloat64(), 'g', -1, 64), class, pick(1-p, "1", "0"),
		})
	}
	return table
}

// writeTable writes a table as CSV and returns its path.
func writeTable(t testing.TB, name string, table [][]string) string {
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	require.NoError(t, err)
	defer f.Close()
	require.NoError(t, csv.NewWriter(f).WriteAll(table))
	return path
}

// changed returns a table with the cells of a column (from 0) replaced, but for its name.
func changed(table [][]string, column int, f func(string) string) [][]string {
	var out [][]string
	for i, row := range table {
		row = slices.Clone(row)
		if i > 0 {
			row[column] = f(row[column])
		}
		out = append(out, row)
	}
	return out
}

// mixedRun compares the given models on a table, those of the default run if none is.
func mixedRun(t testing.TB, table [][]string, models ...string) *Outcome {
	c := fixed()
	c.Dataset, c.Models = writeTable(t, "people.csv", table), models
	c.Classes = Given(Range{2, 2})
	c.VAE.Hidden, c.VAE.Epochs, c.EvalSamples = []int{8}, 5, 50
	require.NoError(t, c.Check())
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	return o
}

// A mixed table is one: the columns are what their values say, the models are those of
// such tables.
func TestMixedTable(t *testing.T) {
	o := mixedRun(t, people(300))
	r := o.Results
	require.Equal(t, density.Mixed, r.Dataset.Measure)
	require.Equal(t, []results.Column{
		{Name: "sex", Type: "categorical", Levels: []string{"female", "male"}}, {Name: "visits", Type: "count"}, {Name: "age", Type: "continuous"},
		{Name: "class", Type: "categorical", Levels: []string{"high", "low", "middle"}}, {Name: "smokes", Type: "binary"},
	}, r.Dataset.Columns)
	var names []string
	for _, m := range r.Models {
		names = append(names, m.Name)
		require.NotNil(t, m.Test.Nats, m.Name)
	}
	require.Equal(t, []string{"independent", "lcm", "ae", "vae"}, names)
	require.Equal(t, "lcm", r.Pairs[0].Better)
	p := o.Data.Preparation
	require.Equal(t, []float64{1, 1, p.Transform.Scale[2], 1, 1}, p.Transform.Scale)
	require.Greater(t, p.Transform.Scale[2], 10.)
}

// log p of independent columns, counted by hand: Laplace's rule for levels, a normal
// density of the measured column in the units of the data, and for the counts the
// distribution of lcm in a table of its own.
func TestIndependentByHand(t *testing.T) {
	o := mixedRun(t, people(300), "independent", "lcm")
	train, test := o.Data.Train.X, o.Data.Test.X
	n, _ := train.Dims()
	rows, _ := test.Dims()
	laplace := func(j, levels int) func(v float64) float64 {
		counts := make([]float64, levels)
		for _, v := range mat.Col(nil, j, train) {
			counts[int(v)]++
		}
		return func(v float64) float64 { return math.Log((counts[int(v)] + 1) / float64(n+levels)) }
	}
	mean, variance := stat.PopMeanVariance(mat.Col(nil, 2, train), nil)
	age := func(v float64) float64 {
		return -0.5 * (math.Log(2*math.Pi*variance) + (v-mean)*(v-mean)/variance)
	}
	visits, _, err := lcm.Fit(t.Context(), mat.NewDense(n, 1, mat.Col(nil, 1, train)), lcm.Settings{Components: 1, Columns: []lcm.Column{{Kind: lcm.NegativeBinomial}}}, density.NewSource(1, "test"))
	require.NoError(t, err)
	sum := 0.
	for _, v := range visits.LogProb(nil, mat.NewDense(rows, 1, mat.Col(nil, 1, test))) {
		sum += v
	}
	for j, f := range map[int]func(float64) float64{0: laplace(0, 2), 2: age, 3: laplace(3, 3), 4: laplace(4, 2)} {
		for _, v := range mat.Col(nil, j, test) {
			sum += f(v)
		}
	}
	require.InDelta(t, sum/float64(rows), *o.Results.Models[0].Test.Nats, 1e-10)
}

// Scaling the measured column by 1024 moves every model by −ln 1024, other names of
// levels, and so other codes, change nothing, nor does the order of the columns.
func TestMixedInvariance(t *testing.T) {
	table := people(300)
	plain := mixedRun(t, table, "independent", "lcm", "vae").Results
	scaled := mixedRun(t, changed(table, 2, func(cell string) string {
		v, _ := strconv.ParseFloat(cell, 64)
		return strconv.FormatFloat(1024*v, 'g', -1, 64)
	}), "independent", "lcm", "vae").Results
	recoded := mixedRun(t, changed(table, 3, func(cell string) string { return map[string]string{"low": "a", "middle": "c", "high": "b"}[cell] }), "independent", "lcm").Results
	recoded2 := mixedRun(t, changed(table, 0, func(cell string) string { return map[string]string{"male": "1", "female": "2"}[cell] }), "independent", "lcm").Results
	var turned [][]string
	for _, row := range table {
		turned = append(turned, []string{row[4], row[2], row[3], row[0], row[1]})
	}
	moved := mixedRun(t, turned, "independent", "lcm").Results
	for i, m := range plain.Models {
		want := *m.Test.Nats
		if m.Name == "vae" { // its networks are float32
			require.InDelta(t, want-math.Log(1024), *scaled.Models[i].Test.Nats, 1e-6)
			continue
		}
		require.InDelta(t, want-math.Log(1024), *scaled.Models[i].Test.Nats, 1e-10, m.Name)
		require.InDelta(t, want, *recoded.Models[i].Test.Nats, 1e-10, m.Name)
		require.InDelta(t, want, *recoded2.Models[i].Test.Nats, 1e-10, m.Name)
		require.InDelta(t, want, *moved.Models[i].Test.Nats, 1e-7, m.Name)
	}
}

// A saved model knows the names of the levels: it scores the file it was fitted to as
// in the run, whatever the order of its columns, and draws rows with names.
func TestMixedSaved(t *testing.T) {
	table := people(300)
	o := mixedRun(t, table, "independent", "lcm")
	path := filepath.Join(t.TempDir(), "lcm.safetensors")
	require.NoError(t, o.Fits[1].Model.Save(path))
	m, err := saved.Load(path)
	require.NoError(t, err)
	var turned [][]string
	for _, row := range table {
		turned = append(turned, []string{row[4], row[2], row[3], row[0], row[1]})
	}
	d, err := dataset.OpenWith(writeTable(t, "turned.csv", turned), dataset.Options{Like: m.Preparation.Schema()})
	require.NoError(t, err)
	r, err := Score(t.Context(), m, d, 10, 1)
	require.NoError(t, err)
	sum := 0.
	for i := range o.Data.Test.Rows() {
		sum += r.LogProb[o.Data.Test.Row(i)]
	}
	require.InDelta(t, *o.Results.Models[1].Test.Nats, sum/float64(o.Data.Test.Rows()), 1e-12)

	var b bytes.Buffer
	require.NoError(t, WriteSamples(t.Context(), &b, m, 200, 3))
	lines, err := csv.NewReader(&b).ReadAll()
	require.NoError(t, err)
	require.Equal(t, table[0], lines[0])
	seen := make(map[string]bool)
	for _, line := range lines[1:] {
		seen[line[0]], seen[line[3]], seen[line[4]] = true, true, true
		visits, err := strconv.Atoi(line[1])
		require.NoError(t, err)
		require.GreaterOrEqual(t, visits, 0)
	}
	require.Equal(t, map[string]bool{"female": true, "male": true, "low": true, "middle": true, "high": true, "0": true, "1": true}, seen)
	// What was drawn can be scored.
	again := filepath.Join(t.TempDir(), "drawn.csv")
	file, err := os.Create(again)
	require.NoError(t, err)
	require.NoError(t, WriteSamples(t.Context(), file, m, 50, 3))
	require.NoError(t, file.Close())
	d, err = dataset.OpenWith(again, dataset.Options{Like: m.Preparation.Schema()})
	require.NoError(t, err)
	_, err = Score(t.Context(), m, d, 10, 1)
	require.NoError(t, err)

	// Data that were read otherwise are refused, not taken for something else.
	for name, other := range map[string]*dataset.Dataset{
		"no levels": {X: mat.NewDense(1, 5, nil), Columns: m.Preparation.Columns},
		"other levels": {X: mat.NewDense(1, 5, nil), Columns: m.Preparation.Columns,
			Levels: [][]string{{"male", "female"}, nil, nil, {"high", "low", "middle"}, nil}},
	} {
		_, err := Score(t.Context(), m, other, 10, 1)
		require.ErrorIs(t, err, saved.ErrMismatch, name)
	}
	wrong := mat.NewDense(1, 5, []float64{0, 1.5, 3, 0, 1})
	_, err = Score(t.Context(), m, &dataset.Dataset{Name: "wrong", X: wrong, Columns: m.Preparation.Columns, Levels: m.Preparation.Levels}, 10, 1)
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, `wrong, row 1, column 2 ("visits") is 1.5`)
}

// A level that training has not seen is an error that names it, unless unknown levels
// are missing values; one of the held-out share alone has a finite log p by the prior.
func TestUnseenLevel(t *testing.T) {
	table := people(100)
	c := fixed()
	c.Dataset, c.Classes = writeTable(t, "people.csv", table), Given(Range{2, 2})
	c.Test = writeTable(t, "test.csv", [][]string{table[0], table[1], {"female", "2", "31.5", "unknown", "0"}})
	_, err := (&Job{Settings: c}).Run(t.Context())
	require.ErrorIs(t, err, dataset.ErrUnseen)
	require.ErrorContains(t, err, `test.csv, line 3, column 4 ("class"): "unknown"`)
	require.ErrorContains(t, err, `"high", "low" and "middle"`)

	// As a missing value it has the log p of the row without it; --missing is not needed.
	c.Models, c.UnseenMissing = []string{"independent"}, true
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	without := c
	without.Missing = true
	without.Test = writeTable(t, "test.csv", [][]string{table[0], table[1], {"female", "2", "31.5", "", "0"}})
	want, err := (&Job{Settings: without}).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, *want.Results.Models[0].Test.Nats, *o.Results.Models[0].Test.Nats)
	require.Contains(t, strings.Join(o.Results.Warnings, "\n"), `column 4 ("class"), line 3: levels that the training data do not have are taken for missing`)

	held := append(slices.Clone(table), table[1:9]...)
	rare := slices.Clone(held[len(held)-1])
	rare[3] = "unknown"
	held[len(held)-1] = rare
	for seed := range uint64(20) {
		c := fixed()
		c.Dataset, c.Classes, c.Seed = writeTable(t, "people.csv", held), Given(Range{2, 2}), seed
		c.Models = []string{"independent", "lcm"}
		o, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		require.NotNil(t, o.Results.Models[1].Test.Nats)
		if o.Data.Test.Row(o.Data.Test.Rows()-1) == len(held)-2 || slices.Contains(rowsOf(o.Data.Test), len(held)-2) {
			return // the level was held out, and all is finite
		}
	}
	t.Fatal("no seed holds the level out")
}

func rowsOf(p *Part) []int {
	rows := make([]int, p.Rows())
	for i := range rows {
		rows[i] = p.Row(i)
	}
	return rows
}

// Types that are asked for overrule, and make the measure; a column that names the rows
// is left out, with a word on how to keep it.
func TestAskedTypes(t *testing.T) {
	table := people(60)
	for i, row := range table {
		id := "id"
		if i > 0 {
			id = strconv.Itoa(i)
		}
		table[i] = append([]string{id}, row...)
	}
	path := writeTable(t, "people.csv", table)
	for _, one := range []struct {
		types   string
		drop    []string
		measure density.Measure
		dim     int
	}{
		{"", nil, density.Mixed, 5},
		{"id=continuous", nil, density.Mixed, 6},
		{"", []string{"age"}, density.Discrete, 4},
		{"visits=continuous,smokes=rounded", []string{"sex", "class"}, density.Continuous, 3},
		{"visits=identifier", []string{"age"}, density.Discrete, 3},
		{"", []string{"age", "sex", "class", "visits"}, density.Binary, 1},
		{"smokes=categorical", []string{"age", "sex", "class", "visits"}, density.Discrete, 1},
	} {
		c := fixed()
		c.Dataset, c.Drop = path, one.drop
		if one.types != "" {
			var err error
			c.Types, err = ParseColumnTypes(one.types)
			require.NoError(t, err)
			require.Equal(t, len(strings.Split(one.types, ",")), len(strings.Split(c.Types.String(), ",")))
		}
		d, err := Load(t.Context(), &c)
		require.NoError(t, err, "%+v", one)
		require.Equal(t, one.measure, d.Preparation.Measure, "%+v", one)
		require.Equal(t, one.dim, d.All.Dim(), "%+v", one)
	}
	c := fixed()
	c.Dataset, c.Types = path, ColumnTypes{"age": dataset.Count}
	_, err := Load(t.Context(), &c)
	require.ErrorIs(t, err, dataset.ErrType)
	require.ErrorContains(t, err, `column 4 ("age")`)
	for _, bad := range []string{"", "a", "=count", "a=cont", "a=count,a=binary"} {
		_, err := ParseColumnTypes(bad)
		require.Error(t, err, bad)
	}
}
