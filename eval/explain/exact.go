package explain

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// Known shows what the estimators make of a value that is known: with the exact
// posterior of a finite mixture the bound is log p, and with the weights of its
// components as a blind proposal log p is approached from below. x is N×D, in model
// space, and logp is log p of its rows.
func Known(ctx context.Context, m density.ExactPosterior, x *mat.Dense, logp *eval.Result, s Settings) ([]Estimator, error) {
	w := &work{Settings: s, out: &Explanation{}}
	w.add(logp.Estimate(), blank("exact", "closed form"))
	bound, err := elbo.ELBO(ctx, m, m.Posterior(), x, elbo.Settings{Samples: refinedSamples, Seed: s.Seed})
	if err != nil {
		return nil, fmt.Errorf("ELBO: %w", err)
	}
	e := blank("elbo", "ELBO")
	e.Evaluations = refinedSamples
	w.add(bound.Estimate(), e)
	several, err := severalSamples(ctx, m, density.PriorProposal(m), x, s, math.NaN())
	return append(w.out.Estimators, several...), err
}
