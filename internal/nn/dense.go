package nn

import "likely/internal/kernel"

// Dense is the layer y = f(x·W + b). It holds the places of W (In×Out,
// row-major) and b (Out) in a parameter slice, not their values.
type Dense[T kernel.Float] struct {
	In, Out    int
	Activation kernel.Activation
	Weight     Span
	Bias       Span
}

// NewDense reserves the parameters of a layer.
func NewDense[T kernel.Float](l *Layout, in, out int, f kernel.Activation) Dense[T] {
	return Dense[T]{In: in, Out: out, Activation: f, Weight: l.Reserve(in * out), Bias: l.Reserve(out)}
}

// Forward stores f(x·W + b) in out and the affine part in pre, for m rows of x
// (m×In). pre may be out where [NeedsInput] is false.
func (d *Dense[T]) Forward(theta []T, m int, x, pre, out []T) {
	bias := View(theta, d.Bias)
	for i := range m {
		copy(pre[i*d.Out:(i+1)*d.Out], bias)
	}
	kernel.Gemm(false, false, m, d.Out, d.In, 1, x, d.In, View(theta, d.Weight), d.Out, 1, pre, d.Out)
	if d.Activation != kernel.Identity {
		kernel.Activate(d.Activation, out[:m*d.Out], pre[:m*d.Out])
	}
}

// Backward takes grad = ∂loss/∂y for m rows, overwrites it with the gradient
// at the affine part and, unless dx is nil, stores ∂loss/∂x (m×In) in dx.
func (d *Dense[T]) Backward(theta []T, m int, grad, pre, out, dx []T) {
	if d.Activation != kernel.Identity {
		g := grad[:m*d.Out]
		kernel.ActivateGrad(d.Activation, g, g, pre[:m*d.Out], out[:m*d.Out])
	}
	if dx != nil {
		kernel.Gemm(false, true, m, d.In, d.Out, 1, grad, d.Out, View(theta, d.Weight), d.Out, 0, dx, d.In)
	}
}

// NeedsInput says whether the derivative of f is computed from its argument
// rather than from its value.
func NeedsInput(f kernel.Activation) bool {
	return f == kernel.GELU || f == kernel.Softplus
}
