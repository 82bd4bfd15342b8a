package dataset

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
)

// Noise lies strictly inside the gap above each level, by the data's own
// step, and fills it evenly.
func TestDequantizeFillsTheGap(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	for _, scale := range []float64{1, 0.1, 1.0 / 255, 1024} {
		scaled := *d
		scaled.X = mat.DenseCopyOf(d.X)
		scaled.X.Scale(scale, d.X)
		scaled.Step, scaled.Lo, scaled.Hi = 0, 0, 0
		q, err := scaled.Dequantize(3)
		require.NoError(t, err)
		require.InEpsilon(t, scale, q.Step, 1e-12)
		require.Equal(t, density.Dequantized, q.Measure)
		var sum, squares float64
		lowest, highest := math.Inf(1), math.Inf(-1)
		for i := range d.Rows() {
			for j := range d.Dim() {
				u := (q.X.At(i, j) - scaled.X.At(i, j)) / scale
				lowest, highest = min(lowest, u), max(highest, u)
				sum += u
				squares += (u - 0.5) * (u - 0.5)
			}
		}
		// 115008 uniform numbers: standard error of the mean √(1/12n), of the
		// variance √(1/180n). Limits of 5 of them fail by chance once in 10⁶.
		n := float64(d.Rows() * d.Dim())
		require.Greater(t, lowest, 0.0)
		require.Less(t, highest, 1.0)
		require.InDelta(t, 0.5, sum/n, 5*math.Sqrt(1/(12*n)))
		require.InDelta(t, 1.0/12, squares/n, 5*math.Sqrt(1/(180*n)))
		require.NoError(t, q.Check(), "no column is constant any more")
	}
}

// The noise of a cell depends on the seed and on its place in the original
// data only.
func TestDequantizeIgnoresCuts(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	all, err := d.Dequantize(5)
	require.NoError(t, err)
	train, valid, test := d.Split(0.3, 0.2, 11)
	for _, part := range []*Dataset{train, valid, test, d.Head(7), d.Take([]int{9}), d.Take([]int{40, 2}).Take([]int{1})} {
		q, err := part.Dequantize(5)
		require.NoError(t, err)
		for i := range q.Rows() {
			require.Equal(t, all.X.RawRowView(part.Row(i)), q.X.RawRowView(i))
		}
	}
	other, err := d.Dequantize(6)
	require.NoError(t, err)
	require.NotEqual(t, all.X.At(0, 0), other.X.At(0, 0))
	// Neither rows nor columns share their noise.
	require.NotEqual(t, all.X.At(0, 0), all.X.At(1, 0))
	require.NotEqual(t, all.X.At(0, 0), all.X.At(0, 32))
}

// The draws are part of every published result, so they are pinned.
func TestDrawsArePinned(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	q, err := d.Dequantize(1)
	require.NoError(t, err)
	require.Equal(t, []float64{0.45484413381200284, 0.2473176351049915}, q.X.RawRowView(0)[:2])
	train, validation, test := Split(10, 0.2, 0.25, 1)
	require.Equal(t, []int{7, 0, 2, 4, 3, 5}, train)
	require.Equal(t, []int{8, 6}, validation)
	require.Equal(t, []int{1, 9}, test)
	moons, _, err := Synthetic("moons", 2, 1)
	require.NoError(t, err)
	require.InDeltaSlice(t, []float64{0.009175320175533713, 0.11116839702360691, 0.4920163046004659, -0.5811070697647469}, moons.X.RawMatrix().Data, 1e-14)
}

func TestDequantizeMistakes(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	q, err := d.Dequantize(1)
	require.NoError(t, err)
	_, err = q.Dequantize(1)
	require.ErrorIs(t, err, ErrMeasure)
	b, err := d.BinarizeThreshold()
	require.NoError(t, err)
	_, err = b.Dequantize(1)
	require.ErrorIs(t, err, ErrMeasure)

	acidity, _ := mustOpen(t, "acidity", Options{})
	_, err = acidity.Dequantize(1)
	require.ErrorIs(t, err, ErrLattice)
	require.ErrorContains(t, err, "acidity cannot be dequantised: column 1")

	declared := *d
	declared.Step = 2
	_, err = declared.Dequantize(1)
	require.ErrorIs(t, err, ErrLattice)
	require.ErrorContains(t, err, "digits, line 2, column 3")
}

// Columns of different spacing keep it, and a test set uses the spacing of
// the training data.
func TestDequantizeByColumn(t *testing.T) {
	d, _ := mustOpen(t, "faithful", Options{})
	q, err := d.Dequantize(1)
	require.NoError(t, err)
	require.Zero(t, q.Step)
	require.Equal(t, []float64{0.001, 1}, q.Steps)
	_, _, test := d.Split(0.01, 0, 1)
	require.Equal(t, 3, test.Rows())
	part, err := test.Dequantize(1)
	require.NoError(t, err)
	require.Equal(t, q.X.RawRowView(test.Row(0)), part.X.RawRowView(0))

	train, err := Open(tempFile(t, "train.csv", []byte("a\n0\n1\n2\n9\n")))
	require.NoError(t, err)
	held, err := OpenTest(tempFile(t, "test.csv", []byte("a\n0\n4\n8\n")), Options{}, train)
	require.NoError(t, err)
	p, err := train.Dequantize(1)
	require.NoError(t, err)
	q, err = held.Dequantize(1)
	require.NoError(t, err)
	require.Equal(t, 1.0, q.Step)
	require.NotEqual(t, p.X.At(0, 0), q.X.At(0, 0), "training and test rows do not share their noise")
}

// Jensen: for a density p, E log p(x+U·s) + D·ln s ≤ log P(x), here with a
// normal density, whose P is a difference of distribution functions.
func TestDequantizedLogProbIsABound(t *testing.T) {
	const n, step = 20000, 0.5
	d := &Dataset{X: mat.NewDense(n, 1, nil), Columns: []string{"x1"}, Step: step}
	rnd := rand.New(density.NewSource(1, "test"))
	for i := range n {
		d.X.Set(i, 0, step*math.Floor(rnd.NormFloat64()/step))
	}
	q, err := d.Dequantize(2)
	require.NoError(t, err)
	cdf := func(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }
	var bound, exact float64
	for i := range n {
		x, y := d.X.At(i, 0), q.X.At(i, 0)
		bound += (-y*y/2 - math.Log(2*math.Pi)/2 + math.Log(step)) / n
		exact += math.Log(cdf(x+step)-cdf(x)) / n
	}
	// The gap is about step²/24 = 0.0104 to second order; its standard error
	// at n = 20000 is below 0.002.
	require.Less(t, bound, exact)
	require.InDelta(t, step*step/24, exact-bound, 0.006)
}

func TestDetectStep(t *testing.T) {
	for name, c := range map[string]struct {
		values []float64
		want   float64
	}{
		"integers":         {[]float64{3, 5, 8, 13}, 1},
		"even":             {[]float64{2, 8, 14, 4}, 2},
		"offset":           {[]float64{0.5, 2.5, 6.5}, 2},
		"tenths":           {[]float64{5.1, 4.9, 7.0, 6.3}, 0.1},
		"thousandths":      {[]float64{3.6, 1.8, 3.334, 2.283}, 0.001},
		"negative":         {[]float64{-0.75, 0.5, -0.25}, 0.25},
		"float32 of 255":   {[]float64{0, float64(float32(1. / 255)), float64(float32(200. / 255)), 1}, 1. / 255},
		"float64 of 255":   {[]float64{0, 3. / 255, 200. / 255, 1}, 1. / 255},
		"gap of 16":        {[]float64{0, 0.16, 0.33, 1}, 0.01},
		"large integers":   {[]float64{1e6, 1e6 + 3, 1e6 + 7}, 1},
		"thousands":        {[]float64{21000, 46000, 98000}, 1000},
		"huge":             {[]float64{1e300, 2e300, 5e300}, 1e300},
		"tiny":             {[]float64{1e-300, 2e-300, 5e-300}, 1e-300},
		"unfavourable gap": {[]float64{0, 6, 10, 15}, 1},
	} {
		got, err := DetectStep(mat.NewDense(len(c.values), 1, c.values))
		require.NoError(t, err, name)
		require.InEpsilon(t, c.want, got, 1e-6, name)
	}
	for name, values := range map[string][]float64{
		"irrational": {0, 1, math.Sqrt2, math.Pi},
		"constant":   {2, 2, 2},
		"fine":       {0, 1e-9, 1},
		"one":        {4},
	} {
		_, err := DetectStep(mat.NewDense(len(values), 1, values))
		require.ErrorIs(t, err, ErrLattice, name)
	}
}

// A column of few levels takes the finest spacing, one of many keeps its own;
// a constant column takes the finest too.
func TestDetectStepsByColumn(t *testing.T) {
	x := mat.NewDense(40, 4, nil)
	for i := range 40 {
		x.SetRow(i, []float64{float64(i), float64(i % 2 * 128), float64(i * 1000), 7})
	}
	steps, err := DetectSteps(x)
	require.NoError(t, err)
	require.Equal(t, []float64{1, 1, 1000, 1}, steps)
	_, err = DetectStep(x)
	require.ErrorIs(t, err, ErrLattice)
	require.ErrorContains(t, err, "column 3")
}

// Scaled and shifted integers have the scale times their greatest common
// divisor as step.
func TestDetectStepProperty(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		levels := rapid.SliceOfN(rapid.IntRange(0, 255), 2, 60).Draw(t, "levels")
		scale := math.Ldexp(rapid.Float64Range(1, 2).Draw(t, "mantissa"), rapid.IntRange(-40, 40).Draw(t, "exponent"))
		lo := slices.Min(levels)
		var divisor int
		for _, k := range levels {
			a, b := divisor, k-lo
			for b != 0 {
				a, b = b, a%b
			}
			divisor = a
		}
		if divisor == 0 {
			t.Skip("constant")
		}
		x := mat.NewDense(len(levels), 1, nil)
		for i, k := range levels {
			x.Set(i, 0, float64(k)*scale)
		}
		got, err := DetectStep(x)
		require.NoError(t, err)
		require.InEpsilon(t, float64(divisor)*scale, got, 1e-9)
	})
}

func TestCheck(t *testing.T) {
	one, err := readBytes("x.csv", []byte("1,2\n"), Options{})
	require.NoError(t, err)
	require.ErrorIs(t, one.Check(), ErrTooFew)
	require.ErrorContains(t, one.Check(), "at least 2")

	constant, err := readBytes("x.csv", []byte("a,b,c\n1,2,5\n1,3,5\n"), Options{})
	require.NoError(t, err)
	require.ErrorIs(t, constant.Check(), density.ErrConstant)
	require.ErrorContains(t, constant.Check(), `x.csv: column 1 ("a") is 1 and column 3 ("c") is 5 in every row`)
	require.Equal(t, []int{0, 2}, constant.ConstantColumns())

	d, _ := mustOpen(t, "digits", Options{})
	require.ErrorContains(t, d.Check(), "dequantise the data")
	iris, _ := mustOpen(t, "iris", Options{})
	require.NoError(t, iris.Check())
	require.Equal(t, 1, iris.Duplicates(), "flowers 102 and 143")
	require.Zero(t, iris.Take([]int{0, 1}).Duplicates())
	require.Equal(t, 2, iris.Take([]int{0, 0, 0}).Duplicates())
}

func TestPairMistakes(t *testing.T) {
	train, err := Open(tempFile(t, "train.csv", []byte("a,b\n1,2\n3,5\n")))
	require.NoError(t, err)
	for name, c := range map[string]struct {
		text string
		is   error
		says string
	}{
		"width":  {"a\n1\n", ErrMismatch, `no column "b"`},
		"names":  {"a,c\n1,2\n", ErrMismatch, `no column "b", which the training data have`},
		"broken": {"a,b\n1,x\n", ErrText, "line 2"},
	} {
		_, err := OpenTest(tempFile(t, "test.csv", []byte(c.text)), Options{}, train)
		require.ErrorIs(t, err, c.is, name)
		require.ErrorContains(t, err, "test.csv", name)
		require.ErrorContains(t, err, c.says, name)
	}
	test, err := OpenTest(tempFile(t, "test.csv", []byte("1,2\n")), Options{}, train)
	require.NoError(t, err, "one row, without names, is fine")
	require.Equal(t, []string{"a", "b"}, test.Columns)
	done, err := train.BinarizeThreshold()
	require.NoError(t, err)
	_, err = OpenTest(tempFile(t, "test.csv", []byte("1,2\n")), Options{}, done)
	require.ErrorIs(t, err, ErrMeasure)
}

// Class names of a test set are numbered as in training.
func TestPairLabels(t *testing.T) {
	opt := Options{Label: "c"}
	train, err := OpenWith(tempFile(t, "train.csv", []byte("a,c\n1,oak\n3,elm\n")), opt)
	require.NoError(t, err)
	test, err := OpenTest(tempFile(t, "test.csv", []byte("a,c\n1,ash\n3,elm\n5,oak\n")), opt, train)
	require.NoError(t, err)
	require.Equal(t, []int{2, 1, 0}, test.Labels)
	require.Equal(t, []string{"oak", "elm", "ash"}, test.LabelNames)
	require.Equal(t, []string{"oak", "elm"}, train.LabelNames)
}

// BenchmarkDequantize makes the noise of 10000 images.
func BenchmarkDequantize(b *testing.B) {
	d, _ := mustOpen(b, "mnist", Options{Limit: 10000})
	b.SetBytes(10000 * 784 * 8)
	for b.Loop() {
		if _, err := d.Dequantize(1); err != nil {
			b.Fatal(err)
		}
	}
}
