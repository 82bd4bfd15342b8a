package nn

import "likely/internal/kernel"

// pieceSize is about the number of weights in a [Piece]: small enough that
// the gradient is still in the first-level cache when the optimiser reads it.
const pieceSize = 6144

// Piece is a part of the parameters of one layer whose gradient is computed in
// one go: rows [From, To) of its weight matrix, or one of its vectors.
type Piece struct {
	Layer    int
	Kind     Kind
	From, To int // of Weight
}

// Kind is what a parameter of a layer is.
type Kind int

// The kinds of parameters.
const (
	Weight Kind = iota
	Bias
	Gain
	Shift
)

// String returns weight, bias, gain or shift.
func (k Kind) String() string { return [...]string{"weight", "bias", "gain", "shift"}[k] }

// Pieces cuts the parameters of the network into pieces. The cut depends on
// the shape of the network alone.
func (n *MLP[T]) Pieces() []Piece {
	var pieces []Piece
	for i, d := range n.Layers {
		step := max(1, pieceSize/d.Out)
		if step > 8 {
			step = step / 8 * 8
		}
		for from := 0; from < d.In; from += step {
			pieces = append(pieces, Piece{Layer: i, From: from, To: min(from+step, d.In)})
		}
		pieces = append(pieces, Piece{Layer: i, Kind: Bias})
		if d.Normalized() {
			pieces = append(pieces, Piece{Layer: i, Kind: Gain}, Piece{Layer: i, Kind: Shift})
		}
	}
	return pieces
}

// Place returns where the parameters of a piece lie.
func (n *MLP[T]) Place(p Piece) Span {
	d := &n.Layers[p.Layer]
	switch p.Kind {
	case Bias:
		return d.Bias
	case Gain:
		return d.Gain
	case Shift:
		return d.Shift
	}
	return Span{From: d.Weight.From + p.From*d.Out, Len: (p.To - p.From) * d.Out}
}

// Gradient stores the gradient of one piece, summed over the first rows rows
// of the tape after Backward, in its place in grad (overwriting what was
// there) and returns that place. Different pieces may run concurrently.
func (n *MLP[T]) Gradient(p Piece, t *Tape[T], rows int, grad []T) Span {
	d := &n.Layers[p.Layer]
	span, r := n.Place(p), &t.layers[p.Layer]
	h := r.grad
	if p.Kind != Weight {
		each := [...][]T{Bias: h, Gain: r.gain, Shift: r.shift}[p.Kind]
		kernel.ColumnSums(View(grad, span), rows, d.Out, each, d.Out)
		return span
	}
	x := t.Input
	if p.Layer > 0 {
		x = t.layers[p.Layer-1].out
	}
	kernel.Gemm(true, false, p.To-p.From, d.Out, rows, 1, x[p.From:], d.In, h, d.Out, 0, View(grad, span), d.Out)
	return span
}
