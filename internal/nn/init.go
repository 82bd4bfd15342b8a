package nn

import (
	"math"
	"math/rand/v2"

	"likely/internal/kernel"
)

// Glorot fills columns [from, to) of the layer's weights with draws from
//
//	U(−a, a),  a = √(6 / (In + to − from))
//
// (Glorot & Bengio 2010, eq. 16). Outputs that serve different ends, such as
// a mean and a log-variance, are filled separately.
func (d *Dense[T]) Glorot(theta []T, from, to int, src rand.Source) {
	d.fill(theta, from, to, math.Sqrt(6/float64(d.In+to-from)), src)
}

// He fills columns [from, to) of the layer's weights with draws from
//
//	U(−a, a),  a = √(6 / In)
//
// for layers whose activation is zero on half the line (He et al. 2015).
func (d *Dense[T]) He(theta []T, from, to int, src rand.Source) {
	d.fill(theta, from, to, math.Sqrt(6/float64(d.In)), src)
}

func (d *Dense[T]) fill(theta []T, from, to int, bound float64, src rand.Source) {
	random := rand.New(src)
	weight := View(theta, d.Weight)
	for i := range d.In {
		for j := from; j < to; j++ {
			weight[i*d.Out+j] = T(bound * (2*random.Float64() - 1))
		}
	}
}

// Start fills all weights of the network: He where the activation is ReLU,
// ELU or GELU, Glorot otherwise; and γ with ones. Biases and β are left alone.
func (n *MLP[T]) Start(theta []T, src rand.Source) {
	for i := range n.Layers {
		d := &n.Layers[i]
		for j := range d.Gain.Len {
			theta[d.Gain.From+j] = 1
		}
		switch d.Activation {
		case kernel.ReLU, kernel.ELU, kernel.GELU:
			d.He(theta, 0, d.Out, src)
		default:
			d.Glorot(theta, 0, d.Out, src)
		}
	}
}
