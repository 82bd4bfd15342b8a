package kernel

// Activation names an elementwise nonlinearity.
type Activation int

// The activations, with Φ the standard normal distribution function.
const (
	Identity    Activation = iota // x
	Tanh                          // tanh x
	ReLU                          // max(x, 0)
	ELU                           // x for x > 0, else eˣ − 1
	GELU                          // x·Φ(x)
	Softplus                      // log(1 + eˣ)
	Sigmoid                       // 1/(1 + e⁻ˣ)
	activations = iota
)

var activationNames = [activations]string{"identity", "tanh", "relu", "elu", "gelu", "softplus", "sigmoid"}

// String returns the activation's name in lower case.
func (a Activation) String() string {
	if a < 0 || a >= activations {
		return "unknown"
	}
	return activationNames[a]
}

// Activate computes dst[i] ← act(x[i]). dst may be x.
func Activate[T Float](act Activation, dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	if act < 0 || act >= activations {
		panic(badActivation)
	}
	if act == Identity {
		copy(dst, x)
		return
	}
	apply(current[T]().activation[act], dst, x)
}

// ActivateGrad computes dst[i] ← grad[i]·act′(x[i]), given the input x of the
// activation and its output y = act(x). GELU and Softplus read x only, Identity
// reads neither and the others read y only; what is not read may be nil. dst
// may be any of the operands.
func ActivateGrad[T Float](act Activation, dst, grad, x, y []T) {
	if act < 0 || act >= activations {
		panic(badActivation)
	}
	in := y
	if act == GELU || act == Softplus {
		in = x
	}
	if len(dst) != len(grad) || act != Identity && len(in) != len(grad) {
		panic(badLength)
	}
	if act == Identity {
		copy(dst, grad)
		return
	}
	applySlope(current[T]().gradient[act], dst, grad, in)
}
