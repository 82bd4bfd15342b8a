package vae

import (
	"errors"
	"fmt"
	"math"

	"likely/gmm"
	"likely/internal/kernel"
	"likely/internal/nn"
	"likely/internal/safetensors"
)

// ErrTensors reports tensors that do not make up the model of a Config.
var ErrTensors = errors.New("tensors do not fit the configuration")

// tensorSlot is a named part of the parameters: columns [from, to) of a
// layer's weights or bias or, without a layer, of the rows in a span.
type tensorSlot[T kernel.Float] struct {
	name     string
	layer    *nn.Dense[T]
	bias     bool
	from, to int
	span     nn.Span
	rows     int // 0: the span is a vector
}

// slots lists the tensors of a model under the names saved models use. Weights
// are [out, in].
func (n *network[T]) slots() []tensorSlot[T] {
	var slots []tensorSlot[T]
	add := func(name string, d *nn.Dense[T], from, to int) {
		slots = append(slots,
			tensorSlot[T]{name: name + ".weight", layer: d, from: from, to: to},
			tensorSlot[T]{name: name + ".bias", layer: d, bias: true, from: from, to: to})
	}
	for _, net := range []struct {
		name string
		mlp  *nn.MLP[T]
		mean int // outputs of the mean; the rest is the log-variance
	}{{"encoder", n.encoder, n.config.Latent}, {"decoder", n.decoder, n.locations()}} {
		last := len(net.mlp.Layers) - 1
		for i := range last {
			d := &net.mlp.Layers[i]
			name := fmt.Sprintf("%s.%d", net.name, i)
			add(name, d, 0, d.Out)
			if d.Normalized() {
				slots = append(slots,
					tensorSlot[T]{name: name + ".gain", to: d.Out, span: d.Gain},
					tensorSlot[T]{name: name + ".shift", to: d.Out, span: d.Shift})
			}
		}
		head := &net.mlp.Layers[last]
		add(net.name+".mean", head, 0, net.mean)
		to := min(head.Out, 2*net.mean)
		if to > net.mean {
			add(net.name+".logvar", head, net.mean, to)
		}
		if head.Out > to {
			add(net.name+".cholesky", head, to, head.Out)
		}
	}
	if n.logvar.Len > 0 {
		slots = append(slots, tensorSlot[T]{name: "decoder.logvar", to: n.logvar.Len, span: n.logvar})
	}
	k, l := n.config.Prior.components, n.config.Latent
	switch n.config.Prior.kind {
	case priorMixture:
		slots = append(slots,
			tensorSlot[T]{name: "prior.logits", to: k, span: n.priorLogits},
			tensorSlot[T]{name: "prior.mean", to: l, span: n.priorParts, rows: k},
			tensorSlot[T]{name: "prior.logvar", from: l, to: 2 * l, span: n.priorParts, rows: k})
	case priorVamp:
		slots = append(slots, tensorSlot[T]{name: "prior.inputs", to: n.config.encoderInputs(), span: n.priorParts, rows: k})
	}
	return slots
}

func (s tensorSlot[T]) shape() []int {
	switch {
	case s.layer == nil && s.rows > 0:
		return []int{s.rows, s.to - s.from}
	case s.layer == nil || s.bias:
		return []int{s.to - s.from}
	}
	return []int{s.to - s.from, s.layer.In}
}

// place returns the index in the parameters of element i of the tensor.
func (s tensorSlot[T]) place(n *network[T], i int) int {
	switch {
	case s.layer == nil:
		width := s.to - s.from
		return s.span.From + i/width*(s.span.Len/max(s.rows, 1)) + s.from + i%width
	case s.bias:
		return s.layer.Bias.From + s.from + i
	default:
		return s.layer.Weight.From + i%s.layer.In*s.layer.Out + s.from + i/s.layer.In
	}
}

func (s tensorSlot[T]) size() int {
	size := 1
	for _, n := range s.shape() {
		size *= n
	}
	return size
}

func (f *frozen[T]) tensors() []safetensors.Tensor {
	slots := f.network.slots()
	tensors := make([]safetensors.Tensor, len(slots))
	for k, s := range slots {
		data := make([]float64, s.size())
		for i := range data {
			data[i] = float64(f.theta[s.place(f.network, i)])
		}
		tensors[k] = safetensors.Tensor{Name: s.name, Shape: s.shape(), Data: data}
	}
	return tensors
}

// Tensors returns the parameters under the names saved models use: hidden
// layers encoder.0.weight [out, in], encoder.0.bias [out] (with layer normalisation
// also encoder.0.gain and encoder.0.shift [out]), …, the heads
// encoder.mean and encoder.logvar, the same for decoder (its mean head gives
// logits for Bernoulli, and L of them for a categorical column), and where the decoder's
// log-variance does not come from the network the vector decoder.logvar, of length 1 or
// D. Columns without a variance have no row in the logvar head or vector. For a full
// covariance of q(z|x), whose Cholesky factor has the diagonal exp(logvar/2),
// encoder.cholesky gives what is below the diagonal, row by row.
//
// A learned mixture as prior is prior.logits [K], whose softmax are the
// weights, prior.mean and prior.logvar [K, L]; a VampPrior is prior.inputs
// [K, D]; one that was fitted after training has the tensors of a gmm.Model
// behind "prior.". In the place of D stands what the encoder sees of a row.
func (c *coder) Tensors() []safetensors.Tensor { return c.engine.tensors() }

// FromTensors rebuilds a model from what [Model.Config] and Tensors returned.
// The error wraps [ErrTensors] if a tensor is missing, superfluous, of the
// wrong shape or not finite.
func FromTensors(config Config, tensors []safetensors.Tensor) (*Model, error) {
	networks, prior, own := config, []safetensors.Tensor(nil), tensors
	if config.Prior.kind == priorExPost {
		if err := config.check(); err != nil {
			return nil, err
		}
		networks.Prior, networks.PriorMixture = StandardNormal, nil
		own, prior = splitPrior(tensors)
	}
	c, err := rebuild(networks, Variational, own)
	if err != nil {
		return nil, err
	}
	m, err := newModel(c)
	if err != nil || config.Prior.kind != priorExPost {
		return m, err
	}
	mixture, err := gmm.FromTensors(*config.PriorMixture, prior)
	if err != nil {
		return nil, fmt.Errorf("vae: the prior: %w", err)
	}
	return m.WithPrior(mixture), nil
}

// AutoencoderFromTensors is FromTensors for an [Autoencoder].
func AutoencoderFromTensors(config Config, tensors []safetensors.Tensor) (*Autoencoder, error) {
	c, err := rebuild(config, Plain, tensors)
	if err != nil {
		return nil, err
	}
	return &Autoencoder{c}, nil
}

func rebuild(config Config, kind Kind, tensors []safetensors.Tensor) (*coder, error) {
	if config.Kind != kind {
		return nil, fmt.Errorf("vae: a model of kind %v where %v was expected", config.Kind, kind)
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	var elements int
	for _, t := range tensors {
		elements += len(t.Data)
	}
	if want := config.size(); float64(elements) != want {
		return nil, fmt.Errorf("vae: %d numbers for a model of %.0f: %w", elements, want, ErrTensors)
	}
	if config.Precision == Float64 {
		return restore[float64](config, tensors)
	}
	return restore[float32](config, tensors)
}

// size returns the number of elements of all tensors of the architecture. It
// is computed before any memory is taken for them, and so that it cannot overflow.
func (c *Config) size() float64 {
	var sum float64
	for _, widths := range [][]int{c.encoderWidths(newPosterior[float64](c).outputs(c.Latent)), c.decoderWidths()} {
		for i, w := range widths[1:] {
			sum += float64(widths[i]+1) * float64(w)
			if c.Norm == LayerNorm && i < len(widths)-2 {
				sum += 2 * float64(w)
			}
		}
	}
	sum += float64(c.logvarWidth())
	switch k := float64(c.Prior.components); c.Prior.kind {
	case priorMixture:
		sum += k * (1 + 2*float64(c.Latent))
	case priorVamp:
		sum += k * float64(c.encoderInputs())
	}
	return sum
}

func restore[T kernel.Float](config Config, tensors []safetensors.Tensor) (*coder, error) {
	named := make(map[string]safetensors.Tensor, len(tensors))
	for _, t := range tensors {
		named[t.Name] = t
	}
	n := newNetwork[T](config)
	slots := n.slots()
	if len(named) != len(slots) || len(tensors) != len(slots) {
		return nil, fmt.Errorf("vae: %d tensors for a model of %d: %w", len(tensors), len(slots), ErrTensors)
	}
	theta := make([]T, n.layout.Size())
	for _, s := range slots {
		t, ok := named[s.name]
		if !ok {
			return nil, fmt.Errorf("vae: tensor %s is missing: %w", s.name, ErrTensors)
		}
		if fmt.Sprint(t.Shape) != fmt.Sprint(s.shape()) || len(t.Data) != s.size() {
			return nil, fmt.Errorf("vae: tensor %s has shape %v, not %v: %w", s.name, t.Shape, s.shape(), ErrTensors)
		}
		for i, v := range t.Data {
			w := T(v)
			if f := float64(w); math.IsNaN(f) || math.IsInf(f, 0) {
				return nil, fmt.Errorf("vae: element %d of tensor %s is %v: %w", i, s.name, v, ErrTensors)
			}
			theta[s.place(n, i)] = w
		}
	}
	return newCoder(n, theta), nil
}
