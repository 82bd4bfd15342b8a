package compare

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
)

// clusters writes a file of n rows in two columns: two clusters, one of them at an
// angle, in units of which one is large.
func clusters(t *testing.T, n int) string {
	t.Helper()
	random := rand.New(density.NewSource(1, "test.clusters"))
	var text strings.Builder
	for range n {
		a, b := random.NormFloat64(), random.NormFloat64()
		if random.IntN(3) == 0 {
			a, b = 4+a+b, 3-b
		}
		fmt.Fprintf(&text, "%v,%v\n", 1000*a, b)
	}
	path := filepath.Join(t.TempDir(), "rows.csv")
	require.NoError(t, os.WriteFile(path, []byte(text.String()), 0o644))
	return path
}

func streamConfig(path string, rows int) Settings {
	c := Default()
	c.Dataset, c.Stream, c.Models = path, rows, []string{"gaussian", "gmm"}
	c.Components, c.GMM.Starts = Range{2, 2}, 3
	return c
}

// The rows streamed are those of the file that are not held out, each once, as the
// models see them.
func TestStreamedRows(t *testing.T) {
	c := streamConfig(clusters(t, 3000), 400)
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	require.Equal(t, 400, d.All.Rows())
	held := make(map[float64]bool)
	for _, p := range []*Part{d.Valid, d.Test} {
		for i := range p.Rows() {
			held[p.Model.At(i, 0)] = true
		}
	}
	require.Len(t, held, 112)
	rows := newStreamed(d)
	require.Equal(t, 3000-112, rows.count)
	for range 2 {
		require.NoError(t, rows.Rewind())
		seen := make(map[float64]bool)
		for chunk := mat.NewDense(97, 2, nil); ; {
			n, err := rows.Next(chunk)
			for i := range n {
				require.False(t, held[chunk.At(i, 0)], "a held-out row is trained on")
				seen[chunk.At(i, 0)] = true
			}
			if errors.Is(err, io.EOF) {
				break
			}
			require.NoError(t, err)
		}
		require.Len(t, seen, 3000-112)
		for i := range d.Train.Rows() {
			require.True(t, seen[d.Train.Model.At(i, 0)])
		}
	}
}

// awkward writes the clusters with a column of weights, a fifth of them 0, and with a
// tenth of the values of the first column missing.
func awkward(t *testing.T, n int) string {
	t.Helper()
	text, err := os.ReadFile(clusters(t, n))
	require.NoError(t, err)
	random := rand.New(density.NewSource(2, "test.clusters"))
	var out strings.Builder
	out.WriteString("a,b,w\n")
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if random.IntN(10) == 0 {
			line = line[strings.Index(line, ","):]
		}
		fmt.Fprintf(&out, "%s,%d\n", line, random.IntN(5))
	}
	path := filepath.Join(t.TempDir(), "awkward.csv")
	require.NoError(t, os.WriteFile(path, []byte(out.String()), 0o644))
	return path
}

// Where all rows are held, streaming them ends where the fit in memory does, also with
// weights and missing values.
func TestStreamOfEverything(t *testing.T) {
	for _, full := range []bool{false, true} {
		path, allowed := clusters(t, 900), 1e-6
		whole, streamed := streamConfig(path, 0), streamConfig(path, 5000)
		if full {
			// EM creeps, and a hundredth of 11 parameters over 2·1300 rows may be left.
			path, allowed = awkward(t, 900), 5e-5
			for _, c := range []*Settings{&whole, &streamed} {
				c.Dataset, c.Missing, c.Weights = path, true, "w"
			}
		}
		outcome, err := (&Job{Settings: whole}).Run(t.Context())
		require.NoError(t, err)
		a := outcome.Results
		outcome, err = (&Job{Settings: streamed}).Run(t.Context())
		require.NoError(t, err)
		b := outcome.Results
		require.Equal(t, a.Dataset.RowsTrain, b.Dataset.RowsTrain)
		require.Equal(t, a.Dataset.Missing, b.Dataset.Missing)
		require.Equal(t, a.Dataset.Weights, b.Dataset.Weights)
		for i, m := range a.Models {
			require.InDelta(t, *m.Test.Nats, *b.Models[i].Test.Nats, allowed, m.Name)
			require.InDelta(t, *m.Train.Nats, *b.Models[i].Train.Nats, allowed, m.Name)
		}
		require.Empty(t, b.Warnings)
	}
}

// Weights and gaps of the rows that are not held in memory count too: the fit is that
// to the training rows read whole.
func TestStreamUsesWeightsAndGaps(t *testing.T) {
	path := awkward(t, 6000)
	c := streamConfig(path, 300)
	c.Missing, c.Weights = true, "w"
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	require.Equal(t, 300, d.All.Rows())
	held := make(map[int]bool)
	for _, p := range []*Part{d.Valid, d.Test} {
		for i := range p.Rows() {
			held[p.Row(i)] = true
		}
	}
	job := &Job{Settings: c}
	kind, _ := lookupKind("gmm")
	sample, err := kind.Fit(t.Context(), job, d)
	require.NoError(t, err)
	all, err := job.fit(t.Context(), kind, d)
	require.NoError(t, err)

	file, err := dataset.OpenWith(path, dataset.Options{Missing: true, Weights: "w"})
	require.NoError(t, err)
	var rows []int
	for i := range file.Rows() {
		if !held[file.Row(i)] {
			rows = append(rows, i)
		}
	}
	train := file.Take(rows)
	require.Equal(t, train.Rows(), streamedRows(t, all))
	require.InDelta(t, train.TotalWeight(), newStreamed(d).weight, 1e-9)
	want, _, err := gmm.Fit(t.Context(), train.X, gmm.Settings{
		Components: 2, Start: gmm.From(sample.Model.Fitted.(*gmm.Model)), Missing: true, Weights: train.Weights,
	}, density.NewSource(1, "test"))
	require.NoError(t, err)
	logLik := func(m *gmm.Model) (value float64) {
		for i, v := range m.LogProbObserved(nil, train.X) {
			value += v * train.Weights[i]
		}
		return value / train.TotalWeight()
	}
	// What may be left: a hundredth of 11 parameters over 2·11000 rows.
	require.InDelta(t, logLik(want), logLik(all.Model.Fitted.(*gmm.Model)), 1e-5)
}

// A mixture that is streamed is the fit to all rows that are not held out, and
// better for it than that to the rows in memory.
func TestStreamUsesTheWholeFile(t *testing.T) {
	c := streamConfig(clusters(t, 6000), 150)
	d, err := Load(t.Context(), &c)
	require.NoError(t, err)
	defer d.Close()
	job := &Job{Settings: c}
	kind, _ := lookupKind("gmm")
	sample, err := kind.Fit(t.Context(), job, d)
	require.NoError(t, err)
	all, err := job.fit(t.Context(), kind, d)
	require.NoError(t, err)

	rows := newStreamed(d)
	x := mat.NewDense(rows.count, 2, nil)
	require.NoError(t, rows.Rewind())
	for at := 0; ; {
		n, err := rows.Next(density.Rows(x, at, min(at+500, rows.count)))
		if at += n; errors.Is(err, io.EOF) || at == rows.count {
			break
		}
		require.NoError(t, err)
	}
	want, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 2, Start: gmm.From(sample.Model.Fitted.(*gmm.Model))}, density.NewSource(1, "test"))
	require.NoError(t, err)
	logLik := func(m density.Exact) float64 { return mean(m.LogProb(nil, x)) }
	got := logLik(all.Model.Fitted.(*gmm.Model))
	// What may be left: a hundredth of 11 parameters over 2·5000 rows.
	require.InDelta(t, logLik(want), got, 2e-5)
	require.Greater(t, got, logLik(sample.Model.Fitted.(*gmm.Model))+1e-3)
	require.Equal(t, rows.count, streamedRows(t, all))
}

// streamedRows returns what the record of a fit says of the rows it went through.
func streamedRows(t *testing.T, fit *Fit) int {
	var record streamRecord
	require.NoError(t, json.Unmarshal(fit.Settings, &record))
	require.Positive(t, record.Passes)
	return record.Rows
}

// A file of bits and categories is one when it is streamed too: types come from all rows,
// codes are those of the file read whole, and the fit is that in memory.
func TestStreamOfClasses(t *testing.T) {
	table := people(4000)
	for i, row := range table[1:] { // numbers alone, of which two are categories
		row[0] = map[string]string{"female": "7", "male": "3"}[row[0]]
		row[3] = map[string]string{"low": "0", "middle": "1", "high": "2"}[row[3]]
		table[1+i] = append([]string{strconv.Itoa(i)}, row...)
	}
	table[0] = append([]string{"number"}, table[0]...)
	table[3999][4] = "5" // in one row alone
	path := writeTable(t, "people.csv", table)
	for _, one := range []struct {
		drop    []string
		measure density.Measure
	}{{nil, density.Mixed}, {[]string{"age"}, density.Discrete}, {[]string{"age", "sex", "visits", "class"}, density.Binary}} {
		c := Default()
		c.Dataset, c.Drop, c.Classes, c.Models = path, one.drop, Given(Range{2, 2}), []string{"independent", "lcm"}
		if one.measure == density.Mixed {
			c.Types = ColumnTypes{"class": dataset.Categorical}
		}
		whole, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		c.Stream = 500
		d, err := Load(t.Context(), &c)
		require.NoError(t, err)
		require.Equal(t, one.measure, d.Preparation.Measure)
		require.Equal(t, whole.Data.Preparation.Types, d.Preparation.Types)
		require.Equal(t, whole.Data.Preparation.Levels, d.Preparation.Levels)
		require.NoError(t, d.Close())
		c.Stream = 9999 // all rows are held, so that the parts are the same
		streamed, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, whole.Data.Preparation.Columns, streamed.Data.Preparation.Columns)
		for i, m := range whole.Results.Models {
			require.InDelta(t, *m.Test.Nats, *streamed.Results.Models[i].Test.Nats, 1e-5, m.Name)
		}
		c.Stream = 500
		part, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err)
		require.Equal(t, part.Results.Dataset.RowsTrain, streamedRows(t, part.Fits[1]))
	}
}

// A test file is not cut from the rows that are streamed, even if it is the same file:
// all rows are trained on, and that is said.
func TestStreamWithItsOwnFileForTest(t *testing.T) {
	c := streamConfig(clusters(t, 1000), 200)
	c.Test, c.Models = c.Dataset, []string{"gaussian"}
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	valid := o.Results.Dataset.RowsValid
	require.Equal(t, 1000-valid, streamedRows(t, o.Fits[0]))
	require.Equal(t, 1000, o.Results.Dataset.RowsTest)
	require.NotNil(t, o.Results.Dataset.Test)
	require.Contains(t, strings.Join(o.Results.Warnings, "\n"), "Settings.Test")
}
