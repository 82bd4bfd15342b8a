package kernel

import (
	"math"
	"math/big"
)

// Reference values in 400 bits, from series and continued fractions.

const referenceBits = 400

func exact(x float64) *big.Float { return new(big.Float).SetPrec(referenceBits).SetFloat64(x) }

func plus(a, b *big.Float) *big.Float  { return new(big.Float).SetPrec(referenceBits).Add(a, b) }
func minus(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(referenceBits).Sub(a, b) }
func times(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(referenceBits).Mul(a, b) }
func over(a, b *big.Float) *big.Float  { return new(big.Float).SetPrec(referenceBits).Quo(a, b) }
func absolute(a *big.Float) *big.Float { return new(big.Float).SetPrec(referenceBits).Abs(a) }

// bigExp sums the series of x/2ⁿ and squares n times.
func bigExp(x *big.Float) *big.Float {
	const halvings = 24
	r := new(big.Float).SetPrec(referenceBits)
	r.SetMantExp(x, -halvings)
	sum, term := exact(1), exact(1)
	for i := 1; i < 25; i++ {
		term = over(times(term, r), exact(float64(i)))
		sum = plus(sum, term)
	}
	for range halvings {
		sum = times(sum, sum)
	}
	return sum
}

// bigLog improves the float64 logarithm twice by Halley's rule.
func bigLog(x *big.Float) *big.Float {
	mantissa := new(big.Float).SetPrec(referenceBits)
	exponent := x.MantExp(mantissa)
	f, _ := mantissa.Float64()
	y := exact(math.Log(f))
	for range 2 {
		e := bigExp(y)
		y = plus(y, times(exact(2), over(minus(mantissa, e), plus(mantissa, e))))
	}
	return plus(y, times(exact(float64(exponent)), bigLog2))
}

var bigLog2 = func() *big.Float {
	y := exact(math.Ln2)
	for range 2 {
		e := bigExp(y)
		y = plus(y, times(exact(2), over(minus(exact(2), e), plus(exact(2), e))))
	}
	return y
}()

func bigExpm1(x *big.Float) *big.Float {
	if absolute(x).Cmp(exact(0x1p-100)) < 0 {
		return plus(x, times(exact(0.5), times(x, x)))
	}
	return minus(bigExp(x), exact(1))
}

func bigLog1p(x *big.Float) *big.Float {
	if absolute(x).Cmp(exact(0x1p-100)) < 0 {
		return minus(x, times(exact(0.5), times(x, x)))
	}
	return bigLog(plus(exact(1), x))
}

var bigRootTwoPi = func() *big.Float {
	// Machin's formula for π.
	arctan := func(q float64) *big.Float {
		sum, power := exact(0), over(exact(1), exact(q))
		for i := range 300 {
			term := over(power, exact(float64(2*i+1)))
			if i%2 == 1 {
				term.Neg(term)
			}
			sum = plus(sum, term)
			power = over(power, exact(q*q))
		}
		return sum
	}
	pi := minus(times(exact(16), arctan(5)), times(exact(4), arctan(239)))
	return new(big.Float).SetPrec(referenceBits).Sqrt(times(exact(2), pi))
}()

func bigDensity(x float64) *big.Float {
	square := times(exact(x), exact(x))
	return over(bigExp(times(exact(-0.5), square)), bigRootTwoPi)
}

// bigNormal returns Φ(x).
func bigNormal(x float64) *big.Float {
	u := math.Abs(x)
	var below *big.Float
	if u < 6 {
		sum, term := exact(u), exact(u)
		square := times(exact(u), exact(u))
		for i := 1; i < 250; i++ {
			term = over(times(term, square), exact(float64(2*i+1)))
			sum = plus(sum, term)
		}
		below = minus(exact(0.5), times(bigDensity(u), sum))
	} else {
		f := exact(u)
		for i := 400; i > 0; i-- {
			f = plus(exact(u), over(exact(float64(i)), f))
		}
		below = over(bigDensity(u), f)
	}
	if x < 0 {
		return below
	}
	return minus(exact(1), below)
}

// bigFunctions are the functions at finite points, for |x| below about 800
// where they grow or vanish exponentially.
var bigFunctions = map[string]func(x float64) *big.Float{
	"exp": func(x float64) *big.Float { return bigExp(exact(x)) },
	"log": func(x float64) *big.Float { return bigLog(exact(x)) },
	"tanh": func(x float64) *big.Float {
		e := bigExpm1(exact(2 * x))
		return over(e, plus(e, exact(2)))
	},
	"elu": func(x float64) *big.Float {
		if x > 0 {
			return exact(x)
		}
		return bigExpm1(exact(x))
	},
	"gelu": func(x float64) *big.Float { return times(exact(x), bigNormal(x)) },
	"softplus": func(x float64) *big.Float {
		return plus(exact(max(x, 0)), bigLog1p(bigExp(exact(-math.Abs(x)))))
	},
	"sigmoid": func(x float64) *big.Float {
		return over(exact(1), plus(exact(1), bigExp(exact(-x))))
	},
	"gelu slope": func(x float64) *big.Float {
		return plus(bigNormal(x), times(exact(x), bigDensity(x)))
	},
}
