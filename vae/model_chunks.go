package vae

import (
	"runtime"
	"sync"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
)

// coder is what the variational and the plain autoencoder share: two networks
// and the meaning of the decoder's outputs.
type coder struct {
	config Config
	obs    *columnwise // in whose units the rows are
	in     *inputs     // in whose units the encoder sees them
	engine engine
	// logvar and precision hold the log-variance s and exp(−s) of each
	// column where they do not come from the network.
	logvar, precision []float64
	logFloor          []float64 // of each scale
	posterior         posterior[float64]
	outputs           int // of the encoder
	count             int // of trained parameters
	spaces            sync.Pool
}

// workspace holds one chunk of rows on its way through a coder.
type workspace struct {
	out               []float64 // outputs of encoder or decoder
	logvar, precision []float64 // one for each scale
	tmp               []float64 // one for each location
}

func newCoder[T kernel.Float](n *network[T], theta []T) *coder {
	c := &coder{
		config:   n.config,
		obs:      newObservation(&n.config),
		engine:   newFrozen(n, theta),
		logFloor: n.config.logFloor(),
		outputs:  n.encoder.Out(),
		count:    n.parameters(),
	}
	c.posterior = newPosterior[float64](&c.config)
	c.in = newInputs(&c.config, &c.obs.heads)
	loadScale(c, n, theta)
	c.spaces.New = func() any {
		return &workspace{
			out:       make([]float64, c.engine.chunk()*max(c.outputs, n.decoder.Out())),
			logvar:    make([]float64, n.scales()),
			precision: make([]float64, n.scales()),
			tmp:       make([]float64, n.locations()),
		}
	}
	return c
}

// loadScale takes the log-variance out of theta where it is a vector.
func loadScale[T kernel.Float](c *coder, n *network[T], theta []T) {
	if n.logvar.Len == 0 {
		return
	}
	if c.logvar == nil {
		c.logvar = make([]float64, n.scales())
		c.precision = make([]float64, n.scales())
	}
	values := theta[n.logvar.From : n.logvar.From+n.logvar.Len]
	for j := range c.logvar {
		c.logvar[j] = float64(values[j%len(values)])
	}
	negExp(c.precision, c.logvar)
}

// each calls f for disjoint chunks of rows that together are [0, rows), each
// with a workspace of its own, on up to GOMAXPROCS goroutines.
func (c *coder) each(rows int, f func(w *workspace, from, to int)) {
	size := c.engine.chunk()
	chunks := (rows + size - 1) / size
	var next atomic.Int64
	work := func() {
		w := c.spaces.Get().(*workspace)
		defer c.spaces.Put(w)
		for {
			i := int(next.Add(1)) - 1
			if i >= chunks {
				return
			}
			f(w, i*size, min((i+1)*size, rows))
		}
	}
	var group sync.WaitGroup
	for range min(chunks, runtime.GOMAXPROCS(0)) - 1 {
		group.Go(work)
	}
	work()
	group.Wait()
}

// encode returns the encoder's outputs for rows [from, to) of x, row-major in
// the workspace. A row without any value says nothing about its code, which then has
// the standard normal distribution, or of a plain autoencoder is 0.
func (c *coder) encode(w *workspace, x *mat.Dense, from, to int) []float64 {
	h := w.out[:(to-from)*c.outputs]
	c.engine.encode(h, x, c.in, from, to)
	if c.in.fill == nil {
		return h
	}
	for i := from; i < to; i++ {
		if empty(x.RawRowView(i)) {
			clear(h[(i-from)*c.outputs : (i-from+1)*c.outputs])
		}
	}
	return h
}

// encodeSeen is encode for rows of what the encoder sees.
func (c *coder) encodeSeen(w *workspace, seen *mat.Dense, from, to int) []float64 {
	h := w.out[:(to-from)*c.outputs]
	c.engine.encode(h, seen, nil, from, to)
	return h
}

// decode runs rows [from, to) of z through the decoder. The rows of the result
// are read with scale.
func (c *coder) decode(w *workspace, z *mat.Dense, from, to int) []float64 {
	out := w.out[:(to-from)*c.obs.outputs()]
	c.engine.decode(out, z, from, to)
	return out
}

// scale splits row i of the decoder's outputs into location, log-variance and
// precision (nil, nil where there is no scale), with the floor applied.
func (c *coder) scale(w *workspace, out []float64, i int) (loc, s, precision []float64) {
	locations, outputs := c.obs.locations(), c.obs.outputs()
	row := out[i*outputs : (i+1)*outputs]
	if !c.obs.network {
		return row, c.logvar, c.precision
	}
	loc, raw := row[:locations], row[locations:]
	for j, v := range raw {
		w.logvar[j] = max(v, c.logFloor[j])
	}
	negExp(w.precision, w.logvar)
	return loc, w.logvar, w.precision
}

// negExp stores exp(−x) in dst.
func negExp[T kernel.Float](dst, x []T) {
	for j, v := range x {
		dst[j] = -v
	}
	kernel.Exp(dst, dst)
}

func checkWidth(m *mat.Dense, width int) {
	if _, d := m.Dims(); d != width {
		panic("vae: dimension mismatch")
	}
}
