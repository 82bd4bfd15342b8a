package explain

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// AIS is the name of annealing from the prior.
const AIS = "ais"

// Estimator is what one estimator of log p(x) says of the rows. All are means over
// the same rows, so that they differ by what they are, not by what they saw.
type Estimator struct {
	// Name is a key, Title what to call it.
	Name, Title string
	density.Estimate
	// Certified says that the kind is that of a proof: an exact value, or a bound
	// in expectation.
	Certified bool
	// Note says what the number is where its kind does not; "" elsewhere.
	Note string
	// Refused says why there is no value; "" where there is one.
	Refused string
	// Draws is K in the K-sample bound, and the number of chains of annealing.
	Draws, Temperatures int
	// Evaluations is the number of evaluations of p(x|z), or of it and its
	// gradient, that a row took. The K-sample bounds and the jackknife share
	// theirs.
	Evaluations int64
	// Acceptance is that of the transitions of annealing, KHatBadShare the share
	// of rows whose k̂ is above the threshold, Error the error of quadrature;
	// NaN where there is no such thing.
	Acceptance, KHatBadShare, Error float64
	// Curve is the name of the curve of which this is a point, over Draws or,
	// where there are any, over Temperatures; Line that of a line across; "" for
	// what is not drawn.
	Curve, Line string
}

// estimators is the list, in the order of reports. A new estimator is a method that
// adds what it found, and a line here.
var estimators = []func(*work, context.Context) error{
	(*work).bound,
	(*work).refinedBound,
	(*work).several,
	(*work).importance,
	(*work).closedForm,
	(*work).anneal,
	(*work).upper,
	(*work).integral,
}

// estimate runs all estimators.
func (w *work) estimate(ctx context.Context) error {
	for _, run := range estimators {
		if err := run(w, ctx); err != nil {
			return err
		}
	}
	return nil
}

// add enters an estimate. Numbers that e leaves at zero and that do not apply are
// entered as NaN by [blank].
func (w *work) add(v density.Estimate, e Estimator) {
	e.Estimate, e.Certified = v, v.Kind != density.Consistent
	w.out.Estimators = append(w.out.Estimators, e)
}

// blank is an entry with nothing known but its names.
func blank(name, title string) Estimator {
	return Estimator{Name: name, Title: title, Acceptance: math.NaN(), KHatBadShare: math.NaN(), Error: math.NaN()}
}

// refuse enters an estimator that has no value, and why.
func (w *work) refuse(name, title, why string) {
	n, _ := w.X.Dims()
	e := blank(name, title)
	e.Refused = why
	w.out.Estimators = append(w.out.Estimators, e)
	last := &w.out.Estimators[len(w.out.Estimators)-1]
	last.Kind, last.Rows, last.Value, last.DataErr, last.SampleErr = density.Consistent, n, math.NaN(), math.NaN(), math.NaN()
}

func (w *work) bound(context.Context) error {
	e := blank("elbo", "ELBO")
	e.Evaluations = refinedSamples
	w.add(w.out.Held.Amortized.Estimate(), e)
	return nil
}

func (w *work) refinedBound(context.Context) error {
	n, _ := w.X.Dims()
	e := blank("elbo_refined", "ELBO, q refined for each row")
	e.Evaluations, e.Line = refinedSamples+w.out.Held.Spent/int64(n), "refined ELBO"
	w.add(w.out.Held.Refined.Estimate(), e)
	return nil
}

// iwaeCounts are the numbers of draws inside the logarithm, each of which divides
// the next.
var iwaeCounts = []int{1, 5, 10, 50, 100, 500, 1000, 5000}

// several adds the K-sample bounds (Burda et al. 2016) and the jackknife from the
// encoder's draws.
func (w *work) several(ctx context.Context) error {
	cubo, err := w.encoderDraws(ctx)
	if err != nil {
		return err
	}
	list, err := severalSamples(ctx, w.Model, w.Subject.Encoder, w.X, w.Settings, untrusted(cubo))
	w.out.Estimators = append(w.out.Estimators, list...)
	return err
}

// severalSamples returns the K-sample bounds for the K of iwaeCounts that the draws
// allow, and the jackknife, all from the same draws from q. share is that of the rows
// whose k̂ is too large for the jackknife; NaN: not known.
func severalSamples(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, s Settings, share float64) ([]Estimator, error) {
	w := &work{out: &Explanation{}}
	counts := slices.DeleteFunc(slices.Clone(iwaeCounts), func(k int) bool { return k > s.Samples })
	draws := counts[len(counts)-1]
	settings := elbo.Settings{Samples: draws, Seed: s.Seed}
	bounds, err := elbo.MultiSample(ctx, m, q, x, counts, settings)
	if err != nil {
		return nil, fmt.Errorf("bounds of several samples: %w", err)
	}
	_, debiased, err := elbo.Debiased(ctx, m, q, x, settings)
	if err != nil {
		return nil, fmt.Errorf("jackknife: %w", err)
	}
	for _, b := range bounds {
		v := b.Estimate()
		if b.K == draws { // one group has no spread; the jackknife knows that of its draws
			v.SampleErr = debiased.SampleErr
		}
		e := blank("iwae", fmt.Sprintf("K-sample bound, K = %d", b.K))
		e.Draws, e.Evaluations, e.Curve = b.K, int64(draws), "K-sample bound"
		w.add(v, e)
	}
	if draws > 1 { // a single draw cannot be left out
		e := blank("iwae_jackknife", fmt.Sprintf("jackknife, %d draws", draws))
		e.Draws, e.Evaluations, e.KHatBadShare = draws, int64(draws), share
		w.add(debiased, e)
	}
	return w.out.Estimators, nil
}

// encoderDraws returns CUBO, with the diagnostics of the encoder's draws.
func (w *work) encoderDraws(ctx context.Context) (*eval.Result, error) {
	if w.cubo != nil {
		return w.cubo, nil
	}
	var err error
	w.cubo, err = eval.CUBO(ctx, w.Model, w.Subject.Encoder, w.X, 2, eval.Settings{Samples: w.Samples, Seed: w.Seed})
	return w.cubo, err
}

// untrusted returns the share of rows whose k̂ is above the threshold.
func untrusted(r *eval.Result) float64 {
	return float64(len(r.Untrusted())) / float64(len(r.LogProb))
}

// importance adds the estimate that was handed in, plain and smoothed.
func (w *work) importance(context.Context) error {
	r := w.LogProb
	if w.Subject.Exact != nil || r.Kind != density.Consistent {
		return nil
	}
	e := blank("importance_sampling", fmt.Sprintf("importance sampling, %d draws", r.Samples))
	e.Draws, e.Evaluations, e.KHatBadShare = r.Samples, r.Spent/int64(len(r.LogProb)), untrusted(r)
	if w.reference() == r { // else something exact is the line across
		e.Line = "log p, importance sampling"
	}
	w.add(r.Estimate(), e)
	if r.Smoothed != nil {
		e.Name, e.Title, e.Line = "importance_sampling_smoothed", "the same, Pareto smoothed", ""
		w.add(density.MeanEstimate(r.Smoothed, r.StdErr, density.Consistent, r.Samples), e)
	}
	return nil
}

// closedForm adds log p where it is known in closed form.
func (w *work) closedForm(context.Context) error {
	if w.Subject.Exact == nil {
		return nil
	}
	e := blank("exact", "closed form")
	e.Line = "log p, closed form"
	w.add(density.MeanEstimate(w.Subject.Exact.LogProb(nil, w.X), nil, density.ExactValue, 0), e)
	return nil
}

// upper adds CUBO of order 2 (Dieng et al. 2017): an upper bound only of an
// expectation that its estimate falls short of.
func (w *work) upper(ctx context.Context) error {
	cubo, err := w.encoderDraws(ctx)
	if err != nil {
		return err
	}
	e := blank("cubo_2", "CUBO of order 2")
	e.Note = "estimate of an upper bound, certifies nothing"
	e.Draws, e.Evaluations, e.KHatBadShare = w.Samples, cubo.Spent/int64(len(cubo.LogProb)), untrusted(cubo)
	w.add(cubo.Estimate(), e)
	return nil
}

// integral adds the quadrature over the code.
func (w *work) integral(context.Context) error {
	const name, title = "quadrature", "quadrature over the code"
	q := w.out.Quadrature
	if q == nil {
		w.refuse(name, title, fmt.Sprintf("the code has %d dimensions, of which it takes %d", w.Model.LatentDim(), len(quadratureEvaluations)))
		return nil
	}
	e := blank(name, title)
	e.Evaluations, e.Error = q.Spent/int64(len(q.LogProb)), slices.Max(q.Error)
	if q.Kind == density.Quadrature {
		e.Line = "log p, quadrature"
	}
	w.add(density.MeanEstimate(q.LogProb, nil, q.Kind, 0), e)
	return nil
}
