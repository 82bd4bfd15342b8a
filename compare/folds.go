package compare

import (
	"context"
	"fmt"
	"math"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/results"
)

// Folds: the whole procedure, choices included, is made once for each part of the rows
// without that part, which then judges it. Every row so has a log p from models that never
// saw it, and models are compared on all rows. The models that are saved and drawn are
// fitted to all of them.

// leastFolded is the number of rows below which rows are not held out in turn by
// themselves.
const leastFolded = 20

// foldsOf returns the parts of the rows that are held out in turn; nil: rows are held out
// once. tested says that there are test rows of their own.
func (c *Settings) foldsOf(rows *dataset.Dataset, tested bool) ([][]int, error) {
	n, k := rows.Rows(), int(c.Folds)
	switch {
	case c.Folds == OneSplit:
		return nil, nil
	case c.Folds == AutoFolds:
		if tested || c.Holdout == 0 || c.Stream > 0 || c.Novelty || c.EvalRows > 0 || n >= foldedRows || n < leastFolded {
			return nil, nil
		}
		k = defaultFolds
	case tested:
		return nil, usagef("{Folds=%d} with test rows of their own: hold out these, or parts of the rows in turn; leave one of them out", k)
	case c.Stream > 0 || c.Novelty || c.EvalRows > 0:
		return nil, usagef("{Folds=%d} with {Stream}, {Novelty} or {EvalRows}: these hold rows out once; leave one of them out", k)
	}
	if groups := len(dataset.Grouped(rows.Groups)); rows.Groups != nil && groups < k {
		if c.Folds != AutoFolds {
			return nil, usagef("{Folds=%d} for the %d groups of {Group=%s}, none of which is divided: give at most as many folds as groups", k, groups, c.Group)
		}
		k = max(groups, 2) // too few for any choice are an error
	}
	if n < k {
		return nil, usagef("{Folds=%d} for %d rows: give at most as many folds as rows, or none", k, n)
	}
	return dataset.Folds(n, k, rows.Groups, c.Seed), nil
}

// validShare returns the share of n rows that are validation rows: none where these were
// too few to choose by.
func validShare(n int, share float64) float64 {
	if float64(n)*share < fewValid {
		return 0
	}
	return share
}

// without returns the data with the rows of one fold as test rows.
func (d *Data) without(c *Settings, fold int) (*Data, error) {
	held := d.Folds[fold]
	rest := d.prepared.Take(dataset.Except(d.prepared.Rows(), held))
	if d.share > 0 {
		rest = rest.Take(partOf(rest, d.share, c.Seed))
	}
	out := *d
	out.Folds, out.Warnings = nil, nil
	if err := out.fitTo(c, rest, validShare(rest.Rows(), c.Valid)); err != nil {
		return nil, fmt.Errorf("without fold %d of %d: %w", fold+1, len(d.Folds), err)
	}
	out.Test = out.part(d.prepared.Take(held))
	return &out, nil
}

// crossed is what one kind came to on the rows of all folds.
type crossed struct {
	test  measured
	bound *bound
	folds []results.Fold
	// improving is that of the first fold that was, or "".
	improving string
}

// crossValidate adds what the rows that are held out in turn say of a kind.
func (j *Job) crossValidate(ctx context.Context, e *evaluation, fit *Fit, d *Data) error {
	c, err := j.cross(ctx, fit.Kind, d)
	if err != nil {
		return err
	}
	e.test, e.folds = c.test, c.folds
	if c.bound != nil && e.bound != nil {
		c.bound.active, c.bound.ratePerDim = e.bound.active, e.bound.ratePerDim
		e.bound = c.bound
	}
	if r := c.test.logProb; r != nil {
		e.warn(r, &Part{Dataset: d.prepared}, "left-out")
	}
	if fit.Search != nil && fit.Search.Improving == "" {
		fit.Search.Improving = c.improving
	}
	return nil
}

// cross makes the whole procedure for one kind without each fold in turn, and measures
// the rows that were left out.
func (j *Job) cross(ctx context.Context, k Kind, d *Data) (*crossed, error) {
	n := d.prepared.Rows()
	all := &eval.Result{LogProb: make([]float64, n)}
	out := &crossed{test: measured{rows: n, logProb: all, rmse: math.NaN()}}
	var squares float64
	for f, rows := range d.Folds {
		held, err := d.without(&j.Settings, f)
		if err != nil {
			return nil, err
		}
		job := *j
		job.fold = f + 1
		fit, err := job.fitOrResume(ctx, k, held)
		if err != nil {
			return nil, fmt.Errorf("without fold %d of %d: %w", f+1, len(d.Folds), err)
		}
		m, err := job.measure(ctx, fit, held.Test, "left-out")
		if err != nil {
			return nil, err
		}
		squares += m.rmse * m.rmse * float64(m.rows)
		one := results.Fold{Rows: m.rows}
		if fit.Search != nil {
			one.Chosen, one.Improving = fit.Search.Chosen, fit.Search.Improving
			if out.improving == "" {
				out.improving = fit.Search.Improving
			}
		}
		if m.logProb == nil {
			out.test.logProb = nil
		} else if out.test.logProb != nil {
			scatter(all, m.logProb, rows)
			one.Nats = results.Optional(m.logProb.Estimate().Value)
			if err := job.crossBound(ctx, out, fit, held, d); err != nil {
				return nil, err
			}
		}
		out.folds = append(out.folds, one)
	}
	out.test.rmse = math.Sqrt(squares / float64(n))
	all.Weights, all.Groups = d.prepared.Weights, d.prepared.Groups
	return out, nil
}

// scatter puts the result of some rows in their places.
func scatter(all, some *eval.Result, rows []int) {
	all.Kind, all.Measure, all.Samples = some.Kind, some.Measure, some.Samples
	all.Spent += some.Spent
	n := len(all.LogProb)
	place := func(to *[]float64, from []float64) {
		if from == nil {
			return
		}
		if *to == nil {
			*to = make([]float64, n)
		}
		for i, row := range rows {
			(*to)[row] = from[i]
		}
	}
	place(&all.LogProb, some.LogProb)
	place(&all.StdErr, some.StdErr)
	place(&all.ESS, some.ESS)
	place(&all.KHat, some.KHat)
	place(&all.Smoothed, some.Smoothed)
	place(&all.Debiased, some.Debiased)
	if some.Rungs != nil {
		if all.Rungs == nil {
			all.Rungs, all.Back, all.Costs = make([]elbo.Rung, n), make([]string, n), make([]int64, n)
		}
		for i, row := range rows {
			all.Rungs[row], all.Back[row], all.Costs[row] = some.Rungs[i], some.Back[i], some.Costs[i]
		}
	}
}

// crossBound adds the bound of the encoder on the rows of a fold, in the units of the
// models that are fitted to all rows.
func (j *Job) crossBound(ctx context.Context, out *crossed, fit *Fit, held, d *Data) error {
	kind, ok := fit.Kind.(encoded)
	if !ok || j.Settings.GapRows > 0 {
		return nil
	}
	subject, ok := kind.Subject(fit.Model.Fitted)
	if !ok {
		return nil
	}
	one := &evaluation{test: measured{logProb: &eval.Result{}}}
	if err := j.bound(ctx, one, subject, held); err != nil {
		return err
	}
	shift := held.Preparation.Transform.LogJacobian() - d.Preparation.Transform.LogJacobian()
	if out.bound == nil {
		out.bound = &bound{on: "test", elbo: &elbo.Bound{Samples: one.bound.elbo.Samples}, iwae: one.bound.iwae}
		out.bound.iwae.Value, out.bound.iwae.Rows = 0, 0
		out.bound.iwae.DataErr, out.bound.iwae.SampleErr = 0, 0
	}
	b, more := out.bound, one.bound
	b.elbo.PerRow = append(b.elbo.PerRow, shifted(more.elbo.PerRow, shift)...)
	b.elbo.StdErr = append(b.elbo.StdErr, more.elbo.StdErr...)
	b.elbo.Rate = append(b.elbo.Rate, more.elbo.Rate...)
	b.elbo.Distortion = append(b.elbo.Distortion, shifted(more.elbo.Distortion, -shift)...)
	b.iwae = pooled(b.iwae, more.iwae.Shift(shift))
	b.rows += more.rows
	return nil
}

// pooled returns the mean over the rows of two estimates. Its error over rows is that
// within the two.
func pooled(a, b density.Estimate) density.Estimate {
	n, m := float64(a.Rows), float64(b.Rows)
	out := b
	out.Rows = a.Rows + b.Rows
	out.Value = (n*a.Value + m*b.Value) / (n + m)
	out.DataErr = math.Hypot(n*a.DataErr, m*b.DataErr) / (n + m)
	out.SampleErr = math.Hypot(n*a.SampleErr, m*b.SampleErr) / (n + m)
	return out
}
