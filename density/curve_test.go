package density

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

var testCurves = []Curve{{}, {Kind: Log}, {Kind: Logit}, {YeoJohnson, 0}, {YeoJohnson, 0.3}, {YeoJohnson, 1}, {YeoJohnson, 1.7}, {YeoJohnson, 2}}

// Every curve comes back, rises, and has the slope of its differences.
func TestCurves(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := rapid.SampledFrom(testCurves).Draw(t, "curve")
		y := rapid.Float64Range(-8, 8).Draw(t, "y")
		x := c.Invert(y)
		require.True(t, c.Takes(x))
		require.InDelta(t, y, c.Apply(x), 1e-9)
		h := 1e-5 * max(math.Abs(x), 1e-6)
		if c.Kind == Logit {
			h = min(h, 1e-4*(1-x))
		}
		if slope := (c.Apply(x+h) - c.Apply(x-h)) / (2 * h); x == 0 || math.Abs(x) > 2*h {
			require.InDelta(t, math.Log(slope), c.LogSlope(x), 1e-4)
		}
	})
	require.Equal(t, 3.0, Curve{}.Apply(3))
	require.InDelta(t, 3, Curve{YeoJohnson, 1}.Apply(3), 1e-15)
	require.InDelta(t, -3, Curve{YeoJohnson, 1}.Apply(-3), 1e-15)
	for _, c := range testCurves {
		require.True(t, c.Takes(math.NaN()))
		require.True(t, math.IsNaN(c.Apply(math.NaN())))
		require.Zero(t, c.LogSlope(math.NaN()))
		require.NoError(t, c.Check())
	}
	require.False(t, Curve{Kind: Log}.Takes(0))
	require.False(t, Curve{Kind: Logit}.Takes(1))
	require.Error(t, Curve{YeoJohnson, 2.1}.Check())
	require.Error(t, Curve{YeoJohnson, math.NaN()}.Check())
	require.Error(t, Curve{Kind: 9}.Check())
}

// A normal density seen through a curve integrates to 1, and its draws have the
// moments that it says.
func TestWarped(t *testing.T) {
	for _, c := range testCurves {
		normal, err := NewNormal([]float64{0.4}, mat.NewSymDense(1, []float64{0.49}))
		require.NoError(t, err)
		p := Warped(Transformed(normal, Transform{Shift: []float64{0.2}, Scale: []float64{1.5}}), Curves{c})
		prob := func(x float64) float64 { return math.Exp(p.LogProb(nil, mat.NewDense(1, 1, []float64{x}))[0]) }
		lo, hi := c.Invert(-9), c.Invert(11)
		var total, mean float64
		const parts = 400 // even in y, so that no part holds much
		for k := range parts {
			a, b := c.Invert(-9+20*float64(k)/parts), c.Invert(-9+20*float64(k+1)/parts)
			total += quad.Fixed(prob, a, b, 12, quad.Legendre{}, 0)
			mean += quad.Fixed(func(y float64) float64 { return y * prob(y) }, a, b, 12, quad.Legendre{}, 0)
		}
		require.InDelta(t, 1, total, 1e-9, "%v on %v to %v", c, lo, hi)
		if c.Kind == YeoJohnson && c.Lambda == 0 || c.Kind == Log || c.Kind == YeoJohnson && c.Lambda == 2 {
			continue // heavy tails: the mean of draws says little
		}
		draws := mat.NewDense(20000, 1, nil)
		p.Rand(draws, rand.NewPCG(1, 2))
		m, v := Moments(draws)
		require.InDelta(t, mean, m[0], 4.5*math.Sqrt(v[0]/20000), "%v", c) // by chance in 1 of 150,000
	}
	model := Warped(StandardNormal(2), Curves{{Kind: Log}, {}})
	l := model.LogProb(nil, mat.NewDense(3, 2, []float64{1, 0, -1, 0, math.E, 1}))
	require.InDelta(t, -math.Log(2*math.Pi), l[0], 1e-12)
	require.True(t, math.IsInf(l[1], -1))
	require.InDelta(t, -math.Log(2*math.Pi)-2, l[2], 1e-12)
}

// scikit-learn's documentation prints λ = 1.386 and −3.100 for PowerTransformer
// on the columns (1, 3, 4) and (2, 2, 5); here the second ends at 0.
func TestFitYeoJohnson(t *testing.T) {
	c, err := FitCurve(YeoJohnson, []float64{1, 3, 4}, nil)
	require.NoError(t, err)
	require.InDelta(t, 1.386, c.Lambda, 1e-3)
	c, err = FitCurve(YeoJohnson, []float64{2, 2, 5}, nil)
	require.NoError(t, err)
	require.Zero(t, c.Lambda)

	// The inverse of a normal sample has the λ it was made with, within four
	// standard errors or so; a weight of 2 is a row twice; gaps take no part.
	rnd := rand.New(NewSource(1, "density.test.curve"))
	var column, twice, weights []float64
	for i := range 4000 {
		x := Curve{YeoJohnson, 0.6}.Invert(0.5 + 1.5*rnd.NormFloat64())
		column, twice, weights = append(column, x), append(twice, x), append(weights, 1)
		if i%3 == 0 {
			twice = append(twice, x, math.NaN())
			weights[i] = 2
		}
	}
	c, err = FitCurve(YeoJohnson, column, nil)
	require.NoError(t, err)
	require.InDelta(t, 0.6, c.Lambda, 0.05)
	a, err := FitCurve(YeoJohnson, twice, nil)
	require.NoError(t, err)
	b, err := FitCurve(YeoJohnson, column, weights)
	require.NoError(t, err)
	require.InDelta(t, a.Lambda, b.Lambda, 1e-5)
	// It is the maximum: no neighbour is better.
	best := curveProfile(c, column, nil)
	for _, h := range []float64{-0.01, 0.01} {
		require.Greater(t, best, curveProfile(Curve{YeoJohnson, c.Lambda + h}, column, nil))
	}
	huge, err := FitCurve(YeoJohnson, []float64{1e200, 2e200, -1e200, 5e199}, nil)
	require.NoError(t, err)
	require.NoError(t, huge.Check())
}

func TestFitCurveMistakes(t *testing.T) {
	_, err := FitCurve(Log, []float64{1, math.NaN(), 0}, nil)
	require.ErrorIs(t, err, ErrSupport)
	require.ErrorContains(t, err, "row 3 is 0")
	_, err = FitCurve(Logit, []float64{0.5, 1}, nil)
	require.ErrorIs(t, err, ErrSupport)
	_, err = FitCurve(YeoJohnson, []float64{2, 2}, nil)
	require.ErrorIs(t, err, ErrConstant)
	_, err = FitCurve(CurveKind(7), nil, nil)
	require.Error(t, err)
	c, err := FitCurve(Logit, []float64{0.5, 0.25}, nil)
	require.NoError(t, err)
	require.Equal(t, Curve{Kind: Logit}, c)

	curves := Curves{{Kind: Log}, {YeoJohnson, 0.5}}
	require.ErrorContains(t, curves.CheckSupport(mat.NewDense(2, 2, []float64{1, -1, -2, 3})), "row 2, column 1 is -2")
	require.NoError(t, curves.CheckSupport(mat.NewDense(1, 2, []float64{math.NaN(), -1})))
	require.False(t, curves.Straight())
	require.True(t, Curves{{}, {}}.Straight())
	text, err := json.Marshal(curves)
	require.NoError(t, err)
	require.JSONEq(t, `[{"kind":"log"},{"kind":"yeo-johnson","lambda":0.5}]`, string(text))
	var back Curves
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, curves, back)
	require.Error(t, json.Unmarshal([]byte(`[{"kind":"cube"}]`), &back))
	require.Error(t, Curves{{YeoJohnson, 3}}.Check())
}
