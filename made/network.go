package made

import (
	"math/rand/v2"

	"likely/internal/kernel"
	"likely/internal/nn"
)

// network is one order of the columns: a stack of layers whose weights are 0 wherever
// the mask is.
type network struct {
	order []int // the columns, first to last
	mlp   *nn.MLP[float64]
	theta []float64
	mask  []float64 // of the length of theta: 1 for what may differ from 0
}

// activation of the hidden layers.
const activation = kernel.ReLU

// newNetwork returns a network without weights.
func newNetwork(columns []Column, components int, hidden, order []int) *network {
	in, out := places(columns, components)
	d := len(columns)
	widths := append(append([]int{in[d]}, hidden...), out[d])
	var layout nn.Layout
	n := &network{order: order, mlp: nn.NewMLP[float64](&layout, widths, activation, false)}
	n.theta, n.mask = make([]float64, layout.Size()), make([]float64, layout.Size())
	position := make([]int, d)
	for at, j := range order {
		position[j] = at + 1
	}
	// The degree of a unit is the number of columns, in the order, that it may depend
	// on: an input's is the place of its column, a hidden unit's lies between 1 and D−1.
	// An output of the column at place p may see units of a degree below p.
	below := spreadOut(in, position)
	for i, layer := range n.mlp.Layers {
		last := i == len(n.mlp.Layers)-1
		var degrees []int
		if last {
			degrees = spreadOut(out, position)
			for k := range degrees {
				degrees[k]--
			}
		} else {
			degrees = hiddenDegrees(layer.Out, d)
		}
		for r, from := range below {
			for c, to := range degrees {
				if to >= from {
					n.mask[layer.Weight.From+r*layer.Out+c] = 1
				}
			}
		}
		for k := range layer.Bias.Len {
			n.mask[layer.Bias.From+k] = 1
		}
		below = degrees
	}
	return n
}

// spreadOut returns the degree of each unit from that of its column.
func spreadOut(place, degree []int) []int {
	var out []int
	for j, v := range degree {
		for range place[j+1] - place[j] {
			out = append(out, v)
		}
	}
	return out
}

// hiddenDegrees returns degrees from 1 to D−1, as evenly as so many units can have them.
func hiddenDegrees(units, d int) []int {
	degrees := make([]int, units)
	for k := range degrees {
		degrees[k] = 1 + k*max(d-1, 1)/units
	}
	return degrees
}

// start draws the weights.
func (n *network) start(bias []float64, src rand.Source) {
	n.mlp.Start(n.theta, src)
	last := n.mlp.Layers[len(n.mlp.Layers)-1]
	weight := nn.View(n.theta, last.Weight)
	for i := range weight { // begin near the columns' own distributions
		weight[i] *= 0.1
	}
	copy(nn.View(n.theta, last.Bias), bias)
	n.cut(n.theta)
}

// cut sets to 0 what the mask cuts.
func (n *network) cut(v []float64) {
	for i, m := range n.mask {
		v[i] *= m
	}
}

// features stores what a network is given of a row in model space.
func features(columns []Column, dst, row []float64) {
	at := 0
	for j, c := range columns {
		switch c.Kind {
		case Categorical:
			clear(dst[at : at+c.Levels])
			if c.holds(row[j]) {
				dst[at+int(row[j])] = 1
			}
			at += c.Levels
		case Bernoulli:
			dst[at] = 2*row[j] - 1
			at++
		default:
			dst[at] = row[j]
			at++
		}
	}
}
