package vae

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

// trainState holds everything a training step needs, allocated once.
type trainState[T kernel.Float] struct {
	settings  Settings
	net       *network[T]
	theta     []T
	grad      []T
	optimizer nn.Optimizer[T]
	workers   *nn.Workers
	logFloor  []T // of the log-variance, one for each scale

	x    []T // training rows, N×D
	rows int
	// rowWeight holds the weight of each row, 1 in the mean.
	rowWeight []float64
	order     []int
	seed      uint64
	// epochSeed and a row's place in the order give the row's random stream.
	epochSeed uint64
	shuffled  int // the epoch that order is of
	// analytic is whether the divergence is computed in closed form.
	analytic bool
	beta     float64 // weight of the divergence, in this epoch

	// One minibatch. A row r = i·Samples + k is the k-th draw for row i.
	first, size      int // the present minibatch, in the order
	encoder, decoder *nn.Tape[T]
	whole            *nn.Tape[T] // pseudo-inputs, then the encoder's rows
	prior            *learnedPrior[T]
	mixture          *mixtureWork[T] // nil for other objectives
	target           []T             // rows×D; the encoder's input unless that is corrupted
	// inputFactor and inputShift take the target to the encoder's input where the
	// two differ; see separateInputs.
	inputFactor, inputShift []T
	inputs                  *inputs
	noise                   []T // draws×L
	cache                   []T // see posterior
	logvar, weight          []T // one for each scale, where the log-variance is a vector
	gradLogvar              []T // draws×width of that vector
	loglik                  []float64
	kl, value               []float64    // rows; value is the objective
	drawWeights             []drawWeight // draws
	parts                   int
	scratch                 []rowScratch[T]
	gradient                *columnGradient[T]
	pieces                  []piece
	pieceNorm               []float64

	holds struct{ encoder, model bool } // see Trainer.Hold

	forwardBackward func(part int)
	priorForward    func(part int)
	priorBackward   func(part int)
	update, clip    func(part int)
	norm            float64 // of the last gradient
}

// piece is a part of the parameters that is updated in one go: a piece of one
// of the two networks, or the vector of log-variances.
type piece struct {
	net  int // 0 encoder, 1 decoder, 2 log-variance, 3 prior
	part nn.Piece
	span nn.Span // of the prior
}

// serialWork is the number of multiplications in a step below which waking a
// second goroutine costs more than it saves.
const serialWork = 1 << 17

// newTrainState prepares training on the rows of x, seen through t, and by the encoder
// through in. floor holds
// the smallest variance of each scale in the units of x, or is nil.
func newTrainState[T kernel.Float](net *network[T], s Settings, x *mat.Dense, floor []float64, in, t density.Transform, seed uint64) *trainState[T] {
	n, d := x.Dims()
	c := &net.config
	draws := s.Batch * s.Samples
	size := net.layout.Size()
	count := 0 // as many as there are
	if size*draws < serialWork {
		count = 1
	}
	tr := &trainState[T]{
		settings: s, net: net, seed: seed, rows: n, shuffled: -1,
		theta:     net.start(density.NewSource(seed, "vae start")),
		grad:      make([]T, size),
		optimizer: newOptimizer[T](&s, size),
		workers:   nn.NewWorkers(count),
		x:         make([]T, n*d),
		order:     make([]int, n),
		rowWeight: relativeWeights(s.Weights, n),

		whole:       net.encoder.NewTape(c.pseudoInputs()+s.Batch, false),
		decoder:     net.decoder.NewTape(draws, true),
		noise:       make([]T, draws*c.Latent),
		cache:       make([]T, s.Batch*net.posterior.cached(c.Latent)),
		loglik:      make([]float64, draws),
		kl:          make([]float64, s.Batch),
		value:       make([]float64, s.Batch),
		drawWeights: make([]drawWeight, draws),
		analytic:    s.Objective.closed() && !c.Prior.learned() || !net.posterior.random(),
		beta:        1,
		gradient:    newGradient[T](newObservation(c).transformed()),
	}
	tr.encoder = net.encoder.Tail(tr.whole, c.pseudoInputs())
	tr.target = tr.encoder.Input
	if s.Corruption > 0 {
		tr.target = make([]T, s.Batch*d)
	}
	for i := range n {
		tr.order[i] = i
		for j, v := range x.RawRowView(i) {
			tr.x[i*d+j] = T((v - t.Shift[j]) / t.Scale[j])
		}
	}
	tr.separateInputs(in, t)
	tr.startScale(floor, t)
	tr.startBias()
	tr.parts = tr.workers.Size()
	for range tr.parts {
		tr.scratch = append(tr.scratch, newRowScratch[T](net.scales(), s.Samples))
	}
	for i, network := range []*nn.MLP[T]{net.encoder, net.decoder} {
		for _, p := range network.Pieces() {
			tr.pieces = append(tr.pieces, piece{net: i, part: p})
		}
	}
	if net.scales() > 0 && c.Sigma.learned() {
		tr.pieces = append(tr.pieces, piece{net: 2})
	}
	tr.startPrior(draws)
	tr.startMixture()
	tr.pieceNorm = make([]float64, len(tr.pieces))
	tr.forwardBackward, tr.update, tr.clip = tr.forwardBackwardRows, tr.updatePiece, tr.clipPiece
	tr.priorForward, tr.priorBackward = tr.preparePrior, tr.backwardPrior
	return tr
}

// startScale sets the log-variance and its floor in the units of training,
// where the variance of a column is about 1.
func (t *trainState[T]) startScale(floor []float64, scale density.Transform) {
	c := &t.net.config
	if t.net.scales() == 0 {
		return
	}
	t.logFloor = make([]T, t.net.scales())
	t.net.eachScale(func(k, j int) {
		t.logFloor[k] = T(math.Inf(-1))
		if floor != nil {
			t.logFloor[k] = T(math.Log(floor[k]) - 2*math.Log(scale.Scale[j]))
		}
	})
	if t.net.network {
		return
	}
	t.logvar, t.weight = make([]T, t.net.scales()), make([]T, t.net.scales())
	if c.Sigma.learned() {
		t.gradLogvar = make([]T, len(t.loglik)*t.net.logvar.Len)
		return
	}
	if c.Sigma.source == fromConstant {
		nn.View(t.theta, t.net.logvar)[0] = T(2 * math.Log(c.Sigma.value/scale.Scale[0]))
	}
}

// startBias sets the bias of the decoder's location from the means of the
// training rows.
func (t *trainState[T]) startBias() {
	d, loc := t.net.config.Dim, t.net.loc
	means := make([]float64, t.net.locations())
	for j := range d {
		value := func(i int) float64 { return float64(t.x[i*d+j]) }
		if loc[j+1]-loc[j] > 1 {
			shares(means[loc[j]:loc[j+1]], t.rowWeight, value)
			continue
		}
		sum, total := 0.0, float64(t.rows)
		for i, w := range t.rowWeight {
			if v := value(i); v == v {
				sum += w * v
			} else {
				total -= w
			}
		}
		means[loc[j]] = sum / total
	}
	starts := make([]float64, len(means))
	newObservation(&t.net.config).bias(starts, means)
	copyTo(nn.View(t.theta, t.net.decoder.Layers[len(t.net.decoder.Layers)-1].Bias), starts)
}

// startPrior prepares the training of the prior, if it is learned. The
// pseudo-inputs of a VampPrior start as different training rows.
func (t *trainState[T]) startPrior(draws int) {
	c := &t.net.config
	if !c.Prior.learned() {
		return
	}
	t.prior = newLearnedPrior(t.net, t.theta, t.grad, t.whole, draws, t.parts)
	if t.prior.vamp {
		inputs, width := nn.View(t.theta, t.net.priorParts), t.net.encoder.In()
		chosen := rand.New(density.NewSource(t.seed, "vae pseudo-inputs")).Perm(t.rows)
		for k, row := range chosen[:c.Prior.components] {
			t.toInputs(inputs[k*width:(k+1)*width], t.x[row*c.Dim:(row+1)*c.Dim])
		}
	}
	const most = 6144 // elements that stay in the first-level cache
	for _, span := range []nn.Span{t.net.priorLogits, t.net.priorParts} {
		for from := 0; from < span.Len; from += most {
			t.pieces = append(t.pieces, piece{net: 3, span: nn.Span{From: span.From + from, Len: min(most, span.Len-from)}})
		}
	}
}

// close ends the goroutines of the trainer.
func (t *trainState[T]) close() { t.workers.Close() }

// shuffle orders the training rows for an epoch and seeds its random streams.
func (t *trainState[T]) shuffle(epoch int) {
	t.shuffled = epoch
	for i := range t.order {
		t.order[i] = i
	}
	random := rand.New(density.NewSource(t.seed, "vae order", uint64(epoch)))
	random.Shuffle(len(t.order), func(i, j int) { t.order[i], t.order[j] = t.order[j], t.order[i] })
	t.epochSeed = density.NewSource(t.seed, "vae noise", uint64(epoch)).Uint64()
}
