package kernel

import (
	"math"
	"unsafe"
)

// portableFunctions computes in float64 with package math and rounds once more
// for float32.
func portableFunctions[T Float]() functions[T] {
	unary := func(f func(float64) float64) func(dst, x *T, n int) {
		return func(dst, x *T, n int) {
			to := unsafe.Slice(dst, n)
			for i, v := range unsafe.Slice(x, n) {
				to[i] = T(f(float64(v)))
			}
		}
	}
	slope := func(f func(float64) float64) func(dst, g, x *T, n int) {
		return func(dst, g, x *T, n int) {
			to, gradient := unsafe.Slice(dst, n), unsafe.Slice(g, n)
			for i, v := range unsafe.Slice(x, n) {
				to[i] = gradient[i] * T(f(float64(v)))
			}
		}
	}
	return functions[T]{
		exp: unary(exponential),
		log: unary(logarithm),
		activation: [activations]func(dst, x *T, n int){
			Tanh: unary(math.Tanh), ReLU: unary(relu), ELU: unary(elu), GELU: unary(gelu),
			Softplus: unary(softplus), Sigmoid: unary(sigmoid),
		},
		gradient: [activations]func(dst, g, x *T, n int){
			Tanh:     slope(func(y float64) float64 { return (1 - y) * (1 + y) }),
			ReLU:     reluGrad[T],
			ELU:      slope(func(y float64) float64 { return 1 + min(y, 0) }),
			GELU:     slope(geluSlope),
			Softplus: slope(sigmoid),
			Sigmoid:  slope(func(y float64) float64 { return y * (1 - y) }),
		},
		axpy: axpy[T], centre: centre[T],
		adam: adam[T],

		maximum:    maximum[T],
		sumExp:     sumExp[T],
		sumSquares: sumSquares[T],
	}
}

// exponential is math.Exp, which on amd64 overflows too early.
func exponential(x float64) float64 {
	if x > 709 {
		root := math.Exp(x / 2)
		return root * root
	}
	return math.Exp(x)
}

// logarithm is math.Log, which on amd64 is far off for subnormal numbers.
func logarithm(x float64) float64 {
	if 0 < x && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}

func relu(x float64) float64 { return max(x, 0) }

func elu(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

func softplus(x float64) float64 {
	return max(x, 0) + math.Log1p(math.Exp(-math.Abs(x)))
}

func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	e := math.Exp(x)
	return e / (1 + e)
}

// gelu returns max(x, 0) − |x|·Φ(−|x|), which holds its precision in the tail.
func gelu(x float64) float64 {
	u := min(math.Abs(x), 38.7)
	ratio, density := normalTail(u)
	return max(x, 0) - u*ratio*density
}

// geluSlope returns Φ(x) + x·φ(x).
func geluSlope(x float64) float64 {
	u := min(math.Abs(x), 38.7)
	ratio, density := normalTail(u)
	below := density * (ratio - u/math.Sqrt(2*math.Pi))
	if x < 0 {
		return below
	}
	return 1 - below
}

// normalTail returns two factors of Φ(−u), the second exp(−u²/2), for u up to
// 38.7. The rounding of u² would cost the exponential a factor of u² in
// precision; it is put back. The interpolation is the one of the assembly.
func normalTail(u float64) (ratio, density float64) {
	square := float64(u * u)
	rounding := math.FMA(u, u, -square)
	density = math.Exp(-0.5*square) * (1 - 0.5*rounding)
	const center = 3.5 * math.Sqrt2
	t := (u - center) / (u + center)
	h := 0.0
	for i := len(normalTailCoefficients) - 1; i >= 0; i-- {
		h = h*t + normalTailCoefficients[i]
	}
	return 0.5 * h / (1 + math.Sqrt2*u), density
}

// normalTailCoefficients interpolate h in
//
//	Φ(−u) = ½·h(t)/(1 + √2·u) · exp(−u²/2),  t = (u − 3.5√2)/(u + 3.5√2).
var normalTailCoefficients = [...]float64{
	1.2423492448711544, -0.1400091801376192, -0.010555596332217447, 0.09751909515323355,
	-0.11508959816025888, 0.08798315382572901, -0.04882332582589614, 0.01909933092871906,
	-0.0042150199378941785, -0.00030226775809602345, 0.0005643846764527082, -0.00012151304693476795,
	-4.278359627492634e-05, 2.4262990673299623e-05, 2.332870516332329e-06, -3.818672537660414e-06,
	-5.3913274972699314e-08, 6.056512945445825e-07, 4.691509966264255e-09, -9.697167372423205e-08,
	-8.662866593558351e-09, 1.162031871474808e-08, 2.9021565462950758e-09,
}

func reluGrad[T Float](dst, g, y *T, n int) {
	to, gradient := unsafe.Slice(dst, n), unsafe.Slice(g, n)
	for i, v := range unsafe.Slice(y, n) {
		if v > 0 {
			to[i] = gradient[i]
		} else {
			to[i] = 0 * v
		}
	}
}

func axpy[T Float](x, y *T, alpha T, n int) {
	to := unsafe.Slice(y, n)
	for i, v := range unsafe.Slice(x, n) {
		to[i] += T(alpha * v)
	}
}

func adam[T Float](w, g, m, v *T, beta1, rest1, beta2, rest2, rate, root, epsilon, keep T, n int) {
	weight, mean, square := unsafe.Slice(w, n), unsafe.Slice(m, n), unsafe.Slice(v, n)
	for i, gi := range unsafe.Slice(g, n) {
		mi := T(beta1*mean[i]) + T(rest1*gi)
		vi := T(beta2*square[i]) + T(rest2*T(gi*gi))
		mean[i], square[i] = mi, vi
		scale := T(T(math.Sqrt(float64(vi)))*root) + epsilon
		weight[i] = T(keep*weight[i]) - T(rate*mi)/scale
	}
}

// maximum returns the largest number of x, or −Inf if there is none.
func maximum[T Float](x *T, n int) T {
	peak := T(math.Inf(-1))
	for _, v := range unsafe.Slice(x, n) {
		if v > peak {
			peak = v
		}
	}
	return peak
}

func sumExp[T Float](x *T, peak T, n int) T {
	sum := 0.0
	for _, v := range unsafe.Slice(x, n) {
		sum += math.Exp(float64(v - peak))
	}
	return T(sum)
}

func sumSquares[T Float](x *T, n int) T {
	var sum T
	for _, v := range unsafe.Slice(x, n) {
		sum += T(v * v)
	}
	return sum
}

func centre[T Float](dst, x, centre *T, scale T, n int) {
	to, about := unsafe.Slice(dst, n), unsafe.Slice(centre, n)
	for i, v := range unsafe.Slice(x, n) {
		to[i] = scale * (v - about[i])
	}
}
