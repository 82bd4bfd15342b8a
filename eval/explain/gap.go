package explain

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/elbo"
	"likely/eval"
)

// Division is the gap of some rows, divided between the family of q(z|x) and the
// encoder (Cremer, Li & Duvenaud 2018), with all that it was computed from.
type Division struct {
	// Reference is log p of the rows, as well as it is known.
	Reference *eval.Result
	// Amortized is the bound of the encoder, Refined that with q(z|x) refined
	// for each row.
	Amortized, Refined *elbo.Bound
	Gap                *eval.Gap
	// Converged says on which rows the refinement converged, Spent how many
	// evaluations of p(x|z) it took.
	Converged []bool
	Spent     int64
	// best is q refined for each row.
	best *elbo.Normals
}

// RowsConverged returns the number of rows on which the refinement converged.
func (d *Division) RowsConverged() int {
	count := 0
	for _, ok := range d.Converged {
		if ok {
			count++
		}
	}
	return count
}

// divide refines q(z|x) on the rows and divides their gap.
func (w *work) divide(ctx context.Context) error {
	held, err := w.division(ctx, w.X, w.reference())
	if err != nil {
		return err
	}
	w.out.Held = held
	if n, ok := len(held.Converged), held.RowsConverged(); ok < n {
		w.warn("refining q(z|x) did not converge on %d of %d rows: the approximation gap is at most what is reported", n-ok, n)
	}
	return nil
}

func (w *work) division(ctx context.Context, x *mat.Dense, logp *eval.Result) (*Division, error) {
	refinement, err := elbo.Refine(ctx, w.Model, w.Subject.Encoder, x, elbo.RefineSettings{Family: w.Family, Seed: w.Seed, Progress: w.follow("refining q(z|x)")})
	if err != nil {
		return nil, fmt.Errorf("refining q(z|x): %w", err)
	}
	r := &Division{Reference: logp, best: refinement.Proposal, Converged: refinement.Converged, Spent: refinement.Spent}
	settings := elbo.Settings{Samples: refinedSamples, Seed: w.Seed}
	if r.Refined, err = elbo.ELBO(ctx, w.Model, refinement.Proposal, x, settings); err != nil {
		return nil, fmt.Errorf("ELBO of the refined q(z|x): %w", err)
	}
	if r.Amortized, err = elbo.ELBO(ctx, w.Model, w.Subject.Encoder, x, settings); err != nil {
		return nil, fmt.Errorf("ELBO: %w", err)
	}
	r.Gap, err = eval.NewGap(logp, r.Refined, r.Amortized)
	return r, err
}

// Overfitting is what held-out rows have more of than training rows.
type Overfitting struct {
	// ELBO is the difference of the bounds, which the model overfits too, and
	// Amortization that of the encoder's share of the gap.
	ELBO, Amortization eval.Difference
}

// overfitting divides the gap of the training rows too, and takes the difference
// of the encoder's share.
func (w *work) overfitting(ctx context.Context) error {
	if w.Data.Train == nil {
		return nil
	}
	train, err := w.division(ctx, w.Data.Train, w.TrainLogProb)
	if err != nil {
		return fmt.Errorf("training rows: %w", err)
	}
	_, _, a := w.out.Held.Gap.Estimates()
	_, _, b := train.Gap.Estimates()
	w.out.Train = train
	w.out.Overfitting = &Overfitting{
		ELBO:         eval.Overfitting(w.out.Held.Amortized.Estimate(), train.Amortized.Estimate()),
		Amortization: eval.Overfitting(a, b),
	}
	return nil
}
