package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
)

func TestColumnTypeText(t *testing.T) {
	for k := range columnTypeNames {
		text, err := ColumnType(k).MarshalText()
		require.NoError(t, err)
		var back ColumnType
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, ColumnType(k), back)
	}
	var c ColumnType
	require.ErrorContains(t, c.UnmarshalText([]byte("nominal")), "categorical")
	_, err := ColumnType(99).MarshalText()
	require.Error(t, err)
	require.Equal(t, "ColumnType(-1)", ColumnType(-1).String())
	require.Equal(t, []bool{false, false, true, true, true, false, false},
		[]bool{Continuous.Discrete(), Rounded.Discrete(), Count.Discrete(), Binary.Discrete(), Categorical.Discrete(), Constant.Discrete(), Identifier.Discrete()})
}

// people is a mixed table with gaps.
func people(n int) []byte {
	rnd := rand.New(density.NewSource(1, "dataset.test.people"))
	var text strings.Builder
	text.WriteString("id,income,height,visits,smokes,home,sex,site,member\n")
	homes := []string{"town", "village", "farm"}
	for i := range n {
		home := homes[rnd.IntN(3)]
		if i%7 == 3 {
			home = "NA"
		}
		fmt.Fprintf(&text, "%d,%.9f,%.1f,%d,%d,%s,%d,%s,%v\n", i+1, math.Exp(rnd.NormFloat64()), 170+10*rnd.NormFloat64(),
			rnd.IntN(6), rnd.IntN(2), home, 1+rnd.IntN(2), "north", rnd.IntN(2) == 0)
	}
	return []byte(text.String())
}

func TestTypes(t *testing.T) {
	d, err := readBytes("people.csv", people(60), Options{Missing: true, Categories: true})
	require.NoError(t, err)
	require.Equal(t, []ColumnType{Identifier, Continuous, Rounded, Count, Binary, Categorical, Categorical, Categorical, Categorical}, d.Types)
	require.Equal(t, []string{"farm", "town", "village"}, d.Levels[5])
	require.Equal(t, []string{"1", "2"}, d.Levels[6], "two values are a coin whatever they are")
	require.Equal(t, []string{"false", "true"}, d.Levels[8])
	require.Nil(t, d.Levels[1])
	require.True(t, math.IsNaN(d.X.At(3, 5)))
	part := d.Take([]int{5, 3})
	require.Equal(t, d.Types, part.Types)
	require.Equal(t, d.Levels, part.Levels)

	about := Describe(d)
	require.Equal(t, 0.1, about[2].Step)
	require.Equal(t, []Bounds{Positive, Positive, Unbounded}, []Bounds{about[1].Bounds, about[2].Bounds, about[3].Bounds})
	require.Equal(t, 9, about[5].Missing)
	require.Equal(t, 3, about[5].Distinct)
	for _, c := range about {
		total := c.Missing
		for _, n := range c.Histogram {
			total += n
		}
		require.Equal(t, 60, total, c.Name)
	}

	// Overruled.
	d, err = readBytes("people.csv", people(60), Options{Missing: true, Types: map[string]ColumnType{"visits": Categorical, "height": Continuous, "4": Categorical, "sm*": Count}})
	require.NoError(t, err)
	require.Equal(t, []ColumnType{Identifier, Continuous, Continuous, Categorical, Count}, d.Types[:5])
	require.Equal(t, []string{"0", "1", "2", "3", "4", "5"}, d.Levels[3])
	for name, c := range map[string]struct {
		types map[string]ColumnType
		is    error
		says  string
	}{
		"count":     {map[string]ColumnType{"height": Count}, ErrType, `line 2, column 3 ("height")`},
		"binary":    {map[string]ColumnType{"visits": Binary}, ErrType, `column 4 ("visits")`},
		"text":      {map[string]ColumnType{"home": Continuous}, ErrType, "Options.Drop home"},
		"rows":      {map[string]ColumnType{"income": Categorical}, ErrText, "Options.Drop income"},
		"rounded":   {map[string]ColumnType{"income": Rounded}, ErrType, "no grid"},
		"constant":  {map[string]ColumnType{"visits": Constant}, ErrType, "6 different values"},
		"no column": {map[string]ColumnType{"hight": Continuous}, ErrColumn, `the columns are "height"`},
		"twice":     {map[string]ColumnType{"height": Continuous, "hei*": Rounded}, ErrType, "give one"},
	} {
		_, err = readBytes("people.csv", people(60), Options{Missing: true, Types: c.types})
		require.ErrorIs(t, err, c.is, name)
		require.ErrorContains(t, err, c.says, name)
	}
	// Numbers that all differ number the rows only where they follow each other; counts
	// repeat, and are not below 0.
	for _, c := range []struct {
		want   ColumnType
		values []float64
	}{
		{Continuous, []float64{3, 17, 5, 40, 22, 9, 31, 12, 8, 27, 50, 1}},
		{Identifier, []float64{3, 2, 1, 0, 4, 5, 6, 7, 8, 9, 10, 11}},
		{Rounded, []float64{0, 17, 5, 40, 22, 9, 31, 12, 8, 27, 50, 17}},
		{Count, []float64{0, 1, 1, 0, 2, 2, 3, 0, 1, 3, 0, 1}},
		{Rounded, []float64{-1, 1, 1, 0, 2, 2, 3, 0, 1, 3, 0, 1}},
	} {
		d := &Dataset{Name: "x", X: mat.NewDense(12, 1, c.values), Columns: []string{"a"}}
		d, err := d.Typed(nil)
		require.NoError(t, err)
		require.Equal(t, c.want, d.Types[0], "%v", c.values)
	}
	negative := &Dataset{Name: "x", X: mat.NewDense(4, 1, []float64{1, 2, -3, 2}), Columns: []string{"a"}}
	_, err = negative.Typed(map[string]ColumnType{"a": Count})
	require.ErrorIs(t, err, ErrType)
	require.ErrorContains(t, err, "is -3")
	numbers := &Dataset{Name: "x", X: mat.NewDense(4, 1, []float64{1, 2, 3, 4}), Columns: []string{"a"}}
	_, err = numbers.Typed(map[string]ColumnType{"a": Categorical})
	require.ErrorIs(t, err, ErrType)
	require.ErrorContains(t, err, "as many values as rows")
}

// The types of data that everybody knows.
func TestTypesOfKnownData(t *testing.T) {
	for name, want := range map[string][]ColumnType{
		"iris":     {Rounded, Rounded, Rounded, Rounded},
		"faithful": {Rounded, Rounded},
		"moons":    {Continuous, Continuous},
	} {
		d, _ := mustOpen(t, name, Options{})
		typed, err := d.Typed(nil)
		require.NoError(t, err)
		require.Equal(t, want, typed.Types, name)
		require.True(t, typed.X == d.X, "nothing is copied")
	}
	iris, _ := mustOpen(t, "iris", Options{})
	about := Describe(iris)
	// R: summary(iris) and table(cut(...)).
	require.Equal(t, []float64{4.3, 5.1, 5.8, 6.4, 7.9, 0.1}, []float64{about[0].Min, about[0].LowerQuartile, about[0].Median, about[0].UpperQuartile, about[0].Max, about[0].Step})
	require.Equal(t, 35, about[0].Distinct)
	digits, _ := mustOpen(t, "digits", Options{})
	require.Equal(t, Rounded, Describe(digits)[0].Type, "pixels have one type")
	bits, err := digits.BinarizeThreshold()
	require.NoError(t, err)
	require.Equal(t, Binary, Describe(bits)[0].Type)
}

// Text that is not a category is an error that says how to go on.
func TestTextColumns(t *testing.T) {
	names := "name,v\n"
	for i := range 40 {
		names += fmt.Sprintf("n%d,%d\n", i%38, i*i)
	}
	_, err := readBytes("x.csv", []byte(names), Options{Categories: true})
	require.ErrorIs(t, err, ErrText)
	require.ErrorContains(t, err, `column 1 ("name") holds 38 different texts in 40 rows`)
	require.ErrorContains(t, err, "Options.Drop name")
	d, err := readBytes("x.csv", []byte(names), Options{Categories: true, Drop: []string{"name"}})
	require.NoError(t, err)
	require.Equal(t, 1, d.Dim())
	d, err = readBytes("x.csv", []byte(names), Options{Types: map[string]ColumnType{"name": Categorical}})
	require.NoError(t, err)
	require.Len(t, d.Levels[0], 38)

	// A slip among numbers is no category.
	_, err = readBytes("x.csv", []byte("a\n1\n2\nx3\n"), Options{Categories: true})
	require.ErrorContains(t, err, `line 4, column 1 ("a"): "x3" is not a number`)
	require.ErrorContains(t, err, "Options.Types a=categorical")

	// A table of texts without names begins with a row.
	d, err = readBytes("x.csv", []byte("p,x\ne,x\np,y\ne,y\np,x\n"), Options{Categories: true})
	require.NoError(t, err)
	require.Equal(t, 5, d.Rows())
	noteWith(t, d, NoteReading, "line 1", "as a row")

	// The order of rows does not matter to the codes.
	e, err := readBytes("x.csv", []byte("a\ny\nx\nx\ny\n"), Options{Categories: true})
	require.NoError(t, err)
	f, err := readBytes("x.csv", []byte("a\nx\ny\ny\nx\n"), Options{Categories: true})
	require.NoError(t, err)
	require.Equal(t, e.Levels, f.Levels)
	require.Equal(t, []float64{1, 0, 0, 1}, e.X.RawMatrix().Data)
}

// Columns of another file are put in order by name and given the same codes.
func TestOpenLike(t *testing.T) {
	opt := Options{Categories: true, Missing: true}
	train, err := readBytes("train.csv", []byte("a,home,n\n1.5,town,1\n2.25,farm,2\n3,town,1\n4,farm,2\n0,town,1\n1,farm,2\n5,NA,1\n7,farm,2\n"), opt)
	require.NoError(t, err)
	require.Equal(t, []ColumnType{Continuous, Categorical, Categorical}, train.Types)
	open := func(text string, more Options) (*Dataset, error) {
		more.Missing = true
		return OpenTest(tempFile(t, "test.csv", []byte(text)), more, train)
	}
	test, err := open("n,extra,home,a\n2,x,town,9\n1,y,farm,8\n", Options{})
	require.NoError(t, err)
	require.Equal(t, train.Columns, test.Columns)
	require.Equal(t, train.Types, test.Types)
	require.Equal(t, train.Levels, test.Levels)
	require.Equal(t, []float64{9, 1, 1, 8, 0, 0}, test.X.RawMatrix().Data)
	noteWith(t, test, NoteSkipped, `"extra"`)
	noteWith(t, test, NoteReading, "order of the training data")

	_, err = open("n,a\n2,9\n", Options{})
	require.ErrorIs(t, err, ErrMismatch)
	require.ErrorContains(t, err, `no column "home"`)
	for text, place := range map[string]string{
		"n,home,a\n2,town,9\n2,city,9\n": `line 3, column 2 ("home"): "city" is an unknown level: the training data have "farm" and "town"`,
		"n,home,a\n3,town,9\n":           `line 2, column 1 ("n"): "3"`,
	} {
		_, err = open(text, Options{})
		require.ErrorIs(t, err, ErrUnseen)
		require.ErrorContains(t, err, place)
		test, err = open(text, Options{UnseenMissing: true})
		require.NoError(t, err)
		require.Equal(t, 1, test.Missing())
		noteWith(t, test, NoteReading, "taken for missing")
	}
	// Without names the columns stand for each other as they come.
	test, err = open("2,town,1\n3,farm,2\n", Options{})
	require.NoError(t, err)
	require.Equal(t, []float64{2, 1, 0, 3, 0, 1}, test.X.RawMatrix().Data)
	// So do those of an array.
	raw := npyFile("<i2", false, "(2, 3)", []byte{7, 0, 1, 0, 2, 0, 8, 0, 0, 0, 1, 0})
	_, err = readBytes("x.npy", raw, Options{Like: &Schema{Columns: train.Columns, Levels: train.Levels}})
	require.ErrorIs(t, err, ErrUnseen)
	d, err := readBytes("x.npy", raw, Options{Like: &Schema{Columns: train.Columns, Levels: [][]string{nil, nil, {"1", "2"}}}})
	require.NoError(t, err)
	require.Equal(t, []float64{7, 1, 1, 8, 0, 0}, d.X.RawMatrix().Data)
}

func TestAlign(t *testing.T) {
	d, err := readBytes("x.csv", []byte("a,b,c\n1,2,3\n4,5,6\n"), Options{})
	require.NoError(t, err)
	same, err := Align(d, d.Schema())
	require.NoError(t, err)
	require.True(t, same == d)
	out, err := Align(d, &Schema{Columns: []string{"c", "a"}})
	require.NoError(t, err)
	require.Equal(t, []float64{3, 1, 6, 4}, out.X.RawMatrix().Data)
	require.Len(t, out.Notes, 2)
	require.Empty(t, d.Notes)
	_, err = Align(d, &Schema{Columns: []string{"a", "d"}})
	require.ErrorIs(t, err, ErrMismatch)
	_, err = Align(d, &Schema{Columns: []string{"x1", "x2"}})
	require.ErrorIs(t, err, ErrMismatch)
	_, err = Align(d, &Schema{Columns: []string{"x1", "x2", "x3"}})
	require.NoError(t, err)
}

// Any choice of columns, by name, number or pattern, leaves their values.
func TestChooseColumns(t *testing.T) {
	text := []byte("pixel1,pixel2,w,class,other\n1,2,3,oak,5\n6,7,8,elm,10\n")
	for name, c := range map[string]struct {
		opt     Options
		columns []string
	}{
		"all but labels": {Options{Label: "class"}, []string{"pixel1", "pixel2", "w", "other"}},
		"a pattern":      {Options{Columns: []string{"pixel*"}}, []string{"pixel1", "pixel2"}},
		"numbers":        {Options{Columns: []string{"5", "1"}}, []string{"pixel1", "other"}},
		"drop":           {Options{Drop: []string{"class", "pix?l2"}}, []string{"pixel1", "w", "other"}},
		"both":           {Options{Columns: []string{"p*", "w"}, Drop: []string{"pixel1"}}, []string{"pixel2", "w"}},
		"label beside":   {Options{Columns: []string{"w"}, Label: "class"}, []string{"w"}},
		"weights beside": {Options{Columns: []string{"pixel*"}, Weights: "w"}, []string{"pixel1", "pixel2"}},
		"dropped label":  {Options{Drop: []string{"class"}, Label: "class", Weights: "3"}, []string{"pixel1", "pixel2", "other"}},
	} {
		d, err := readBytes("x.csv", text, c.opt)
		require.NoError(t, err, name)
		require.Equal(t, c.columns, d.Columns, name)
		all := map[string]float64{"pixel1": 6, "pixel2": 7, "w": 8, "other": 10}
		for j, column := range d.Columns {
			require.Equal(t, all[column], d.X.At(1, j), name)
		}
		require.Equal(t, c.opt.Label != "", d.Labels != nil, name)
		require.Equal(t, c.opt.Weights != "", d.Weights != nil, name)
		if c.opt.Label == "" {
			s, err := OpenStream(t.Context(), tempFile(t, "x.csv", text), 9, 1, c.opt)
			require.NoError(t, err, name)
			require.Equal(t, c.columns, s.Sample.Columns, name)
			require.True(t, mat.Equal(d.X, s.Sample.X), name)
			require.NoError(t, s.Close())
		}
	}
	for _, opt := range []Options{{Columns: []string{"z"}}, {Drop: []string{"z*"}}, {Drop: []string{"[z"}}, {Drop: []string{"*"}}} {
		_, err := readBytes("x.csv", text, opt)
		require.ErrorIs(t, err, ErrColumn)
	}
	raw := npyFile("|u1", false, "(2, 3)", []byte{1, 2, 3, 4, 5, 6})
	d, err := readBytes("x.npy", raw, Options{Drop: []string{"x2"}})
	require.NoError(t, err)
	require.Equal(t, []string{"x1", "x3"}, d.Columns)
	require.Equal(t, []float64{1, 3, 4, 6}, d.X.RawMatrix().Data)
	s, err := OpenStream(t.Context(), tempFile(t, "x.npy", raw), 9, 1, Options{Columns: []string{"3", "1"}, Weights: "1"})
	require.NoError(t, err)
	require.Equal(t, []string{"x3"}, s.Sample.Columns)
	require.Equal(t, 5.0, s.TotalWeight())
	require.NoError(t, s.Close())
	_, err = readBytes("x-ubyte", idxFile(8, []uint32{1, 1, 2}, []byte{1, 2}), Options{Drop: []string{"1"}})
	require.ErrorIs(t, err, ErrColumn)
}

// Histograms count every value once, quartiles are those of their definition.
func TestDescribeProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e300, 1e300), 1, 50).Draw(t, "values")
		d := &Dataset{Name: "x", X: mat.NewDense(len(values), 1, values), Columns: []string{"a"}}
		about := Describe(d)[0]
		total := 0
		for _, n := range about.Histogram {
			require.GreaterOrEqual(t, n, 0)
			total += n
		}
		require.Equal(t, len(values), total)
		sorted := slices.Clone(values)
		slices.Sort(sorted)
		require.Equal(t, sorted[0], about.Min)
		require.Equal(t, sorted[len(sorted)-1], about.Max)
		require.LessOrEqual(t, about.Min, about.LowerQuartile)
		require.LessOrEqual(t, about.LowerQuartile, about.Median)
		require.LessOrEqual(t, about.Median, about.UpperQuartile)
		if n := len(sorted); n%4 == 1 {
			require.Equal(t, sorted[n/4], about.LowerQuartile)
			require.Equal(t, sorted[n/2], about.Median)
		}
	})
}
