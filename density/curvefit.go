package density

import (
	"fmt"
	"math"
)

// FitCurve returns the curve of a kind for a column of N values, each counting
// wᵢ times (length N, nil: once). Only [YeoJohnson] has something to fit: the λ
// in [0,2] under which the column, mapped, has the highest likelihood as a normal
// one,
//
//	−½ ln σ²(λ) + mean of ln f′(x)
//
// the mean and the variance being those of the mapped values. It is found to
// 1e-6. Missing values, NaN, take no part. A value where the curve is not
// defined is an error that wraps [ErrSupport] and names it and its row from 1; a
// column with a single value wraps [ErrConstant]. It costs some 80 passes.
func FitCurve(kind CurveKind, column, weights []float64) (Curve, error) {
	c := Curve{Kind: kind, Lambda: 1}
	if kind != YeoJohnson {
		c.Lambda = 0
	}
	if err := c.Check(); err != nil {
		return Curve{}, err
	}
	if weights != nil && len(weights) != len(column) {
		panic("density: weights and data differ in length")
	}
	for i, x := range column {
		if !c.Takes(x) || math.IsInf(x, 0) {
			return Curve{}, fmt.Errorf("density: row %d is %v, which the curve %s does not take: %w; it wants %s", i+1, x, kind, ErrSupport, curveDomains[kind])
		}
	}
	if kind != YeoJohnson {
		return c, nil
	}
	profile := func(lambda float64) float64 {
		return curveProfile(Curve{YeoJohnson, lambda}, column, weights)
	}
	if math.IsInf(profile(1), 1) {
		return Curve{}, fmt.Errorf("density: a column with a single value has no curve: %w; drop the column", ErrConstant)
	}
	c.Lambda = maximum(profile, 0, 2)
	return c, nil
}

var curveDomains = [...]string{"finite values", "finite values above 0", "values between 0 and 1, without these", "finite values"}

// curveProfile is the mean log-likelihood of a column under a curve and the best
// normal density of what it maps to, less the constant −½ ln 2πe. It is +Inf
// where all values are one, and −Inf where the variance overflows.
func curveProfile(c Curve, column, weights []float64) float64 {
	var total, mean, slope, square float64
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	for i, x := range column {
		if w := weight(i); !math.IsNaN(x) && w > 0 {
			total += w
			mean += w * (c.Apply(x) - mean) / total // no sum that could overflow
			slope += w * c.LogSlope(x)
		}
	}
	for i, x := range column {
		if w := weight(i); !math.IsNaN(x) && w > 0 {
			d := c.Apply(x) - mean
			square += w * (d * d)
		}
	}
	value := slope/total - 0.5*math.Log(square/total)
	if math.IsNaN(value) {
		return math.Inf(-1)
	}
	return value
}

// maximum returns where f is highest between a and b, to 1e-6: the best of an
// even grid, then the golden section around it.
func maximum(f func(float64) float64, a, b float64) float64 {
	const steps = 40
	best, highest := a, f(a)
	h := (b - a) / steps
	for k := 1; k <= steps; k++ {
		x := a + h*float64(k)
		if v := f(x); v > highest {
			best, highest = x, v
		}
	}
	lo, hi := max(a, best-h), min(b, best+h)
	const golden = 0.6180339887498949
	x1, x2 := hi-golden*(hi-lo), lo+golden*(hi-lo)
	f1, f2 := f(x1), f(x2)
	for hi-lo > 1e-6 {
		if f1 >= f2 {
			hi, x2, f2 = x2, x1, f1
			x1 = hi - golden*(hi-lo)
			f1 = f(x1)
		} else {
			lo, x1, f1 = x1, x2, f2
			x2 = lo + golden*(hi-lo)
			f2 = f(x2)
		}
	}
	if x := (lo + hi) / 2; f(x) > highest {
		return x
	}
	return best // at an end, or flat
}
