package vae

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// run is a whole training: epochs at a constant learning rate until the bound
// stops rising (with validation rows) or three quarters of the epochs are
// over, then a linear descent of the rate to zero, begun from the best weights
// so far. The descent averages out the noise of the minibatches, which a
// constant rate leaves in the weights.
type run[T kernel.Float] struct {
	*trainer[T]
	report *Report
	// A term of the bound in the units of training, times factor, plus shift
	// is that term in the units of the data.
	factor, shift float64

	model *coder // for validation; in the units of training
	valid *mat.Dense
	codes *mat.Dense // codes of the validation rows, refilled each epoch
	fixed *mat.Dense // their noise, fixed
	terms []float64
	every int // epochs between evaluations

	best      []T
	bestValid float64
	descent   int // epochs of the descent, 0 before it began
	descended int
}

const (
	// validationDraws is about the number of codes drawn in all for one
	// evaluation of the validation bound.
	validationDraws = 2048
	// validationShare is the share of the work of training that evaluations
	// may come to; small tables are evaluated every few epochs only.
	validationShare = 0.3
)

func newRun[T kernel.Float](t *trainer[T], valid *mat.Dense, scale density.Transform) *run[T] {
	r := &run[T]{
		trainer: t, factor: 1, shift: scale.LogJacobian(), best: slices.Clone(t.theta), bestValid: math.Inf(-1),
		report: &Report{Seed: t.seed, Rows: t.rows},
	}
	c := &t.net.config
	if c.Family == familyAE && c.Likelihood == Gaussian {
		r.factor, r.shift = scale.Scale[0]*scale.Scale[0], 0 // of a squared error
	}
	if valid == nil {
		return r
	}
	m, _ := valid.Dims()
	draws := 1
	if c.Family == familyVAE {
		draws = min(max(validationDraws/m, 1), 64)
	}
	r.valid = scale.Apply(nil, valid)
	r.codes = mat.NewDense(m*draws, c.Latent, nil)
	r.fixed = mat.NewDense(m*draws, c.Latent, nil)
	r.terms = make([]float64, m*draws)
	fillNormals(r.fixed, density.NewSource(t.seed, "vae validation"))
	r.model = newCoder(t.net, t.theta)
	training := 3 * t.rows * (t.settings.Samples + 1) // passes through a network
	r.every = max(int(float64(m*(draws+1))/(validationShare*float64(training))), 1)
	return r
}

// train runs all epochs and leaves the best weights in theta.
func (r *run[T]) train(ctx context.Context) error {
	s := &r.settings
	steady := s.Epochs - s.Epochs/4
	last := -1 // epoch of the best bound
	for epoch := 0; ; epoch++ {
		if r.descent == 0 && (epoch >= steady || r.valid != nil && epoch-last > max(s.Patience, 3*r.every)) {
			r.report.Converged = epoch < steady
			r.descent = max(min(s.Epochs/4, max(epoch/4, minPatience)), 1)
			if r.valid != nil && epoch > 0 {
				copy(r.theta, r.best)
			}
		}
		if r.descent > 0 && r.descended == r.descent {
			break
		}
		line, err := r.epoch(ctx, epoch)
		if err != nil {
			return err
		}
		if r.descent > 0 {
			r.descended++
		}
		line.Valid = math.NaN()
		fresh := r.valid != nil && (epoch%r.every == 0 || r.descent > 0 && r.descended == r.descent)
		if fresh {
			line.Valid = r.validBound()
		} else if r.valid != nil {
			line.Valid = r.report.History[epoch-1].Valid
		}
		r.report.History = append(r.report.History, line)
		if r.valid == nil || fresh && line.Valid > r.bestValid {
			r.bestValid, last = line.Valid, epoch
			r.report.BestEpoch = epoch + 1
			copy(r.best, r.theta)
		}
		if s.Progress != nil {
			s.Progress(epoch+1, line.Train, line.Valid)
		}
	}
	copy(r.theta, r.best)
	r.report.Steps = r.steps
	r.judge()
	return nil
}

// epoch passes once over the training rows.
func (r *run[T]) epoch(ctx context.Context, epoch int) (Epoch, error) {
	s := &r.settings
	r.shuffle(epoch)
	r.beta = s.Beta
	if epoch < s.Warmup {
		r.beta *= float64(epoch+1) / float64(s.Warmup+1)
	}
	steps := (r.rows + s.Batch - 1) / s.Batch
	var line Epoch
	for step := range steps {
		if err := ctx.Err(); err != nil {
			return line, fmt.Errorf("vae: stopped in epoch %d: %w", epoch+1, context.Cause(ctx))
		}
		line.LearningRate = s.Rate
		if r.descent > 0 {
			line.LearningRate *= 1 - (float64(r.descended)+float64(step)/float64(steps))/float64(r.descent)
		}
		from, to := step*s.Batch, min((step+1)*s.Batch, r.rows)
		if where := r.step(from, to, line.LearningRate); where != "" {
			return line, fmt.Errorf("vae: epoch %d, step %d: %s is not finite: %w; a smaller Settings.Rate (now %v) would help", epoch+1, step+1, where, ErrDiverged, s.Rate)
		}
		for i := range to - from {
			line.Rate += r.kl[i]
			line.Train += r.value[i]
		}
		for _, v := range r.loglik[:(to-from)*s.Samples] {
			line.Distortion -= v / float64(s.Samples)
		}
		line.GradNorm += r.norm / float64(steps)
	}
	line.Rate /= float64(r.rows)
	line.Distortion = r.factor*line.Distortion/float64(r.rows) - r.shift
	line.Train = r.factor*line.Train/float64(r.rows) + r.shift
	return line, nil
}

// validBound returns the bound on the validation rows under the present
// weights, with the same noise each time.
func (r *run[T]) validBound() float64 {
	r.model.engine.(*frozen[T]).refresh()
	loadScale(r.model, r.net, r.theta)
	m, _ := r.valid.Dims()
	rows, l := r.codes.Dims()
	draws := rows / m
	kl := make([]float64, m)
	r.model.each(m, func(w *workspace, from, to int) {
		h := r.model.encode(w, r.valid, from, to)
		for i := from; i < to; i++ {
			row := h[(i-from)*r.model.outputs : (i-from+1)*r.model.outputs]
			if r.net.config.Family == familyAE {
				copy(r.codes.RawRowView(i), row)
				continue
			}
			kl[i] = klStandard(row[:l], row[l:])
			for k := i * draws; k < (i+1)*draws; k++ {
				z, e := r.codes.RawRowView(k), r.fixed.RawRowView(k)
				for j := range z {
					z[j] = row[j] + math.Exp(0.5*row[l+j])*e[j]
				}
			}
		}
	})
	r.model.logLik(r.terms, r.valid, r.codes)
	var sum float64
	for _, v := range r.terms {
		sum += v / float64(draws)
	}
	for _, v := range kl {
		sum -= v
	}
	return r.factor*sum/float64(m) + r.shift
}

// judge adds warnings to the report and, without validation rows, decides
// whether the bound had stopped rising: whether the last tenth of the steady
// epochs gained less than their noise over the tenth before.
func (r *run[T]) judge() {
	history := r.report.History
	if r.valid == nil {
		steady := history[:len(history)-r.descent]
		tenth := len(steady) / 10
		if tenth >= 2 {
			a, spread := meanSpread(steady[len(steady)-2*tenth : len(steady)-tenth])
			b, _ := meanSpread(steady[len(steady)-tenth:])
			r.report.Converged = b-a < 2*spread/math.Sqrt(float64(tenth))+1e-3
		}
	}
	if !r.report.Converged {
		r.report.warn("vae: the bound was still rising when the %d epochs ended; more Settings.Epochs would help", r.settings.Epochs)
	}
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
