package dataset

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func TestBinarizeThreshold(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	b, err := d.BinarizeThreshold()
	require.NoError(t, err)
	require.Equal(t, density.Binary, b.Measure)
	require.NoError(t, density.CheckBinary(b.X))
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			require.Equal(t, v > 8, b.X.At(i, j) == 1)
		}
	}
	require.NoError(t, b.Check(), "a constant column of a binary measure has a finite probability")
	again, err := readBytes("bits.csv", []byte("0,1\n1,1\n0,0\n"), Options{})
	require.NoError(t, err)
	same, err := again.BinarizeThreshold()
	require.NoError(t, err)
	require.True(t, mat.Equal(again.X, same.X), "binary data stay what they are")
	_, err = same.BinarizeThreshold()
	require.ErrorIs(t, err, ErrMeasure)
}

// A static draw is fixed by the seed and the place, and has the intensity as
// its mean.
func TestBinarizeStatic(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	b, err := d.BinarizeStatic(1)
	require.NoError(t, err)
	require.NoError(t, density.CheckBinary(b.X))
	train, _, _ := d.Split(0.5, 0, 3)
	part, err := train.BinarizeStatic(1)
	require.NoError(t, err)
	for i := range part.Rows() {
		require.Equal(t, b.X.RawRowView(train.Row(i)), part.X.RawRowView(i))
	}
	other, err := d.BinarizeStatic(2)
	require.NoError(t, err)
	require.False(t, mat.Equal(b.X, other.X))

	var drawn, mean, variance float64
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			p := v / 16
			drawn += b.X.At(i, j)
			mean += p
			variance += p * (1 - p)
			if p == 0 || p == 1 {
				require.Equal(t, p, b.X.At(i, j))
			}
		}
	}
	// The sum of independent Bernoulli draws, within 5 standard deviations:
	// fails by chance once in 10⁶.
	require.InDelta(t, mean, drawn, 5*math.Sqrt(variance))
}

// Dynamic draws are fresh at each call, fixed by their source, and have the
// same mean.
func TestBinarizeDynamic(t *testing.T) {
	d, _ := mustOpen(t, "digits", Options{})
	draw, err := d.BinarizeDynamic()
	require.NoError(t, err)
	rows := []int{5, 1, 5}
	x, y, z := mat.NewDense(3, 64, nil), mat.NewDense(3, 64, nil), mat.NewDense(3, 64, nil)
	src := density.NewSource(1, "test")
	draw(x, rows, src)
	draw(y, rows, src)
	draw(z, rows, density.NewSource(1, "test"))
	require.False(t, mat.Equal(x, y))
	require.True(t, mat.Equal(x, z))
	require.NotEqual(t, x.RawRowView(0), x.RawRowView(2))
	require.NoError(t, density.CheckBinary(x))
	draw(z, rows, src)
	require.NoError(t, density.CheckBinary(z), "dst is cleared")
	require.Panics(t, func() { draw(x, []int{1}, src) })

	const repeats = 4000
	sum := make([]float64, 64)
	one := mat.NewDense(1, 64, nil)
	for range repeats {
		draw(one, []int{5}, src)
		for j, v := range one.RawRowView(0) {
			sum[j] += v / repeats
		}
	}
	for j, v := range d.X.RawRowView(5) {
		p := v / 16
		// 5 standard errors in each of 64 cells: by chance once in 3·10⁴.
		require.InDelta(t, p, sum[j], 5*math.Sqrt(p*(1-p)/repeats)+1e-9)
	}
}

func TestBinarizeMistakes(t *testing.T) {
	constant, err := readBytes("x.csv", []byte("2,2\n2,2\n"), Options{})
	require.NoError(t, err)
	for _, f := range []func() error{
		func() error { _, err := constant.BinarizeThreshold(); return err },
		func() error { _, err := constant.BinarizeStatic(1); return err },
		func() error { _, err := constant.BinarizeDynamic(); return err },
	} {
		require.ErrorIs(t, f(), density.ErrConstant)
	}
	train, err := Open(tempFile(t, "train.csv", []byte("a\n0\n16\n")))
	require.NoError(t, err)
	test, err := OpenTest(tempFile(t, "test.csv", []byte("a\n8\n17\n")), Options{}, train)
	require.NoError(t, err)
	_, err = test.BinarizeStatic(1)
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, "test.csv, line 3")
}

// Levels need not begin at 0: of the range 10 to 30 the middle is 20, the chance of a 1
// at 15 is ¼, and the ends are certain. 2000 draws of it lie within 5 standard
// deviations of 500.
func TestBinarizeHasTwoEnds(t *testing.T) {
	values := []float64{10, 30, 19, 21}
	for range 2000 {
		values = append(values, 15)
	}
	d := &Dataset{Name: "grey", X: mat.NewDense(len(values), 1, values), Columns: []string{"a"}, Lo: 10, Hi: 30}
	cut, err := d.BinarizeThreshold()
	require.NoError(t, err)
	require.Equal(t, []float64{0, 1, 0, 1, 0}, mat.Col(nil, 0, cut.X)[:5])
	count := func(bits []float64) (ones float64) {
		for _, v := range bits {
			ones += v
		}
		return ones
	}
	drawn, err := d.BinarizeStatic(1)
	require.NoError(t, err)
	bits := mat.Col(nil, 0, drawn.X)
	require.Equal(t, []float64{0, 1}, bits[:2])
	require.InDelta(t, 500, count(bits[4:]), 5*math.Sqrt(2000*0.25*0.75))

	draw, err := d.BinarizeDynamic()
	require.NoError(t, err)
	rows := make([]int, len(values))
	for i := range rows {
		rows[i] = i
	}
	fresh := mat.NewDense(len(values), 1, nil)
	draw(fresh, rows, density.NewSource(1, "test"))
	bits = mat.Col(nil, 0, fresh)
	require.Equal(t, []float64{0, 1}, bits[:2])
	require.InDelta(t, 500, count(bits[4:]), 5*math.Sqrt(2000*0.25*0.75))
}
