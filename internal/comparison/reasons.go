package comparison

import (
	"context"
	"fmt"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

const (
	// refinedSamples is the number of draws per row in the bounds whose
	// differences are the parts of the gap.
	refinedSamples = 500
	// quadratureDims is the largest code that is integrated over here; three
	// dimensions cost too much for a default.
	quadratureDims = 2
	// quadratureTolerance is in nats, far below every other error.
	quadratureTolerance = 1e-4
)

// explain says why the bound is below log p(x): on the first rows of a part it
// refines the proposal of each, divides the gap between the family of q and the
// encoder, integrates over a small code, and brackets log p(x) of as many rows
// drawn from the model. The reference of the gap is the quadrature where it
// converged, else importance sampling.
func (j *Job) explain(ctx context.Context, e *evaluation, m *vae.Model, part *Part, reference *eval.Result, jacobian float64) error {
	part = part.head(j.Config.GapRows)
	n, seed, encoder := part.Rows(), j.Config.Seed, m.Encoder()
	stage := func(what string) func(done, total int) {
		return func(done, total int) { j.step(e.name+": "+what, done, total, "") }
	}
	logp := &eval.Result{LogProb: reference.LogProb[:n], Samples: reference.Samples}
	if reference.StdErr != nil {
		logp.StdErr = reference.StdErr[:n]
	}
	if m.LatentDim() <= quadratureDims {
		q, err := eval.Quadrate(ctx, m, part.Model, eval.QuadratureSettings{Tolerance: quadratureTolerance, Hints: encoder, Seed: seed, Progress: stage("quadrature over the code")})
		if err != nil {
			return fmt.Errorf("quadrature: %w", err)
		}
		value, worst := mean(q.LogProb)+jacobian, 0.0
		for _, v := range q.Error {
			worst = max(worst, v)
		}
		e.bounds.Quadrature, e.bounds.QuadratureError, e.bounds.QuadratureRows = finite(value), finite(worst), &n
		if q.Kind == density.ExactValue {
			logp = &eval.Result{LogProb: q.LogProb}
		} else {
			e.warnings = append(e.warnings, fmt.Sprintf("quadrature over the code did not reach %g nats on every row; the gap is measured from importance sampling instead", quadratureTolerance))
		}
	}
	refinement, err := elbo.Refine(ctx, m, encoder, part.Model, elbo.RefineSettings{Family: familyOf(m), Seed: seed, Progress: stage("refining q(z|x)")})
	if err != nil {
		return fmt.Errorf("refining q(z|x): %w", err)
	}
	settings := elbo.Settings{Samples: refinedSamples, Seed: seed}
	refined, err := elbo.ELBO(ctx, m, refinement.Proposal, part.Model, settings)
	if err != nil {
		return fmt.Errorf("ELBO of the refined q(z|x): %w", err)
	}
	amortized, err := elbo.ELBO(ctx, m, encoder, part.Model, settings)
	if err != nil {
		return fmt.Errorf("ELBO: %w", err)
	}
	gap, err := eval.NewGap(logp, refined, amortized)
	if err != nil {
		return err
	}
	best := refined.Estimate().Shift(jacobian)
	e.bounds.ELBORefined, e.bounds.ELBORefinedSEData, e.bounds.ELBORefinedSESamples, e.bounds.ELBORefinedRows = finite(best.Value), finite(best.DataErr), finite(best.SampleErr), &n
	total, approximation, amortization := gap.Estimates()
	converged := 0
	for _, ok := range refinement.Converged {
		if ok {
			converged++
		}
	}
	e.gap = &GapResult{
		Total: finite(total.Value), SE: finite(total.SampleErr), Rows: n,
		Approximation: finite(approximation.Value), ApproximationSE: finite(approximation.SampleErr),
		Amortization: finite(amortization.Value), AmortizationSE: finite(amortization.SampleErr),
		RowsConverged: &converged,
	}
	if converged < n {
		e.warnings = append(e.warnings, fmt.Sprintf("refining q(z|x) did not converge on %d of %d rows: the approximation gap is at most what is reported", n-converged, n))
	}
	sandwich, err := eval.ImportanceSandwich(ctx, m, encoder, n, eval.Settings{Samples: j.Config.EvalSamples, Seed: seed, Progress: stage("bounds on simulated rows")})
	if err != nil {
		return err
	}
	lower, upper := sandwich.Estimates()
	lower, upper = lower.Shift(jacobian), upper.Shift(jacobian)
	e.sandwich = &SandwichResult{On: "simulated", Rows: n, Samples: sandwich.Samples,
		Lower: finite(lower.Value), LowerSE: finite(lower.DataErr), Upper: finite(upper.Value), UpperSE: finite(upper.DataErr)}
	return nil
}

// familyOf returns the family of the encoder's normals, within which the best
// proposal is sought.
func familyOf(m *vae.Model) elbo.Family {
	if m.Config().FullPosterior {
		return elbo.Full
	}
	return elbo.Diagonal
}
