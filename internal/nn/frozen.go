package nn

import "likely/internal/kernel"

// Frozen is a network with fixed parameters, laid out for evaluation. It may
// be used concurrently.
type Frozen[T kernel.Float] struct {
	in, out int
	widest  int
	layers  []frozenLayer[T]
}

type frozenLayer[T kernel.Float] struct {
	out        int
	activation kernel.Activation
	weight     kernel.Packed[T]
	bias       []T
	// gain and shift are those of a normalised layer, else empty.
	gain, shift []T
}

// Freeze copies the parameters of the network out of theta.
func (n *MLP[T]) Freeze(theta []T) *Frozen[T] {
	f := &Frozen[T]{layers: make([]frozenLayer[T], len(n.Layers))}
	n.Refreeze(f, theta)
	return f
}

// Refreeze replaces the parameters of f, which was made by n.Freeze.
func (n *MLP[T]) Refreeze(f *Frozen[T], theta []T) {
	f.in, f.out, f.widest = n.In(), n.Out(), 0
	for i, d := range n.Layers {
		l := &f.layers[i]
		l.out, l.activation = d.Out, d.Activation
		l.weight.Pack(false, d.In, d.Out, View(theta, d.Weight), d.Out)
		l.bias = append(l.bias[:0], View(theta, d.Bias)...)
		l.gain = append(l.gain[:0], View(theta, d.Gain)...)
		l.shift = append(l.shift[:0], View(theta, d.Shift)...)
		if i < len(n.Layers)-1 {
			f.widest = max(f.widest, d.Out)
		}
	}
}

// In returns the width of the input.
func (f *Frozen[T]) In() int { return f.in }

// Width returns the total number of values a row passes through, the input
// included: the memory a row needs.
func (f *Frozen[T]) Width() int { return f.in + 2*f.widest + f.out }

// Scratch returns the memory that Apply needs for rows rows.
func (f *Frozen[T]) Scratch(rows int) []T { return make([]T, 2*rows*f.widest) }

// Apply stores the output of the network for m rows of x (m×In) in dst
// (m×Out). Each row's result depends on that row alone, to the last bit.
func (f *Frozen[T]) Apply(m int, x, dst, scratch []T) {
	half := len(scratch) / 2
	from, width := x, f.in
	for i := range f.layers {
		l := &f.layers[i]
		to := dst
		if i < len(f.layers)-1 {
			to = scratch[i%2*half : (i%2+1)*half]
		}
		if len(l.gain) == 0 {
			l.weight.Affine(l.activation, m, from, width, l.bias, to, l.out)
		} else {
			l.weight.Affine(kernel.Identity, m, from, width, l.bias, to, l.out)
			normalize(m, l.gain, l.shift, to, nil, to)
			kernel.Activate(l.activation, to[:m*l.out], to[:m*l.out])
		}
		from, width = to, l.out
	}
}
