package kernel

import "math"

// Activation names an elementwise nonlinearity.
type Activation int

// The activations, with Φ the standard normal distribution function.
const (
	Identity Activation = iota // x
	Tanh                       // tanh x
	ReLU                       // max(x, 0)
	ELU                        // x for x > 0, else eˣ − 1
	GELU                       // x·Φ(x)
	Softplus                   // log(1 + eˣ)
	Sigmoid                    // 1/(1 + e⁻ˣ)
)

var activationNames = [...]string{"identity", "tanh", "relu", "elu", "gelu", "softplus", "sigmoid"}

// String returns the activation's name in lower case.
func (a Activation) String() string {
	if a < 0 || int(a) >= len(activationNames) {
		return "unknown"
	}
	return activationNames[a]
}

// Activate computes dst[i] ← act(x[i]). dst may be x.
func Activate[T Float](act Activation, dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	activate(act, dst, x)
}

func activate[T Float](act Activation, dst, x []T) {
	switch act {
	case Identity:
		copy(dst, x)
	case Tanh:
		apply(dst, x, math.Tanh)
	case ReLU:
		for i, v := range x {
			dst[i] = max(v, 0)
		}
	case ELU:
		apply(dst, x, elu)
	case GELU:
		apply(dst, x, gelu)
	case Softplus:
		apply(dst, x, softplus)
	case Sigmoid:
		apply(dst, x, sigmoid)
	default:
		panic(badActivation)
	}
}

// ActivateGrad computes dst[i] ← grad[i]·act′(x[i]), given the input x of the
// activation and its output y = act(x). GELU and Softplus read x only; the
// others read y only, and what is not read may be nil. dst may be any of the
// operands.
func ActivateGrad[T Float](act Activation, dst, grad, x, y []T) {
	in := y
	if act == GELU || act == Softplus {
		in = x
	}
	if len(dst) != len(grad) || act != Identity && len(in) != len(grad) {
		panic(badLength)
	}
	switch act {
	case Identity:
		copy(dst, grad)
	case Tanh:
		for i, g := range grad {
			dst[i] = g * ((1 - in[i]) * (1 + in[i]))
		}
	case ReLU:
		for i, g := range grad {
			if in[i] > 0 {
				dst[i] = g
			} else {
				dst[i] = 0 * in[i]
			}
		}
	case ELU:
		for i, g := range grad {
			dst[i] = g * (1 + min(in[i], 0))
		}
	case GELU:
		for i, g := range grad {
			dst[i] = g * T(geluSlope(float64(in[i])))
		}
	case Softplus:
		for i, g := range grad {
			dst[i] = g * T(sigmoid(float64(in[i])))
		}
	case Sigmoid:
		for i, g := range grad {
			dst[i] = g * (in[i] * (1 - in[i]))
		}
	default:
		panic(badActivation)
	}
}

// Exp computes dst[i] ← exp x[i]. dst may be x.
func Exp[T Float](dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	apply(dst, x, math.Exp)
}

// Log computes dst[i] ← log x[i]. dst may be x.
func Log[T Float](dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	apply(dst, x, math.Log)
}

func apply[T Float](dst, x []T, f func(float64) float64) {
	for i, v := range x {
		dst[i] = T(f(float64(v)))
	}
}

func elu(x float64) float64 {
	if x > 0 {
		return x
	}
	return math.Expm1(x)
}

func gelu(x float64) float64 {
	if math.IsInf(x, -1) {
		return 0
	}
	return 0.5 * x * math.Erfc(-x/math.Sqrt2)
}

// geluSlope returns Φ(x) + x·φ(x).
func geluSlope(x float64) float64 {
	if math.IsInf(x, 0) {
		return max(0, min(x, 1))
	}
	density := math.Exp(-0.5*x*x) / math.Sqrt(2*math.Pi)
	return 0.5*math.Erfc(-x/math.Sqrt2) + x*density
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
