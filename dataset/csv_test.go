package dataset

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
)

func TestCSVForms(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		columns []string
		values  []float64 // row by row
	}{
		"header":              {"a,b\n1,2\n3,4\n", []string{"a", "b"}, []float64{1, 2, 3, 4}},
		"no header":           {"1,2\n3,4\n", []string{"x1", "x2"}, []float64{1, 2, 3, 4}},
		"no final newline":    {"1,2\n3,4", []string{"x1", "x2"}, []float64{1, 2, 3, 4}},
		"windows":             {"a,b\r\n1,2\r\n", []string{"a", "b"}, []float64{1, 2}},
		"byte order mark":     {"\xef\xbb\xbfa,b\n1,2\n", []string{"a", "b"}, []float64{1, 2}},
		"quoted":              {"\"a, in m\",\"b\"\"s\"\n\"1\",\"2\"\n", []string{"a, in m", `b"s`}, []float64{1, 2}},
		"semicolon":           {"a;b\n1.5;2\n", []string{"a", "b"}, []float64{1.5, 2}},
		"decimal comma":       {"a;b\n1,5;-2,25\n", []string{"a", "b"}, []float64{1.5, -2.25}},
		"tab":                 {"a\tb\n1\t2\n", []string{"a", "b"}, []float64{1, 2}},
		"comment and blank":   {"# made by hand\n\na,b\n\n# so\n1,2\n", []string{"a", "b"}, []float64{1, 2}},
		"space":               {"a, b\n 1 , 2 \n", []string{"a", "b"}, []float64{1, 2}},
		"one column":          {"v\n1\n2\n", []string{"v"}, []float64{1, 2}},
		"number forms":        {"1e3,-.5\n+2,1E-2\n", []string{"x1", "x2"}, []float64{1000, -0.5, 2, 0.01}},
		"semicolon in quotes": {"\"a;b\",c\n1,2\n", []string{"a;b", "c"}, []float64{1, 2}},
		"comment, semicolon":  {"# a;b\n1,2\n", []string{"x1", "x2"}, []float64{1, 2}},
	} {
		t.Run(name, func(t *testing.T) {
			for _, text := range [][]byte{[]byte(c.text), gzipped(t, []byte(c.text))} {
				d, err := readBytes("table.csv", text, Options{})
				require.NoError(t, err)
				require.Equal(t, c.columns, d.Columns)
				require.Equal(t, c.values, d.X.RawMatrix().Data)
				require.Equal(t, "table", d.Name)
				require.Equal(t, density.Continuous, d.Measure)
			}
		})
	}
}

// Each mistake is one line that names the file, the line, the column and the
// remedy.
func TestCSVMistakes(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		is   error
		says []string
	}{
		"empty":            {"", ErrEmpty, []string{"give a file"}},
		"only blank":       {"\n\n", ErrEmpty, []string{"give a file"}},
		"only a comment":   {"# nothing\n", ErrEmpty, []string{"give a file"}},
		"header only":      {"a,b\n", ErrEmpty, []string{"column names and nothing else", "at least one line"}},
		"ragged, short":    {"a,b\n1,2\n3\n", ErrRagged, []string{"line 3 has 1 column where line 1 has 2", "complete the line"}},
		"ragged, long":     {"1,2\n3,4,5\n", ErrRagged, []string{"line 2 has 3 columns where line 1 has 2"}},
		"ragged header":    {"a,b,c\n1,2\n", ErrRagged, []string{"line 2 has 2 columns where line 1 has 3"}},
		"text":             {"a,b\n1,2\n3,x4\n", ErrText, []string{"line 3", `column 2 ("b")`, `"x4" is not a number`, "correct the cell"}},
		"text first":       {"name,b\nann,2\n", ErrText, []string{"line 2", `column 1 ("name")`, `"ann"`, "remove the column"}},
		"text, no header":  {"ann,2\nbob,3\n", ErrText, []string{"line 1, column 1:", `"ann"`}},
		"all text":         {"a,b\nc,d\n", ErrText, []string{"line 2", `"c"`}},
		"NaN":              {"a,b\n1,NaN\n", density.ErrNonFinite, []string{"line 2", `column 2 ("b") is NaN`, "remove the line"}},
		"NaN in line 1":    {"1,nan\n2,3\n", density.ErrNonFinite, []string{"line 1, column 2"}},
		"Inf":              {"a,b\n1,2\n-inf,4\n", density.ErrNonFinite, []string{"line 3", `column 1 ("a") is -inf`}},
		"overflow":         {"a,b\n1,1e999\n", density.ErrNonFinite, []string{"line 2", `column 2 ("b")`, "too large", "change the unit"}},
		"empty cell":       {"a,b\n1,2\n,4\n", ErrMissing, []string{"line 3", `column 1 ("a") is empty`, "fill the value in"}},
		"empty, tabs":      {"a\tb\n1\t\n", ErrMissing, []string{"line 2", `column 2 ("b") is empty`}},
		"empty first, tab": {"a\tb\n\t1\n", ErrMissing, []string{"line 2", `column 1 ("a") is empty`}},
		"NA":               {"a,b\n1,NA\n", ErrMissing, []string{"line 2", `column 2 ("b") is "NA"`}},
		"question mark":    {"a,b\n1,?\n", ErrMissing, []string{"line 2", `"?"`}},
		"blanks between":   {"1 2 3\n4 5 6\n", ErrText, []string{"separate the columns by commas"}},
		"both commas":      {"1.5;2\n1,5;2\n", ErrText, []string{"line 2, column 1", "both a decimal point and a decimal comma"}},
		"hexadecimal":      {"a,b\n1,2\n3,0x1p-2\n", ErrText, []string{"line 3", `"0x1p-2"`}},
		"underscore":       {"a,b\n1,2\n3,1_012\n", ErrText, []string{"line 3", `"1_012"`}},
		"open quote":       {"a,b\n\"1,2\n3,4\n", ErrFormat, []string{"line", "quoted cell"}},
		"stray quote":      {"a,b\n1\"2,3\n", ErrFormat, []string{"line 2", "quoted cell"}},
		"UTF-16":           {"\xff\xfea\x00,\x00b\x00", ErrFormat, []string{"save it as UTF-8"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := tempFile(t, "bad.csv", []byte(c.text))
			_, err := Open(path)
			require.ErrorIs(t, err, c.is)
			require.ErrorContains(t, err, path)
			require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err.Error())
			require.True(t, strings.HasPrefix(err.Error(), "dataset: "+path), err)
			require.Equal(t, 1, strings.Count(err.Error(), "dataset: "), "said once: %v", err)
			for _, part := range c.says {
				require.ErrorContains(t, err, part)
			}
		})
	}
}

// Line numbers are those of an editor, also after comments, blank lines and
// quoted cells that go over a line.
func TestCSVLineNumbers(t *testing.T) {
	d, err := readBytes("a.csv", []byte("# one\n\"a\nb\",c\n\n1,2\n# six\n3,4\n"), Options{})
	require.NoError(t, err)
	require.Equal(t, "a.csv, line 5, column 2 (\"c\")", d.Where(0, 1))
	require.Equal(t, "a.csv, line 7, column 2 (\"c\")", d.Where(1, 1))
}

func TestCSVLabels(t *testing.T) {
	text := []byte("a,species,b\n1,oak,2\n3,elm,4\n5,oak,6\n")
	for _, label := range []string{"species", "2"} {
		d, err := readBytes("trees.csv", text, Options{Label: label})
		require.NoError(t, err)
		require.Equal(t, []string{"a", "b"}, d.Columns)
		require.Equal(t, []int{0, 1, 0}, d.Labels)
		require.Equal(t, []string{"oak", "elm"}, d.LabelNames)
		require.Equal(t, []float64{1, 2, 3, 4, 5, 6}, d.X.RawMatrix().Data)
	}
	d, err := readBytes("digits.csv", []byte("1,7\n2,0\n"), Options{Label: "2"})
	require.NoError(t, err)
	require.Equal(t, []int{7, 0}, d.Labels)
	require.Nil(t, d.LabelNames)

	_, err = readBytes("trees.csv", text, Options{Label: "class"})
	require.ErrorIs(t, err, ErrLabels)
	require.ErrorContains(t, err, `"species"`)
	_, err = readBytes("trees.csv", []byte("a,c\n1,\n"), Options{Label: "c"})
	require.ErrorIs(t, err, ErrLabels)
	_, err = readBytes("trees.csv", []byte("c\noak\n"), Options{Label: "c"})
	require.ErrorIs(t, err, ErrLabels)
	_, err = readBytes("trees.csv", []byte("a,c\nx,oak\n"), Options{Label: "c"})
	require.ErrorContains(t, err, `column 1 ("a")`)
}

func TestCSVLimit(t *testing.T) {
	text := []byte("a\n1\n2\n3\nlater text is not looked at\n")
	d, err := readBytes("a.csv", text, Options{Limit: 2})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 2}, d.X.RawMatrix().Data)
	whole, err := readBytes("a.csv", text[:8], Options{})
	require.NoError(t, err)
	require.NotEqual(t, whole.SHA256, d.SHA256)
}

// The fingerprint is that of sha256sum, and compression does not change it.
func TestFingerprint(t *testing.T) {
	text := []byte("a\n1\n")
	plain, err := readBytes("a.csv", text, Options{})
	require.NoError(t, err)
	packed, err := readBytes("a.csv.gz", gzipped(t, text), Options{})
	require.NoError(t, err)
	require.Equal(t, plain.SHA256, packed.SHA256)
	require.Equal(t, "309b0e45a73d3fc5325e2b6ed0a01ef8b9cde6b05a5633c1f893f970d52bfddc", plain.SHA256)
}

// Any table of finite numbers comes back to the last bit.
func TestCSVRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		d := rapid.IntRange(1, 5).Draw(t, "d")
		values := rapid.SliceOfN(rapid.Float64Range(-math.MaxFloat64, math.MaxFloat64), n*d, n*d).Draw(t, "values")
		separator := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "separator")
		var text strings.Builder
		for i := range n {
			for j := range d {
				if j > 0 {
					text.WriteString(separator)
				}
				text.WriteString(strconv.FormatFloat(values[i*d+j], 'g', -1, 64))
			}
			text.WriteString("\n")
		}
		got, err := readBytes("x.csv", []byte(text.String()), Options{})
		require.NoError(t, err)
		require.True(t, mat.Equal(mat.NewDense(n, d, values), got.X))
	})
}

func FuzzCSV(f *testing.F) {
	for _, text := range []string{
		"a,b\n1,2\n", "1;2,5\n", "\"a\nb\"\t1\n", "# x\n\n1\n", "\xef\xbb\xbf1,2", "1,2\n3", "a,b\n1,NaN\n", "\"", ",\n,", "1e999", "\x1f\x8b\x08",
		"#a,b\n#N/A,2\n", "sep=;\r1,5;1.205\r", "a\tb\n1,205\t812\n", ",a\n0,1\n1,2\n", "2019,2020\n1.5,2\n1.5,2\n1.5,2\n", "h\xf6,\xc3\xb6\n1,2\n",
		"a,b\nx,1\ny,2\nx,1\ny,2\nx,1\ny,1\nx,2\ny,2\n", "p,x\np,x\n", "a\n-999\n1\n2\n3\n4\n", "a,b\n1e-400,1.7e308\n9007199254740993,1\n", "a,a\n1,2\n", "# it's 5\"\na\n1\n",
	} {
		for flags := range byte(8) {
			f.Add([]byte(text), "", flags)
		}
	}
	f.Add([]byte("a,c\n1,oak\n"), "c", byte(0))
	f.Fuzz(func(t *testing.T, data []byte, name string, flags byte) {
		opt := Options{Missing: flags&1 > 0, Categories: flags&2 > 0, Header: Header(flags >> 6 % 3)}
		switch flags >> 2 & 7 {
		case 0:
			opt.Label = name
		case 1:
			opt.Columns = []string{name}
		case 2:
			opt.Drop = []string{name}
		case 3:
			opt.Weights = name
		case 4:
			opt.MissingValues = []string{name, "-999"}
		case 5:
			opt.Types = map[string]ColumnType{name: ColumnType(flags >> 5)}
		}
		d, err := readBytes("fuzz.csv", data, opt)
		checkRead(t, d, err)
		if err != nil {
			return
		}
		// The same file as a test set of itself is the same table.
		again := opt
		again.Like = d.Schema()
		again.Types = nil
		same, err := readBytes("fuzz.csv", data, again)
		require.NoError(t, err)
		require.Equal(t, d.Columns, same.Columns)
		require.Equal(t, d.Types, same.Types)
		require.Equal(t, fmt.Sprint(d.X.RawMatrix().Data), fmt.Sprint(same.X.RawMatrix().Data))
	})
}

// checkRead holds what a reader promises for any input: an error of this
// package in one line, or a sound dataset.
func checkRead(t *testing.T, d *Dataset, err error) {
	t.Helper()
	if err != nil {
		require.Nil(t, d)
		known := false
		for _, sentinel := range []error{ErrFormat, ErrTruncated, ErrTooLarge, ErrEmpty, ErrRagged, ErrText, ErrMissing, ErrLabels, ErrColumn, ErrNames, ErrType, ErrUnseen, ErrWeights, density.ErrNonFinite} {
			known = known || errors.Is(err, sentinel)
		}
		require.True(t, known, "error without a kind: %v", err)
		require.False(t, strings.ContainsFunc(err.Error(), unicode.IsControl), "%q", err.Error())
		require.True(t, strings.HasPrefix(err.Error(), "dataset: "), err.Error())
		return
	}
	require.Positive(t, d.Rows())
	require.Len(t, d.Columns, d.Dim())
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			require.False(t, math.IsInf(v, 0))
			if d.Levels != nil && d.Levels[j] != nil && !math.IsNaN(v) {
				require.Less(t, int(v), len(d.Levels[j]))
			}
		}
	}
	for _, n := range d.Notes {
		require.NotContains(t, n.Text, "\n")
	}
	require.Len(t, Describe(d), d.Dim())
	if d.Types != nil {
		require.Len(t, d.Types, d.Dim())
	}
	if d.Labels != nil {
		require.Len(t, d.Labels, d.Rows())
	}
	for i := range d.Rows() {
		require.NotEmpty(t, d.Where(i, d.Dim()-1))
	}
}

func BenchmarkCSV(b *testing.B) {
	var text strings.Builder
	for i := range 1000 {
		for j := range 64 {
			fmt.Fprintf(&text, "%.6g,", math.Sin(float64(i*64+j)))
		}
		text.WriteString("0\n")
	}
	data := []byte(text.String())
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		if _, err := readBytes("x.csv", data, Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

// Cells that stand for a missing value are NaN where that is asked for, and a
// column of nothing else is an error.
func TestCSVMissing(t *testing.T) {
	d, err := readBytes("a.csv", []byte("a,b\n1,\nNA,2\n?,3\n4,NaN\n"), Options{Missing: true})
	require.NoError(t, err)
	require.Equal(t, 4, d.Missing())
	for i, cell := range []struct {
		j int
		v float64
	}{{0, 1}, {1, 2}, {1, 3}, {0, 4}} {
		require.Equal(t, cell.v, d.X.At(i, cell.j))
		require.True(t, math.IsNaN(d.X.At(i, 1-cell.j)))
	}
	_, err = readBytes("a.csv", []byte("a,b\n1,\n2,NA\n"), Options{Missing: true})
	require.ErrorIs(t, err, ErrMissing)
	require.ErrorContains(t, err, `column 2 ("b")`)
	require.ErrorContains(t, err, "Options.Drop b")
	_, err = readBytes("a.csv", []byte("a,b\n1,2\n3,inf\n"), Options{Missing: true})
	require.ErrorIs(t, err, density.ErrNonFinite)
	_, err = readBytes("a.csv", []byte("a,b\n1,2\n3,\n"), Options{})
	require.ErrorIs(t, err, ErrMissing)
}
