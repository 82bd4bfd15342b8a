package compare

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/dataset"
	"likely/density"
	"likely/tree"
	"likely/vae"
)

// Counts without a measured column are discrete; a constant column among bits or counts
// is one of them, and one among measured columns an error.
func TestConstantColumns(t *testing.T) {
	for i, one := range []struct {
		header string
		cell   func(i int) string
		want   density.Measure
	}{
		{"a,b,c", func(i int) string { return fmt.Sprintf("%d,%d,0", i%2, i/2%2) }, density.Binary},
		{"a,b,c", func(i int) string { return fmt.Sprintf("%d,%d,7", i%2, i/2%2) }, density.Discrete},
		{"a,b,c", func(i int) string { return fmt.Sprintf("%d,%d,0", i%2, i%5) }, density.Discrete},
		{"a,b", func(i int) string { return fmt.Sprintf("%d,%d.25", i%2, i*i) }, density.Mixed},
	} {
		table := [][]string{strings.Split(one.header, ",")}
		for i := range 40 {
			table = append(table, strings.Split(one.cell(i), ","))
		}
		c := fixed()
		c.Dataset, c.Models = writeTable(t, "t.csv", table), []string{"independent", "lcm"}
		o, err := (&Job{Settings: c}).Run(t.Context())
		if one.want == density.Mixed {
			require.NoError(t, err)
			table = changed(table, 1, func(string) string { return "0.5" })
			c.Dataset, c.Types, c.Models = writeTable(t, "t.csv", table), ColumnTypes{"b": dataset.Continuous}, nil
			_, err = (&Job{Settings: c}).Run(t.Context())
			require.ErrorIs(t, err, density.ErrConstant)
			continue
		}
		require.NoError(t, err, "table %d", i)
		require.Equal(t, one.want, o.Results.Dataset.Measure, "table %d", i)
		for _, m := range o.Results.Models {
			require.True(t, m.Test.Nats != nil, "table %d: %s", i, m.Name)
		}
	}
}

// The tree of a table of categories is that of their codes.
func TestTreeOfCategories(t *testing.T) {
	table := people(200)
	c := fixed()
	c.Dataset, c.Drop, c.Models = writeTable(t, "people.csv", table), []string{"age", "visits"}, []string{"tree"}
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	m, _, err := tree.Fit(t.Context(), o.Data.Train.X, tree.Settings{Levels: []int{2, 3, 2}})
	require.NoError(t, err)
	want := stat.Mean(m.LogProb(nil, o.Data.Test.X), nil)
	require.InDelta(t, want, *o.Results.Models[0].Test.Nats, 1e-12)
}

// A test file with a value that is no bit, beside bits, is an error that names it and
// what makes both measured; then it is scored.
func TestNoBitsAmongBits(t *testing.T) {
	table := [][]string{{"a", "b"}}
	for i := range 60 {
		table = append(table, []string{strconv.Itoa(i % 2), strconv.Itoa(i / 3 % 2)})
	}
	c := fixed()
	c.Dataset, c.Models = writeTable(t, "bits.csv", table), []string{"independent"}
	c.Test = writeTable(t, "test.csv", [][]string{{"a", "b"}, {"1", "0"}, {"0.5", "0"}})
	_, err := (&Job{Settings: c}).Run(t.Context())
	require.ErrorIs(t, err, dataset.ErrType)
	require.ErrorContains(t, err, `test.csv, line 3, column 1 ("a") is 0.5`)
	c.Types, c.Models = ColumnTypes{"*": dataset.Continuous}, []string{"gaussian"}
	require.NotNil(t, run(t, c).Models[0].Test.Nats)
	c.Types, c.Dequantize = nil, DequantizeNever
	require.NotNil(t, run(t, c).Models[0].Test.Nats)
}

// Rows without any value count 0 nats and keep their place.
func TestRowsWithoutValues(t *testing.T) {
	table := people(120)
	for _, i := range []int{5, 40, 77, 100} {
		table[i] = []string{"", "NA", "", "?", ""}
	}
	for i, drop := range [][]string{nil, {"sex", "class", "visits", "smokes"}, {"age"}, {"age", "sex", "visits", "class"}} {
		c := fixed()
		c.Dataset, c.Drop, c.Missing, c.Holdout, c.Valid = writeTable(t, "gaps.csv", table), drop, true, 0, 0
		c.Classes, c.Components, c.GMM.Starts = Given(Range{2, 2}), Given(Range{2, 2}), 2
		if c.Models = []string{"independent", "lcm"}; i == 1 {
			c.Models = []string{"gaussian", "gmm"}
		}
		o, err := (&Job{Settings: c}).Run(t.Context())
		require.NoError(t, err, "%v", drop)
		for _, fit := range o.Fits {
			r, err := Score(t.Context(), fit.Model, o.Data.All, 10, 1)
			require.NoError(t, err)
			require.Len(t, r.LogProb, 120)
			for _, i := range []int{5, 40, 77, 100} {
				require.InDelta(t, 0, r.LogProb[i-1], 1e-14, fit.Model.Name)
			}
			require.InDelta(t, mean(r.LogProb), *o.Results.Models[0].Train.Nats, 10)
		}
	}
}

// Where log p takes draws, training rows are thinned, evenly, and those that are
// reported are not.
func TestThinnedRows(t *testing.T) {
	x := mat.NewDense(5000, 1, nil)
	for i := range 5000 {
		x.Set(i, 0, float64(i))
	}
	p := &Part{Dataset: &dataset.Dataset{X: x, Columns: []string{"a"}}, Model: x}
	require.Same(t, p, p.thinned(5000))
	few := p.thinned(2000)
	require.Equal(t, 2000, few.Rows())
	for i := range 2000 {
		require.Equal(t, few.X.At(i, 0), few.Model.At(i, 0))
		require.Equal(t, i*5/2, few.Row(i))
	}
}

// The likelihood of shares works on grey values between 0 and 1 as they are: no setting
// about the transform is needed.
func TestSharesStayAsTheyAre(t *testing.T) {
	table := [][]string{{"p", "q"}}
	for i := range 60 {
		table = append(table, []string{fmt.Sprint(float64(i%7) / 7.1), fmt.Sprint(float64(i*i%11) / 11.3)})
	}
	c := fixed()
	c.Dataset, c.Models = writeTable(t, "grey.csv", table), []string{"gaussian", "vae"}
	c.Likelihood, c.Dequantize = Given(vae.ContinuousBernoulli), DequantizeNever
	r := run(t, c)
	require.Equal(t, "none", r.Dataset.Transform)
	require.NotNil(t, r.Models[1].Test.Nats)
}
