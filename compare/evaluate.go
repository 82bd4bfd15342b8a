package compare

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/gmm"
	"likely/vae"
)

// boundSamples is the number of draws per row in the ELBO and its parts, and
// iwaeSamples that inside the logarithm of the K-sample bound, of which there are
// four groups a row.
const (
	boundSamples = 100
	iwaeSamples  = 50
)

// evaluation is what was measured of a fitted model.
type evaluation struct {
	name               string
	train, valid, test measured
	bounds             *BoundsResult
	gap                *GapResult
	gapTrain           *GapResult
	overfitting        *OverfittingResult
	sandwich, annealed *SandwichResult
	rate               *RateResult
	estimators         []EstimatorResult
	checks             *ChecksResult
	diagnostics        *DiagnosticsResult
	warnings           []string
}

// measured is the quality of a model on one part of the data.
type measured struct {
	rows    int
	logProb *eval.Result // nil without a density
	rmse    *float64     // nil without a reconstruction
}

// evaluate measures a fitted model on each part of the data.
func (j *Job) evaluate(ctx context.Context, fit *Fit, d *Data) (*evaluation, error) {
	e := &evaluation{name: fit.Model.Name, diagnostics: &DiagnosticsResult{FloorActive: fit.FloorActive, Converged: fit.Converged}}
	for _, p := range []struct {
		name string
		part *Part
		to   *measured
	}{{"test", d.Test, &e.test}, {"valid", d.Valid, &e.valid}, {"train", d.Train, &e.train}} {
		if p.part == nil {
			continue
		}
		var err error
		if *p.to, err = j.measure(ctx, fit, p.part.head(j.Config.EvalRows), p.name); err != nil {
			return nil, fmt.Errorf("%s rows: %w", p.name, err)
		}
		// One warning is enough: that of the rows the table reports.
		if r := p.to.logProb; r != nil && (p.part == d.Test || d.Test == nil && p.part == d.Train) {
			e.warn(r, p.part, p.name)
		}
	}
	explained := j.Config.GapRows > 0 && j.Config.mixturesOnly() == ""
	if m, ok := fit.Model.Fitted.(density.Model); ok && explained && e.train.logProb != nil {
		e.checks = &ChecksResult{}
		_, part, _ := e.reported(d)
		if err := j.twoSample(ctx, e, m, part); err != nil {
			return nil, err
		}
	}
	if m, ok := fit.Model.Fitted.(*gmm.Model); ok && explained {
		_, part, logp := e.reported(d)
		return e, j.exactEstimators(ctx, e, m, part, logp, d.Preparation.Transform.LogJacobian())
	}
	m, ok := fit.Model.Fitted.(*vae.Model)
	if !ok {
		return e, nil
	}
	return e, j.bound(ctx, e, m, d)
}

// warn names the rows of a part whose numbers are infinite or cannot be trusted,
// by their place in the file.
func (e *evaluation) warn(r *eval.Result, p *Part, name string) {
	for i, v := range r.LogProb {
		if math.IsInf(v, 0) {
			e.warnings = append(e.warnings, fmt.Sprintf("%s has log p = %v: it lies where the model has no density to speak of, and the mean of the %s rows is not finite; look at the row, or leave it out", p.Where(i, -1), v, name))
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
	text := fmt.Sprintf("%d of %d %s rows have a Pareto k̂ above %.2f with %d draws (%s, …): their log p is uncertain by more than its error says; more --eval-samples would help", len(rows), len(r.LogProb), name, eval.Threshold(r.Samples), r.Samples, strings.Join(places, "; "))
	if trusted, ok := r.Trusted(); ok {
		text += fmt.Sprintf(" (without them the mean differs by %+.2g nats)", trusted.Value-r.Estimate().Value)
	}
	e.warnings = append(e.warnings, text)
}

// reconstructor is a model that encodes rows and decodes them again.
type reconstructor interface {
	Reconstruct(dst, x *mat.Dense) *mat.Dense
}

// measure evaluates a model on some rows.
func (j *Job) measure(ctx context.Context, fit *Fit, p *Part, name string) (measured, error) {
	out := measured{rows: p.Rows()}
	if a, ok := fit.Model.Fitted.(interface {
		Reconstruct(dst, x *mat.Dense) *mat.Dense
	}); ok {
		t := fit.Model.Preparation.Transform
		y := a.Reconstruct(nil, p.Model)
		rmse := rootMeanSquare(t.Invert(y, y), p.X)
		out.rmse = &rmse
	}
	if _, plain := fit.Model.Fitted.(*vae.Autoencoder); plain {
		return out, nil
	}
	j.step(fmt.Sprintf("%s: log p of %d %s rows", fit.Model.Name, p.Rows(), name), 0, p.Rows(), "")
	var err error
	out.logProb, err = logProb(ctx, fit.Model, p.Model, j.Config.EvalSamples, j.Config.Seed, func(done, total int) {
		j.step(fmt.Sprintf("%s: log p of %d %s rows", fit.Model.Name, p.Rows(), name), done, total, "")
	})
	if err == nil {
		out.logProb.Weights = p.Weights
	}
	return out, err
}

// head returns the first n rows, all of them for n = 0.
func (p *Part) head(n int) *Part {
	if n == 0 || n >= p.Rows() {
		return p
	}
	return &Part{Dataset: p.Dataset.Head(n), Model: density.Rows(p.Model, 0, n)}
}

// bound adds the ELBO, its parts and its distance from the estimate, on the
// test rows, or on the training rows where none were held out.
func (j *Job) bound(ctx context.Context, e *evaluation, m *vae.Model, d *Data) error {
	on, part, reference := e.reported(d)
	part = part.head(j.Config.EvalRows)
	b, err := elbo.ELBO(ctx, m, m.Encoder(), part.Model, elbo.Settings{Samples: boundSamples, Seed: j.Config.Seed})
	if err != nil {
		return fmt.Errorf("ELBO on %s rows: %w", on, err)
	}
	jacobian := d.Preparation.Transform.LogJacobian()
	estimate := b.Estimate().Shift(jacobian)
	rate, distortion := mean(b.Rate), mean(b.Distortion)-jacobian
	e.bounds = &BoundsResult{On: on, ELBO: finite(estimate.Value), ELBOSEData: finite(estimate.DataErr), ELBOSESamples: finite(estimate.SampleErr), Rate: finite(rate), Distortion: finite(distortion)}
	// The mean over rows of the logarithm of K draws' mean weight is the
	// K-sample bound (Burda et al. 2016), here with the encoder's draws.
	multi, err := elbo.MultiSample(ctx, m, m.Encoder(), part.Model, []int{iwaeSamples}, elbo.Settings{Samples: 4 * iwaeSamples, Seed: j.Config.Seed})
	if err != nil {
		return fmt.Errorf("bound of several samples on %s rows: %w", on, err)
	}
	samples, several := iwaeSamples, multi[0].Estimate().Shift(jacobian)
	e.bounds.IWAE, e.bounds.IWAESamples = finite(several.Value), &samples
	e.bounds.IWAESEData, e.bounds.IWAESESamples = finite(several.DataErr), finite(several.SampleErr)
	gap := reference.Estimate().Value - estimate.Value
	e.gap = &GapResult{Total: finite(gap), SE: finite(math.Hypot(reference.Estimate().SampleErr, estimate.SampleErr)), Rows: part.Rows()}
	activity := m.Activity(d.Train.Model)
	e.diagnostics.ActiveUnits, e.diagnostics.RatePerDim = &activity.Active, activity.Rate
	e.diagnose(reference)
	if j.Config.GapRows == 0 {
		return nil
	}
	return j.explain(ctx, e, m, d, part, reference, jacobian)
}

// reported returns the part of the data that the table reports, its name, and log p
// of its rows, in model space.
func (e *evaluation) reported(d *Data) (on string, part *Part, logp *eval.Result) {
	if d.Test == nil {
		return "train", d.Train, e.train.logProb
	}
	return "test", d.Test, e.test.logProb
}

// diagnose summarises the diagnostics of the rows of an estimate; a closed form
// has none.
func (e *evaluation) diagnose(r *eval.Result) {
	if r.Kind == density.ExactValue {
		return
	}
	ess := slices.Sorted(slices.Values(r.ESS))
	e.diagnostics.ESSMedian = finite(ess[len(ess)/2])
	share := float64(len(r.Untrusted())) / float64(len(r.LogProb))
	e.diagnostics.KHatBadShare = &share
}

func rootMeanSquare(a, b *mat.Dense) float64 {
	n, d := a.Dims()
	var sum float64
	for i := range n {
		other := b.RawRowView(i)
		for k, v := range a.RawRowView(i) {
			sum += (v - other[k]) * (v - other[k])
		}
	}
	return math.Sqrt(sum / float64(n*d))
}

// finite returns a pointer to v, or nil for what JSON cannot hold: the standard
// error of a single row, say, does not exist.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}
