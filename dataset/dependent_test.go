package dataset

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// dependentTable has columns a and b of their own, c = 2a − 3b + 1, d = b in other units,
// rounded, and e, which is nearly a but not quite.
func dependentTable(n int) *Dataset {
	r := rand.New(rand.NewPCG(7, 7))
	x := mat.NewDense(n, 5, nil)
	for i := range n {
		a, b := r.NormFloat64(), 10+4*r.NormFloat64()
		x.SetRow(i, []float64{a, b, 2*a - 3*b + 1, math.Round(2540*b) / 1000, a + 0.01*r.NormFloat64()})
	}
	return &Dataset{X: x, Columns: []string{"a", "b", "c", "d", "e"}}
}

func TestDependences(t *testing.T) {
	texts := func(d *Dataset) string {
		var lines []string
		for _, n := range d.dependences() {
			require.Equal(t, NoteColumn, n.Kind)
			lines = append(lines, n.String())
		}
		return strings.Join(lines, "\n")
	}
	d := dependentTable(3000)
	text := texts(d)
	require.Contains(t, text, `column 3 ("c") is 2 × "a" − 3 × "b" + 1 in every row`)
	require.Contains(t, text, `column 4 ("d") is 2.54 × "b" in every row`)
	require.Equal(t, 2, strings.Count(text, "leave it out"), text)

	// One row that does not fit is enough for columns to be independent, also one that is
	// not among those that are looked at.
	d.X.Set(1, 2, d.X.At(1, 2)+40)
	require.NotContains(t, texts(d), `"c"`)

	// Rows with gaps say nothing, and few rows depend by chance.
	d = dependentTable(300)
	for i := range 250 {
		d.X.Set(i, 2, math.NaN())
	}
	require.Contains(t, texts(d), `2 × "a"`)
	require.Empty(t, texts(dependentTable(6)))

	// Columns that are counted have no density that could be singular.
	d = dependentTable(300)
	d.Types = []ColumnType{Continuous, Continuous, Count, Categorical, Continuous}
	require.Empty(t, texts(d))

	// Of many terms a few are named, and huge or constant columns do no harm.
	r := rand.New(rand.NewPCG(8, 8))
	x := mat.NewDense(200, 8, nil)
	for i := range 200 {
		var sum float64
		for j := range 6 {
			v := r.NormFloat64()
			x.Set(i, j, v)
			sum += v
		}
		x.Set(i, 6, 1e200*r.NormFloat64())
		x.Set(i, 7, sum)
	}
	d = &Dataset{X: x, Columns: []string{"p", "q", "r", "s", "t", "u", "v", "w"}}
	require.Contains(t, texts(d), `column 8 ("w") is a sum of multiples of "p", "q", "r", "s" and 2 more in every row`)
	d.Columns[7] = "x8"
	d.X.Set(0, 7, 3)
	require.Empty(t, texts(d))
}
