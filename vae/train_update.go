package vae

import (
	"fmt"
	"math"

	"likely/internal/kernel"
	"likely/internal/nn"
)

// step makes one optimiser step on rows [from, to) of the epoch's order and
// leaves the terms of the bound in t.loglik, t.kl and t.value. It does not
// allocate. If something is not finite it returns what and where.
func (t *trainState[T]) step(from, to int, rate float64) string {
	t.bound(from, to)
	if where := t.notFinite(); where != "" {
		return where
	}
	t.optimizer.Begin(rate)
	t.workers.Run(len(t.pieces), t.update)
	if t.measured() {
		var square float64
		for i, v := range t.pieceNorm {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return "the gradient of " + t.pieceName(t.pieces[i])
			}
			square += v
		}
		t.norm = math.Sqrt(square)
	}
	if t.settings.Clip > 0 {
		t.workers.Run(len(t.pieces), t.clip)
	}
	t.clampLogvar()
	t.followResiduals()
	return ""
}

// normEvery is the number of steps for which the length of the gradient is
// measured once: it is read for the history, and costs a pass over it.
const normEvery = 16

// measured says whether the length of this step's gradient is measured.
func (t *trainState[T]) measured() bool {
	return t.settings.Clip > 0 || t.first/t.settings.Batch%normEvery == 0
}

// bound computes the terms of the bound on rows [from, to) of the epoch's
// order and takes the gradient of minus its mean back to the first layers.
func (t *trainState[T]) bound(from, to int) {
	t.first, t.size = from, to-from
	t.spreadLogvar()
	if t.prior == nil {
		t.workers.Run(t.parts, t.forwardBackward)
		if t.mixture != nil {
			t.mixtureBound()
		}
		return
	}
	t.prior.mixWeights(nn.View(t.theta, t.net.priorLogits))
	t.workers.Run(t.parts, t.priorForward)
	t.workers.Run(t.parts, t.forwardBackward)
	t.workers.Run(t.parts, t.priorBackward)
}

// gradPiece computes the gradient of one piece of the parameters, summed over
// the minibatch, and returns its place.
func (t *trainState[T]) gradPiece(p piece) nn.Span {
	switch p.net {
	case 0:
		return t.net.encoder.Gradient(p.part, t.whole, t.net.config.pseudoInputs()+t.size, t.grad)
	case 1:
		if t.mixture != nil {
			return t.net.decoder.Gradient(p.part, t.mixture.tape, t.settings.Objective.codes(), t.grad)
		}
		return t.net.decoder.Gradient(p.part, t.decoder, t.size*t.settings.Samples, t.grad)
	case 3:
		return p.span // backwardPrior has been there
	default:
		span := t.net.logvar
		if t.mixture != nil {
			kernel.ColumnSums(nn.View(t.grad, span), t.settings.Objective.codes(), span.Len, t.mixture.gradLogvar, span.Len)
			return span
		}
		kernel.ColumnSums(nn.View(t.grad, span), t.size*t.settings.Samples, span.Len, t.gradLogvar, span.Len)
		return span
	}
}

// updatePiece computes the gradient of a piece of the parameters and, unless
// the whole gradient must be known first, moves the piece while its gradient
// is in the cache.
func (t *trainState[T]) updatePiece(i int) {
	span := t.gradPiece(t.pieces[i])
	if t.measured() {
		t.pieceNorm[i] = sumSquares(nn.View(t.grad, span))
	}
	if t.settings.Clip <= 0 && !t.held(t.pieces[i]) {
		t.optimizer.Apply(t.theta, t.grad, span)
	}
}

// clipPiece moves a piece after the gradient as a whole has been brought down
// to the length Settings.Clip, if it was longer (Pascanu et al. 2013).
func (t *trainState[T]) clipPiece(i int) {
	if t.held(t.pieces[i]) {
		return
	}
	span := t.pieceSpan(t.pieces[i])
	if factor := T(t.settings.Clip / t.norm); factor < 1 {
		g := nn.View(t.grad, span)
		for j := range g {
			g[j] *= factor
		}
	}
	t.optimizer.Apply(t.theta, t.grad, span)
}

func (t *trainState[T]) pieceSpan(p piece) nn.Span {
	switch p.net {
	case 0:
		return t.net.encoder.Place(p.part)
	case 1:
		return t.net.decoder.Place(p.part)
	case 3:
		return p.span
	default:
		return t.net.logvar
	}
}

// spreadLogvar copies the vector of log-variances, if any, to all columns.
func (t *trainState[T]) spreadLogvar() {
	if t.logvar == nil {
		return
	}
	values := nn.View(t.theta, t.net.logvar)
	for j := range t.logvar {
		t.logvar[j] = values[j%len(values)]
	}
	negExp(t.weight, t.logvar)
}

// residualShare is the weight of a minibatch in the running mean of squared
// residuals behind Sigma Optimal.
const residualShare = 0.05

// followResiduals moves σ² of Sigma Optimal towards the mean squared residual
// of the minibatch, which it has from the log-likelihoods:
//
//	log p(x|z) = −½(D ln 2π + D·s + ‖x − loc‖²·exp(−s))
func (t *trainState[T]) followResiduals() {
	if t.net.config.Sigma.source != fromResiduals || t.logvar == nil || t.holds.model {
		return
	}
	draws := t.size * t.settings.Samples
	value := &nn.View(t.theta, t.net.logvar)[0]
	s := float64(*value)
	var mean, total float64 // total: the share of values that are there
	for r, v := range t.loglik[:draws] {
		i := r / t.settings.Samples
		share := t.presentShare(i)
		d := float64(t.net.config.Dim) * share
		mean += t.weightOf(i) * (-2*v/d - log2Pi - s) * math.Exp(s) / float64(draws) * share
		total += t.weightOf(i) * share / float64(draws)
	}
	if t.inputs.fill != nil {
		mean /= total
	}
	variance := (1-residualShare)*math.Exp(s) + residualShare*mean
	*value = max(T(math.Log(variance)), t.logFloor[0])
}

// presentShare returns the share of the values of row i of the minibatch that are there.
func (t *trainState[T]) presentShare(i int) float64 {
	if t.inputs.fill == nil {
		return 1
	}
	d := t.net.config.Dim
	return presentShare(t.target[i*d : (i+1)*d])
}

// clampLogvar takes a learned vector of log-variances back to its floor.
func (t *trainState[T]) clampLogvar() {
	if t.gradLogvar == nil {
		return
	}
	values := nn.View(t.theta, t.net.logvar)
	for j := range values {
		values[j] = max(values[j], t.logFloor[j])
	}
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

// notFinite returns what in the forward pass is not finite, or "".
func (t *trainState[T]) notFinite() string {
	k := t.settings.Samples
	if finite(t.value[:t.size]) {
		return ""
	}
	for _, net := range []struct {
		name string
		mlp  *nn.MLP[T]
		tape *nn.Tape[T]
		rows int
	}{{"encoder", t.net.encoder, t.encoder, t.size}, {"decoder", t.net.decoder, t.decoder, t.size * k}} {
		for i, d := range net.mlp.Layers {
			if !finite(net.tape.Activations(i)[:net.rows*d.Out]) {
				return "the output of " + layerName(net.name, i, len(net.mlp.Layers))
			}
		}
		if net.name == "encoder" && !finite(t.kl[:t.size]) {
			return "the divergence of q(z|x) from the prior"
		}
	}
	return "log p(x|z)"
}

func finite[T kernel.Float](x []T) bool {
	for _, v := range x {
		if f := float64(v); math.IsNaN(f) || math.IsInf(f, 0) {
			return false
		}
	}
	return true
}

func (t *trainState[T]) pieceName(p piece) string {
	switch p.net {
	case 0:
		return layerName("encoder", p.part.Layer, len(t.net.encoder.Layers))
	case 1:
		return layerName("decoder", p.part.Layer, len(t.net.decoder.Layers))
	case 3:
		return "the prior"
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
