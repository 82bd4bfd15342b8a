package nn

import "likely/internal/kernel"

// Dense is the layer y = f(x·W + b) or, normalised, y = f(γ ⊙ n(x·W + b) + β). It
// holds the places of W (In×Out, row-major), b, γ and β (Out) in a parameter
// slice, not their values.
type Dense[T kernel.Float] struct {
	In, Out    int
	Activation kernel.Activation
	Weight     Span
	Bias       Span
	// Gain and Shift are the places of γ and β; empty without normalisation.
	Gain, Shift Span
}

// NewDense reserves the parameters of a layer without normalisation.
func NewDense[T kernel.Float](l *Layout, in, out int, f kernel.Activation) Dense[T] {
	return Dense[T]{In: in, Out: out, Activation: f, Weight: l.Reserve(in * out), Bias: l.Reserve(out)}
}

// Normalized reports whether the layer is normalised.
func (d *Dense[T]) Normalized() bool { return d.Gain.Len > 0 }

// Parameters returns the places of all parameters of the layer.
func (d *Dense[T]) Parameters() []Span {
	if d.Normalized() {
		return []Span{d.Weight, d.Bias, d.Gain, d.Shift}
	}
	return []Span{d.Weight, d.Bias}
}

// forward computes the layer for m rows of x (m×In) and leaves on the record what
// the way back needs.
func (d *Dense[T]) forward(theta []T, m int, x []T, r record[T]) {
	affine := r.pre
	if d.Normalized() {
		affine = r.normal
	}
	bias := View(theta, d.Bias)
	for i := range m {
		copy(affine[i*d.Out:(i+1)*d.Out], bias)
	}
	kernel.Gemm(false, false, m, d.Out, d.In, 1, x, d.In, View(theta, d.Weight), d.Out, 1, affine, d.Out)
	if d.Normalized() {
		normalize(m, View(theta, d.Gain), View(theta, d.Shift), r.normal, r.inverse, r.pre)
	}
	if d.Activation != kernel.Identity {
		kernel.Activate(d.Activation, r.out[:m*d.Out], r.pre[:m*d.Out])
	}
}

// backward takes r.grad = ∂loss/∂y for m rows, overwrites it with the gradient at
// the affine part and, unless dx is nil, stores ∂loss/∂x (m×In) in dx.
func (d *Dense[T]) backward(theta []T, m int, r record[T], dx []T) {
	if d.Activation != kernel.Identity {
		g := r.grad[:m*d.Out]
		kernel.ActivateGrad(d.Activation, g, g, r.pre[:m*d.Out], r.out[:m*d.Out])
	}
	if d.Normalized() {
		normalizeGrad(m, View(theta, d.Gain), r)
	}
	if dx != nil {
		kernel.Gemm(false, true, m, d.In, d.Out, 1, r.grad, d.Out, View(theta, d.Weight), d.Out, 0, dx, d.In)
	}
}

// NeedsInput says whether the derivative of f is computed from its argument
// rather than from its value.
func NeedsInput(f kernel.Activation) bool {
	return f == kernel.GELU || f == kernel.Softplus
}
