package nn

import "likely/internal/kernel"

// JacobianScratch returns the memory that [MLP.Jacobian] needs.
func (n *MLP[T]) JacobianScratch() []T {
	widest := n.widest()
	return make([]T, 2*n.In()*widest+2*widest)
}

// JacobianProducts returns the multiplications in the matrix products of one
// [MLP.Jacobian], and those of passing one row forward.
func (n *MLP[T]) JacobianProducts() (jacobian, forward int) {
	for i, d := range n.Layers {
		forward += d.In * d.Out
		if i > 0 {
			jacobian += n.In() * d.In * d.Out
		}
	}
	return jacobian, forward
}

// Jacobian stores ∂output/∂input of one row of the tape, after Forward, in dst
// (In×Out: row j is the derivative by input j). The tangents of all inputs go
// forward together, from the first layer's weights, which are those of its affine
// part. scratch comes from JacobianScratch. The tape is not changed, so several
// rows may be taken concurrently, each with a scratch of its own.
func (n *MLP[T]) Jacobian(theta []T, t *Tape[T], row int, dst, scratch []T) {
	in, last := n.In(), len(n.Layers)-1
	widest := n.widest()
	half, slopes := in*widest, scratch[2*in*widest:]
	var from []T
	for i := range n.Layers {
		d, r := &n.Layers[i], t.layers[i].from(row, n.Layers[i].Out)
		to := dst
		if i < last {
			to = scratch[i%2*half : i%2*half+in*d.Out]
		}
		if i == 0 {
			copy(to, View(theta, d.Weight))
		} else {
			kernel.Gemm(false, false, in, d.Out, d.In, 1, from, d.In, View(theta, d.Weight), d.Out, 0, to, d.Out)
		}
		if d.Normalized() {
			normalizeTangents(in, View(theta, d.Gain), r.normal[:d.Out], r.inverse[0], to)
		}
		if d.Activation != kernel.Identity {
			slope, ones := slopes[:d.Out], slopes[widest:][:d.Out]
			for j := range ones {
				ones[j] = 1
			}
			kernel.ActivateGrad(d.Activation, slope, ones, r.pre[:d.Out], r.out[:d.Out])
			for k := range in {
				line := to[k*d.Out : (k+1)*d.Out]
				for j, s := range slope {
					line[j] *= s
				}
			}
		}
		from = to
	}
}

// widest returns the width of the widest hidden layer.
func (n *MLP[T]) widest() int {
	var widest int
	for _, d := range n.Layers[:len(n.Layers)-1] {
		widest = max(widest, d.Out)
	}
	return widest
}

// normalizeTangents takes m tangents at the affine part of a row to those behind
// its normalisation, in place: with n the row's normalised units,
//
//	t ← γ ⊙ (t − mean t − n ⊙ mean(t ⊙ n)) / √(var a + 1e-5)
func normalizeTangents[T kernel.Float](m int, gain, normal []T, inverse T, tangents []T) {
	width := len(gain)
	for k := range m {
		line := tangents[k*width : (k+1)*width]
		var sum, product float64
		for j, v := range line {
			sum += float64(v)
			product += float64(v) * float64(normal[j])
		}
		mean, slope := T(sum/float64(width)), T(product/float64(width))
		for j, v := range line {
			line[j] = gain[j] * inverse * (v - mean - normal[j]*slope)
		}
	}
}
