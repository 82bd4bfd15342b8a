package main

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/made"
	"likely/vae"
)

// parts are the rows of one unit of a table.
type parts struct {
	train, valid, test *mat.Dense
	// whole are the rows that the model to be tested is fitted to, once what there is to
	// choose has been chosen on valid: train, or train and valid.
	whole *mat.Dense
}

// contender is a model of a table. fit returns a fitted model, the proposal where its
// log p must be estimated, and what was chosen.
type contender struct {
	name string
	fit  func(ctx context.Context, p parts, o options) (density.Model, density.Proposal, string, error)
}

func names(models []contender) []string {
	out := make([]string, len(models))
	for i, m := range models {
		out[i] = m.name
	}
	return out
}

// compute fits a model and evaluates the test rows.
func compute(ctx context.Context, c contender, p parts, o options) (result, error) {
	m, q, choice, err := c.fit(ctx, p, o)
	if err != nil {
		return result{}, err
	}
	r, err := eval.LogProb(ctx, m, q, p.test, eval.Settings{Samples: o.samples, Seed: o.seed})
	if err != nil {
		return result{}, err
	}
	e := r.Estimate()
	out := result{LogProb: r.LogProb, Kind: e.Kind, Samples: e.Samples, Choice: choice}
	if e.Kind != density.ExactValue {
		out.StdErr, out.Doubt = r.StdErr, len(r.Untrusted())
	}
	return out, nil
}

// choose returns the candidate, from 0, at which score is largest. A candidate that
// cannot be fitted is passed over, unless none can.
func choose(n int, score func(i int) (float64, error)) (int, error) {
	best, at := math.Inf(-1), -1
	var first error
	for i := range n {
		v, err := score(i)
		if err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		if v > best {
			best, at = v, i
		}
	}
	if at < 0 {
		return 0, first
	}
	return at, nil
}

// meanLogProb is the score of a model on some rows.
func meanLogProb(m density.Exact, x *mat.Dense) float64 {
	return density.MeanEstimate(m.LogProb(nil, x), nil, density.ExactValue, 0).Value
}

// fitVAE fits networks with codes of several widths and keeps the one with the highest
// bound on the validation rows, which also stop the training.
func fitVAE(ctx context.Context, p parts, o options, likelihood vae.Likelihood, widths []int) (density.Model, density.Proposal, string, error) {
	models := make([]*vae.Model, len(widths))
	best, err := choose(len(widths), func(i int) (float64, error) {
		s := vae.Settings{Latent: widths[i], Likelihood: likelihood}
		n, _ := p.train.Dims()
		s.Epochs = max(int(o.effort*float64(s.DefaultEpochs(n))), 1)
		m, _, err := vae.Fit(ctx, p.train, p.valid, s, density.NewSource(o.seed, "tables.vae", uint64(i)))
		if err != nil {
			return 0, err
		}
		models[i] = m
		bound, err := elbo.ELBO(ctx, m, m.Encoder(), p.valid, elbo.Settings{Samples: 50, Seed: o.seed})
		if err != nil {
			return 0, err
		}
		return bound.Estimate().Value, nil
	})
	if err != nil {
		return nil, nil, "", err
	}
	m := models[best]
	return m, elbo.Adaptive(m, m.Encoder()), fmt.Sprintf("codes of %d dimensions", widths[best]), ctx.Err()
}

// fitMADE fits autoregressive networks with several numbers of normals, or several
// strengths of weight decay, and keeps those under which the validation rows, which
// also stop the training, are most likely.
func fitMADE(ctx context.Context, p parts, o options, settings []made.Settings, label func(s made.Settings) string) (density.Model, density.Proposal, string, error) {
	models := make([]*made.Model, len(settings))
	best, err := choose(len(settings), func(i int) (float64, error) {
		s := settings[i]
		n, _ := p.train.Dims()
		s.Epochs = max(int(o.effort*float64(s.DefaultEpochs(n))), 1)
		m, _, err := made.Fit(ctx, p.train, p.valid, s, density.NewSource(o.seed, "tables.made", uint64(i)))
		if err != nil {
			return 0, err
		}
		models[i] = m
		return meanLogProb(m, p.valid), nil
	})
	if err != nil {
		return nil, nil, "", err
	}
	return models[best], nil, label(settings[best]), ctx.Err()
}
