package vae

import (
	"math/rand/v2"

	"likely/internal/kernel"
	"likely/internal/nn"
)

// network says where in a flat parameter slice the weights of a model lie.
type network[T kernel.Float] struct {
	config           Config
	layout           nn.Layout
	encoder, decoder *nn.MLP[T]
	// logvar is the place of the log-variance where it is a vector of
	// parameters or a constant; empty otherwise.
	logvar    nn.Span
	posterior posterior[T]
	// heads says which outputs of the decoder belong to a column.
	heads
	// priorLogits and priorParts are the places of a learned prior: K logits
	// of the weights and K rows (mean, log-variance), or K pseudo-inputs.
	priorLogits, priorParts nn.Span
}

func newNetwork[T kernel.Float](c Config) *network[T] {
	n := &network[T]{config: c, heads: newObservation(&c).heads}
	n.posterior = newPosterior[T](&n.config)
	f := activations[c.Activation]
	n.encoder = nn.NewMLP[T](&n.layout, c.encoderWidths(n.posterior.outputs(c.Latent)), f, c.Norm == LayerNorm)
	n.decoder = nn.NewMLP[T](&n.layout, c.decoderWidths(), f, c.Norm == LayerNorm)
	n.logvar = n.layout.Reserve(c.logvarWidth())
	switch k := c.Prior.components; c.Prior.kind {
	case priorMixture:
		n.priorLogits = n.layout.Reserve(k)
		n.priorParts = n.layout.Reserve(k * 2 * c.Latent)
	case priorVamp:
		n.priorParts = n.layout.Reserve(k * c.encoderInputs())
	}
	return n
}

// start returns the parameters training begins with. The weights behind a
// log-variance start at zero: neither q(z|x) nor p(x|z) then begins with an
// exponential of a random number.
func (n *network[T]) start(src rand.Source) []T {
	theta := make([]T, n.layout.Size())
	n.encoder.Start(theta, src)
	n.decoder.Start(theta, src)
	for _, head := range []struct {
		layer *nn.Dense[T]
		first int // outputs of the mean
	}{
		{&n.encoder.Layers[len(n.encoder.Layers)-1], n.config.Latent},
		{&n.decoder.Layers[len(n.decoder.Layers)-1], n.locations()},
	} {
		d := head.layer
		clear(nn.View(theta, d.Weight))
		d.Glorot(theta, 0, head.first, src)
	}
	n.startMixture(theta, src)
	return theta
}

// startMixture gives the components of a learned mixture means from N(0, I), in
// pairs with opposite signs so that they surround the origin, variances of 1 and
// equal weights.
func (n *network[T]) startMixture(theta []T, src rand.Source) {
	if n.config.Prior.kind != priorMixture {
		return
	}
	random, l := rand.New(src), n.config.Latent
	parts := nn.View(theta, n.priorParts)
	for k := range n.config.Prior.components {
		row := parts[k*2*l:]
		for j := range l {
			if k%2 == 1 {
				row[j] = -parts[(k-1)*2*l+j]
			} else {
				row[j] = T(random.NormFloat64())
			}
		}
	}
}

// priorForm returns the form of the components of a learned prior.
func (n *network[T]) priorForm() posterior[T] {
	if n.config.Prior.kind == priorMixture {
		return diagonal[T]{}
	}
	return n.posterior
}

// parameters returns the number of trained scalars.
func (n *network[T]) parameters() int {
	var sum int
	for _, net := range []*nn.MLP[T]{n.encoder, n.decoder} {
		for _, d := range net.Layers {
			for _, span := range d.Parameters() {
				sum += span.Len
			}
		}
	}
	if n.config.Sigma.source != fromConstant {
		sum += n.logvar.Len
	}
	return sum + n.priorLogits.Len + n.priorParts.Len
}
