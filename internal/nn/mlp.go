package nn

import "likely/internal/kernel"

// MLP is a stack of layers; the last one is affine.
type MLP[T kernel.Float] struct {
	Layers []Dense[T]
}

// NewMLP reserves the parameters of a stack with the given widths, input
// first. All layers but the last apply f and, if norm is true, are normalised
// before it.
func NewMLP[T kernel.Float](l *Layout, widths []int, f kernel.Activation, norm bool) *MLP[T] {
	if len(widths) < 2 {
		panic("nn: a network needs an input and an output width")
	}
	n := &MLP[T]{}
	for i := range len(widths) - 1 {
		act := f
		if i == len(widths)-2 {
			act = kernel.Identity
		}
		d := NewDense[T](l, widths[i], widths[i+1], act)
		if norm && i < len(widths)-2 {
			d.Gain, d.Shift = l.Reserve(d.Out), l.Reserve(d.Out)
		}
		n.Layers = append(n.Layers, d)
	}
	return n
}

// In returns the width of the input.
func (n *MLP[T]) In() int { return n.Layers[0].In }

// Out returns the width of the output.
func (n *MLP[T]) Out() int { return n.Layers[len(n.Layers)-1].Out }

// Tape holds what the backward pass needs of a forward pass, for a number of
// rows fixed when it is made.
type Tape[T kernel.Float] struct {
	// Input is rows×In; the caller fills it before Forward.
	Input []T
	// InputGrad is ∂loss/∂input after Backward, or nil where it is not
	// wanted.
	InputGrad []T

	layers []record[T]
}

// record is the part of a tape that belongs to one layer; all rows×Out.
type record[T kernel.Float] struct {
	pre, out, grad []T
	// Of a normalised layer: n; the gradients by γ and β of each row; and
	// 1/√(var + ε), one for each row.
	normal, gain, shift []T
	inverse             []T
}

// from returns the record of the rows from the given one on, of so many units.
func (r *record[T]) from(row, units int) record[T] {
	at := row * units
	out := record[T]{pre: r.pre[at:], out: r.out[at:], grad: r.grad[at:]}
	if r.normal != nil {
		out.normal, out.gain, out.shift, out.inverse = r.normal[at:], r.gain[at:], r.shift[at:], r.inverse[row:]
	}
	return out
}

// NewTape returns a tape for up to rows rows. inputGrad says whether Backward
// shall also give the gradient with respect to the input.
func (n *MLP[T]) NewTape(rows int, inputGrad bool) *Tape[T] {
	t := &Tape[T]{Input: make([]T, rows*n.In()), layers: make([]record[T], len(n.Layers))}
	if inputGrad {
		t.InputGrad = make([]T, rows*n.In())
	}
	for i, d := range n.Layers {
		r := record[T]{out: make([]T, rows*d.Out), grad: make([]T, rows*d.Out)}
		r.pre = r.out
		if NeedsInput(d.Activation) {
			r.pre = make([]T, rows*d.Out)
		}
		if d.Normalized() {
			r.normal, r.gain, r.shift = make([]T, rows*d.Out), make([]T, rows*d.Out), make([]T, rows*d.Out)
			r.inverse = make([]T, rows)
		}
		t.layers[i] = r
	}
	return t
}

// Tail returns the rows of t from the given one on, as a tape of their own that
// shares its memory with t. It gives no gradient with respect to the input.
func (n *MLP[T]) Tail(t *Tape[T], row int) *Tape[T] {
	tail := &Tape[T]{Input: t.Input[row*n.In():], layers: make([]record[T], len(t.layers))}
	for i, d := range n.Layers {
		tail.layers[i] = t.layers[i].from(row, d.Out)
	}
	return tail
}

// Output returns the output of the last layer (rows×Out).
func (t *Tape[T]) Output() []T { return t.layers[len(t.layers)-1].out }

// OutputGrad returns the place where the caller puts ∂loss/∂output (rows×Out)
// before Backward.
func (t *Tape[T]) OutputGrad() []T { return t.layers[len(t.layers)-1].grad }

// Activations returns the output of layer i (rows×Out), for diagnosis.
func (t *Tape[T]) Activations(i int) []T { return t.layers[i].out }

// Forward runs rows [from, to) of the tape's input through the network.
// Disjoint ranges of rows may run concurrently.
func (n *MLP[T]) Forward(theta []T, t *Tape[T], from, to int) {
	x := t.Input
	for i := range n.Layers {
		d, r := &n.Layers[i], &t.layers[i]
		d.forward(theta, to-from, x[from*d.In:], r.from(from, d.Out))
		x = r.out
	}
}

// Backward takes rows [from, to) of OutputGrad back to the input, leaving in
// the tape what [MLP.Gradient] needs. Disjoint ranges of rows may run
// concurrently.
func (n *MLP[T]) Backward(theta []T, t *Tape[T], from, to int) {
	for i := len(n.Layers) - 1; i >= 0; i-- {
		d, r := &n.Layers[i], &t.layers[i]
		dx := t.InputGrad
		if i > 0 {
			dx = t.layers[i-1].grad
		}
		if dx != nil {
			dx = dx[from*d.In:]
		}
		d.backward(theta, to-from, r.from(from, d.Out), dx)
	}
}
