package main

import "math"

// The elementwise functions. Each takes one vector to one vector, without
// looking at the other lanes, so that a result does not depend on its place.

// expTail holds (eʳ − 1 − r)/r² for |r| ≤ ½·log 2: interpolation at the
// Chebyshev nodes, with a relative error of eʳ below 2⁻³² for the shorter and
// 2⁻⁶² for the longer one.
var (
	expTail32 = []float64{
		0.500000001353873, 0.16666666681704215, 0.04166646419740569,
		0.008333310844647862, 0.0013933730715792083, 0.00019891080463998843,
	}
	expTail64 = []float64{
		0.5, 0.1666666666666667, 0.04166666666666667, 0.008333333333326084,
		0.0013888888888883711, 0.0001984126987500228, 2.480158732567746e-05,
		2.755725517000089e-06, 2.755727347871858e-07, 2.5105312729622103e-08,
		2.09147553258932e-09,
	}
)

// logTail holds the coefficients L of
//
//	log((1+s)/(1−s)) = 2s + s·(L₁z + L₂z² + …),  z = s²,  |s| ≤ 3 − 2√2,
//
// from FreeBSD's e_log.c and e_logf.c.
var (
	logTail32 = []float64{0x1.555554p-1, 0x1.999c26p-2, 0x1.23d3dcp-2, 0x1.f13c4cp-3}
	logTail64 = []float64{
		6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01,
		2.222219843214978396e-01, 1.818357216161805012e-01, 1.531383769920937332e-01,
		1.479819860511658591e-01,
	}
)

// The normal distribution's tail is written as
//
//	Φ(−u) = ½·h(t)/(1 + √2·u) · exp(−u²/2),  t = (u − 3.5√2)/(u + 3.5√2),
//
// where h is smooth and close to one. The coefficients interpolate h at the
// Chebyshev nodes, for u up to where Φ(−u) vanishes, to 2⁻²⁷ and 2⁻⁵⁶.
var (
	normalTail32 = []float64{
		1.242349243098432, -0.1400092139694029, -0.010555354106353042, 0.09752043998651666,
		-0.11509419936289596, 0.08796645538386003, -0.04879737367379812, 0.01918866602846965,
		-0.004250539806308447, -0.0005002308087974441, 0.000514345906738302,
	}
	normalTail64 = []float64{
		1.2423492448711544, -0.1400091801376192, -0.010555596332217447, 0.09751909515323355,
		-0.11508959816025888, 0.08798315382572901, -0.04882332582589614, 0.01909933092871906,
		-0.0042150199378941785, -0.00030226775809602345, 0.0005643846764527082, -0.00012151304693476795,
		-4.278359627492634e-05, 2.4262990673299623e-05, 2.332870516332329e-06, -3.818672537660414e-06,
		-5.3913274972699314e-08, 6.056512945445825e-07, 4.691509966264255e-09, -9.697167372423205e-08,
		-8.662866593558351e-09, 1.162031871474808e-08, 2.9021565462950758e-09,
	}
)

// log 2 in two parts, the first short enough for its products with exponents
// to be exact.
func (m *machine) log2Parts() (high, low float64) {
	if m.double {
		return 6.93147180369123816490e-01, 1.90821492927058770002e-10
	}
	high = 0x1.62e4p-1
	return high, math.Ln2 - high
}

func (m *machine) coefficients(single, double []float64) []float64 {
	if m.double {
		return double
	}
	return single
}

// reduce splits x = n·log 2 + r with |r| ≤ ½·log 2.
func (m *machine) reduce(x vec) (n, r vec) {
	n = m.constantVector(m.rounder())
	m.addProduct(n, x, math.Log2E)
	n = m.sub(n, m.rounder())
	high, low := m.log2Parts()
	r = m.copyOf(x)
	m.subProduct(r, n, high)
	m.subProduct(r, n, low)
	return n, r
}

// expMinusOne returns eʳ − 1 for a reduced r.
func (m *machine) expMinusOne(r vec) vec {
	p := m.polynomial(r, m.coefficients(expTail32, expTail64))
	m.horner(p, m.mul(r, r), r)
	return p
}

// powerOfTwo returns 2ⁿ for an integer n between the exponents of the smallest
// and the largest normal number.
func (m *machine) powerOfTwo(n vec) vec {
	return m.shiftLeft(m.add(n, m.rounder()+float64(m.exponentBias())), m.fraction())
}

// scale returns p·2ⁿ, rounded once also where the result is subnormal.
func (m *machine) scale(p, n vec) vec {
	if m.wide {
		dst := m.vector()
		m.pick(m.VSCALEFPS, m.VSCALEFPD)(n, p, dst)
		return dst
	}
	half := m.sub(m.add(m.mul(n, 0.5), m.rounder()), m.rounder())
	return m.mul(m.mul(p, m.powerOfTwo(half)), m.powerOfTwo(m.sub(n, half)))
}

// exp returns eˣ. correction, if not nil, is a small number to be added to x.
func (m *machine) exp(x vec, correction *vec) vec {
	low, high := -104.0, 89.0
	if m.double {
		low, high = -746, 710
	}
	bounded := m.min(m.constantVector(high), m.max(m.constantVector(low), x))
	n, r := m.reduce(bounded)
	if correction != nil {
		r = m.add(r, *correction)
	}
	return m.scale(m.add(m.expMinusOne(r), 1.0), n)
}

// expm1 returns eˣ − 1 for x between the given bounds, beyond which it is
// constant in this precision.
func (m *machine) expm1(x vec, bound func(vec) vec) vec {
	n, r := m.reduce(bound(x))
	p := m.expMinusOne(r)
	power := m.powerOfTwo(n)
	m.horner(p, power, m.sub(power, 1.0))
	return p
}

// saturation is an exponent past which e⁻ˣ no longer matters beside 1.
func (m *machine) saturation() float64 {
	if m.double {
		return 40
	}
	return 20
}

// logOnePlus returns n·log 2 + log(1 + f) for √½ ≤ 1+f ≤ √2.
func (m *machine) logOnePlus(f vec, n *vec) vec {
	s := m.div(f, m.add(f, 2.0))
	z := m.mul(s, s)
	tail := m.polynomial(z, m.coefficients(logTail32, logTail64))
	tail = m.mul(tail, z)
	half := m.mul(m.mul(f, 0.5), f)
	tail = m.mul(m.add(tail, half), s)
	high, low := m.log2Parts()
	if n != nil {
		m.addProduct(tail, *n, low)
	}
	result := m.sub(f, m.sub(half, tail))
	if n != nil {
		m.addProduct(result, *n, high)
	}
	return result
}

func (m *machine) log(x vec) vec {
	smallest := math.Ldexp(1, 2-m.exponentBias()-1)
	shift := float64(m.fraction() + 2)
	tiny := m.compare(x, less, smallest)
	scaled := m.choose(tiny, m.mul(x, math.Ldexp(1, int(shift))), x)
	// The exponent, as the lowest bits of a number whose unit is 1.
	unit := math.Ldexp(1, m.fraction())
	exponent := m.or(m.shiftRight(scaled, m.fraction()), int(m.bits(unit)))
	n := m.sub(exponent, unit+float64(m.exponentBias()))
	n = m.choose(tiny, m.sub(n, shift), n)
	one := int(m.bits(1))
	mantissa := m.or(m.and(scaled, 1<<m.fraction()-1), one)
	large := m.compare(mantissa, greater, math.Sqrt2)
	mantissa = m.choose(large, m.mul(mantissa, 0.5), mantissa)
	n = m.choose(large, m.add(n, 1.0), n)
	y := m.logOnePlus(m.sub(mantissa, 1.0), &n)
	y = m.choose(m.compare(x, notLess, math.Inf(1)), x, y)
	y = m.choose(m.compare(x, less, 0.0), math.NaN(), y)
	return m.choose(m.compare(x, equal, 0.0), math.Inf(-1), y)
}

// decay returns e^−|x|.
func (m *machine) decay(x vec) vec {
	return m.exp(m.or(x, m.sign()), nil)
}

func (m *machine) sigmoid(x vec) vec {
	e := m.decay(x)
	top := m.choose(m.compare(x, less, 0.0), e, m.constantVector(1))
	return m.div(top, m.add(e, 1.0))
}

// tanh is e/(e+2) with e = exp(2|x|) − 1. While the exponential needs no
// scaling, e = r + t with r = 2|x|, and |x| is taken out of the quotient,
// which leaves a small correction with little rounding:
//
//	e/(e+2) = |x| + (t − |x|·e)/(e+2)
func (m *machine) tanh(x vec) vec {
	u := m.abs(x)
	n, r := m.reduce(m.min(m.constantVector(m.saturation()), m.add(u, u)))
	t := m.mul(m.polynomial(r, m.coefficients(expTail32, expTail64)), m.mul(r, r))
	e := m.add(t, r)
	power := m.powerOfTwo(n)
	m.horner(e, power, m.sub(power, 1.0))
	unscaled := m.compare(n, equal, 0.0)
	zero := m.vector()
	m.zero(zero)
	base := m.choose(unscaled, u, zero)
	m.subProduct(t, u, e)
	y := m.add(base, m.div(m.choose(unscaled, t, e), m.add(e, 2.0)))
	return m.or(y, m.and(x, m.sign()))
}

// softplus is max(x, 0) + log(1 + e^−|x|). Beyond √2 the argument of the
// logarithm is halved, which is exact in the form that logOnePlus takes.
func (m *machine) softplus(x vec) vec {
	e := m.decay(x)
	zero := m.vector()
	m.zero(zero)
	large := m.compare(e, greater, math.Sqrt2-1)
	f := m.choose(large, m.mul(m.sub(e, 1.0), 0.5), e)
	n := m.choose(large, 1.0, zero)
	return m.add(m.logOnePlus(f, &n), m.max(zero, x))
}

func (m *machine) elu(x vec) vec {
	zero := m.vector()
	m.zero(zero)
	y := m.expm1(x, func(u vec) vec {
		return m.max(m.constantVector(-m.saturation()), m.min(zero, u))
	})
	return m.choose(m.compare(x, notNegative, 0.0), x, y)
}

// normal returns |x|, cut off where Φ(−|x|) vanishes, and two factors of Φ(−|x|). The
// second factor is exp(−x²/2).
func (m *machine) normal(x vec) (u, ratio, density vec) {
	bound := 14.6
	if m.double {
		bound = 38.7
	}
	u = m.min(m.constantVector(bound), m.abs(x))
	square := m.mul(u, u)
	rounding := m.copyOf(u)
	m.lessProduct(rounding, u, square) // u² − square
	rounding = m.mul(rounding, -0.5)
	density = m.exp(m.mul(square, -0.5), &rounding)
	const center = 3.5 * math.Sqrt2
	t := m.div(m.sub(u, center), m.add(u, center))
	h := m.polynomial(t, m.coefficients(normalTail32, normalTail64))
	below := m.constantVector(1)
	m.addProduct(below, u, math.Sqrt2)
	return u, m.div(m.mul(h, 0.5), below), density
}

// gelu is x·Φ(x) = max(x, 0) − |x|·Φ(−|x|), also at −∞.
func (m *machine) gelu(x vec) vec {
	u, ratio, density := m.normal(x)
	zero := m.vector()
	m.zero(zero)
	return m.sub(m.max(zero, x), m.mul(m.mul(u, ratio), density))
}

// geluSlope is Φ(x) + x·φ(x).
func (m *machine) geluSlope(x vec) vec {
	u, ratio, density := m.normal(x)
	tail := m.mul(ratio, density)
	m.subProduct(tail, m.mul(u, density), 1/math.Sqrt(2*math.Pi))
	return m.choose(m.compare(x, less, 0.0), tail, m.sub(m.constantVector(1), tail))
}

func (m *machine) relu(x vec) vec {
	zero := m.vector()
	m.zero(zero)
	return m.max(zero, x)
}

// The derivatives of the activations, times the gradient g, from the input x
// or from the output y.

func (m *machine) tanhGrad(g, y vec) vec {
	one := m.constantVector(1)
	return m.mul(g, m.mul(m.sub(one, y), m.add(one, y)))
}

func (m *machine) reluGrad(g, y vec) vec {
	return m.choose(m.compare(y, greater, 0.0), g, m.mul(y, 0.0))
}

func (m *machine) eluGrad(g, y vec) vec {
	zero := m.vector()
	m.zero(zero)
	return m.mul(g, m.add(m.min(zero, y), 1.0))
}

func (m *machine) geluGrad(g, x vec) vec { return m.mul(g, m.geluSlope(x)) }

func (m *machine) softplusGrad(g, x vec) vec { return m.mul(g, m.sigmoid(x)) }

func (m *machine) sigmoidGrad(g, y vec) vec {
	return m.mul(g, m.mul(y, m.sub(m.constantVector(1), y)))
}
