package vae

import (
	"math/rand/v2"
	"sync"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

var (
	_ density.LatentGradient = (*Model)(nil)
	_ density.Simulator      = (*Model)(nil)
)

// LogPriorGrad stores log p(zᵢ) in nats for each row of z (N×L) in dst (length N,
// or nil), which it returns, and its gradient, −zᵢ for N(0, I), in row i of grad
// (N×L).
func (m *Model) LogPriorGrad(dst []float64, grad, z *mat.Dense) []float64 {
	dst = m.LogPrior(dst, z)
	if m.prior != nil {
		m.prior.Score(grad, z)
		return dst
	}
	grad.Scale(-1, z)
	return dst
}

// LogLikGrad stores log p(x|z) in nats for each row of z (N·S×L) in dst (length
// N·S, or nil), which it returns, and its gradient by z in the same row of grad
// (N·S×L). Row i·S+s of z belongs to row i of x (N×D). The cost is one pass
// forward and one back through the decoder a row of z.
func (m *Model) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	checkWidth(x, m.config.Dim)
	checkWidth(z, m.config.Latent)
	checkWidth(grad, m.config.Latent)
	rows, _ := z.Dims()
	dst = density.Resize(dst, rows)
	draws := density.Draws(x, z)
	switch e := m.engine.(type) {
	case *frozen[float32]:
		m.each(rows, e.slope(m.coder).run(dst, grad, x, z, draws))
	case *frozen[float64]:
		m.each(rows, e.slope(m.coder).run(dst, grad, x, z, draws))
	}
	return dst
}

// RandGiven fills dst (N×D) with one independent draw from p(x|zᵢ) for each row of
// z (N×L), noise included.
func (m *Model) RandGiven(dst, z *mat.Dense, src rand.Source) {
	checkWidth(dst, m.config.Dim)
	checkWidth(z, m.config.Latent)
	random := rand.New(src)
	n, _ := dst.Dims()
	for i := range n {
		m.obs.noise(dst.RawRowView(i), random)
	}
	m.each(n, func(w *workspace, from, to int) {
		out := m.decode(w, z, from, to)
		for i := from; i < to; i++ {
			loc, s, _ := m.scale(w, out, i-from)
			m.obs.sample(dst.RawRowView(i), loc, s)
		}
	})
}

// slope takes gradients of log p(x|z) back through the decoder.
type slope[T kernel.Float] struct {
	m        *coder
	e        *frozen[T]
	gradient *columnGradient[T]
	tapes    sync.Pool // *slopeTape[T]
	bends    sync.Pool // *bend[T]
}

type slopeTape[T kernel.Float] struct {
	tape        *nn.Tape[T]
	x           []T // length D
	s, w, spare []T // one for each scale
}

// slope returns the one slope of a network. Its tapes must outlive a call: Hamiltonian
// Monte Carlo makes thousands of calls with a few rows each, and a pool for every
// one of them keeps its tape alive through the next collection.
func (e *frozen[T]) slope(m *coder) *slope[T] {
	e.once.Do(func() { e.slopes = newSlope(m, e) })
	return e.slopes
}

func newSlope[T kernel.Float](m *coder, e *frozen[T]) *slope[T] {
	p := &slope[T]{m: m, e: e, gradient: newGradient[T](m.obs)}
	scales := m.obs.scales()
	p.tapes.New = func() any {
		return &slopeTape[T]{e.network.decoder.NewTape(e.chunk(), true), make([]T, m.config.Dim), make([]T, scales), make([]T, scales), make([]T, scales)}
	}
	p.bends.New = func() any { return p.newBend() }
	return p
}

func (p *slope[T]) run(dst []float64, grad, x, z *mat.Dense, draws int) func(_ *workspace, from, to int) {
	return func(_ *workspace, from, to int) {
		t := p.tapes.Get().(*slopeTape[T])
		defer p.tapes.Put(t)
		p.through(t, dst, grad, x, z, draws, from, to)
	}
}

// through takes rows [from, to) of z forward and back, and leaves them on the tape.
func (p *slope[T]) through(t *slopeTape[T], dst []float64, grad, x, z *mat.Dense, draws, from, to int) {
	c, decoder := &p.m.config, p.e.network.decoder
	l, d, outputs := c.Latent, p.m.obs.locations(), decoder.Out()
	for r := from; r < to; r++ {
		copyTo(t.tape.Input[(r-from)*l:(r-from+1)*l], z.RawRowView(r))
	}
	decoder.Forward(p.e.theta, t.tape, 0, to-from)
	if !p.m.obs.network && p.m.logvar != nil {
		copyTo(t.s, p.m.logvar)
		copyTo(t.w, p.m.precision)
	}
	for r := from; r < to; r++ {
		copyTo(t.x, x.RawRowView(r/draws))
		out := t.tape.Output()[(r-from)*outputs : (r-from+1)*outputs]
		g := t.tape.OutputGrad()[(r-from)*outputs : (r-from+1)*outputs]
		if !p.m.obs.network {
			dst[r] = p.gradient.grad(t.x, out, t.s, t.w, g, t.spare)
			continue
		}
		for j, v := range out[d:] {
			t.s[j] = max(v, T(p.m.logFloor[j]))
		}
		negExp(t.w, t.s)
		dst[r] = p.gradient.grad(t.x, out[:d], t.s, t.w, g[:d], g[d:])
		for j, v := range out[d:] {
			if v < T(p.m.logFloor[j]) {
				g[d+j] = 0
			}
		}
	}
	decoder.Backward(p.e.theta, t.tape, 0, to-from)
	for r := from; r < to; r++ {
		row := grad.RawRowView(r)
		for j := range row {
			row[j] = float64(t.tape.InputGrad[(r-from)*l+j])
		}
	}
}

func copyTo[T kernel.Float](dst []T, src []float64) {
	for j, v := range src {
		dst[j] = T(v)
	}
}
