package compare

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/eval/explain"
	"likely/results"
	"likely/saved"
)

// boundSamples is the number of draws per row in the ELBO and its parts, and
// iwaeSamples that inside the logarithm of the K-sample bound, of which there are
// four groups a row.
const (
	boundSamples = 100
	iwaeSamples  = 50
)

// evaluation is what was measured of a fitted model, in model space but for log p.
type evaluation struct {
	name               string
	train, valid, test measured
	bound              *bound
	// scale is what the reported number owes to a scale that the data do not resolve.
	scale         *results.Scale
	twoSample     *eval.TwoSample
	twoSampleRows int
	// known are the estimators of a model whose posterior is known; explanation
	// is that of one with an encoder.
	// repeats are the means over held-out rows of each repetition, NaN where one failed.
	repeats []float64
	// learned is the learning curve, from the fewest rows to all.
	learned []learned
	// folds says what became of each part of the rows that was held out in turn.
	folds       []results.Fold
	known       []explain.Estimator
	explanation *explain.Explanation
	mixtures    *mixtures
	// places name the rows that are explained.
	places   []string
	warnings []density.Warning
}

// estimatedRows is the most rows on which log p is estimated by draws, but for those that
// the table reports: there it is asked how much better training rows fare, not more.
const estimatedRows = 2000

// estimated reports whether log p of a model takes draws.
func estimated(m *saved.Model) bool {
	_, proposal, err := evaluableModel(m)
	return err == nil && proposal != nil
}

// measured is the quality of a model on one part of the data.
type measured struct {
	rows    int
	logProb *eval.Result // in nats of the data; nil without a density
	rmse    float64      // in units of the data; NaN without a reconstruction
}

// bound is what the encoder's bound is, on the rows that are reported.
type bound struct {
	on         string
	rows       int
	elbo       *elbo.Bound
	iwae       density.Estimate
	active     int
	ratePerDim []float64
}

// evaluate measures a fitted model on each part of the data.
func (j *Job) evaluate(ctx context.Context, fit *Fit, d *Data) (*evaluation, error) {
	e := &evaluation{name: fit.Model.Name}
	for _, p := range []struct {
		name string
		part *Part
		to   *measured
	}{{"test", d.Test, &e.test}, {"valid", d.Valid, &e.valid}, {"train", d.Train, &e.train}} {
		if p.part == nil {
			continue
		}
		rows := p.part.Head(j.Settings.EvalRows)
		if _, reported, _ := e.reported(d); p.part != reported && estimated(fit.Model) {
			rows = rows.thinned(estimatedRows)
		}
		var err error
		if *p.to, err = j.measure(ctx, fit, rows, p.name); err != nil {
			return nil, fmt.Errorf("%s rows: %w", p.name, err)
		}
		// One warning is enough: that of the rows the table reports.
		if r := p.to.logProb; r != nil && (p.part == d.Test || d.Test == nil && p.part == d.Train) {
			e.warn(r, p.part, p.name)
		}
	}
	if err := j.measureScale(ctx, e, fit, d); err != nil {
		return nil, err
	}
	explained := j.Settings.GapRows > 0 && j.Settings.rowsByRows() == ""
	if m, ok := fit.Model.Fitted.(density.Model); ok && explained && e.train.logProb != nil {
		_, part, _ := e.reported(d)
		if err := j.twoSample(ctx, e, m, part); err != nil {
			return nil, err
		}
	}
	if m, ok := fit.Model.Fitted.(density.ExactPosterior); ok && explained {
		return e, j.explainKnown(ctx, e, m, d)
	}
	kind, ok := fit.Kind.(encoded)
	if !ok {
		return e, nil
	}
	subject, ok := kind.Subject(fit.Model.Fitted)
	if !ok {
		return e, nil
	}
	if err := j.bound(ctx, e, subject, d); err != nil {
		return nil, err
	}
	e.bound.active, e.bound.ratePerDim = kind.Activity(fit.Model.Fitted, d.Train.Model, d.Train.Weights)
	if err := j.mixtures(ctx, e, subject, d); err != nil {
		return nil, err
	}
	if !explained {
		return e, nil
	}
	return e, j.explain(ctx, e, subject, d)
}

func (e *evaluation) warnf(format string, args ...any) {
	e.warnings = append(e.warnings, density.Warnf(format, args...))
}

// warn names the rows of a part whose numbers are infinite or cannot be trusted,
// by their place in the file.
func (e *evaluation) warn(r *eval.Result, p *Part, name string) {
	for i, v := range r.LogProb {
		if math.IsInf(v, 0) {
			e.warnf("%s has log p = %v: it lies where the model has no density to speak of, and the mean of the %s rows is not finite; look at the row, or leave it out", p.Where(i, -1), v, name)
			return
		}
	}
	rows := r.Untrusted()
	if len(rows) == 0 {
		return
	}
	var places []string
	for _, i := range rows[:min(len(rows), 3)] {
		places = append(places, p.Where(i, -1))
	}
	if len(rows) > len(places) {
		places = append(places, "…")
	}
	text := fmt.Sprintf("Pareto k̂ is above %.2f with %d draws on %d of %d %s rows (%s): log p there is uncertain by more than its error says; more {EvalSamples} would help", eval.Threshold(r.Samples), r.Samples, len(rows), len(r.LogProb), name, strings.Join(places, "; "))
	if trusted, ok := r.Trusted(); ok {
		text += fmt.Sprintf(" (without them the mean differs by %+.2g nats)", trusted.Value-r.Estimate().Value)
	}
	e.warnf("%s", text)
}

// measure evaluates a model on some rows.
func (j *Job) measure(ctx context.Context, fit *Fit, p *Part, name string) (measured, error) {
	out := measured{rows: p.Rows(), rmse: math.NaN()}
	if m, ok := fit.Model.Fitted.(Reconstructor); ok {
		t := fit.Model.Preparation.Transform
		y := m.Reconstruct(nil, p.Model)
		out.rmse = rootMeanSquare(t.Invert(y, y), p, fit.Model.Preparation.Types)
	}
	if !hasDensity(fit.Model) {
		return out, nil
	}
	task := fmt.Sprintf("%s: log p of %d %s rows", fit.Model.Name, p.Rows(), name)
	j.step(task, 0, p.Rows(), "")
	model, proposal, err := evaluableModel(fit.Model)
	if m, ok := model.(leavable); ok && name == "train" {
		model = m.LeftOut()
	}
	if err != nil {
		return out, err
	}
	out.logProb, err = logProbOf(ctx, fit.Model, model, proposal, p.Model, eval.Settings{Samples: j.Settings.EvalSamples, Seed: j.Settings.Seed, Progress: func(done, total int) {
		j.step(task, done, total, "")
	}})
	if err == nil {
		out.logProb.Weights, out.logProb.Groups = p.Weights, p.Groups
	}
	return out, err
}

// bound measures the ELBO and its parts on the rows that are reported.
func (j *Job) bound(ctx context.Context, e *evaluation, m explain.Subject, d *Data) error {
	on, part, _ := e.reported(d)
	part = part.Head(j.Settings.EvalRows)
	b, err := elbo.ELBO(ctx, m.Model, m.Encoder, part.Model, elbo.Settings{Samples: boundSamples, Seed: j.Settings.Seed})
	if err != nil {
		return fmt.Errorf("ELBO on %s rows: %w", on, err)
	}
	// The mean over rows of the logarithm of K draws' mean weight is the
	// K-sample bound (Burda et al. 2016), here with the encoder's draws.
	multi, err := elbo.MultiSample(ctx, m.Model, m.Encoder, part.Model, []int{iwaeSamples}, elbo.Settings{Samples: 4 * iwaeSamples, Seed: j.Settings.Seed})
	if err != nil {
		return fmt.Errorf("bound of several samples on %s rows: %w", on, err)
	}
	b.Weights, multi[0].Weights = part.Weights, part.Weights
	e.bound = &bound{on: on, rows: part.Rows(), elbo: b, iwae: multi[0].Estimate()}
	return nil
}

// reported returns the part of the data that the table reports, its name, and log p
// of its rows, in nats of the data.
func (e *evaluation) reported(d *Data) (on string, part *Part, logp *eval.Result) {
	if d.Test == nil {
		return "train", d.Train, e.train.logProb
	}
	return "test", d.Test, e.test.logProb
}

// diagnose summarises the diagnostics of the rows of an estimate; a closed form
// has none.
func diagnose(out *results.Diagnostics, r *eval.Result) {
	if r.Kind == density.ExactValue {
		return
	}
	if r.Kind != density.Quadrature {
		ess := slices.Sorted(slices.Values(r.ESS))
		out.ESSMedian = results.Optional(ess[len(ess)/2])
		share := float64(len(r.Untrusted())) / float64(len(r.LogProb))
		out.KHatBadShare = &share
	}
	for _, row := range r.RungTable() {
		out.Rungs = append(out.Rungs, results.Rung{
			Proposal: row.Rung.String(), Rows: row.Rows, Untrusted: row.Untrusted,
			KHat: results.Optional(row.KHat), Worst: results.Optional(row.Worst), Back: row.Back, Evaluations: row.Evaluations,
		})
	}
}

// hasDensity says whether there is a log p(x) to ask a model for.
func hasDensity(m *saved.Model) bool {
	switch m.Fitted.(type) {
	case evaluable, density.Model:
		return true
	}
	return false
}

// rootMeanSquare returns that of the differences of y (N×D) from the rows of p, over the
// values that are there, in columns that are no categories. NaN: there are none.
func rootMeanSquare(y *mat.Dense, p *Part, types []dataset.ColumnType) float64 {
	var sum, count float64
	for i := range p.Rows() {
		weight := 1.0
		if p.Weights != nil {
			weight = p.Weights[i]
		}
		reconstructed := y.RawRowView(i)
		for k, v := range p.X.RawRowView(i) {
			if math.IsNaN(v) || types != nil && types[k] == dataset.Categorical {
				continue
			}
			r := reconstructed[k] - v
			sum += weight * (r * r)
			count += weight
		}
	}
	return math.Sqrt(sum / count)
}
