package compare

import (
	"bytes"
	"context"
	"encoding/gob"
	"fmt"
	"io"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/internal/spread"
	"likely/saved"
)

// networkFit is a training for each division.
type networkFit struct {
	p         *networkProblem
	size      networkSize
	trainings []trainer
	floored   bool
}

// Continue trains up to so many epochs.
func (f *networkFit) Continue(ctx context.Context, passes float64) error {
	return spread.Each(ctx, len(f.trainings), nil, func() func(i int) error {
		return func(i int) error {
			for t := f.trainings[i]; !t.Done() && float64(t.Epochs()) < passes; {
				if _, err := t.Epoch(ctx); err != nil {
					return err
				}
			}
			return nil
		}
	})
}

// Progress returns the mean number of epochs.
func (f *networkFit) Progress() (float64, bool) {
	epochs, done := 0, true
	for _, t := range f.trainings {
		epochs += t.Epochs()
		done = done && t.Done()
	}
	return float64(epochs) / float64(len(f.trainings)), done
}

// choiceDraws is the number of draws in the bound by which networks are compared.
const choiceDraws = 64

// Score returns the bound of several samples on log p of the rows left out.
func (f *networkFit) Score(ctx context.Context) ([]float64, error) {
	f.floored = false
	var scores []float64
	for i, one := range f.p.divisions {
		fitted, report, err := f.p.density(ctx, f.trainings[i], one.train, one.held)
		if err != nil {
			return nil, err
		}
		logs, err := f.p.bound(ctx, fitted, one.held)
		if err != nil {
			return nil, err
		}
		f.floored = f.floored || report.FloorActive
		scores = append(scores, logs...)
	}
	return scores, nil
}

// bound returns the logarithm of the mean weight of draws from the encoder, for each row.
func (p *networkProblem) bound(ctx context.Context, fitted saved.Fitted, held *Part) ([]float64, error) {
	can, ok := fitted.(evaluable)
	if !ok {
		return nil, fmt.Errorf("%s: %w", p.name, ErrNoDensity)
	}
	m, q, err := can.Evaluable()
	if err != nil {
		return nil, err
	}
	if latent, ok := m.(density.Latent); ok && q != nil {
		q = elbo.Defensive([]float64{0.9, 0.1}, q, density.PriorProposal(latent))
	}
	if o, ok := m.(observable); ok && q == nil && p.j.Settings.Missing {
		m = o.Observed()
	}
	r, err := eval.LogProb(ctx, m, q, held.Model, eval.Settings{Samples: choiceDraws, Seed: p.j.Settings.Seed, Measure: p.d.Preparation.Measure})
	if err != nil {
		return nil, err
	}
	return r.LogProb, nil
}

// Sound is false where the floor holds up σ.
func (f *networkFit) Sound() bool { return !f.floored }

// Write writes the states of the trainings.
func (f *networkFit) Write(w io.Writer) error {
	var states [][]byte
	for _, t := range f.trainings {
		var b bytes.Buffer
		if err := t.WriteCheckpoint(&b); err != nil {
			return err
		}
		states = append(states, b.Bytes())
	}
	return gob.NewEncoder(w).Encode(states)
}

// Read goes on from them.
func (f *networkFit) Read(r io.Reader) error {
	var states [][]byte
	if err := gob.NewDecoder(r).Decode(&states); err != nil {
		return err
	}
	if len(states) != len(f.trainings) {
		return fmt.Errorf("%d trainings were kept of %d", len(states), len(f.trainings))
	}
	for i, t := range f.trainings {
		if err := t.Resume(bytes.NewReader(states[i])); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the trainings.
func (f *networkFit) Close() {
	for _, t := range f.trainings {
		t.Close()
	}
}
