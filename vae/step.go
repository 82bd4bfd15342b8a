package vae

import (
	"fmt"
	"math"
	"math/rand/v2"

	"likely/internal/kernel"
	"likely/internal/nn"
)

// step makes one optimiser step on the mean bound of the given training rows
// and leaves the terms of the bound in t.loglik and t.kl. It does not
// allocate. If something is not finite it returns what and where.
func (t *trainer[T]) step(rows []int, rate float64, noise *rand.Rand) string {
	t.bound(rows, noise)
	if where := t.notFinite(); where != "" {
		return where
	}
	t.adam.Begin(rate)
	t.crew.Run(len(t.pieces), t.update)
	t.steps++
	var square float64
	for i, v := range t.pieceNorm {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return "the gradient of " + t.pieceName(t.pieces[i])
		}
		square += v
	}
	t.norm = math.Sqrt(square)
	t.clampLogvar()
	return ""
}

// bound computes the terms of the bound on the given training rows and takes
// the gradient of minus its mean back to the first layers.
func (t *trainer[T]) bound(rows []int, noise *rand.Rand) {
	d := t.net.config.Dim
	t.size = len(rows)
	for i, r := range rows {
		copy(t.encoder.Input[i*d:(i+1)*d], t.x[r*d:(r+1)*d])
	}
	t.drawNoise(noise)
	t.spreadLogvar()
	t.crew.Run(t.parts, t.forwardBackward)
}

// drawNoise fills the noise of a minibatch. Draws of the same row come in pairs
// e, −e: each is as normal as any, and what is odd in e cancels in the mean.
func (t *trainer[T]) drawNoise(noise *rand.Rand) {
	c := &t.net.config
	if c.Family == familyAE {
		return
	}
	l, draws := c.Latent, t.settings.Samples
	for r := range t.size * draws {
		e := t.noise[r*l : (r+1)*l]
		if r%draws%2 == 1 {
			for j, v := range t.noise[(r-1)*l : r*l] {
				e[j] = -v
			}
			continue
		}
		for j := range e {
			e[j] = T(noise.NormFloat64())
		}
	}
}

// passRows takes one part of the minibatch forward through encoder, noise and
// decoder to log p(x|z), and back. Rows do not depend on each other.
func (t *trainer[T]) passRows(part int) {
	from, to := part*t.size/t.parts, (part+1)*t.size/t.parts
	if from == to {
		return
	}
	net, c, k := t.net, &t.net.config, t.settings.Samples
	l, outputs := c.Latent, net.encoder.Out()
	net.encoder.Forward(t.theta, t.encoder, from, to)
	for i := from; i < to; i++ {
		h, cache := t.encoder.Output()[i*outputs:(i+1)*outputs], t.cache[i*l:(i+1)*l]
		t.kl[i] = net.posterior.begin(h, cache)
		for r := i * k; r < (i+1)*k; r++ {
			net.posterior.draw(t.decoder.Input[r*l:(r+1)*l], h, cache, t.noise[r*l:(r+1)*l])
		}
	}
	net.decoder.Forward(t.theta, t.decoder, from*k, to*k)
	for r := from * k; r < to*k; r++ {
		t.observe(r, r/k, &t.desks[part])
	}
	net.decoder.Backward(t.theta, t.decoder, from*k, to*k)
	weight := T(1 / float64(t.size))
	for i := from; i < to; i++ {
		h, cache := t.encoder.Output()[i*outputs:(i+1)*outputs], t.cache[i*l:(i+1)*l]
		dh := t.encoder.OutputGrad()[i*outputs : (i+1)*outputs]
		net.posterior.gradKL(dh, h, cache, weight)
		for r := i * k; r < (i+1)*k; r++ {
			net.posterior.gradDraw(dh, t.decoder.InputGrad[r*l:(r+1)*l], cache, t.noise[r*l:(r+1)*l])
		}
	}
	net.encoder.Backward(t.theta, t.encoder, from, to)
}

// observe computes log p(x|z) of draw r for row i of the minibatch and puts
// its gradient, as part of minus the mean bound, on the decoder's tape.
func (t *trainer[T]) observe(r, i int, w *desk[T]) {
	c := &t.net.config
	d, outputs := c.Dim, t.net.decoder.Out()
	x := t.encoder.Input[i*d : (i+1)*d]
	out := t.decoder.Output()[r*outputs : (r+1)*outputs]
	g := t.decoder.OutputGrad()[r*outputs : (r+1)*outputs]
	s, precision := t.logvar, t.weight
	if outputs > d {
		s, precision = w.s, w.w
		for j, v := range out[d:] {
			s[j] = max(v, t.logFloor[j])
		}
		negExp(precision, s)
	}
	t.loglik[r] = t.gradient.grad(x, out[:d], s, precision, g[:d], w.ds)

	weight := -1 / T(t.size*t.settings.Samples)
	for j := range d {
		g[j] *= weight
	}
	switch {
	case outputs > d:
		// Below the floor the density does not change, and a step further
		// down is of no use; a step up leads back and is kept.
		for j, v := range out[d:] {
			g[d+j] = w.ds[j] * weight
			if v < t.logFloor[j] && g[d+j] > 0 {
				g[d+j] = 0
			}
		}
	case c.Sigma.source == fromPerDim && t.gradLogvar != nil:
		for j, v := range w.ds {
			t.gradLogvar[r*d+j] = v * weight
		}
	case t.gradLogvar != nil:
		var sum float64
		for _, v := range w.ds {
			sum += float64(v)
		}
		t.gradLogvar[r] = T(sum) * weight
	}
}

// gradPiece computes the gradient of one piece of the parameters, summed over
// the minibatch, and returns its place.
func (t *trainer[T]) gradPiece(p piece) nn.Span {
	switch p.net {
	case 0:
		return t.net.encoder.Gradient(p.part, t.encoder, t.size, t.grad)
	case 1:
		return t.net.decoder.Gradient(p.part, t.decoder, t.size*t.settings.Samples, t.grad)
	default:
		span := t.net.logvar
		kernel.ColumnSums(nn.View(t.grad, span), t.size*t.settings.Samples, span.Len, t.gradLogvar, span.Len)
		return span
	}
}

// updatePiece moves a piece of the parameters while its gradient is in the
// cache.
func (t *trainer[T]) updatePiece(i int) {
	span := t.gradPiece(t.pieces[i])
	t.pieceNorm[i] = sumSquares(nn.View(t.grad, span))
	t.adam.Apply(t.theta, t.grad, span)
}

// spreadLogvar copies the vector of log-variances, if any, to all columns.
func (t *trainer[T]) spreadLogvar() {
	if t.logvar == nil {
		return
	}
	values := nn.View(t.theta, t.net.logvar)
	for j := range t.logvar {
		t.logvar[j] = values[j%len(values)]
	}
	negExp(t.weight, t.logvar)
}

// clampLogvar takes a learned vector of log-variances back to its floor.
func (t *trainer[T]) clampLogvar() {
	if t.gradLogvar == nil {
		return
	}
	values := nn.View(t.theta, t.net.logvar)
	for j := range values {
		values[j] = max(values[j], t.logFloor[j])
	}
}

// notFinite returns what in the forward pass is not finite, or "".
func (t *trainer[T]) notFinite() string {
	var sum float64
	for _, v := range t.kl[:t.size] {
		sum += v
	}
	for _, v := range t.loglik[:t.size*t.settings.Samples] {
		sum += v
	}
	if !math.IsNaN(sum) && !math.IsInf(sum, 0) {
		return ""
	}
	k := t.settings.Samples
	for _, net := range []struct {
		name string
		mlp  *nn.MLP[T]
		tape *nn.Tape[T]
		rows int
	}{{"encoder", t.net.encoder, t.encoder, t.size}, {"decoder", t.net.decoder, t.decoder, t.size * k}} {
		for i, d := range net.mlp.Layers {
			for _, v := range net.tape.Activations(i)[:net.rows*d.Out] {
				if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
					return "the output of " + layerName(net.name, i, len(net.mlp.Layers))
				}
			}
		}
		if net.name == "encoder" && !finite(t.kl[:t.size]) {
			return "the divergence of q(z|x) from the prior"
		}
	}
	return "log p(x|z)"
}

// sumSquares returns ‖x‖². Four sums side by side keep the adder busy.
func sumSquares[T kernel.Float](x []T) float64 {
	var a, b, c, d T
	for ; len(x) >= 4; x = x[4:] {
		a += x[0] * x[0]
		b += x[1] * x[1]
		c += x[2] * x[2]
		d += x[3] * x[3]
	}
	for _, v := range x {
		a += v * v
	}
	return float64(a+b) + float64(c+d)
}

func finite(x []float64) bool {
	for _, v := range x {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return false
		}
	}
	return true
}

func (t *trainer[T]) pieceName(p piece) string {
	switch p.net {
	case 0:
		return layerName("encoder", p.part.Layer, len(t.net.encoder.Layers))
	case 1:
		return layerName("decoder", p.part.Layer, len(t.net.decoder.Layers))
	default:
		return "decoder.logvar"
	}
}

// layerName returns the name of layer i of n as saved models have it.
func layerName(net string, i, n int) string {
	if i == n-1 {
		return net + " heads"
	}
	return fmt.Sprintf("%s.%d", net, i)
}
