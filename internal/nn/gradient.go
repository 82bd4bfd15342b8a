package nn

import "likely/internal/kernel"

// pieceSize is about the number of weights in a [Piece]: small enough that
// the gradient is still in the first-level cache when the optimiser reads it.
const pieceSize = 6144

// Piece is a part of the parameters of one layer whose gradient is computed in
// one go: rows [From, To) of its weight matrix, or its bias.
type Piece struct {
	Layer    int
	From, To int
	Bias     bool
}

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
		pieces = append(pieces, Piece{Layer: i, Bias: true})
	}
	return pieces
}

// Place returns where the parameters of a piece lie.
func (n *MLP[T]) Place(p Piece) Span {
	d := &n.Layers[p.Layer]
	if p.Bias {
		return d.Bias
	}
	return Span{From: d.Weight.From + p.From*d.Out, Len: (p.To - p.From) * d.Out}
}

// Gradient stores the gradient of one piece, summed over the first rows rows
// of the tape after Backward, in its place in grad (overwriting what was
// there) and returns that place. Different pieces may run concurrently.
func (n *MLP[T]) Gradient(p Piece, t *Tape[T], rows int, grad []T) Span {
	d := &n.Layers[p.Layer]
	h := t.layers[p.Layer].grad
	if p.Bias {
		kernel.ColumnSums(View(grad, d.Bias), rows, d.Out, h, d.Out)
		return d.Bias
	}
	x := t.Input
	if p.Layer > 0 {
		x = t.layers[p.Layer-1].out
	}
	span := n.Place(p)
	kernel.Gemm(true, false, p.To-p.From, d.Out, rows, 1, x[p.From:], d.In, h, d.Out, 0, View(grad, span), d.Out)
	return span
}
