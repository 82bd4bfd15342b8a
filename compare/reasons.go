package compare

import (
	"context"
	"fmt"
	"strings"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

const (
	// refinedSamples is the number of draws per row in the bounds whose
	// differences are the parts of the gap.
	refinedSamples = 500
	// quadratureTolerance is in nats, far below every other error.
	quadratureTolerance = 1e-4
)

// quadratureEvaluations is the largest number of evaluations of p(x|z) for a row,
// by the dimension of the code, from 1; larger codes are not integrated over.
var quadratureEvaluations = []int{2e6, 2e6, 5e5}

// reasons are what is found out on the first rows of one part of the data.
type reasons struct {
	part      *Part
	reference *eval.Result // log p, as good as it is known
	refined   *elbo.Bound
	amortized *elbo.Bound
	gap       *eval.Gap
	best      *elbo.Normals // q refined for each row
	onRow     []bool        // whether the refinement converged on each row
	converged int           // on how many it did
	spent     int64
}

// explain says why the bound is below log p(x): on the first rows of a part it
// refines the proposal of each, divides the gap between the family of q and the
// encoder, puts all estimators side by side, and brackets log p(x) of as many rows
// drawn from the model. What the encoder has overfitted is the difference of its gap
// between these rows and as many training rows.
func (j *Job) explain(ctx context.Context, e *evaluation, m *vae.Model, d *Data, part *Part, reference *eval.Result, jacobian float64) error {
	part = part.head(j.Config.GapRows)
	n := part.Rows()
	quadrature, err := j.quadrate(ctx, e, m, part)
	if err != nil {
		return err
	}
	logp := firstRows(reference, n, jacobian)
	if quadrature != nil {
		value, worst := mean(quadrature.LogProb)+jacobian, 0.0
		for _, v := range quadrature.Error {
			worst = max(worst, v)
		}
		e.bounds.Quadrature, e.bounds.QuadratureError, e.bounds.QuadratureRows = finite(value), finite(worst), &n
		if quadrature.Kind == density.ExactValue {
			logp = &eval.Result{LogProb: quadrature.LogProb}
		} else {
			e.warnings = append(e.warnings, "the gap is measured from importance sampling: "+strings.Join(quadrature.Warnings, "; "))
		}
	}
	held, err := j.divide(ctx, e.name, m, part, logp)
	if err != nil {
		return err
	}
	best := held.refined.Estimate().Shift(jacobian)
	e.bounds.ELBORefined, e.bounds.ELBORefinedSEData, e.bounds.ELBORefinedSESamples, e.bounds.ELBORefinedRows = finite(best.Value), finite(best.DataErr), finite(best.SampleErr), &n
	e.gap = held.result()
	if held.converged < n {
		e.warnings = append(e.warnings, fmt.Sprintf("refining q(z|x) did not converge on %d of %d rows: the approximation gap is at most what is reported", n-held.converged, n))
	}
	if err := j.estimators(ctx, e, m, held, quadrature, reference, jacobian); err != nil {
		return err
	}
	if e.bounds.On == "test" {
		if err := j.overfitting(ctx, e, m, d, held, jacobian); err != nil {
			return err
		}
	}
	if err := j.check(ctx, e, m, held, reference, jacobian); err != nil {
		return err
	}
	if err := j.sandwiches(ctx, e, m, n, jacobian); err != nil {
		return err
	}
	return j.splitRate(ctx, e, m, d)
}

// firstRows returns the first n rows of a result in nats of the data, in model space.
func firstRows(r *eval.Result, n int, jacobian float64) *eval.Result {
	out := &eval.Result{LogProb: shifted(r.LogProb[:n], -jacobian), Samples: r.Samples, Kind: r.Kind, Measure: r.Measure}
	if r.StdErr != nil {
		out.StdErr = r.StdErr[:n]
	}
	if r.KHat != nil {
		out.KHat = r.KHat[:n]
	}
	if r.Smoothed != nil {
		out.Smoothed = shifted(r.Smoothed[:n], -jacobian)
	}
	return out
}

// quadrate integrates over a code of few dimensions; nil for larger ones.
func (j *Job) quadrate(ctx context.Context, e *evaluation, m *vae.Model, part *Part) (*eval.Quadrature, error) {
	if m.LatentDim() > len(quadratureEvaluations) {
		return nil, nil
	}
	q, err := eval.Quadrate(ctx, m, part.Model, eval.QuadratureSettings{
		Tolerance: quadratureTolerance, Evaluations: quadratureEvaluations[m.LatentDim()-1], Hints: m.Encoder(),
		Seed: j.Config.Seed, Progress: j.follow(e.name, "quadrature over the code"),
	})
	if err != nil {
		return nil, fmt.Errorf("quadrature: %w", err)
	}
	return q, nil
}

// follow reports how far a task of a model has come.
func (j *Job) follow(model, what string) func(done, total int) {
	return func(done, total int) { j.step(model+": "+what, done, total, "") }
}

// divide refines q(z|x) on the rows of a part and divides the gap.
func (j *Job) divide(ctx context.Context, model string, m *vae.Model, part *Part, logp *eval.Result) (*reasons, error) {
	seed, encoder := j.Config.Seed, m.Encoder()
	refinement, err := elbo.Refine(ctx, m, encoder, part.Model, elbo.RefineSettings{Family: familyOf(m), Seed: seed, Progress: j.follow(model, "refining q(z|x)")})
	if err != nil {
		return nil, fmt.Errorf("refining q(z|x): %w", err)
	}
	r := &reasons{part: part, reference: logp, best: refinement.Proposal, onRow: refinement.Converged, spent: refinement.Spent}
	settings := elbo.Settings{Samples: refinedSamples, Seed: seed}
	if r.refined, err = elbo.ELBO(ctx, m, refinement.Proposal, part.Model, settings); err != nil {
		return nil, fmt.Errorf("ELBO of the refined q(z|x): %w", err)
	}
	if r.amortized, err = elbo.ELBO(ctx, m, encoder, part.Model, settings); err != nil {
		return nil, fmt.Errorf("ELBO: %w", err)
	}
	for _, ok := range refinement.Converged {
		if ok {
			r.converged++
		}
	}
	r.gap, err = eval.NewGap(logp, r.refined, r.amortized)
	return r, err
}

// result returns the gap for results.json.
func (r *reasons) result() *GapResult {
	total, approximation, amortization := r.gap.Estimates()
	return &GapResult{
		Total: finite(total.Value), SE: finite(total.SampleErr), Rows: total.Rows,
		Approximation: finite(approximation.Value), ApproximationSE: finite(approximation.SampleErr),
		Amortization: finite(amortization.Value), AmortizationSE: finite(amortization.SampleErr),
		RowsConverged: &r.converged,
	}
}

// overfitting divides the gap of training rows too, and takes the difference of the
// encoder's share.
func (j *Job) overfitting(ctx context.Context, e *evaluation, m *vae.Model, d *Data, held *reasons, jacobian float64) error {
	part := d.Train.head(j.Config.GapRows)
	train, err := j.divide(ctx, e.name, m, part, firstRows(e.train.logProb, part.Rows(), jacobian))
	if err != nil {
		return fmt.Errorf("training rows: %w", err)
	}
	_, _, a := held.gap.Estimates()
	_, _, b := train.gap.Estimates()
	diff := eval.Overfitting(a, b)
	heldBound, trainBound := held.amortized.Estimate().Shift(jacobian), train.amortized.Estimate().Shift(jacobian)
	bounds := eval.Overfitting(heldBound, trainBound)
	e.gapTrain = train.result()
	e.overfitting = &OverfittingResult{
		ELBOHeld: finite(heldBound.Value), ELBOTrain: finite(trainBound.Value), ELBO: finite(bounds.Mean), ELBOSE: finite(bounds.StdErr()),
		Amortization: finite(diff.Mean), SE: finite(diff.StdErr()), RowsHeld: a.Rows, RowsTrain: b.Rows,
	}
	return nil
}

// sandwiches brackets log p(x) on rows drawn from the model.
func (j *Job) sandwiches(ctx context.Context, e *evaluation, m *vae.Model, n int, jacobian float64) error {
	// A proposal that is fitted to the row knows nothing of the code it came from.
	s, err := eval.ImportanceSandwich(ctx, m, elbo.Adaptive(m, m.Encoder()), n, eval.Settings{Samples: j.Config.EvalSamples, Seed: j.Config.Seed, Progress: j.follow(e.name, "bounds on simulated rows")})
	if err != nil {
		return err
	}
	e.sandwich = sandwichResult(s, jacobian)
	e.loose(s, e.sandwich, "importance sampling")
	if s, err = eval.Bidirectional(ctx, m, n, j.annealing(e.name, j.mostTemperatures())); err != nil {
		return j.stuck(e, err)
	}
	e.annealed = sandwichResult(s, jacobian)
	e.annealed.Temperatures = j.mostTemperatures()
	e.loose(s, e.annealed, "annealing both ways")
	return nil
}

// wide is the distance between the bounds on simulated rows, in nats, that is too
// large for log p to be called known.
const wide = 0.5

// loose warns of bounds on simulated rows that are far apart, and passes on what they
// were warned of themselves.
func (e *evaluation) loose(s *eval.Sandwich, r *SandwichResult, how string) {
	for _, w := range s.Warnings {
		e.warnings = append(e.warnings, fmt.Sprintf("%s, simulated rows: %s", how, w))
	}
	if r.Width != nil && *r.Width > wide {
		e.warnings = append(e.warnings, fmt.Sprintf("%s leaves log p of rows drawn from the model uncertain by %.2g nats; it is to be trusted no further on rows of the data", how, *r.Width))
	}
}

func sandwichResult(s *eval.Sandwich, jacobian float64) *SandwichResult {
	lower, upper := s.Estimates()
	lower, upper = lower.Shift(jacobian), upper.Shift(jacobian)
	gap := s.Gap()
	out := &SandwichResult{Certified: true, On: "simulated", Rows: len(s.Lower), Samples: s.Samples, Evaluations: s.Spent,
		Lower: finite(lower.Value), LowerSE: finite(lower.DataErr), Upper: finite(upper.Value), UpperSE: finite(upper.DataErr),
		Width: finite(gap.Mean), WidthSE: finite(gap.StdErr())}
	if s.Single != nil {
		out.Single = finite(mean(s.Single) + jacobian)
	}
	return out
}

// splitRows and splitSamples bound the cost of the division of the rate, which
// grows with the square of the rows.
const splitRows, splitSamples = 300, 10

// splitRate divides the rate by what it is spent on.
func (j *Job) splitRate(ctx context.Context, e *evaluation, m *vae.Model, d *Data) error {
	rows := d.Test
	if e.bounds.On == "train" {
		rows = d.Train
	}
	part := rows.head(splitRows)
	if part.Rows() < 2 {
		return nil
	}
	standard := m.Config().Prior == vae.StandardNormal && !m.Config().FullPosterior
	split, err := elbo.SplitRate(ctx, m, m.Encoder(), part.Model, standard, elbo.Settings{Samples: splitSamples, Seed: j.Config.Seed})
	if err != nil {
		return fmt.Errorf("dividing the rate: %w", err)
	}
	e.rate = &RateResult{On: e.bounds.On, Rows: part.Rows(), Samples: splitSamples,
		Rate: finite(split.Rate.Value), Information: finite(split.Information.Value), Marginal: finite(split.Marginal.Value), SE: finite(split.Information.SampleErr)}
	if split.TotalCorrelation != nil {
		e.rate.TotalCorrelation, e.rate.Dimensions = finite(split.TotalCorrelation.Value), split.Dimension
	}
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
