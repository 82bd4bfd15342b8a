package elbo

import (
	"context"
	"errors"
	"fmt"
	"runtime"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/budget"
	"likely/internal/spread"
)

// Errors of evaluating a bound. They are wrapped with the row or the setting.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrNotANumber reports a model or proposal whose log-density is NaN, or
	// +Inf, at a drawn code, or a proposal that gives its own draw density 0.
	ErrNotANumber = errors.New("log-density is not a number")
)

// Settings says how to evaluate a bound. The zero value works.
type Settings struct {
	// Samples is S, the number of codes drawn for each row; 0: 100.
	Samples int
	// Seed is what all draws are derived from.
	Seed uint64
	// Chunk is the largest number of codes that a core holds in memory at
	// once, rounded up to a multiple of 256; 0: 1024. It does not change
	// the result.
	Chunk int
	// KeepCodes makes Weights hold the codes of all S draws, S×L numbers for
	// each core, beside their weights.
	KeepCodes bool
	// Known, if not nil, is asked about each row first, by several cores at once:
	// where it says true there are no draws.
	Known func(row int) bool
	// Progress, if not nil, is told how many rows are done. Calls may be
	// concurrent.
	Progress func(done, total int)
}

const (
	defaultSamples = 100
	defaultChunk   = 1024

	// drawBlock is the number of codes drawn at once, whatever the chunk: a
	// proposal may use its random source in an order that depends on how
	// many draws it is asked for.
	drawBlock = 256
	// drawBytes is the memory that a draw takes until its row is done: the terms
	// of its weight, and what they are judged by.
	drawBytes = 64
)

func (s Settings) resolve() (Settings, error) {
	if s.Samples == 0 {
		s.Samples = defaultSamples
	}
	if s.Chunk == 0 {
		s.Chunk = defaultChunk
	}
	if s.Samples < 1 || s.Chunk < 1 {
		return s, fmt.Errorf("elbo: %d samples in chunks of %d: %w; want 1 or more of each, or 0 for the default", s.Samples, s.Chunk, ErrSettings)
	}
	if err := budget.Check(s.Samples, drawBytes*float64(runtime.GOMAXPROCS(0))); err != nil {
		return s, density.SettingErrorf(ErrSettings, "elbo: {Samples} is %d: {err}; %v", s.Samples, err)
	}
	s.Chunk = (min(s.Chunk, s.Samples) + drawBlock - 1) / drawBlock * drawBlock
	return s, nil
}

// Weights are the terms of the log importance weights of S draws for one row,
//
//	log w = log p(x|z) + log p(z) − log q(z|x)
//
// in nats.
type Weights struct {
	LogLik, LogPrior, LogProposal []float64 // length S
	// Codes holds the draws (S×L); nil unless Settings.KeepCodes.
	Codes *mat.Dense
	// Proposal is what was drawn from: q, or what it became for the row if it
	// is an Adapter.
	Proposal density.Proposal
	// Pilot is the number of evaluations of p(x|z) spent on adapting the
	// proposal to the row, beside the S of the draws.
	Pilot int
	// Rung says how the proposal was found, and Back why it was not a higher one;
	// see Adaptation.
	Rung Rung
	Back string

	frame    *frame // see Place
	variance []float64
}

// Log stores the log importance weights in dst (length S, or nil) and returns
// it.
func (w *Weights) Log(dst []float64) []float64 {
	dst = density.Resize(dst, len(w.LogLik))
	for i := range dst {
		dst[i] = w.LogLik[i] + w.LogPrior[i] - w.LogProposal[i]
	}
	return dst
}

// EachRow draws S codes from q for each row of x (N×D) and calls f with the
// row's number and the terms of its weights, which are reused afterwards. Rows
// are spread over all cores; f must write to what belongs to its row alone. The
// draws of row i come from the stream (seed, purpose, i), whatever the chunk. An
// error names the first row, from 1, at which the model or the proposal gives
// no number. The cost is N·S evaluations of p(x|z). Rows that are Known are left out.
func EachRow(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, purpose string, s Settings, f func(row int, w *Weights)) error {
	n, d := x.Dims()
	if d != m.Dim() || q.LatentDim() != m.LatentDim() {
		panic("elbo: model, proposal and data differ in dimension")
	}
	s, err := s.resolve()
	if err != nil {
		return err
	}
	err = spread.Each(ctx, n, s.Progress, func() func(i int) error {
		w := newSampler(m, q, s)
		return func(i int) error {
			if s.Known != nil && s.Known(i) {
				return nil
			}
			if err := w.draw(ctx, density.Rows(x, i, i+1), purpose, i); err != nil {
				return err
			}
			f(i, &w.weights)
			return nil
		}
	})
	if ctx.Err() != nil {
		return fmt.Errorf("elbo: %w", err)
	}
	return err
}
