package compare

import (
	"context"
	"fmt"
	"math"
	"slices"

	"likely/dataset"
	"likely/density"
	"likely/eval"
)

// Repeats: the whole procedure is made again with other seeds of fits and other divisions
// of the rows into those that train and those that choose. What its numbers differ by
// is the error of training, which rows and draws say nothing of.

// again returns the settings and the data of a repetition, which is 0 for the first.
func (d *Data) again(c Settings, repeat int) (Settings, *Data, error) {
	c.Seed = density.NewSource(c.Seed, "comparison.repeat", uint64(repeat)).Uint64()
	out := *d
	out.Warnings = nil
	n := d.prepared.Rows()
	if d.Folds != nil {
		out.Folds = dataset.Folds(n, len(d.Folds), d.prepared.Groups, c.Seed)
		return c, &out, nil
	}
	rest := slices.Sorted(slices.Values(d.rest))
	share := 0.0
	if d.Valid != nil {
		share = c.Valid
	}
	if err := out.fitTo(&c, d.prepared.Take(rest), share); err != nil {
		return c, nil, err
	}
	if d.Test != nil {
		out.Test = out.part(d.Test.Dataset)
	}
	return c, &out, nil
}

// repeat makes the procedure of one kind again, and takes the mean of its numbers for
// rows that were held out. A repetition that fails is a warning, and the others count.
func (j *Job) repeat(ctx context.Context, e *evaluation, k Kind, d *Data) error {
	if e.test.logProb == nil {
		return nil
	}
	results := []*eval.Result{e.test.logProb}
	e.repeats = []float64{e.test.logProb.Estimate().Value}
	for r := 1; r < j.Settings.Repeats; r++ {
		got, err := j.once(ctx, k, d, r)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err == nil && got == nil:
			err = ErrNoDensity
			fallthrough
		case err != nil:
			e.warnf("repetition %d of %d failed and is left out: %s", r+1, j.Settings.Repeats, density.ErrorIn(err, j.spelling()))
			e.repeats = append(e.repeats, math.NaN())
			continue
		}
		results = append(results, got)
		e.repeats = append(e.repeats, got.Estimate().Value)
	}
	e.test.logProb = averaged(results)
	return nil
}

// once makes one repetition and returns log p of the rows that were held out.
func (j *Job) once(ctx context.Context, k Kind, d *Data, r int) (*eval.Result, error) {
	job := *j
	c, again, err := d.again(j.Settings, r)
	if err != nil {
		return nil, err
	}
	job.Settings, job.label = c, fmt.Sprintf("repetition %d: ", r+1)
	if d.Folds != nil {
		crossed, err := job.cross(ctx, k, again)
		if err != nil {
			return nil, err
		}
		return crossed.test.logProb, nil
	}
	fit, err := job.fitOrResume(ctx, k, again)
	if err != nil {
		return nil, err
	}
	m, err := job.measure(ctx, fit, again.Test.Head(c.EvalRows), "test")
	return m.logProb, err
}

// averaged returns the first of some results of the same rows, with the mean of their
// numbers in the place of its own.
func averaged(list []*eval.Result) *eval.Result {
	out := *list[0]
	n := float64(len(list))
	out.LogProb = make([]float64, len(list[0].LogProb))
	for _, r := range list {
		for i, v := range r.LogProb {
			out.LogProb[i] += v / n
		}
	}
	if out.StdErr != nil {
		out.StdErr = make([]float64, len(out.LogProb))
		for _, r := range list {
			for i := range out.StdErr {
				if r.StdErr != nil {
					out.StdErr[i] = math.Hypot(out.StdErr[i], r.StdErr[i]/n)
				}
			}
		}
	}
	out.Spent = 0
	for _, r := range list {
		out.Spent += r.Spent
	}
	return &out
}

// trainingError returns the standard error of the mean over repetitions of a value of
// each, NaN for fewer than two, and how many of them have a value.
func trainingError(values []float64) (se float64, fits int) {
	var kept []float64
	for _, v := range values {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			kept = append(kept, v)
		}
	}
	if len(kept) < 2 {
		return math.NaN(), len(kept)
	}
	return density.MeanEstimate(kept, nil, density.ExactValue, 0).DataErr, len(kept)
}

// trainingErrorOf returns that of the difference of two models.
func trainingErrorOf(a, b *evaluation) (se float64, fits int) {
	if a.repeats == nil || b.repeats == nil {
		return math.NaN(), 0
	}
	diff := make([]float64, len(a.repeats))
	for i := range diff {
		diff[i] = a.repeats[i] - b.repeats[i]
	}
	return trainingError(diff)
}
