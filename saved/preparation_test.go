package saved

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/tree"
)

// grey is a dataset of the levels 10 to 30 in steps of 2.
func grey(values ...float64) *dataset.Dataset {
	return &dataset.Dataset{Name: "grey", X: mat.NewDense(len(values)/2, 2, values), Columns: []string{"a", "b"}, Lo: 10, Hi: 30, Step: 2}
}

// The range of the levels is kept with both its ends: a later row is cut where the
// rows of the training were cut, at 20, whatever levels it has itself.
func TestRangeOfLevelsIsKept(t *testing.T) {
	p := NewPreparation(grey(10, 30, 14, 18), false, dataset.BinarizedThreshold, 7)
	require.Equal(t, density.Binary, p.Measure)
	require.Equal(t, [2]float64{10, 30}, [2]float64{p.Lo, p.Hi})
	later := grey(14, 18, 20, 22, 24, 26)
	later.Lo, later.Hi = 0, 0 // it is not known from the file
	out, err := p.Prepare(later)
	require.NoError(t, err)
	require.Equal(t, density.Binary, out.Measure)
	require.Equal(t, []float64{0, 0, 0, 1, 1, 1}, out.X.RawMatrix().Data)
	_, err = p.Prepare(grey(9, 18))
	require.ErrorIs(t, err, density.ErrSupport)
}

// The bits of a later row are those that the saved seed draws: the chance of a 1 is
// (v − 10)/20, so 10 is never one and 30 always.
func TestSeedOfBitsIsKept(t *testing.T) {
	values := []float64{10, 30}
	for range 50 {
		values = append(values, 20, 14)
	}
	d := grey(values...)
	bits := func(seed uint64) []float64 {
		p := NewPreparation(d, false, dataset.BinarizedStatic, seed)
		out, err := p.Prepare(d)
		require.NoError(t, err)
		return out.X.RawMatrix().Data
	}
	want, err := d.BinarizeStatic(7)
	require.NoError(t, err)
	require.Equal(t, want.X.RawMatrix().Data, bits(7))
	require.NotEqual(t, bits(1), bits(7))
	require.Equal(t, []float64{0, 1}, bits(7)[:2])
	var ones float64
	for _, v := range bits(7)[2:] {
		ones += v
	}
	// 50 bits with chance ½ and 50 with ⅕: 35 ± 4.5, and 5 standard deviations of it.
	require.InDelta(t, 35, ones, 5*math.Sqrt(50*0.25+50*0.16))
}

// The noise that spreads levels is that of the saved seed, and of the saved step.
func TestSeedOfNoiseIsKept(t *testing.T) {
	d := grey(10, 12, 14, 30)
	p := NewPreparation(d, true, dataset.NotBinarized, 7)
	out, err := p.Prepare(d)
	require.NoError(t, err)
	want, err := d.Dequantize(7)
	require.NoError(t, err)
	require.Equal(t, want.X.RawMatrix().Data, out.X.RawMatrix().Data)
	require.Equal(t, 2.0, p.Step)
	other := NewPreparation(d, true, dataset.NotBinarized, 8)
	again, err := other.Prepare(d)
	require.NoError(t, err)
	require.NotEqual(t, out.X.RawMatrix().Data, again.X.RawMatrix().Data)

	later := grey(10, 14, 18, 30) // whose own levels look like steps of 4
	later.Step = 0
	out, err = p.Prepare(later)
	require.NoError(t, err)
	require.Equal(t, 2.0, out.Step)
	wide := 0.0
	for i, v := range out.X.RawMatrix().Data {
		wide = max(wide, v-later.X.RawMatrix().Data[i])
	}
	require.Less(t, wide, 2.0)
}

// Rows that are no rows of the model are refused, with the place.
func TestOtherRowsAreRefused(t *testing.T) {
	bits := &dataset.Dataset{Name: "bits", X: mat.NewDense(2, 2, []float64{0, 1, 1, 1}), Columns: []string{"a", "b"}, Measure: density.Binary}
	p := NewPreparation(bits, false, dataset.NotBinarized, 1)
	out, err := p.Prepare(bits)
	require.NoError(t, err)
	require.Equal(t, density.Binary, out.Measure)
	require.Equal(t, [2]float64{0, 1}, [2]float64{p.Lo, p.Hi})
	half := *bits
	half.X = mat.NewDense(1, 2, []float64{1, 0.5})
	_, err = p.Prepare(&half)
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, "0.5")
	turned := *bits
	turned.Columns = []string{"b", "a"}
	_, err = p.Prepare(&turned)
	require.ErrorIs(t, err, ErrMismatch)
	narrow := *bits
	narrow.X, narrow.Columns = mat.NewDense(1, 1, []float64{1}), []string{"a"}
	_, err = p.Prepare(&narrow)
	require.ErrorIs(t, err, ErrMismatch)
}

// A preparation that does not fit its model, or itself, is refused.
func TestPreparationIsChecked(t *testing.T) {
	m, err := gmm.New([]float64{1}, mat.NewDense(1, 2, nil), []mat.Symmetric{mat.NewSymDense(2, []float64{1, 0, 0, 1})})
	require.NoError(t, err)
	good := Preparation{Columns: []string{"a", "b"}, Transform: density.NewIdentity(2)}
	require.NoError(t, good.check(m))
	for _, width := range []int{1, 3} {
		wrong := good
		wrong.Transform = density.NewIdentity(width)
		require.ErrorContains(t, wrong.check(m), "columns for 2")
	}
	bits, err := tree.New([]int{2, 2}, []int{-1, 0}, [][]float64{{0.5, 0.5}, {0.5, 0.5, 0.5, 0.5}})
	require.NoError(t, err)
	binary := Preparation{Columns: []string{"a", "b"}, Measure: density.Binary, Hi: 1, Transform: density.NewIdentity(2)}
	require.NoError(t, binary.check(bits))
	for _, change := range []func(t density.Transform){
		func(t density.Transform) { t.Scale[1] = 2 }, func(t density.Transform) { t.Shift[0] = 1 },
	} {
		scaled := binary
		scaled.Transform = density.NewIdentity(2)
		change(scaled.Transform)
		require.ErrorContains(t, scaled.check(bits), "are not scaled")
	}
}
