package density_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
	"likely/density/densitytest"
)

// near requires two finite numbers to be close; InDelta accepts NaN.
func near(t require.TestingT, want, got, delta float64) {
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, delta)
}

func TestLogSumExpEdges(t *testing.T) {
	inf := math.Inf(1)
	require.Equal(t, math.Inf(-1), density.LogSumExp(nil))
	require.Equal(t, math.Inf(-1), density.LogSumExp([]float64{-inf, -inf}))
	require.Equal(t, inf, density.LogSumExp([]float64{0, inf}))
	require.True(t, math.IsNaN(density.LogSumExp([]float64{0, math.NaN()})))
	require.True(t, math.IsNaN(density.LogSumExp([]float64{inf, math.NaN()})))
	require.Equal(t, -3.5, density.LogSumExp([]float64{-3.5}))
	near(t, 1000+math.Ln2, density.LogSumExp([]float64{1000, 1000}), 1e-12)
	near(t, -1000+math.Ln2, density.LogSumExp([]float64{-1000, -1000}), 1e-12)
	near(t, 0, density.LogSumExp([]float64{-inf, 0}), 0)
	near(t, math.Log(2.5), density.LogMeanExp([]float64{math.Log(2), math.Log(3)}), 1e-15)
	// The logarithm of the mean, not the mean of the logarithms.
	require.Greater(t, density.LogMeanExp([]float64{0, 2}), 1.0)
}

func TestLogSumExpProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-700, 700), 1, 30).Draw(t, "x")
		shift := rapid.Float64Range(-1e5, 1e5).Draw(t, "shift")
		y := make([]float64, len(x))
		peak := math.Inf(-1)
		for i, v := range x {
			y[i] = v + shift
			peak = max(peak, v)
		}
		got := density.LogSumExp(x)
		near(t, got+shift, density.LogSumExp(y), 1e-9)
		require.GreaterOrEqual(t, got, peak)
		require.LessOrEqual(t, got, peak+math.Log(float64(len(x)))+1e-12)
	})
}

func TestKindsAndMeasuresAsText(t *testing.T) {
	for k, name := range map[density.Kind]string{
		density.ExactValue: "exact", density.LowerBound: "lower_bound", density.UpperBound: "upper_bound", density.Consistent: "consistent", density.Quadrature: "quadrature",
	} {
		require.Equal(t, name, k.String())
		text, err := json.Marshal(k)
		require.NoError(t, err)
		var back density.Kind
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, k, back)
	}
	for m, name := range map[density.Measure]string{
		density.Continuous: "continuous", density.Dequantized: "dequantized", density.Binary: "binary",
	} {
		require.Equal(t, name, m.String())
		text, err := json.Marshal(m)
		require.NoError(t, err)
		var back density.Measure
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, m, back)
	}
	_, err := density.Kind(9).MarshalText()
	require.Error(t, err)
	_, err = density.Measure(-1).MarshalText()
	require.Error(t, err)
	var k density.Kind
	require.ErrorContains(t, k.UnmarshalText([]byte("truth")), `"truth"`)
	var m density.Measure
	require.ErrorContains(t, m.UnmarshalText([]byte("grey")), `"grey"`)
	require.Equal(t, "Kind(9)", density.Kind(9).String())
	require.Equal(t, "Measure(9)", density.Measure(9).String())
}

func TestMeanEstimate(t *testing.T) {
	e := density.MeanEstimate([]float64{1, 2, 3, 4}, nil, density.ExactValue, 0)
	near(t, 2.5, e.Value, 0)
	near(t, math.Sqrt(5.0/3/4), e.DataErr, 1e-15)
	require.Zero(t, e.SampleErr)
	require.Equal(t, 4, e.Rows)
	near(t, e.DataErr, e.StdErr(), 0)
	near(t, 5, density.Estimate{DataErr: 3, SampleErr: 4}.StdErr(), 1e-15) // they are independent

	// Errors that explain the whole spread leave none to the data.
	e = density.MeanEstimate([]float64{1, 2, 3, 4}, []float64{2, 2, 2, 2}, density.LowerBound, 7)
	near(t, 1, e.SampleErr, 1e-15)
	require.Zero(t, e.DataErr)
	require.Equal(t, 7, e.Samples)
	require.Equal(t, density.LowerBound, e.Kind)

	one := density.MeanEstimate([]float64{1}, []float64{0.5}, density.Consistent, 3)
	require.True(t, math.IsNaN(one.DataErr))
	near(t, 0.5, one.SampleErr, 0)
	require.True(t, math.IsNaN(density.MeanEstimate([]float64{1, math.NaN()}, nil, density.ExactValue, 0).Value), "NaN is never averaged away")
	require.Panics(t, func() { density.MeanEstimate(nil, nil, density.ExactValue, 0) })
	require.Panics(t, func() { density.MeanEstimate([]float64{1}, []float64{1, 2}, density.ExactValue, 0) })
	near(t, 3.5, density.MeanEstimate([]float64{1, 2, 3, 4}, nil, density.ExactValue, 0).Shift(1).Value, 0)
	near(t, 1, density.Estimate{Value: -math.Ln2 * 8}.BitsPerDim(8), 1e-15)
	require.Equal(t, "2.5 ± 0.65 nats (exact, 4 rows)", density.MeanEstimate([]float64{1, 2, 3, 4}, nil, density.ExactValue, 0).String())
}

// The two errors are kept apart: over many sets of rows the value scatters by
// both together. The spread of 2000 repetitions is known to 1.6 %; five times
// that fails a correct program in fewer than one of a million seeds.
func TestMeanEstimateSplitsTheError(t *testing.T) {
	random := rand.New(density.NewSource(1, "split"))
	const rows, repetitions, spread, noise = 50, 2000, 2.0, 3.0
	values, errs := make([]float64, rows), make([]float64, rows)
	var squares, data, sample float64
	for range repetitions {
		for i := range values {
			values[i] = spread*random.NormFloat64() + noise*random.NormFloat64()
			errs[i] = noise
		}
		e := density.MeanEstimate(values, errs, density.Consistent, 1)
		squares += e.Value * e.Value / repetitions
		data += e.DataErr * e.DataErr / repetitions
		sample += e.SampleErr * e.SampleErr / repetitions
	}
	require.InEpsilon(t, (spread*spread+noise*noise)/rows, squares, 0.16)
	require.InEpsilon(t, spread*spread/rows, data, 0.16)
	require.InEpsilon(t, noise*noise/rows, sample, 1e-9)
}

func TestTransform(t *testing.T) {
	x := mat.NewDense(4, 2, []float64{1, 1e6, 2, 1e6 + 1, 3, 1e6 + 2, 6, 1e6 + 5})
	tr, err := density.NewStandardizing(x)
	require.NoError(t, err)
	require.NoError(t, tr.Check())
	y := tr.Apply(nil, x)
	mean, variance := density.Moments(y)
	for j := range 2 {
		near(t, 0, mean[j], 1e-12)
		near(t, 1, variance[j], 1e-12)
	}
	back := tr.Invert(nil, y)
	require.True(t, mat.EqualApprox(x, back, 1e-9))
	near(t, -math.Log(tr.Scale[0])-math.Log(tr.Scale[1]), tr.LogJacobian(), 1e-15)
	in := mat.DenseCopyOf(x)
	require.Same(t, in, tr.Apply(in, in))
	require.True(t, mat.Equal(in, y))

	centred := density.NewCentering(x)
	require.Zero(t, centred.LogJacobian())
	near(t, -2, centred.Apply(nil, x).At(0, 0), 1e-12)
	require.True(t, mat.Equal(x, density.NewIdentity(2).Apply(nil, x)))

	_, err = density.NewStandardizing(mat.NewDense(3, 2, []float64{1, 0.1, 2, 0.1, 3, 0.1}))
	require.ErrorIs(t, err, density.ErrConstant)
	require.ErrorContains(t, err, "column 2")
	require.Panics(t, func() { tr.Apply(nil, mat.NewDense(1, 3, nil)) })
	require.Panics(t, func() { tr.Apply(mat.NewDense(1, 2, nil), x) })
	for _, bad := range []density.Transform{
		{Shift: []float64{0}, Scale: []float64{0}}, {Shift: []float64{0}, Scale: []float64{-1}},
		{Shift: []float64{math.NaN()}, Scale: []float64{1}}, {Shift: []float64{0}, Scale: []float64{math.Inf(1)}},
		{Shift: []float64{0, 1}, Scale: []float64{1}},
	} {
		require.Error(t, bad.Check())
	}
}

// A column of 784 pixels in [0, 255] against [0, 1] shifts log p by 4347.5 nats.
func TestPixelShift(t *testing.T) {
	tr := density.NewIdentity(784)
	for j := range tr.Scale {
		tr.Scale[j] = 255
	}
	near(t, -4344.4, tr.LogJacobian(), 0.1)
	for j := range tr.Scale {
		tr.Scale[j] = 256
	}
	near(t, -4347.5, tr.LogJacobian(), 0.1)
}

func TestTransformedPassesTheSuite(t *testing.T) {
	m, err := density.NewNormal([]float64{1, 2}, mat.NewSymDense(2, []float64{2, 1, 1, 3}))
	require.NoError(t, err)
	tr := density.Transform{Shift: []float64{3, -1}, Scale: []float64{10, 0.01}}
	densitytest.Exact(t, density.Transformed(m, tr), densitytest.Config{})
	require.Equal(t, 5, density.Transformed(m, tr).(density.Parametric).NumParameters())
	require.Panics(t, func() { density.Transformed(m, density.NewIdentity(3)) })
}

// The variance is that of these rows, Σ(x − x̄)²/N, as the maximum of the likelihood
// has it: of 1, 2, 3 and 6 it is (4 + 1 + 0 + 9)/4.
func TestMomentsByHand(t *testing.T) {
	x := mat.NewDense(4, 1, []float64{1, 2, 3, 6})
	mean, variance := density.Moments(x)
	near(t, 3, mean[0], 1e-15)
	near(t, 3.5, variance[0], 1e-15)
	tr, err := density.NewStandardizing(x)
	require.NoError(t, err)
	near(t, math.Sqrt(3.5), tr.Scale[0], 1e-15)
}

func TestMomentsOfAConstantColumn(t *testing.T) {
	mean, variance := density.Moments(mat.NewDense(3, 1, []float64{0.1, 0.1, 0.1}))
	require.Equal(t, 0.1, mean[0])
	require.Zero(t, variance[0])
}

func TestChecksNameThePlace(t *testing.T) {
	require.NoError(t, density.CheckFinite(mat.NewDense(1, 2, []float64{1, 2})))
	err := density.CheckFinite(mat.NewDense(2, 2, []float64{1, 2, 3, math.Inf(-1)}))
	require.ErrorIs(t, err, density.ErrNonFinite)
	require.ErrorContains(t, err, "row 2, column 2")
	require.NoError(t, density.CheckBinary(mat.NewDense(1, 2, []float64{0, 1})))
	err = density.CheckBinary(mat.NewDense(2, 2, []float64{0, 0.5, 1, 1}))
	require.ErrorIs(t, err, density.ErrSupport)
	require.ErrorContains(t, err, "row 1, column 2")
}

func TestRowsAndDraws(t *testing.T) {
	require.Equal(t, 3, density.Draws(mat.NewDense(2, 5, nil), mat.NewDense(6, 1, nil)))
	require.Panics(t, func() { density.Draws(mat.NewDense(2, 5, nil), mat.NewDense(5, 1, nil)) })
	x := mat.NewDense(3, 2, []float64{1, 2, 3, 4, 5, 6})
	view := density.Rows(x, 1, 3)
	view.Set(0, 0, 9)
	require.Equal(t, 9.0, x.At(1, 0))
	require.Panics(t, func() { density.Resize(make([]float64, 2), 3) })
}
