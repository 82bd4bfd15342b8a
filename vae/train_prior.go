package vae

import (
	"math"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

// learnedPrior is a prior under training, the mixture
//
//	p(z) = Σ π_k q_k(z)
//
// with components of the form of q(z|x): for a learned mixture, h_k = (mean,
// log-variance) is a row of the parameters; for the VampPrior it is what the
// encoder gives for the pseudo-input u_k, and π_k = 1/K. With the
// responsibilities r_k = π_k q_k(z)/p(z), the derivatives are
//
//	∂ log p(z)/∂z   = Σ r_k ∂ log q_k(z)/∂z
//	∂ log p(z)/∂h_k = r_k ∂ log q_k(z)/∂h_k
//	∂ log p(z)/∂a_k = r_k − π_k,   π = softmax(a)
type learnedPrior[T kernel.Float] struct {
	vamp       bool
	components int
	form       posterior[T]
	outputs    int               // length of h_k
	h          []T               // K×outputs
	cache      []T               // see posterior
	weights    []float64         // π
	logWeights []float64         // ln π
	inputs     *nn.Tape[T]       // of the pseudo-inputs
	dh         []T               // K×outputs, where gradients by h go
	logits     []T               // where gradients by a go; nil for the VampPrior
	shares     []T               // r, draws×K
	slopes     []T               // ∂ log p(z)/∂z, draws×L
	value      []float64         // log p(z), draws
	scratch    []priorScratch[T] // one for each goroutine
	// diagonal does the work where the covariances are diagonal; else nil.
	diagonal *diagonalPrior[T]
}

// priorScratch is the working memory of one goroutine.
type priorScratch[T kernel.Float] struct {
	e       []T               // length L
	logs    []float64         // length K
	centres kernel.Centres[T] // see diagonalPrior
}

// pseudoInputs returns the number of rows that the encoder takes beside those
// of a minibatch.
func (c *Config) pseudoInputs() int {
	if c.Prior.kind == priorVamp {
		return c.Prior.components
	}
	return 0
}

// newLearnedPrior prepares the training of the prior for so many draws. tape is
// that of the encoder, whose first rows are those of the pseudo-inputs.
func newLearnedPrior[T kernel.Float](n *network[T], theta, grad []T, tape *nn.Tape[T], draws, workers int) *learnedPrior[T] {
	c := &n.config
	k, l := c.Prior.components, c.Latent
	p := &learnedPrior[T]{
		vamp: c.Prior.kind == priorVamp, components: k, form: n.priorForm(),
		weights: make([]float64, k), logWeights: make([]float64, k),
		shares: make([]T, draws*k), slopes: make([]T, draws*l), value: make([]float64, draws),
	}
	if _, ok := p.form.(diagonal[T]); ok {
		p.diagonal = newDiagonalPrior[T](k, l, draws)
	}
	p.outputs = p.form.outputs(l)
	p.cache = make([]T, k*p.form.cached(l))
	if p.vamp {
		inputs := *tape
		inputs.InputGrad = nn.View(grad, n.priorParts)
		p.inputs, p.h, p.dh = &inputs, inputs.Output(), inputs.OutputGrad()
	} else {
		p.h, p.dh = nn.View(theta, n.priorParts), nn.View(grad, n.priorParts)
		p.logits = nn.View(grad, n.priorLogits)
	}
	for range workers {
		p.scratch = append(p.scratch, priorScratch[T]{e: make([]T, l), logs: make([]float64, k)})
	}
	return p
}

// part returns the components that a goroutine is responsible for.
func (p *learnedPrior[T]) part(part, parts int) (from, to int) {
	return part * p.components / parts, (part + 1) * p.components / parts
}

func (p *learnedPrior[T]) row(h []T, k int) []T { return h[k*p.outputs : (k+1)*p.outputs] }

func (p *learnedPrior[T]) cacheOf(k int) []T {
	n := len(p.cache) / p.components
	return p.cache[k*n : (k+1)*n]
}

// mixWeights takes the weights from the parameters.
func (p *learnedPrior[T]) mixWeights(logits []T) {
	for k := range p.logWeights {
		p.logWeights[k] = 0
		if !p.vamp {
			p.logWeights[k] = float64(logits[k])
		}
	}
	total := density.LogSumExp(p.logWeights)
	for k := range p.logWeights {
		p.logWeights[k] -= total
		p.weights[k] = math.Exp(p.logWeights[k])
	}
}

// preparePrior brings the components up to date with the parameters.
func (t *trainState[T]) preparePrior(part int) {
	p := t.prior
	from, to := p.part(part, t.parts)
	if from == to {
		return
	}
	if p.vamp {
		d := t.net.encoder.In()
		copy(p.inputs.Input[from*d:to*d], nn.View(t.theta, t.net.priorParts)[from*d:to*d])
		t.net.encoder.Forward(t.theta, p.inputs, from, to)
	}
	for k := from; k < to; k++ {
		h, cache := p.row(p.h, k), p.cacheOf(k)
		p.form.begin(h, cache)
		if p.diagonal != nil {
			p.diagonal.prepare(k, h, cache, p.logWeights[k])
		}
	}
}

// evaluate computes log p(z), its gradient by z and the responsibilities for the
// draws [from, to), rows of codes.
func (p *learnedPrior[T]) evaluate(from, to int, codes []T, part int) {
	if p.diagonal != nil {
		p.diagonal.evaluate(p, from, to, codes, part)
		return
	}
	w := &p.scratch[part]
	l := len(w.e)
	for r := from; r < to; r++ {
		p.value[r] = p.logProb(r, codes[r*l:(r+1)*l], w)
	}
}

// logProb is evaluate for one draw.
func (p *learnedPrior[T]) logProb(r int, z []T, w *priorScratch[T]) float64 {
	for k := range p.components {
		h, cache := p.row(p.h, k), p.cacheOf(k)
		p.form.invert(w.e, z, h, cache)
		w.logs[k] = p.logWeights[k] + p.form.logProb(h, cache, w.e)
	}
	total := density.LogSumExp(w.logs)
	slope := p.slopes[r*len(z) : (r+1)*len(z)]
	clear(slope)
	for k, v := range w.logs {
		share := T(math.Exp(v - total))
		p.shares[r*p.components+k] = share
		if share == 0 {
			continue
		}
		h, cache := p.row(p.h, k), p.cacheOf(k)
		p.form.invert(w.e, z, h, cache)
		p.form.pathScore(slope, cache, w.e, -share)
	}
	return total
}

// priorWeight returns the weight of log p(z) of draw r in minus the mean objective.
func (t *trainState[T]) priorWeight(r int) float64 {
	return -t.beta * t.drawWeights[r].decoder * t.weightOf(r/t.settings.Samples) / float64(t.size)
}

// backwardPrior takes the gradient of minus the mean objective to the parameters of
// the components and, for the VampPrior, through the encoder to the
// pseudo-inputs. The sum over draws is in their order, whatever the number of
// goroutines.
func (t *trainState[T]) backwardPrior(part int) {
	p := t.prior
	from, to := p.part(part, t.parts)
	if from == to {
		return
	}
	draws := t.size * t.settings.Samples
	if p.diagonal != nil {
		var size float64
		for r := range draws {
			size += t.priorWeight(r)
		}
		p.diagonal.backward(p, from, to, draws, t.decoder.Input, size)
	} else {
		t.backwardComponents(from, to, draws, part)
	}
	if p.vamp {
		t.net.encoder.Backward(t.theta, p.inputs, from, to)
	}
}

// backwardComponents is the part of backwardPrior for components of any form. The shares
// have their weights already.
func (t *trainState[T]) backwardComponents(from, to, draws, part int) {
	p, l, e := t.prior, t.net.config.Latent, t.prior.scratch[part].e
	for k := from; k < to; k++ {
		h, cache, dh := p.row(p.h, k), p.cacheOf(k), p.row(p.dh, k)
		clear(dh)
		var logit float64
		for r := range draws {
			share := p.shares[r*p.components+k]
			logit += float64(share) - t.priorWeight(r)*p.weights[k]
			if share == 0 {
				continue
			}
			p.form.invert(e, t.decoder.Input[r*l:(r+1)*l], h, cache)
			p.form.score(dh, cache, e, share)
		}
		if p.logits != nil {
			p.logits[k] = T(logit)
		}
	}
}
