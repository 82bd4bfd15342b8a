package vae

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/nn"
)

// IdleUnits says of a hidden layer how many of its units give the same value for
// every row: units of ReLU that have died, or units that are saturated. They carry
// nothing, and training seldom brings them back.
type IdleUnits struct {
	// Layer is the name of the layer in saved models, such as encoder.0.
	Layer       string
	Idle, Units int
}

// idleRange is the range of a unit's values over the rows up to which it is idle,
// idleRows the largest number of rows that are looked at, and idleShare the share
// of a layer from which on idle units are worth a warning.
const (
	idleRange = 1e-4
	idleRows  = 1024
	idleShare = 0.1
)

// idleUnits counts the idle units of each hidden layer on the first rows of x (N×D):
// those of the decoder at codes drawn from q(z|x).
func (n *network[T]) idleUnits(theta []T, x *mat.Dense, seed uint64) []IdleUnits {
	rows, _ := x.Dims()
	rows = min(rows, idleRows)
	l := n.config.Latent
	encoder, decoder := n.encoder.NewTape(rows, false), n.decoder.NewTape(rows, false)
	in, width := newInputs(&n.config, &n.heads), n.encoder.In()
	for i := range rows {
		see(in, encoder.Input[i*width:(i+1)*width], x.RawRowView(i), nil, nil)
	}
	n.encoder.Forward(theta, encoder, 0, rows)
	random := rand.New(density.NewSource(seed, "vae units"))
	cache, e := make([]T, n.posterior.cached(l)), make([]T, l)
	outputs := n.encoder.Out()
	for i := range rows {
		if n.posterior.random() {
			for j := range e {
				e[j] = T(random.NormFloat64())
			}
		}
		h := encoder.Output()[i*outputs : (i+1)*outputs]
		n.posterior.begin(h, cache)
		n.posterior.draw(decoder.Input[i*l:(i+1)*l], h, cache, e)
	}
	n.decoder.Forward(theta, decoder, 0, rows)
	var layers []IdleUnits
	for _, net := range []struct {
		name string
		mlp  *nn.MLP[T]
		tape *nn.Tape[T]
	}{{"encoder", n.encoder, encoder}, {"decoder", n.decoder, decoder}} {
		for i, layer := range net.mlp.Layers[:len(net.mlp.Layers)-1] {
			count := IdleUnits{Layer: fmt.Sprintf("%s.%d", net.name, i), Units: layer.Out}
			values := net.tape.Activations(i)
			for unit := range layer.Out {
				low, high := values[unit], values[unit]
				for r := 1; r < rows; r++ {
					v := values[r*layer.Out+unit]
					low, high = min(low, v), max(high, v)
				}
				if high-low <= idleRange {
					count.Idle++
				}
			}
			layers = append(layers, count)
		}
	}
	return layers
}

// warnIdle names the layers of which a good part is idle.
func (r *Report) warnIdle(c *Config) {
	remedy := "a smaller {Rate}, or {Norm=layer}, may help"
	if c.Activation == ReLU {
		remedy = "they have died: {Activation=elu} or gelu, a smaller {Rate}, or {Norm=layer}, may help"
	}
	said := 0
	for _, l := range r.Idle {
		if float64(l.Idle) <= idleShare*float64(l.Units) {
			continue
		}
		if said++; said <= mostIdleWarnings {
			r.warn("vae: %d of %d units of %s give the same value for every row; %s", l.Idle, l.Units, l.Layer, remedy)
		}
	}
	if more := said - mostIdleWarnings; more > 0 {
		r.warn("vae: units of %d more layers give the same value for every row; fewer layers in {Hidden} may help", more)
	}
}

// mostIdleWarnings is the number of layers that are named one by one.
const mostIdleWarnings = 4
