package vae

import (
	"sync"

	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
	"likely/internal/nn"
	"likely/internal/safetensors"
)

// engine evaluates the two networks of a model in the model's arithmetic.
// Results are float64 and depend, to the last bit, on the row alone.
type engine interface {
	// chunk is the number of rows to pass at most.
	chunk() int
	// encode and decode store the outputs for rows [from, to) in dst. in says what
	// the encoder sees of a row; nil: the rows are what it sees.
	encode(dst []float64, x *mat.Dense, in *inputs, from, to int)
	decode(dst []float64, z *mat.Dense, from, to int)
	// tensors returns the parameters under the names of saved models.
	tensors() []safetensors.Tensor
	// prior returns the parameters of a learned prior: the logits of its
	// weights and its components, or nothing and its pseudo-inputs.
	prior() (logits, parts []float64)
}

// frozen is the engine for parameters of type T.
type frozen[T kernel.Float] struct {
	network          *network[T]
	theta            []T
	encoder, decoder *nn.Frozen[T]
	rows             int
	scratch          sync.Pool // *scratch[T]
	once             sync.Once // makes slopes
	slopes           *slope[T]
}

type scratch[T kernel.Float] struct {
	in, out, encoder, decoder []T
}

// chunkElements bounds the activations of a chunk of rows, so that they stay
// in the second-level cache.
const chunkElements = 1 << 16

func newFrozen[T kernel.Float](n *network[T], theta []T) *frozen[T] {
	f := &frozen[T]{
		network: n, theta: theta,
		encoder: n.encoder.Freeze(theta),
		decoder: n.decoder.Freeze(theta),
	}
	f.rows = min(max(chunkElements/max(f.encoder.Width(), f.decoder.Width())/16*16, 16), 256)
	f.scratch.New = func() any {
		return &scratch[T]{
			in:      make([]T, f.rows*max(n.encoder.In(), n.decoder.In())),
			out:     make([]T, f.rows*max(n.encoder.Out(), n.decoder.Out())),
			encoder: f.encoder.Scratch(f.rows),
			decoder: f.decoder.Scratch(f.rows),
		}
	}
	return f
}

// refresh takes over the present values of theta.
func (f *frozen[T]) refresh() {
	f.network.encoder.Refreeze(f.encoder, f.theta)
	f.network.decoder.Refreeze(f.decoder, f.theta)
}

func (f *frozen[T]) prior() (logits, parts []float64) {
	read := func(span nn.Span) []float64 {
		values := make([]float64, span.Len)
		for i, v := range nn.View(f.theta, span) {
			values[i] = float64(v)
		}
		return values
	}
	return read(f.network.priorLogits), read(f.network.priorParts)
}

func (f *frozen[T]) chunk() int { return f.rows }

func (f *frozen[T]) encode(dst []float64, x *mat.Dense, in *inputs, from, to int) {
	s := f.scratch.Get().(*scratch[T])
	f.apply(f.encoder, dst, x, in, from, to, s, s.encoder)
	f.scratch.Put(s)
}

func (f *frozen[T]) decode(dst []float64, z *mat.Dense, from, to int) {
	s := f.scratch.Get().(*scratch[T])
	f.apply(f.decoder, dst, z, nil, from, to, s, s.decoder)
	f.scratch.Put(s)
}

func (f *frozen[T]) apply(net *nn.Frozen[T], dst []float64, x *mat.Dense, in *inputs, from, to int, s *scratch[T], tmp []T) {
	d := net.In()
	for i := from; i < to; i++ {
		row := s.in[(i-from)*d : (i-from+1)*d]
		if in == nil || in.asTheyAre() {
			copyTo(row, x.RawRowView(i))
		} else {
			see(in, row, x.RawRowView(i), nil, nil)
		}
	}
	net.Apply(to-from, s.in, s.out, tmp)
	for i, v := range s.out[:len(dst)] {
		dst[i] = float64(v)
	}
}
