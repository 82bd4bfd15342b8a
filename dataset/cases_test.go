package dataset

import (
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/density"
)

// gaussianNats is the mean log p of rows under the normal distribution of
// highest likelihood, −½(D ln 2π + ln|Σ| + D).
func gaussianNats(t testing.TB, d *Dataset) float64 {
	t.Helper()
	var sigma mat.SymDense
	stat.CovarianceMatrix(&sigma, d.X, nil)
	n := float64(d.Rows())
	sigma.ScaleSym((n-1)/n, &sigma)
	logDet, sign := mat.LogDet(&sigma)
	require.Positive(t, sign)
	return -0.5 * (float64(d.Dim())*(math.Log(2*math.Pi)+1) + logDet)
}

// noteWith returns the note of d that has the given words.
func noteWith(t testing.TB, d *Dataset, kind NoteKind, words ...string) Note {
	t.Helper()
	for _, n := range d.Notes {
		if n.Kind == kind && !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(n.String(), w) }) {
			return n
		}
	}
	require.Fail(t, "no such note", "%s %q in %v", kind, words, d.Notes)
	return Note{}
}

// Files that went wrong once. The nats were computed apart from this program.
func TestCases(t *testing.T) {
	open := func(name string, opt Options) *Dataset {
		d, err := OpenWith(filepath.Join("testdata", "cases", name), opt)
		require.NoError(t, err, name)
		return d
	}
	d := open("hash_header.csv", Options{})
	require.Equal(t, []string{"# of rooms", "area"}, d.Columns)
	require.Equal(t, 40, d.Rows())
	require.InDelta(t, -3.282366, gaussianNats(t, d), 1e-6)

	_, err := Open(filepath.Join("testdata", "cases", "hash_na.csv"))
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, `line 6, column 1 ("x") is "#N/A"`)
	d = open("hash_na.csv", Options{Missing: true})
	require.Equal(t, 40, d.Rows())
	require.Equal(t, 2, d.Missing())

	d = open("thousands.tsv", Options{})
	require.InDelta(t, -15.691779, gaussianNats(t, d), 1e-6)
	noteWith(t, d, NoteReading, "between thousands", `"1,205" in line 3 is 1205`)

	d = open("index_unnamed.csv", Options{})
	require.Equal(t, []string{"x", "y"}, d.Columns)
	require.InDelta(t, -3.282366, gaussianNats(t, d), 1e-6)
	noteWith(t, d, NoteSkipped, "column 1 has no name and numbers the rows")

	d = open("latin1_header.csv", Options{})
	require.Equal(t, []string{"höhe", "größe"}, d.Columns)
	noteWith(t, d, NoteReading, "line 1", "Windows-1252")
	same, err := OpenTest(filepath.Join("testdata", "cases", "latin1_header.csv"), Options{}, d)
	require.NoError(t, err)
	require.Equal(t, 40, same.Rows())

	d = open("half.npy", Options{})
	require.InDelta(t, -3.281565, gaussianNats(t, d), 1e-6)

	d = open("row_all_missing.csv", Options{Missing: true})
	require.Equal(t, "NaN NaN", strings.Trim(strings.ReplaceAll(formatRow(d, 3), "\n", ""), "[]"))

	d = open("sentinel.csv", Options{})
	n := noteWith(t, d, NoteCode, "-9999", "9 times", "Options.MissingValues -9999")
	require.Equal(t, 9, n.Count)
	d = open("sentinel.csv", Options{MissingValues: []string{"-9999"}})
	require.Equal(t, 9, d.Missing())
	require.Empty(t, d.Notes)

	d = open("extreme.csv", Options{})
	require.Empty(t, d.Notes, "squares of 1e149 are numbers")
}

func formatRow(d *Dataset, i int) string {
	var s []string
	for _, v := range d.X.RawRowView(i) {
		s = append(s, levelName(v))
	}
	return strings.Join(s, " ")
}

// The levels of bytes are those that occur, so the middle lies between them.
func TestByteLevelsAreLearned(t *testing.T) {
	coins, err := Open(filepath.Join("testdata", "cases", "coins-images-idx3-ubyte"))
	require.NoError(t, err)
	require.Equal(t, []float64{1, 0, 1}, []float64{coins.Step, coins.Lo, coins.Hi})
	bits, err := coins.BinarizeThreshold()
	require.NoError(t, err)
	require.True(t, mat.Equal(coins.X, bits.X))
	drawn, err := coins.BinarizeStatic(1)
	require.NoError(t, err)
	require.True(t, mat.Equal(coins.X, drawn.X))
	// No model has more than the entropy of the coins, in their own frequency:
	// close to 36·0.6109 nats.
	p := mat.Sum(bits.X) / float64(500*36)
	require.InDelta(t, 0.3, p, 0.015)
	require.InDelta(t, -21.99, 36*(p*math.Log(p)+(1-p)*math.Log(1-p)), 0.5)

	grey, err := Open(filepath.Join("testdata", "cases", "levels16.npy"))
	require.NoError(t, err)
	require.Equal(t, []float64{1, 0, 16}, []float64{grey.Step, grey.Lo, grey.Hi})
	bits, err = grey.BinarizeThreshold()
	require.NoError(t, err)
	for i := range grey.Rows() {
		for j, v := range grey.X.RawRowView(i) {
			require.Equal(t, v > 8, bits.X.At(i, j) == 1)
		}
	}
	dark, err := readBytes("x.npy", npyFile("|u1", false, "(2, 2)", []byte{0, 3, 130, 7}), Options{})
	require.NoError(t, err)
	require.Equal(t, 255.0, dark.Hi)
}

// Rows that come later are held against the levels of the first.
func TestCheckLevels(t *testing.T) {
	table := func(values ...float64) *Dataset {
		return &Dataset{Name: "rows", X: mat.NewDense(1, len(values), values), Columns: columnNames(len(values))}
	}
	require.NoError(t, table(0, 255, 17, math.NaN()).CheckLevels(0, 255, 1))
	require.NoError(t, table(0, 0).CheckLevels(0, 255, 1), "a black image")
	require.NoError(t, table(0, 1).CheckLevels(0, 2, 1))
	require.ErrorIs(t, table(0, 1, 1).CheckLevels(0, 255, 1), ErrMismatch)
	require.ErrorIs(t, table(0, 256).CheckLevels(0, 255, 1), density.ErrSupport)
	require.ErrorIs(t, table(0, 0.5).CheckLevels(0, 255, 1), ErrLattice)
	require.NoError(t, table(0, 0.5).CheckLevels(0, 255, 0))
	bits := table(0, 1, 1)
	bits.Lo, bits.Hi = 0, 255
	_, err := bits.BinarizeThreshold()
	require.ErrorIs(t, err, ErrMismatch, "and not all black")
}

// What is missing stays missing, whatever becomes of the rest.
func TestMissingStaysMissing(t *testing.T) {
	nan := math.NaN()
	d := &Dataset{Name: "rows", X: mat.NewDense(3, 2, []float64{0, nan, nan, 4, 2, 0}), Columns: columnNames(2)}
	lo, hi := d.Range()
	require.Equal(t, []float64{0, 4}, []float64{lo, hi})
	threshold, err := d.BinarizeThreshold()
	require.NoError(t, err)
	static, err := d.BinarizeStatic(1)
	require.NoError(t, err)
	noisy, err := d.Dequantize(1)
	require.NoError(t, err)
	for _, out := range []*Dataset{threshold, static, noisy} {
		for i := range 3 {
			for j := range 2 {
				require.Equal(t, math.IsNaN(d.X.At(i, j)), math.IsNaN(out.X.At(i, j)))
			}
		}
	}
	require.Equal(t, []int{1}, (&Dataset{X: mat.NewDense(3, 2, []float64{0, nan, 1, 4, 2, 4})}).ConstantColumns())
}
