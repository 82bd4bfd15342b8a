package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWeights(t *testing.T) {
	text := []byte("a,w,kind,b\n1,2,x,3\n4,0,y,5\n6,0.5,y,7\n8,1,x,9\n")
	d, err := readBytes("rows.csv", text, Options{Weights: "w", Label: "kind"})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, d.Columns)
	require.Equal(t, []float64{2, 0.5, 1}, d.Weights)
	require.Equal(t, 3.5, d.TotalWeight())
	require.Equal(t, 1, d.Absent)
	require.Equal(t, []int{0, 1, 0}, d.Labels)
	require.Equal(t, [][]float64{{1, 3}, {6, 7}, {8, 9}}, [][]float64{d.X.RawRowView(0), d.X.RawRowView(1), d.X.RawRowView(2)})
	require.Equal(t, `rows.csv, line 4, column 2 ("b")`, d.Where(1, 1), "a row knows its line")
	require.Equal(t, []float64{1, 2}, d.Take([]int{2, 0}).Weights)
	require.Equal(t, []float64{2, 0.5}, d.Head(2).Weights)
	lo, hi := d.Range()
	require.Equal(t, [2]float64{1, 9}, [2]float64{lo, hi}, "neither weights nor absent rows count")
	a, _, c := d.Split(0.4, 0, 1)
	require.Equal(t, 3.5, a.TotalWeight()+c.TotalWeight())

	byNumber, err := readBytes("rows.csv", []byte("1,2\n3,4\n"), Options{Weights: "2"})
	require.NoError(t, err)
	require.Equal(t, []float64{2, 4}, byNumber.Weights)
	require.Equal(t, 2.0, byNumber.Take([]int{0}).TotalWeight())
	whole, err := readBytes("rows.csv", []byte("1,2\n3,4\n"), Options{})
	require.NoError(t, err)
	require.Equal(t, 2.0, whole.TotalWeight())
}

func TestWeightMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		text, column string
		missing      bool
		want         error
		says         string
	}{
		"no column": {"a,b\n1,2\n", "w", false, ErrColumn, `"w"`},
		"negative":  {"a,w\n1,2\n3,-1\n", "w", false, ErrWeights, `line 3, column 2 ("w"), the weight, is -1`},
		"all 0":     {"a,w\n1,0\n3,0\n", "w", false, ErrWeights, "all weights"},
		"missing":   {"a,w\n1,1\n3,\n", "w", true, ErrWeights, "line 3"},
		"empty":     {"a,w\n1,1\n3,\n", "w", false, ErrMissing, "line 3"},
		"only":      {"w\n1\n3\n", "w", false, ErrWeights, "no column beside"},
		"overflow":  {"a,w\n1,1e308\n3,1e308\n", "w", false, ErrWeights, `column 2 ("w"), sum to +Inf`},
		"underflow": {"a,w\n1,1e-320\n3,0\n", "w", false, ErrWeights, `column 2 ("w"), sum to 1e-320`},
		"infinite":  {"a,w\n1,1\n3,Inf\n", "w", false, nil, "line 3"},
	} {
		t.Run(name, func(t *testing.T) {
			opt := Options{Weights: c.column, Missing: c.missing}
			_, err := readBytes("rows.csv", []byte(c.text), opt)
			_, streamed := OpenStream(t.Context(), tempFile(t, "rows.csv", []byte(c.text)), 5, 1, opt)
			for _, err := range []error{err, streamed} {
				require.Error(t, err)
				if c.want != nil {
					require.ErrorIs(t, err, c.want)
				}
				require.ErrorContains(t, err, c.says)
				require.ErrorContains(t, err, "rows.csv")
			}
		})
	}
	_, err := readBytes("x.npy", npyFile("|u1", false, "(2, 2, 2)", make([]byte, 8)), Options{Weights: "1"})
	require.ErrorIs(t, err, ErrWeights)
	_, err = OpenStream(t.Context(), tempFile(t, "x.npy", npyFile("|u1", false, "(2, 2, 2)", make([]byte, 8))), 5, 1, Options{Weights: "1"})
	require.ErrorIs(t, err, ErrWeights)
}

// A column that is asked for as weights is not left out for want of a name.
func TestWeightsWithoutName(t *testing.T) {
	for _, text := range []string{",a\n,2\n", ",a\n,2\n,3\n"} {
		_, err := readBytes("rows.csv", []byte(text), Options{Weights: "1", Missing: true})
		require.Error(t, err)
		_, err = OpenStream(t.Context(), tempFile(t, "rows.csv", []byte(text)), 5, 1, Options{Weights: "1", Missing: true})
		require.Error(t, err)
	}
}

// Texts are no weights: the codes that categories get would count as some.
func TestTextsAreNoWeights(t *testing.T) {
	text := []byte("a,w\n1,x\n2,y\n3,x\n4,y\n5,x\n6,y\n")
	for _, opt := range []Options{{Weights: "w"}, {Weights: "w", Categories: true}, {Weights: "2", Categories: true, Missing: true}} {
		_, err := readBytes("rows.csv", text, opt)
		require.Error(t, err)
		require.ErrorContains(t, err, `column 2 ("w")`)
	}
	_, err := readBytes("rows.csv", text, Options{Weights: "w", Categories: true})
	require.ErrorIs(t, err, ErrWeights)
	require.ErrorContains(t, err, `holds texts such as "x"`)
}
