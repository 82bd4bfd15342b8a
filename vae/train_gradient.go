package vae

import (
	"math/rand/v2"

	"likely/internal/kernel"
)

// rowScratch is the working memory of one goroutine.
type rowScratch[T kernel.Float] struct {
	s, w, ds    []T       // one for each scale
	logw        []float64 // one for each draw of a row
	prior       []float64
	drawWeights []drawWeight
	pcg         *rand.PCG
	random      *rand.Rand // on pcg
}

func newRowScratch[T kernel.Float](scales, draws int) rowScratch[T] {
	pcg := rand.NewPCG(0, 0)
	return rowScratch[T]{
		s: make([]T, scales), w: make([]T, scales), ds: make([]T, scales),
		logw: make([]float64, draws), prior: make([]float64, draws), drawWeights: make([]drawWeight, draws),
		pcg: pcg, random: rand.New(pcg),
	}
}

// forwardBackwardRows takes one part of the minibatch forward through encoder, noise and
// decoder to log p(x|z), and back. Rows do not depend on each other.
func (t *trainState[T]) forwardBackwardRows(part int) {
	from, to := part*t.size/t.parts, (part+1)*t.size/t.parts
	if from == to {
		return
	}
	net, c, k, w := t.net, &t.net.config, t.settings.Samples, &t.scratch[part]
	l, outputs := c.Latent, net.encoder.Out()
	for i := from; i < to; i++ {
		t.load(i, w)
	}
	net.encoder.Forward(t.theta, t.encoder, from, to)
	for i := from; i < to; i++ {
		h, cache := t.encoder.Output()[i*outputs:(i+1)*outputs], t.cacheOf(i)
		net.posterior.begin(h, cache)
		for r := i * k; r < (i+1)*k; r++ {
			net.posterior.draw(t.decoder.Input[r*l:(r+1)*l], h, cache, t.noise[r*l:(r+1)*l])
		}
	}
	if t.prior != nil {
		t.prior.evaluate(from*k, to*k, t.decoder.Input, part)
	}
	net.decoder.Forward(t.theta, t.decoder, from*k, to*k)
	for i := from; i < to; i++ {
		for r := i * k; r < (i+1)*k; r++ {
			t.observe(r, i, w)
		}
		t.weigh(i, part)
	}
	if t.prior != nil {
		for r := from * k; r < to*k; r++ {
			t.prior.weighDraws(r, t.priorWeight(r))
		}
	}
	net.decoder.Backward(t.theta, t.decoder, from*k, to*k)
	for i := from; i < to; i++ {
		t.backwardEncoder(i)
	}
	net.encoder.Backward(t.theta, t.encoder, from, to)
}

func (t *trainState[T]) cacheOf(i int) []T {
	n := t.net.posterior.cached(t.net.config.Latent)
	return t.cache[i*n : (i+1)*n]
}

// load brings row i of the minibatch onto the tape, binarised afresh where the
// data are probabilities, and draws its noise. Each row has a random stream of
// its own, derived from its place in the epoch. Draws of the same row come in
// pairs e, −e where that cannot bias the objective: each is as normal as any,
// and what is odd in e cancels in the mean.
func (t *trainState[T]) load(i int, w *rowScratch[T]) {
	c := &t.net.config
	d, l, draws, width := c.Dim, c.Latent, t.settings.Samples, t.net.encoder.In()
	row := t.order[t.first+i]
	x := t.target[i*d : (i+1)*d]
	copy(x, t.x[row*d:(row+1)*d])
	w.pcg.Seed(t.epochSeed, scramble(uint64(t.first+i)))
	if t.settings.Dynamic {
		binarize(x, w.pcg)
		if t.inputs.fill != nil {
			keepGaps(x, t.x[row*d:(row+1)*d])
		}
	}
	input := t.encoder.Input[i*width : (i+1)*width]
	if t.inputs.asTheyAre() && t.inputFactor == nil {
		copy(input, x) // in place, unless what the encoder sees is corrupted
	} else {
		t.toInputs(input, x)
	}
	if sd := t.settings.Corruption; sd > 0 {
		t.corrupt(input, sd, w.random)
	}
	if !t.net.posterior.random() {
		return
	}
	pairs := t.settings.Objective.closed()
	for r := i * draws; r < (i+1)*draws; r++ {
		e := t.noise[r*l : (r+1)*l]
		if pairs && (r-i*draws)%2 == 1 {
			for j, v := range t.noise[(r-1)*l : r*l] {
				e[j] = -v
			}
			continue
		}
		for j := range e {
			e[j] = T(w.random.NormFloat64())
		}
	}
}

// corrupt adds noise to what the encoder sees of the columns that are numbers.
func (t *trainState[T]) corrupt(input []T, sd float64, random *rand.Rand) {
	loc := t.net.loc
	for j := range loc[1:] {
		if loc[j+1]-loc[j] == 1 {
			input[loc[j]] += T(sd * random.NormFloat64())
		}
	}
}

// keepGaps enters what is missing in from in x.
func keepGaps[T kernel.Float](x, from []T) {
	for j, v := range from {
		if v != v {
			x[j] = v
		}
	}
}

// binarize replaces each probability by a bit that is 1 that often.
func binarize[T kernel.Float](x []T, src rand.Source) {
	const unit = 1.0 / (1 << 24)
	for len(x) > 0 {
		bits := src.Uint64()
		for j := range min(2, len(x)) {
			u := T(uint32(bits)>>8) * unit
			bits >>= 32
			var bit uint8 // without a branch, which half of all grey pixels would mispredict
			if u < x[j] {
				bit = 1
			}
			x[j] = T(bit)
		}
		x = x[min(2, len(x)):]
	}
}

// scramble is the finaliser of SplitMix64 (Steele, Lea & Flood 2014).
func scramble(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// observe computes log p(x|z) of draw r for row i of the minibatch and puts
// its gradient on the decoder's tape, yet unweighted.
func (t *trainState[T]) observe(r, i int, w *rowScratch[T]) {
	outputs := t.net.decoder.Out()
	out, g := t.decoder.Output()[r*outputs:(r+1)*outputs], t.decoder.OutputGrad()[r*outputs:(r+1)*outputs]
	t.loglik[r] = t.observed(i, out, g, w)
	if !t.net.network {
		t.collectScale(r, w.ds)
	}
}

// observed returns log p(x|z) of row i of the minibatch for an output of the decoder,
// and stores its gradient by the output in g and by a vector of log-variances in w.ds.
func (t *trainState[T]) observed(i int, out, g []T, w *rowScratch[T]) float64 {
	c, d := &t.net.config, t.net.locations()
	x := t.target[i*c.Dim : (i+1)*c.Dim]
	if !t.net.network {
		return t.gradient.grad(x, out, t.logvar, t.weight, g, w.ds)
	}
	for j, v := range out[d:] {
		w.s[j] = max(v, t.logFloor[j])
	}
	negExp(w.w, w.s)
	value := t.gradient.grad(x, out[:d], w.s, w.w, g[:d], g[d:])
	// Below the floor the density does not change, and a step further down is
	// of no use; a step up leads back and is kept.
	for j, v := range out[d:] {
		if v < t.logFloor[j] && g[d+j] < 0 {
			g[d+j] = 0
		}
	}
	return value
}

// collectScale keeps the gradient by a learned vector of log-variances.
func (t *trainState[T]) collectScale(r int, ds []T) {
	if t.gradLogvar == nil {
		return
	}
	width := t.net.logvar.Len
	g := t.gradLogvar[r*width : (r+1)*width]
	if width == len(ds) {
		copy(g, ds)
		return
	}
	var sum float64
	for _, v := range ds {
		sum += float64(v)
	}
	g[0] = T(sum)
}

// weigh puts the draws of row i together to its bound and weights their
// gradients, which from here on are those of minus the mean bound.
func (t *trainState[T]) weigh(i, part int) {
	w := &t.scratch[part]
	k, l := t.settings.Samples, t.net.config.Latent
	outputs := t.net.encoder.Out()
	h, dh := t.encoder.Output()[i*outputs:(i+1)*outputs], t.encoder.OutputGrad()[i*outputs:(i+1)*outputs]
	cache, share := t.cacheOf(i), t.weightOf(i)/float64(t.size)
	if t.analytic {
		t.kl[i] = t.net.posterior.kl(dh, h, cache, T(t.beta*share), t.settings.FreeNats)
		t.value[i] = -t.kl[i]
		for r := i * k; r < (i+1)*k; r++ {
			t.value[i] += t.loglik[r] / float64(k)
			t.scaleDraw(r, -share/float64(k))
		}
		return
	}
	clear(dh)
	t.kl[i] = 0
	for r := i * k; r < (i+1)*k; r++ {
		z, e := t.decoder.Input[r*l:(r+1)*l], t.noise[r*l:(r+1)*l]
		rate := t.net.posterior.logProb(h, cache, e)
		if t.prior == nil {
			rate -= standardLogProb(z)
		} else {
			rate -= t.prior.value[r]
		}
		t.kl[i] += rate / float64(k)
		w.logw[r-i*k] = t.loglik[r] - t.beta*rate
	}
	t.value[i] = t.settings.Objective.weigh(w.drawWeights, w.logw, t.beta)
	for j, p := range w.drawWeights {
		r := i*k + j
		t.scaleDraw(r, -share*p.decoder)
		t.drawWeights[r] = drawWeight{p.decoder, p.path * share, p.score * share}
	}
}

// scaleDraw weights the gradient of draw r on the decoder's tape.
func (t *trainState[T]) scaleDraw(r int, weight float64) {
	outputs := t.net.decoder.Out()
	g := t.decoder.OutputGrad()[r*outputs : (r+1)*outputs]
	for j := range g {
		g[j] *= T(weight)
	}
	if t.gradLogvar != nil {
		width := t.net.logvar.Len
		g := t.gradLogvar[r*width : (r+1)*width]
		for j := range g {
			g[j] *= T(weight)
		}
	}
}

// backwardEncoder takes the gradients that came back to the codes of row i to
// the outputs of the encoder.
func (t *trainState[T]) backwardEncoder(i int) {
	k, l, outputs := t.settings.Samples, t.net.config.Latent, t.net.encoder.Out()
	q, cache := t.net.posterior, t.cacheOf(i)
	dh := t.encoder.OutputGrad()[i*outputs : (i+1)*outputs]
	for r := i * k; r < (i+1)*k; r++ {
		dz, e := t.decoder.InputGrad[r*l:(r+1)*l], t.noise[r*l:(r+1)*l]
		if t.analytic {
			q.path(dh, dz, cache, e)
			continue
		}
		p, z := t.drawWeights[r], t.decoder.Input[r*l:(r+1)*l]
		ratio := 0.0
		if p.path > 0 {
			ratio = p.path * (float64(t.size) / t.weightOf(i)) / p.decoder
		}
		prior := T(p.path * t.beta)
		if t.prior != nil {
			for j, slope := range t.prior.slopes[r*l : (r+1)*l] {
				dz[j] = dz[j]*T(ratio) - prior*slope
			}
		} else {
			for j := range dz {
				dz[j] = dz[j]*T(ratio) + prior*z[j]
			}
		}
		q.pathScore(dz, cache, e, -prior)
		q.path(dh, dz, cache, e)
		q.score(dh, cache, e, T(p.score))
	}
}

// standardLogProb returns ln N(z; 0, I).
func standardLogProb[T kernel.Float](z []T) float64 {
	sum := float64(len(z)) * log2Pi
	for _, v := range z {
		sum += float64(v) * float64(v)
	}
	return -0.5 * sum
}
