package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval"
	"likely/eval/explain"
	"likely/results"
	"likely/vae"
)

const (
	// mixtureRows is the largest number of rows on which a model is set beside finite
	// mixtures.
	mixtureRows = 100
	// exactDim is the largest code that is integrated over for it.
	exactDim = 3
)

// mixtures is a model with a code beside finite mixtures of its outputs.
type mixtures struct {
	on          string
	rows        int
	exact       bool
	reference   float64            // mean log p of the rows
	draws, even *eval.MixtureCurve // even is nil for codes of too many dimensions
}

// even gives codes that are spread evenly over the prior.
type even interface {
	SobolCodes(s int, src rand.Source) (*mat.Dense, error)
}

// mixtures sets a model beside finite mixtures at draws from its prior and at evenly
// spread codes, up to Settings.Mixture of them. What they near is the integral over codes
// of up to three dimensions, else the estimate of log p.
func (j *Job) mixtures(ctx context.Context, e *evaluation, m explain.Subject, d *Data) error {
	most := j.Settings.Mixture
	if most == 0 {
		return nil
	}
	on, part, logp := e.reported(d)
	part = part.Head(j.Settings.EvalRows).Head(mixtureRows)
	out := &mixtures{on: on, rows: part.Rows()}
	reference := firstRows(logp, out.rows, d).LogProb
	if m.Model.LatentDim() <= exactDim {
		q, err := eval.Quadrate(ctx, m.Model, part.Model, eval.QuadratureSettings{Hints: m.Encoder, Seed: j.Settings.Seed})
		if err != nil {
			return fmt.Errorf("quadrature: %w", err)
		}
		if out.exact = q.Kind == density.Quadrature; out.exact {
			reference = q.LogProb
		}
	}
	out.reference = mean(reference)
	curve := func(what string, codes func(s int, src rand.Source) (*mat.Dense, error)) (*eval.MixtureCurve, error) {
		s := eval.Settings{Seed: j.Settings.Seed, Progress: func(done, total int) { j.step(e.name+": mixtures at "+what, done, total, "") }}
		return eval.Mixtures(ctx, m.Model, codes, part.Model, reference, most, "comparison.mixtures "+what+" "+e.name, s)
	}
	var err error
	if out.draws, err = curve("draws", func(s int, src rand.Source) (*mat.Dense, error) {
		z := mat.NewDense(s, m.Model.LatentDim(), nil)
		m.Model.RandPrior(z, src)
		return z, nil
	}); err != nil {
		return err
	}
	if spread, ok := m.Model.(even); ok {
		if out.even, err = curve("even codes", spread.SobolCodes); err != nil && !errors.Is(err, vae.ErrWideCode) {
			return err
		}
	}
	e.mixtures = out
	return nil
}

// describeMixtures adds them to the results, in nats of the data.
func describeMixtures(m *mixtures, jacobian float64) *results.Mixtures {
	if m == nil {
		return nil
	}
	curve := func(c *eval.MixtureCurve) *results.MixtureCurve {
		if c == nil {
			return nil
		}
		out := &results.MixtureCurve{Rate: results.Optional(c.Rate), Evaluations: c.Spent}
		for _, p := range c.Points {
			out.Points = append(out.Points, results.MixturePoint{
				Codes: p.Codes, Nats: results.Optional(p.Nats + jacobian), SE: results.Optional(p.SE), Distance: results.Optional(p.Distance),
			})
		}
		return out
	}
	return &results.Mixtures{
		On: m.on, Rows: m.rows, Sets: eval.MixtureSets, Exact: m.exact, Reference: results.Optional(m.reference + jacobian),
		Draws: curve(m.draws), Even: curve(m.even),
	}
}
