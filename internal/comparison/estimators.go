package comparison

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/figure"
	"likely/gmm"
	"likely/vae"
)

// EstimatorResult is what one estimator of log p(x) says of the first rows of the
// evaluated part. All of a model's are means over the same rows, in nats of the
// original data, so that they differ by what they are, not by what they saw.
type EstimatorResult struct {
	Name string       `json:"name"`
	Kind density.Kind `json:"kind"`
	// Certified says that the kind is that of a proof: an exact value, or a bound
	// in expectation. CUBO is an upper bound only of an expectation that its
	// estimate falls short of.
	Certified bool     `json:"certified"`
	Nats      *float64 `json:"nats,omitempty"`
	SEData    *float64 `json:"se_data,omitempty"`
	SESamples *float64 `json:"se_samples,omitempty"`
	Rows      int      `json:"rows"`
	// Draws is K in the K-sample bound, and the number of chains of annealing.
	Draws        int `json:"draws,omitempty"`
	Temperatures int `json:"temperatures,omitempty"`
	// Evaluations is the number of evaluations of p(x|z), or of it and its
	// gradient, for a row.
	Evaluations int64 `json:"likelihood_evaluations_per_row,omitempty"`
	// Acceptance is that of the transitions of annealing, KHatBadShare the share
	// of rows whose k̂ is above the threshold, Error the error of quadrature.
	Acceptance   *float64 `json:"acceptance,omitempty"`
	KHatBadShare *float64 `json:"khat_bad_share,omitempty"`
	Error        *float64 `json:"error_nats,omitempty"`
}

// The names of estimators in results.json.
const (
	nameELBO       = "elbo"
	nameRefined    = "elbo_refined"
	nameIWAE       = "iwae"
	nameJackknife  = "iwae_jackknife"
	nameImportance = "importance_sampling"
	nameSmoothed   = "importance_sampling_smoothed"
	nameAIS        = "ais"
	nameCUBO       = "cubo_2"
	nameQuadrature = "quadrature"
	nameExact      = "exact"
)

// iwaeCounts are the numbers of draws inside the logarithm, each of which divides
// the next; temperatures are those of annealing.
var (
	iwaeCounts   = []int{1, 5, 10, 50, 100, 500, 1000, 5000}
	temperatures = []int{10, 30, mostTemperatures}
)

const (
	mostTemperatures = 100
	annealingChains  = 16
)

func (j *Job) annealing(model string, t int) eval.AnnealSettings {
	return eval.AnnealSettings{Chains: annealingChains, Temperatures: t, Seed: j.Config.Seed, Progress: j.follow(model, fmt.Sprintf("annealing over %d temperatures", t))}
}

// stuck turns chains that do not move into a warning, and passes other errors on.
func (j *Job) stuck(e *evaluation, err error) error {
	if !errors.Is(err, eval.ErrStuck) {
		return err
	}
	e.warnings = append(e.warnings, "annealing is left out: "+err.Error())
	return nil
}

// estimators puts all estimators of log p(x) of a VAE side by side.
func (j *Job) estimators(ctx context.Context, e *evaluation, m *vae.Model, r *reasons, quadrature *eval.Quadrature, reference *eval.Result, jacobian float64) error {
	n := int64(r.part.Rows())
	add := e.collect(jacobian)
	add(r.amortized.Estimate(), EstimatorResult{Name: nameELBO, Evaluations: refinedSamples})
	add(r.refined.Estimate(), EstimatorResult{Name: nameRefined, Evaluations: refinedSamples + r.spent/n})
	if err := j.severalSamples(ctx, add, m, m.Encoder(), r.part); err != nil {
		return err
	}
	marginal, closed, err := m.Marginal()
	if err != nil {
		return err
	}
	if !closed {
		first := firstRows(reference, int(n), jacobian)
		share := float64(len(first.Untrusted())) / float64(n)
		each := reference.Spent / int64(len(reference.LogProb))
		add(first.Estimate(), EstimatorResult{Name: nameImportance, Draws: reference.Samples, Evaluations: each, KHatBadShare: &share})
		if first.Smoothed != nil {
			add(density.MeanEstimate(first.Smoothed, first.StdErr, density.Consistent, reference.Samples),
				EstimatorResult{Name: nameSmoothed, Draws: reference.Samples, Evaluations: each, KHatBadShare: &share})
		}
	} else {
		add(density.MeanEstimate(marginal.LogProb(nil, r.part.Model), nil, density.ExactValue, 0), EstimatorResult{Name: nameExact})
	}
	for _, t := range temperatures {
		a, err := eval.Anneal(ctx, m, r.part.Model, j.annealing(e.name, t))
		if err != nil {
			if err = j.stuck(e, err); err != nil {
				return err
			}
			break
		}
		acceptance := mean(a.Acceptance)
		add(a.Estimate(), EstimatorResult{Name: nameAIS, Draws: annealingChains, Temperatures: t, Evaluations: a.Spent / n, Acceptance: &acceptance})
		for _, w := range a.Warnings {
			if t < mostTemperatures {
				continue // that the shortest are rough is what the curve shows
			}
			e.warnings = append(e.warnings, fmt.Sprintf("annealing over %d temperatures: %s", t, w))
		}
	}
	cubo, err := eval.CUBO(ctx, m, m.Encoder(), r.part.Model, 2, eval.Settings{Samples: j.Config.EvalSamples, Seed: j.Config.Seed})
	if err != nil {
		return err
	}
	share := float64(len(cubo.Untrusted())) / float64(n)
	add(cubo.Estimate(), EstimatorResult{Name: nameCUBO, Draws: j.Config.EvalSamples, Evaluations: cubo.Spent / n, KHatBadShare: &share})
	if quadrature != nil {
		add(density.MeanEstimate(quadrature.LogProb, nil, quadrature.Kind, 0), EstimatorResult{Name: nameQuadrature, Evaluations: quadrature.Spent / n, Error: finite(slices.Max(quadrature.Error))})
	}
	return nil
}

// collect returns a function that adds an estimate, in model space, to the list.
func (e *evaluation) collect(jacobian float64) func(density.Estimate, EstimatorResult) {
	return func(v density.Estimate, r EstimatorResult) {
		v = v.Shift(jacobian)
		r.Kind, r.Rows = v.Kind, v.Rows
		r.Certified = v.Kind != density.Consistent
		r.Nats, r.SEData, r.SESamples = finite(v.Value), finite(v.DataErr), finite(v.SampleErr)
		e.estimators = append(e.estimators, r)
	}
}

// severalSamples adds the K-sample bounds for the K of iwaeCounts that the draws
// allow, and the jackknife, all from the same draws from q.
func (j *Job) severalSamples(ctx context.Context, add func(density.Estimate, EstimatorResult), m density.Latent, q density.Proposal, part *Part) error {
	counts := slices.DeleteFunc(slices.Clone(iwaeCounts), func(k int) bool { return k > j.Config.EvalSamples })
	draws := counts[len(counts)-1]
	settings := elbo.Settings{Samples: draws, Seed: j.Config.Seed}
	bounds, err := elbo.MultiSample(ctx, m, q, part.Model, counts, settings)
	if err != nil {
		return fmt.Errorf("bounds of several samples: %w", err)
	}
	_, debiased, err := elbo.Debiased(ctx, m, q, part.Model, settings)
	if err != nil {
		return fmt.Errorf("jackknife: %w", err)
	}
	for _, b := range bounds {
		v := b.Estimate()
		if b.K == draws { // one group has no spread; the jackknife knows that of its draws
			v.SampleErr = debiased.SampleErr
		}
		add(v, EstimatorResult{Name: nameIWAE, Draws: b.K, Evaluations: int64(b.K)})
	}
	add(debiased, EstimatorResult{Name: nameJackknife, Draws: draws, Evaluations: int64(draws)})
	return nil
}

// exactEstimators shows, for a mixture, what the estimators make of a value that is
// known: with the exact responsibilities the bound is log p, and with the weights of
// the components as a blind proposal it is approached from below.
func (j *Job) exactEstimators(ctx context.Context, e *evaluation, m *gmm.Model, part *Part, logp *eval.Result, jacobian float64) error {
	part = part.head(j.Config.GapRows)
	add := e.collect(jacobian)
	add(firstRows(logp, part.Rows(), jacobian).Estimate(), EstimatorResult{Name: nameExact})
	bound, err := elbo.ELBO(ctx, m, m.Posterior(), part.Model, elbo.Settings{Samples: refinedSamples, Seed: j.Config.Seed})
	if err != nil {
		return fmt.Errorf("ELBO: %w", err)
	}
	add(bound.Estimate(), EstimatorResult{Name: nameELBO, Evaluations: refinedSamples})
	return j.severalSamples(ctx, add, m, density.PriorProposal(m), part)
}

// title says in words what an estimator is.
func (r *EstimatorResult) title() string {
	switch r.Name {
	case nameELBO:
		return "ELBO"
	case nameRefined:
		return "ELBO, q refined for each row"
	case nameIWAE:
		return fmt.Sprintf("K-sample bound, K = %d", r.Draws)
	case nameJackknife:
		return fmt.Sprintf("jackknife, %d draws", r.Draws)
	case nameImportance:
		return fmt.Sprintf("importance sampling, %d draws", r.Draws)
	case nameSmoothed:
		return "the same, Pareto smoothed"
	case nameAIS:
		return fmt.Sprintf("annealing, %d temperatures", r.Temperatures)
	case nameCUBO:
		return "CUBO of order 2"
	case nameQuadrature:
		return "quadrature over the code"
	}
	return "closed form"
}

// kind says in words what the number is to log p.
func (r *EstimatorResult) kind() string {
	switch {
	case r.Name == nameCUBO:
		return "estimate of an upper bound, certifies nothing"
	case r.Kind == density.ExactValue && r.Error != nil:
		return fmt.Sprintf("exact to %.0e", *r.Error)
	case r.Kind == density.ExactValue:
		return "exact"
	case r.Kind == density.LowerBound:
		return "lower bound"
	case r.KHatBadShare != nil && *r.KHatBadShare > 0:
		return fmt.Sprintf("estimate; k̂ too large on %.0f %% of the rows", 100**r.KHatBadShare)
	}
	return "estimate"
}

// writeEstimators adds the estimators to the text.
func (m *ModelResult) writeEstimators(b *strings.Builder, split string) {
	if len(m.Estimators) == 0 {
		return
	}
	fmt.Fprintf(b, "\nwhat the estimators make of log p of %s, on the first %d %s rows (nats per row, ± of the draws):\n", m.Name, m.Estimators[0].Rows, split)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  estimator\tlog p\tkind of number\tp(x|z) per row")
	for _, r := range m.Estimators {
		value := "–"
		if r.Nats != nil {
			value = signed(*r.Nats, max(digits(r.SESamples), 3))
			if r.SESamples != nil && *r.SESamples > 0 {
				value += fmt.Sprintf(" ± %.2g", *r.SESamples)
			}
		}
		spent := "–"
		if r.Evaluations > 0 {
			spent = fmt.Sprint(r.Evaluations)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", r.title(), value, r.kind(), spent)
	}
	t.Flush()
}

// drawEstimators draws the bounds against what they cost, with the best value that
// is known for a reference.
func drawEstimators(title string, list []EstimatorResult) (*figure.Figure, error) {
	several := figure.Curve{Name: "K samples in the logarithm"}
	annealed := figure.Curve{Name: "annealing"}
	var references []figure.Reference
	for _, r := range list {
		if r.Nats == nil {
			continue
		}
		se := 0.0
		if r.SESamples != nil {
			se = *r.SESamples
		}
		var to *figure.Curve
		switch {
		case r.Name == nameIWAE:
			to = &several
		case r.Name == nameAIS:
			to = &annealed
		case r.Name == nameRefined:
			references = append(references, figure.Reference{Name: "ELBO, q refined", Value: *r.Nats, StdErr: se})
		case r.Kind == density.ExactValue:
			references = append(references, figure.Reference{Name: "log p, " + r.title(), Value: *r.Nats})
		case r.Name == nameImportance && !hasExact(list):
			references = append(references, figure.Reference{Name: "log p, importance sampling", Value: *r.Nats, StdErr: se})
		}
		if to != nil {
			to.X, to.Y, to.StdErr = append(to.X, float64(r.Evaluations)), append(to.Y, *r.Nats), append(to.StdErr, se)
		}
	}
	var curves []figure.Curve
	for _, c := range []figure.Curve{several, annealed} {
		if len(c.X) > 1 {
			curves = append(curves, c)
		}
	}
	return figure.Curves(title, figure.CurvesAxes{X: "evaluations of p(x|z) per row", Y: "log p (nats per row)", LogX: true}, curves, references)
}

func hasExact(list []EstimatorResult) bool {
	return slices.ContainsFunc(list, func(r EstimatorResult) bool { return r.Kind == density.ExactValue })
}
