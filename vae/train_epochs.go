package vae

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// run is a training from the first step to the last.
type run[T kernel.Float] struct {
	*trainState[T]
	report   *Report
	progress progress
	perEpoch int               // steps
	scale    density.Transform // t, under which p(x|z) is trained
	inputs   density.Transform // under which the encoder sees the rows
	floor    []float64         // smallest variance of each column of the data, or nil
	train    *mat.Dense

	// A term of the bound in the units of training, times factor, plus shift
	// is that term in the units of the data, in the mean over the training rows.
	// validShift is that shift for the validation rows.
	factor, shift, validShift float64

	model *coder // for validation; in the units of training
	valid *mat.Dense
	seen  *mat.Dense // what the encoder sees of the validation rows
	codes *mat.Dense // codes of the validation rows, refilled each time
	fixed *mat.Dense // their noise, fixed
	terms []float64
	kls   []float64
	// validWeight holds the weight of each validation row, 1 in the mean.
	validWeight []float64
	logq        []float64 // of the codes, where the divergence has no closed form
	every       int       // epochs between evaluations

	best []T
}

// progress is where a run stands; with the parameters, the optimiser and the
// report it is all that a checkpoint needs, since random streams are derived
// from the seed and these numbers.
type progress struct {
	Epoch, Step int // the next step; Epoch counts those that are complete
	Last        int // epoch of the best validation bound, from 0; −1: none
	BestValid   float64
	Line        Epoch // sums over the epoch under way
	Measured    int   // gradients in Line.GradNorm

	Descent, Descended int // epochs of the descent; see Descend
	Drops              int // see Plateau
	Done               bool
}

const (
	// validationDraws is about the number of codes drawn in all for one
	// evaluation of the validation bound.
	validationDraws = 2048
	// validationShare is the share of the work of training that evaluations
	// may come to; small tables are evaluated every few epochs only.
	validationShare = 0.3
)

func newRun[T kernel.Float](t *trainState[T], train, valid *mat.Dense, floor []float64, inputs, scale density.Transform) *run[T] {
	r := &run[T]{
		trainState: t, train: train, floor: floor, inputs: inputs, scale: scale,
		every: 1, best: slices.Clone(t.theta),
		perEpoch: (t.rows + t.settings.Batch - 1) / t.settings.Batch,
		progress: progress{Last: -1, BestValid: math.Inf(-1)},
		report:   &Report{Seed: t.seed, Rows: t.rows},
	}
	c := &t.net.config
	obs := newObservation(c)
	r.factor, r.shift = obs.units(scale)
	r.shift -= obs.absent(scale, train, t.settings.Weights)
	if valid == nil {
		return r
	}
	m, _ := valid.Dims()
	draws := 1
	if t.net.posterior.random() {
		draws = min(max(validationDraws/m, 1), 64)
	}
	_, r.validShift = obs.units(scale)
	r.validShift -= obs.absent(scale, valid, t.settings.ValidWeights)
	r.validWeight = relativeWeights(t.settings.ValidWeights, m)
	r.valid, r.seen = scale.Apply(nil, valid), inputs.Apply(nil, valid)
	r.codes = mat.NewDense(m*draws, c.Latent, nil)
	r.fixed = mat.NewDense(m*draws, c.Latent, nil)
	r.terms, r.kls = make([]float64, m*draws), make([]float64, m)
	if c.Prior.learned() {
		r.logq = make([]float64, m*draws)
	}
	r.fixValidationNoise()
	r.model = newCoder(t.net, t.theta)
	r.model.obs = r.model.obs.transformed()
	r.model.in = t.inputs
	training := 3 * t.rows * (t.settings.Samples + 1) // passes through a network
	r.every = max(int(float64(m*(draws+1))/(validationShare*float64(training))), 1)
	return r
}

func (r *run[T]) fixValidationNoise() {
	if r.valid != nil {
		fillNormals(r.fixed, density.NewSource(r.seed, "vae validation"))
	}
}

// next makes one step, and whatever is due before and after an epoch.
func (r *run[T]) next() error {
	s, p := &r.settings, &r.progress
	if p.Done {
		return nil
	}
	if p.Step == 0 && r.reschedule() {
		r.finish()
		return nil
	}
	r.prepare()
	from, to := p.Step*s.Batch, min((p.Step+1)*s.Batch, r.rows)
	p.Line.LearningRate = r.rate()
	if where := r.step(from, to, p.Line.LearningRate); where != "" {
		return r.diverged("vae: epoch %d, step %d: %s is not finite: {err}", p.Epoch+1, p.Step+1, where)
	}
	for i := range to - from {
		w := r.weightOf(i)
		p.Line.Rate += w * r.kl[i]
		p.Line.Train += w * r.value[i]
		for _, v := range r.loglik[i*s.Samples : (i+1)*s.Samples] {
			p.Line.Distortion -= w * v / float64(s.Samples)
		}
	}
	if r.measured() {
		p.Line.GradNorm += r.norm
		p.Measured++
	}
	if p.Step++; p.Step == r.perEpoch {
		return r.endEpoch()
	}
	return nil
}

// prepare orders the rows and sets the weight of the divergence for the epoch
// under way.
func (r *run[T]) prepare() {
	if epoch := r.progress.Epoch; epoch != r.shuffled {
		r.shuffle(epoch)
	}
	r.beta = r.settings.Beta
	if w := r.settings.Warmup; r.progress.Epoch < w {
		r.beta *= float64(r.progress.Epoch+1) / (float64(w) + 1)
	}
}

func (r *run[T]) endEpoch() error {
	p := &r.progress
	line := p.Line
	line.GradNorm /= float64(p.Measured)
	line.Rate /= float64(r.rows)
	line.Distortion = r.factor*line.Distortion/float64(r.rows) - r.shift
	line.Train = r.factor*line.Train/float64(r.rows) + r.shift
	if p.Descent > 0 {
		p.Descended++
	}
	line.Valid = math.NaN()
	last := p.Epoch+1 >= r.settings.Epochs || p.Descent > 0 && p.Descended == p.Descent
	fresh := r.valid != nil && (p.Epoch%r.every == 0 || last)
	switch {
	case fresh:
		var err error
		if line.Valid, err = r.validBound(); err != nil {
			return r.diverged("vae: epoch %d: %v: {err}", p.Epoch+1, err)
		}
	case r.valid != nil:
		line.Valid = r.report.History[p.Epoch-1].Valid
	}
	r.report.History = append(r.report.History, line)
	if r.valid == nil || fresh && line.Valid > p.BestValid {
		p.BestValid, p.Last = line.Valid, p.Epoch
		r.report.BestEpoch = p.Epoch + 1
		copy(r.best, r.theta)
	}
	p.Epoch, p.Step, p.Line = p.Epoch+1, 0, Epoch{}
	p.Measured = 0
	if f := r.settings.Progress; f != nil {
		f(p.Epoch, line.Train, line.Valid)
	}
	return nil
}

// finish completes the report.
func (r *run[T]) finish() {
	r.progress.Done = true
	r.report.Steps = *r.optimizer.Count()
	if !r.report.Converged {
		r.report.Converged = r.levelled()
	}
	if !r.report.Converged {
		r.report.warn("vae: the bound was still rising when training ended after %d epochs; more {Epochs} would help", len(r.report.History))
	}
}

// validBound returns the bound on the validation rows under the present
// weights, with the same noise each time.
func (r *run[T]) validBound() (float64, error) {
	r.model.engine.(*frozen[T]).refresh()
	loadScale(r.model, r.net, r.theta)
	m, _ := r.valid.Dims()
	rows, l := r.codes.Dims()
	draws := rows / m
	q := r.model.posterior
	r.model.each(m, func(w *workspace, from, to int) {
		out := r.model.encode(w, r.seen, from, to)
		cache, unused := make([]float64, q.cached(l)), make([]float64, r.model.outputs)
		for i := from; i < to; i++ {
			h := out[(i-from)*r.model.outputs : (i-from+1)*r.model.outputs]
			q.begin(h, cache)
			r.kls[i] = q.kl(unused, h, cache, 0, 0)
			for k := i * draws; k < (i+1)*draws; k++ {
				q.draw(r.codes.RawRowView(k), h, cache, r.fixed.RawRowView(k))
				if r.logq != nil {
					r.logq[k] = q.logProb(h, cache, r.fixed.RawRowView(k))
				}
			}
		}
	})
	r.model.logLik(r.terms, r.valid, r.codes)
	var total float64
	for k, v := range r.terms {
		total += r.validWeight[k/draws] * v / float64(draws)
	}
	if r.logq == nil {
		for i, v := range r.kls {
			total -= r.validWeight[i] * v
		}
		return r.factor*total/float64(m) + r.validShift, nil
	}
	prior, err := r.model.latentPrior()
	if err != nil {
		return 0, err
	}
	for k, v := range prior.LogProb(nil, r.codes) {
		total += r.validWeight[k/draws] * (v - r.logq[k]) / float64(draws)
	}
	return r.factor*total/float64(m) + r.validShift, nil
}

// levelled says whether the training bound had stopped rising: whether the
// last tenth of the epochs at a constant rate gained less over the tenth
// before than their noise.
func (r *run[T]) levelled() bool {
	steady := r.report.History[:len(r.report.History)-r.progress.Descent]
	tenth := len(steady) / 10
	if tenth < 2 {
		return false
	}
	a, spread := meanSpread(steady[len(steady)-2*tenth : len(steady)-tenth])
	b, _ := meanSpread(steady[len(steady)-tenth:])
	return b-a < 2*spread/math.Sqrt(float64(tenth))+1e-3
}

func meanSpread(lines []Epoch) (mean, sd float64) {
	for _, e := range lines {
		mean += e.Train / float64(len(lines))
	}
	for _, e := range lines {
		sd += (e.Train - mean) * (e.Train - mean) / float64(len(lines)-1)
	}
	return mean, math.Sqrt(sd)
}
