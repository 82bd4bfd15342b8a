package dataset

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

// What begins with # is dropped only where it holds no data, and then it is
// said.
func TestHashLines(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		columns []string
		rows    int
		skipped []int
	}{
		"comment above":           {"# made by hand\na,b\n1,2\n", []string{"a", "b"}, 1, []int{1}},
		"comment of two cells":    {"# made by hand, in May\na,b\n1,2\n", []string{"a", "b"}, 1, []int{1}},
		"names with #":            {"#a,b\n1,2\n", []string{"#a", "b"}, 1, nil},
		"comment, names with #":   {"# by hand\n# a,b\n1,2\n", []string{"# a", "b"}, 1, []int{1}},
		"comments between":        {"a,b\n1,2\n# half, way\n#\n3,4\n", []string{"a", "b"}, 2, []int{3, 4}},
		"not a number":            {"a,b\n#N/A,2\n3,4\n", []string{"a", "b"}, 2, nil},
		"not a number, no names":  {"#N/A,2\n3,4\n", []string{"x1", "x2"}, 2, nil},
		"not a number, alone":     {"a\n#N/A\n3\n", []string{"a"}, 2, nil},
		"a quote in a comment":    {"a,b\n# it's 5\" wide\n1,2\n", []string{"a", "b"}, 1, []int{2}},
		"quoted #":                {"\"#a\",b\n1,2\n", []string{"#a", "b"}, 1, nil},
		"comment in one column":   {"# heights\nv\n1\n# so\n2\n", []string{"v"}, 2, []int{1, 4}},
		"many":                    {"a,b\n" + strings.Repeat("# x\n", 9) + "1,2\n", []string{"a", "b"}, 1, []int{2, 3, 4, 5, 6}},
		"old Mac":                 {"# c\ra,b\r1,2\r", []string{"a", "b"}, 1, []int{1}},
		"after the first hundred": {"a,b\n" + strings.Repeat("1,2\n", 200) + "# end\n1,2", []string{"a", "b"}, 201, []int{202}},
	} {
		t.Run(name, func(t *testing.T) {
			d, err := readBytes("x.csv", []byte(c.text), Options{Missing: true})
			require.NoError(t, err)
			require.Equal(t, c.columns, d.Columns)
			require.Equal(t, c.rows, d.Rows())
			if c.skipped == nil {
				require.Empty(t, d.Notes)
				return
			}
			require.Equal(t, c.skipped, noteWith(t, d, NoteSkipped, "#").Lines)
		})
	}
	d, err := readBytes("x.csv", []byte("a,b\n"+strings.Repeat("# x\n", 9)+"1,2\n"), Options{})
	require.NoError(t, err)
	require.Equal(t, "lines 2, 3, 4, 5, 6 and 4 more begin with # and are skipped as comments", d.Notes[0].String())

	_, err = readBytes("x.csv", []byte("a,b,c\n#N/A,2\n1,2,3\n"), Options{Missing: true})
	require.ErrorIs(t, err, ErrRagged)
	_, err = readBytes("x.csv", []byte("id,b\n#1,2\n"), Options{})
	require.ErrorContains(t, err, `line 2, column 1 ("id"): "#1" is not a number`)
	d, err = readBytes("x.csv", []byte("id,b\n#1,2\n#2,3\n#1,4\n#2,9\n"), Options{Categories: true})
	require.NoError(t, err)
	require.Equal(t, []string{"#1", "#2"}, d.Levels[0])
}

func TestSeparatorLine(t *testing.T) {
	for _, text := range []string{"sep=;\na;b\n1,5;2\n", "\"sep=;\"\r\na;b\r\n1,5;2\r\n", "SEP=;\ra;b\r1,5;2\r", "\xef\xbb\xbfsep=;\na;b\n1,5;2\n"} {
		d, err := readBytes("x.csv", []byte(text), Options{})
		require.NoError(t, err, "%q", text)
		require.Equal(t, []string{"a", "b"}, d.Columns)
		require.Equal(t, []float64{1.5, 2}, d.X.RawRowView(0))
		require.Equal(t, "x.csv, line 3", d.Where(0, -1))
		noteWith(t, d, NoteSkipped, "line 1", "separated")
	}
	d, err := readBytes("x.csv", []byte("sep=|\na|b\n1|2\n"), Options{})
	require.NoError(t, err)
	require.Equal(t, []float64{1, 2}, d.X.RawRowView(0))
}

// A cell that can be read in two ways is settled by the other cells, or is an
// error that names it.
func TestThousands(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []float64
		note string
	}{
		"decimals elsewhere":        {"a\tb\n1,205\t1,5\n", []float64{1.205, 1.5}, "before decimals"},
		"decimals below":            {"a\n\"1,205\"\n\"0,5\"\n", []float64{1.205, 0.5}, "before decimals"},
		"leading zero":              {"a\tb\n1,205\t0,123\n", []float64{1.205, 0.123}, "before decimals"},
		"millions elsewhere":        {"a\tb\n1,205\t1,234,567\n", []float64{1205, 1234567}, "between thousands"},
		"points elsewhere":          {"a\tb\n1,205\t0.5\n", []float64{1205, 0.5}, "between thousands"},
		"whole numbers of 3 digits": {"a\n\"1,205\"\n812\n", []float64{1205, 812}, "between thousands"},
		"both signs":                {"a;b\n1,234.5;2\n", []float64{1234.5, 2}, "between thousands"},
		"European":                  {"a;b\n1.234,5;2\n", []float64{1234.5, 2}, "before decimals"},
	} {
		d, err := readBytes("x.tsv", []byte(c.text), Options{})
		require.NoError(t, err, name)
		require.Equal(t, c.want, d.X.RawMatrix().Data, name)
		noteWith(t, d, NoteReading, c.note)
	}
	for name, c := range map[string]struct{ text, says string }{
		"alone":                {"a\tb\n1,205\t2\n", `line 2, column 1 ("a"): "1,205" may be 1.205 or 1205`},
		"small whole numbers":  {"a\n\"1,205\"\n0\n5\n", `"1,205" may be`},
		"ungrouped thousands":  {"a\n\"1,205\"\n812\n1205\n", `"1,205" may be`},
		"points of 3 decimals": {"a\tb\n1,205\t1.234\n812\t2\n", `"1,205" may be`},
		"both decimal signs":   {"a\tb\n1,5\t2.5\n", `line 2, column 2 ("b"): "2.5": both a decimal point and a decimal comma`},
		"point of thousands":   {"a\tb\n1,5\t1.234\n", `"1.234": the file has decimal commas`},
		"two groupings":        {"a\tb\n1,234,567\t1.234,5\n", `both a decimal point and a decimal comma`},
	} {
		_, err := readBytes("x.tsv", []byte(c.text), Options{})
		require.ErrorIs(t, err, ErrText, name)
		require.ErrorContains(t, err, c.says, name)
	}
	// In pieces, a cell cannot wait for those below.
	_, err := OpenStream(t.Context(), tempFile(t, "x.tsv", []byte("a\tb\n1,205\t1,5\n")), 5, 1, Options{})
	require.ErrorContains(t, err, `"1,205" may be`)
	s, err := OpenStream(t.Context(), tempFile(t, "x.tsv", []byte("a\tb\n1,5\t1,205\n")), 5, 1, Options{})
	require.NoError(t, err)
	defer s.Close()
	require.Equal(t, []float64{1.5, 1.205}, s.Sample.X.RawRowView(0))
}

func TestNames(t *testing.T) {
	for text, says := range map[string]string{
		"a,b,a\n1,2,3\n":          `columns 1 and 3 are both called "a"`,
		"a,,b\n1,2,3\n":           "column 2 has no name",
		",b\nx,2\ny,3\n":          "column 1 has no name",
		",b\n0,2\n0,3\n":          "column 1 has no name",
		",b\n0.5,2\n1.5,3\n":      "column 1 has no name",
		"a,b\x00\n1,2\n":          "zero byte",
		"h\xf6he,gr\xc3\xb6\n1,2": "another encoding",
	} {
		_, err := readBytes("x.csv", []byte(text), Options{})
		require.Error(t, err, "%q", text)
		require.ErrorContains(t, err, says)
	}
	_, err := readBytes("x.csv", []byte("a,b,a\n1,2,3\n"), Options{})
	require.ErrorIs(t, err, ErrNames)
	require.ErrorContains(t, err, "Options.Drop 3")
	d, err := readBytes("x.csv", []byte("a,b,a\n1,2,3\n"), Options{Drop: []string{"3"}})
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, d.Columns)

	// Row numbers of R and of pandas, also after a round trip, and a comma at
	// the end of each line.
	for _, text := range []string{"\"\",a\n\"1\",5\n\"2\",6\n", ",a\n7,5\n3,6\n", "Unnamed: 0,a\n0,5\n1,6\n", "a,\n5,\n6,\n", "__index_level_0__,a\n0,5\n1,6\n"} {
		d, err := readBytes("x.csv", []byte(text), Options{})
		require.NoError(t, err, text)
		require.Equal(t, []string{"a"}, d.Columns, text)
		require.Equal(t, []float64{5, 6}, d.X.RawMatrix().Data, text)
		noteWith(t, d, NoteSkipped, "left out")
		s, err := OpenStream(t.Context(), tempFile(t, "x.csv", []byte(strings.ReplaceAll(text, "7,5\n", "2,5\n"))), 5, 1, Options{})
		require.NoError(t, err, text)
		require.Equal(t, 1, s.Dim(), text)
		require.NoError(t, s.Close())
	}
	// The row numbers end after the first lines.
	long := ",a\n"
	for i := range 150 {
		long += fmt.Sprintf("%d,5\n", i)
	}
	for _, end := range []string{"x,6\n", "3,6\n"} {
		_, err = readBytes("x.csv", []byte(long+end), Options{})
		require.ErrorIs(t, err, ErrNames)
		require.ErrorContains(t, err, "column 1 has no name")
	}
}

// Years and numbers of columns are names where they are unlike the values.
func TestNumericHeaders(t *testing.T) {
	for name, c := range map[string]struct {
		text  string
		names bool
		note  string
	}{
		"years over decimals":      {"2019,2020\n1.5,2.5\n1.25,3.5\n0.5,1.5\n", true, "names of the columns"},
		"years over small numbers": {"2019,2020\n1,2\n3,4\n5,7\n", true, "names of the columns"},
		"years with a word":        {"city,2019,2020\n1,1.5,2.5\n2,2.5,3.5\n3,3.5,4.5\n", true, "names of the columns"},
		"pandas' numbers":          {"0,1,2\n0.5,1.5,2.5\n0.25,1.25,2.25\n0.5,1.5,3.5\n", true, "names of the columns"},
		"years among years":        {"2019,2020\n2018,2021\n2017,2025\n2020,2021\n", false, "may be names"},
		"a row of decimals":        {"1.5,2\n3,4\n5,6\n7,8\n", false, ""},
		"a row like the others":    {"3,1,2\n1,2,3\n2,3,1\n1,3,2\n", false, ""},
		"in doubt":                 {"0,1,2\n1,0,2\n2,1,0\n1,2,0\n", false, "may be names"},
		"too few rows":             {"2019,2020\n1.5,2.5\n", false, "may be names"},
	} {
		d, err := readBytes("x.csv", []byte(c.text), Options{})
		require.NoError(t, err, name)
		require.Equal(t, c.names, Named(d.Columns), name)
		if c.note == "" {
			require.Empty(t, d.Notes, name)
		} else {
			noteWith(t, d, NoteReading, "line 1", c.note)
		}
	}
	d, err := readBytes("x.csv", []byte("0,1\n5,6\n"), Options{Header: HeaderPresent})
	require.NoError(t, err)
	require.Equal(t, []string{"0", "1"}, d.Columns)
	d, err = readBytes("x.csv", []byte("2019,2020\n1.5,2.5\n1.25,3.5\n0.5,1.5\n"), Options{Header: HeaderAbsent})
	require.NoError(t, err)
	require.Equal(t, 4, d.Rows())
}

func TestPrecisionNotes(t *testing.T) {
	d, err := readBytes("x.csv", []byte("a,b\n1e-400,1\n2,1.7e308\n3,4\n"), Options{})
	require.NoError(t, err)
	require.Equal(t, []int{2}, noteWith(t, d, NotePrecision, "line 2", "too small for a float64").Lines)
	require.Equal(t, []int{3}, noteWith(t, d, NotePrecision, "line 3", "squares too large").Lines)

	ids := "id,v\n9007199254740993,1\n9007199254740992,2\n"
	d, err = readBytes("x.csv", []byte(ids), Options{})
	require.NoError(t, err)
	n := noteWith(t, d, NotePrecision, `column 1 ("id"), line 2`, "2^53", "Options.Drop id")
	require.Equal(t, "id", n.Column)
}

// Values whose squares are no numbers are found before a fit, with the line; they are not
// called constant.
func TestSpread(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"underflow": {"a,b\n1e-320,1\n2e-320,2\n3e-320,4\n", `line 4, column 1 ("a") is 3e-320, and the first value 1e-320: the column varies by too little`},
		"overflow":  {"a,b\n1,1.7e308\n2,-1.7e308\n3,1\n", `line 3, column 2 ("b") is -1.7e+308, and the first value 1.7e+308: the column varies by too much`},
	} {
		d, err := readBytes("x.csv", []byte(c.text), Options{})
		require.NoError(t, err, name)
		err = d.Check()
		require.ErrorIs(t, err, density.ErrNonFinite, name)
		require.NotErrorIs(t, err, density.ErrConstant, name)
		require.ErrorContains(t, err, c.says, name)
	}
	d, err := readBytes("x.csv", []byte("a,b\n1e-140,1e150\n2e-140,2e150\n"), Options{})
	require.NoError(t, err)
	require.NoError(t, d.Check())
	d, err = readBytes("x.csv", []byte("a,b\n1,7\n2,7\n3,7\n"), Options{})
	require.NoError(t, err)
	require.ErrorIs(t, d.Check(), density.ErrConstant)

	// A text among numbers is shown, not only that there are many.
	_, err = readBytes("x.csv", []byte("a,b\n1_012,2\n3,4\n5,6\n"), Options{Categories: true})
	require.ErrorContains(t, err, `"1_012", which is not a number`)
}

func TestMissingValues(t *testing.T) {
	text := []byte("a,b\n-999,1\n2,unknown\n-999.0,3\n4,-9.99e2\n5,NA\n")
	d, err := readBytes("x.csv", text, Options{MissingValues: []string{"-999", "unknown"}})
	require.NoError(t, err)
	require.Equal(t, 5, d.Missing())
	_, err = readBytes("x.csv", text, Options{MissingValues: []string{"-999"}})
	require.ErrorContains(t, err, `"unknown" is not a number`)

	raw := npyFile("<i2", false, "(3, 2)", []byte{0x19, 0xfc, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0})
	d, err = readBytes("x.npy", raw, Options{MissingValues: []string{"-999"}})
	require.NoError(t, err)
	require.True(t, math.IsNaN(d.X.At(0, 0)))
	s, err := OpenStream(t.Context(), tempFile(t, "x.npy", raw), 9, 1, Options{MissingValues: []string{"-999"}})
	require.NoError(t, err)
	require.Equal(t, 1, s.Missing())
	require.NoError(t, s.Close())
}

// Codes are pointed out where they are far from all else, and only there.
func TestSuspectedCodes(t *testing.T) {
	for text, code := range map[string]string{
		"a\n1\n2\n3\n4\n-999\n":        "-999",
		"a\n1\n2\n3\n4\n9999\n9999\n":  "9999",
		"a\n1\n2\n3\n4\n-99.9\n":       "-99.9",
		"a\n.1\n.2\n.3\n-99\n-999\n":   "-999",
		"a\n97\n98\n99\n100\n95\n":     "",
		"a\n-999\n-500\n20\n300\n77\n": "",
		"a\n1\n2\n3\n4\n1000\n":        "",
	} {
		d, err := readBytes("x.csv", []byte(text), Options{})
		require.NoError(t, err)
		if code == "" {
			require.Empty(t, d.Notes, text)
			continue
		}
		require.Equal(t, "a", noteWith(t, d, NoteCode, "Options.MissingValues "+code).Column)
	}
}

// A quote that is never closed is reported where it begins.
func TestOpenQuote(t *testing.T) {
	text := "a,b\n1,2\n3,\"4\n" + strings.Repeat("5,6\n", 300)
	_, err := readBytes("x.csv", []byte(text), Options{})
	require.ErrorIs(t, err, ErrFormat)
	require.ErrorContains(t, err, "x.csv, line 3:")
}

// What follows the gzip data is called that, however long it is.
func TestGarbageAfterGzip(t *testing.T) {
	whole := gzipped(t, []byte("a\n1\n"))
	for _, garbage := range []string{"x", "garbage behind the gzip stream", "\x00\x00x"} {
		_, err := readBytes("x.csv.gz", append(bytes.Clone(whole), garbage...), Options{})
		require.ErrorIs(t, err, ErrFormat, garbage)
		require.ErrorContains(t, err, "not gzip follows the gzip data", garbage)
	}
	d, err := readBytes("x.csv.gz", append(bytes.Clone(whole), 0, 0, 0), Options{})
	require.NoError(t, err, "zeros fill up a tape")
	require.Equal(t, 1, d.Rows())
	d, err = readBytes("x.csv.gz", append(bytes.Clone(whole), gzipped(t, []byte("2\n"))...), Options{})
	require.NoError(t, err, "two members are one file")
	require.Equal(t, 2, d.Rows())
	for cut := 3; cut < len(whole); cut++ {
		_, err = readBytes("x.csv.gz", whole[:cut], Options{})
		require.ErrorIs(t, err, ErrTruncated, cut)
	}
	_, err = readBytes("x.csv.gz", append(bytes.Clone(whole), whole[:6]...), Options{})
	require.ErrorIs(t, err, ErrTruncated)
}

// Messages stay short, whatever is in the file.
func TestMessagesAreShort(t *testing.T) {
	long := strings.Repeat("n", 15000)
	var names []string
	for i := range 2000 {
		names = append(names, fmt.Sprintf("%s%d", long[:50], i))
	}
	wide := strings.Join(names, ",") + "\n" + strings.Repeat("1,", 1999) + "x\n"
	shape := strings.TrimSuffix(strings.Repeat("1, ", 200), ", ")
	for name, c := range map[string]struct {
		file string
		data []byte
		opt  Options
	}{
		"name":     {"x.csv", []byte(long + ",b\n1,x\nx,3\n"), Options{}},
		"twice":    {"x.csv", []byte(long + "," + long + "\n1,2\n"), Options{}},
		"columns":  {"x.csv", []byte(wide), Options{Columns: []string{"z"}}},
		"cell":     {"x.csv", []byte(wide), Options{}},
		"asked":    {"x.csv", []byte("a\n1\n"), Options{Label: long}},
		"shape":    {"x.npy", npyFile("<f8", false, "("+shape+")", nil), Options{}},
		"type":     {"x.npy", npyFile(long, false, "(1,)", nil), Options{}},
		"IDX":      {"x-ubyte", idxFile(8, make([]uint32, 255), nil), Options{}},
		"IDX, cut": {"x-ubyte", idxFile(8, bytesOf(255, 1), nil), Options{}},
	} {
		_, err := readBytes(c.file, c.data, c.opt)
		require.Error(t, err, name)
		require.Less(t, len(err.Error()), 600, "%s: %v", name, err)
	}
}
