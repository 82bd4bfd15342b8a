package explain

import (
	"context"
	"errors"
	"fmt"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

const (
	calibrationSamples      = 500
	weightBins, weightRange = 24, 12.0
)

// calibrate asks whether the codes of rows drawn from the model rank uniformly
// among draws that stand for the posterior (Talts et al. 2018).
func (w *work) calibrate(ctx context.Context) error {
	w.out.CalibrationSamples = min(w.Samples, calibrationSamples)
	for _, one := range []struct {
		what    string
		q       density.Proposal
		samples int
		to      **eval.Calibration
	}{{"encoder", w.Subject.Encoder, 0, &w.out.Encoder}, {"weights", w.adaptive(), w.out.CalibrationSamples, &w.out.Weighted}} {
		c, err := eval.Calibrate(ctx, w.Model, one.q, eval.CalibrationSettings{Samples: one.samples, Seed: w.Seed, Progress: w.follow("calibration of the " + one.what)})
		if errors.Is(err, eval.ErrNoSimulation) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("calibration of the %s: %w", one.what, err)
		}
		*one.to = c
	}
	return nil
}

// Weights counts log weights in nats below the largest of their row, over all rows.
type Weights struct {
	eval.Histogram
	Rows, Draws int
}

// weigh counts the importance weights of the encoder's draws.
func (w *work) weigh(ctx context.Context) error {
	n, _ := w.X.Dims()
	each := make([]eval.Histogram, n)
	settings := elbo.Settings{Samples: w.Samples, Seed: w.Seed}
	err := elbo.EachRow(ctx, w.Model, w.Subject.Encoder, w.X, "comparison.weights", settings, func(row int, weights *elbo.Weights) {
		each[row] = eval.NewHistogram(weights.Log(nil), weightBins, weightRange)
	})
	if err != nil {
		return fmt.Errorf("importance weights: %w", err)
	}
	w.out.Weights = pool(each, settings.Samples)
	return nil
}

// pool adds the histograms of rows up; their bins are the same, below the largest
// weight of each.
func pool(each []eval.Histogram, draws int) *Weights {
	h := &Weights{Rows: len(each), Draws: draws}
	h.From, h.Width = each[0].From, each[0].Width
	h.Counts, h.Mass = make([]int, len(each[0].Counts)), make([]float64, len(each[0].Counts))
	for _, one := range each {
		h.Below += one.Below
		for b, v := range one.Counts {
			h.Counts[b] += v
			h.Mass[b] += one.Mass[b] / float64(len(each))
		}
	}
	return h
}
