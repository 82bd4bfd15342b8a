package compare

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval"
	"likely/eval/explain"
)

// testRows is the largest number of rows that are compared with as many drawn from
// the model, and permutations the number that the comparison is made under.
const testRows, permutations = 500, 199

// splitRows bounds the rows over which the rate is divided, at a cost that grows with
// their square.
const splitRows = 300

// twoSample tests whether rows drawn from a model can be told from the first rows
// of a part.
func (j *Job) twoSample(ctx context.Context, e *evaluation, m density.Model, part *Part) error {
	part = part.Head(testRows)
	n := part.Rows()
	if n < 2 {
		return nil
	}
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(j.Settings.Seed, "comparison.two samples "+e.name))
	var err error
	if e.twoSample, err = eval.EnergyTest(ctx, part.Model, x, permutations, j.Settings.Seed); err != nil {
		return fmt.Errorf("rows of the model against the data: %w", err)
	}
	e.twoSampleRows = n
	return nil
}

// explanation returns how much work to spend, and whom to tell of it.
func (j *Job) explanation(model string) explain.Settings {
	return explain.Settings{Samples: j.Settings.EvalSamples, Seed: j.Settings.Seed, Progress: func(what string, done, total int) {
		j.step(model+": "+what, done, total, "")
	}}
}

// explainKnown shows what the estimators make of a model whose posterior is known.
func (j *Job) explainKnown(ctx context.Context, e *evaluation, m density.ExactPosterior, d *Data) error {
	_, part, logp := e.reported(d)
	part = part.Head(j.Settings.EvalRows).Head(j.Settings.GapRows)
	var err error
	e.known, err = explain.Known(ctx, m, part.Model, firstRows(logp, part.Rows(), d), j.explanation(e.name))
	return err
}

// explain says why the bound of a model is below log p, on the first rows of the part
// that is reported, and what the encoder has overfitted beside as many training rows.
func (j *Job) explain(ctx context.Context, e *evaluation, m explain.Subject, d *Data) error {
	on, part, logp := e.reported(d)
	part = part.Head(j.Settings.EvalRows).Head(j.Settings.GapRows)
	n := part.Rows()
	rows := explain.Data{X: part.Model, LogProb: firstRows(logp, n, d), Rate: d.Train.Head(splitRows).Model}
	if on == "test" {
		train := d.Train.Head(j.Settings.EvalRows).Head(j.Settings.GapRows)
		rows.Train, rows.TrainLogProb = train.Model, firstRows(e.train.logProb, train.Rows(), d)
		rows.Rate = d.Test.Head(splitRows).Model
	}
	for i := range n {
		e.places = append(e.places, part.Where(i, -1))
	}
	var err error
	if e.explanation, err = explain.Run(ctx, m, rows, j.explanation(e.name)); err != nil {
		return err
	}
	for _, text := range e.explanation.Warnings {
		e.warnf("%s", text)
	}
	return nil
}

// firstRows returns the first n rows of a result in nats of the data, in model space.
func firstRows(r *eval.Result, n int, d *Data) *eval.Result {
	jacobian := d.Preparation.Transform.LogJacobian()
	out := &eval.Result{
		LogProb: shifted(r.LogProb[:n], -jacobian), Samples: r.Samples, Kind: r.Kind, Measure: r.Measure,
		Spent: r.Spent / int64(len(r.LogProb)) * int64(n),
	}
	if r.StdErr != nil {
		out.StdErr = r.StdErr[:n]
	}
	if r.KHat != nil {
		out.KHat, out.ESS = r.KHat[:n], r.ESS[:n]
	}
	if r.Smoothed != nil {
		out.Smoothed = shifted(r.Smoothed[:n], -jacobian)
	}
	return out
}
