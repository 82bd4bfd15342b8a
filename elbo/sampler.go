package elbo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/pareto"
)

// sampler draws the weights of one row at a time.
type sampler struct {
	m       density.Latent
	q       density.Proposal
	s       Settings
	z       *mat.Dense // of the first kept draws, and of a chunk
	kept    int
	other   Weights // of draws that are made again
	weights Weights
}

const (
	// keptCodes is the largest number of draws that a ladder learns from once more.
	keptCodes = 8192
	// FewestJudged is the number of draws below which their k̂ does not show that the
	// ladder misjudged its proposal: such rows are neither drawn again nor annealed.
	FewestJudged = 1000
)

func newSampler(m density.Latent, q density.Proposal, s Settings) *sampler {
	w := &sampler{m: m, q: q, s: s, weights: newWeights(s.Samples)}
	if s.KeepCodes {
		w.weights.Codes = mat.NewDense(s.Samples, m.LatentDim(), nil)
		return w
	}
	if _, climbs := q.(*ladder); climbs && s.Samples >= FewestJudged { // whole chunks
		w.kept = min((min(keptCodes, s.Samples)+s.Chunk-1)/s.Chunk*s.Chunk, s.Samples)
	}
	w.z = mat.NewDense(w.kept+min(s.Chunk, s.Samples-w.kept), m.LatentDim(), nil)
	return w
}

func newWeights(samples int) Weights {
	return Weights{LogLik: make([]float64, samples), LogPrior: make([]float64, samples), LogProposal: make([]float64, samples)}
}

// draw fills the weights of row i, whose data are x (1×D).
func (w *sampler) draw(ctx context.Context, x *mat.Dense, purpose string, i int) error {
	fitted := Adaptation{Proposal: w.q}
	if a, ok := w.q.(Adapter); ok {
		fitted = a.Adapt(x, density.NewSource(w.s.Seed, purpose+".adapt", uint64(i)))
	}
	if err := w.sample(ctx, fitted, x, density.NewSource(w.s.Seed, purpose, uint64(i)), i); err != nil {
		return err
	}
	if a, ok := w.q.(*ladder); ok && w.s.Samples >= FewestJudged {
		return w.improve(ctx, a, fitted, x, purpose, i)
	}
	return nil
}

// improve makes the draws of row i again where their k̂ shows that the ladder misjudged
// its proposal: they become the pilot of another one, and none of them is in the
// result, unless that one is no better.
func (w *sampler) improve(ctx context.Context, a *ladder, fitted Adaptation, x *mat.Dense, purpose string, i int) error {
	before := pilot{logs: w.weights.Log(nil)}
	if before.khat = pareto.Fit(before.logs).KHat; before.khat <= pareto.Threshold(w.s.Samples) {
		return nil
	}
	z, learned := w.z, min(w.s.Samples, keptCodes) // whatever the chunk
	if w.s.KeepCodes {
		z = w.weights.Codes
	}
	better, ok := a.improve(fitted, density.Rows(z, 0, learned), before.logs[:learned], before.khat)
	if !ok {
		return nil
	}
	better.Spent = fitted.Spent + w.s.Samples
	if w.other.LogLik == nil {
		w.other = newWeights(w.s.Samples)
		if w.s.KeepCodes {
			w.other.Codes = mat.NewDense(w.s.Samples, w.m.LatentDim(), nil)
		}
	}
	w.weights, w.other = w.other, w.weights
	if err := w.sample(ctx, better, x, density.NewSource(w.s.Seed, purpose+".again", uint64(i)), i); err != nil {
		return err
	}
	after := pilot{logs: w.weights.Log(nil)}
	if after.khat = pareto.Fit(after.logs).KHat; !after.better(&before) {
		w.weights, w.other = w.other, w.weights
		w.weights.Pilot = better.Spent
		w.weights.Back = fmt.Sprintf("moments of all draws gave a k̂ of %.2f, after %.2f", after.khat, before.khat)
	}
	return nil
}

// sample draws the codes of row i from an adapted proposal and fills the weights.
func (w *sampler) sample(ctx context.Context, fitted Adaptation, x *mat.Dense, src rand.Source, i int) error {
	q := fitted.Proposal
	w.weights.Proposal, w.weights.Pilot, w.weights.Rung, w.weights.Back = q, fitted.Spent, fitted.Rung, fitted.Back
	w.weights.frame, w.weights.variance = fitted.frame, fitted.variance
	for from := 0; from < w.s.Samples; from += w.s.Chunk {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+w.s.Chunk, w.s.Samples)
		z := w.codes(from, to)
		for i := 0; i < to-from; i += drawBlock {
			q.Rand(density.Rows(z, i, min(i+drawBlock, to-from)), x, src)
		}
		q.LogProb(w.weights.LogProposal[from:to], z, x)
		w.m.LogPrior(w.weights.LogPrior[from:to], z)
		w.m.LogLik(w.weights.LogLik[from:to], x, z)
	}
	return w.check(i)
}

// codes returns the place of draws [from, to).
func (w *sampler) codes(from, to int) *mat.Dense {
	if w.s.KeepCodes {
		return density.Rows(w.weights.Codes, from, to)
	}
	if from < w.kept {
		return density.Rows(w.z, from, to)
	}
	return density.Rows(w.z, w.kept, w.kept+to-from)
}

// check returns an error that names the first term that is no number.
func (w *sampler) check(i int) error {
	for k := range w.s.Samples {
		for _, term := range []struct {
			name  string
			value float64
		}{{"log p(x|z)", w.weights.LogLik[k]}, {"log p(z)", w.weights.LogPrior[k]}, {"log q(z|x)", w.weights.LogProposal[k]}} {
			if math.IsNaN(term.value) || math.IsInf(term.value, 1) {
				return fmt.Errorf("elbo: %s is %v at draw %d for row %d: %w; check the row, or train the model with a smaller rate", term.name, term.value, k+1, i+1, ErrNotANumber)
			}
		}
		// Such a draw would have an infinite weight, and does not exist.
		if math.IsInf(w.weights.LogProposal[k], -1) {
			return fmt.Errorf("elbo: log q(z|x) is -Inf at draw %d for row %d, which came from q itself: %w; make Rand and LogProb of the proposal agree", k+1, i+1, ErrNotANumber)
		}
	}
	return nil
}
