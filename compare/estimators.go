package compare

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
	// Refused says why there is no value.
	Refused string `json:"refused,omitempty"`
	// Draws is K in the K-sample bound, and the number of chains of annealing.
	Draws        int `json:"draws,omitempty"`
	Temperatures int `json:"temperatures,omitempty"`
	// Evaluations is the number of evaluations of p(x|z), or of it and its
	// gradient, that a row took. The K-sample bounds and the jackknife share
	// theirs.
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
	nameAISRefined = "ais_from_refined"
	nameCUBO       = "cubo_2"
	nameQuadrature = "quadrature"
	nameExact      = "exact"
)

// iwaeCounts are the numbers of draws inside the logarithm, each of which divides
// the next; coolings are the numbers of temperatures of annealing, the last only
// where many draws are asked for.
var (
	iwaeCounts = []int{1, 5, 10, 50, 100, 500, 1000, 5000}
	coolings   = []int{10, 30, 100, 300}
)

const (
	annealingChains = 16
)

// manyDraws is the number of draws from which annealing takes its time.
const manyDraws = 5000

// temperatures returns the numbers of temperatures to anneal over, which rise.
func (j *Job) temperatures() []int {
	if j.Config.EvalSamples < manyDraws {
		return coolings[:len(coolings)-1]
	}
	return coolings
}

func (j *Job) mostTemperatures() int { return slices.Max(j.temperatures()) }

func (j *Job) annealing(model string, t int) eval.AnnealSettings {
	return eval.AnnealSettings{Chains: annealingChains, Temperatures: t, Seed: j.Config.Seed, Progress: j.follow(model, fmt.Sprintf("annealing over %d temperatures", t))}
}

// startDraws and startWiden make of the refined q(z|x) a start for annealing: a
// normal of its moments, with deviations so much larger, as one that is narrower
// than the posterior makes a bad start.
const startDraws, startWiden = 2000, 1.3

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
	cubo, err := eval.CUBO(ctx, m, m.Encoder(), r.part.Model, 2, eval.Settings{Samples: j.Config.EvalSamples, Seed: j.Config.Seed})
	if err != nil {
		return err
	}
	encoderShare := float64(len(cubo.Untrusted())) / float64(n)
	if err := j.severalSamples(ctx, add, m, m.Encoder(), r.part, &encoderShare); err != nil {
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
	if err := j.annealed(ctx, e, add, m, r, jacobian); err != nil {
		return err
	}
	add(cubo.Estimate(), EstimatorResult{Name: nameCUBO, Draws: j.Config.EvalSamples, Evaluations: cubo.Spent / n, KHatBadShare: &encoderShare})
	if quadrature == nil {
		e.refuse(nameQuadrature, int(n), fmt.Sprintf("the code has %d dimensions, of which it takes %d", m.LatentDim(), len(quadratureEvaluations)))
		return nil
	}
	add(density.MeanEstimate(quadrature.LogProb, nil, quadrature.Kind, 0), EstimatorResult{Name: nameQuadrature, Evaluations: quadrature.Spent / n, Error: finite(slices.Max(quadrature.Error))})
	return nil
}

// annealed adds annealing from the prior and from the refined q(z|x), each over
// rising numbers of temperatures.
func (j *Job) annealed(ctx context.Context, e *evaluation, add func(density.Estimate, EstimatorResult), m *vae.Model, r *reasons, jacobian float64) error {
	n := int64(r.part.Rows())
	start, err := elbo.MatchMoments(ctx, r.best, r.part.Model, max(startDraws, 20*m.LatentDim()), startWiden, j.Config.Seed)
	if err != nil {
		return fmt.Errorf("a start for annealing: %w", err)
	}
	for _, from := range []struct {
		name, words string
		start       density.ProposalGradient
	}{{nameAIS, "annealing from the prior", nil}, {nameAISRefined, "annealing from the refined q(z|x)", start}} {
		for _, t := range j.temperatures() {
			settings := j.annealing(e.name, t)
			settings.Start = from.start
			a, err := eval.Anneal(ctx, m, r.part.Model, settings)
			if errors.Is(err, eval.ErrStuck) {
				e.warnings = append(e.warnings, from.words+" is left out: "+err.Error())
				e.refuse(from.name, int(n), err.Error())
				break
			}
			if err != nil {
				return err
			}
			acceptance := mean(a.Acceptance)
			add(a.Estimate(), EstimatorResult{Name: from.name, Draws: annealingChains, Temperatures: t, Evaluations: a.Spent / n, Acceptance: &acceptance})
			if t < j.mostTemperatures() {
				continue // that the shortest are rough is what the curve shows
			}
			for _, w := range a.Warnings {
				e.warnings = append(e.warnings, fmt.Sprintf("%s over %d temperatures: %s", from.words, t, w))
			}
			if from.name == nameAIS {
				v := a.Estimate().Shift(jacobian)
				e.bounds.AIS, e.bounds.AISSEData, e.bounds.AISSESamples = finite(v.Value), finite(v.DataErr), finite(v.SampleErr)
				e.bounds.AISRows, e.bounds.AISTemperatures = v.Rows, t
			}
		}
	}
	return nil
}

// refuse enters an estimator that has no value, and why.
func (e *evaluation) refuse(name string, rows int, why string) {
	e.estimators = append(e.estimators, EstimatorResult{Name: name, Kind: density.Consistent, Rows: rows, Refused: why})
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
// allow, and the jackknife, all from the same draws from q. untrusted is the share of rows
// whose k̂ is too large for it; nil: not known.
func (j *Job) severalSamples(ctx context.Context, add func(density.Estimate, EstimatorResult), m density.Latent, q density.Proposal, part *Part, untrusted *float64) error {
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
		add(v, EstimatorResult{Name: nameIWAE, Draws: b.K, Evaluations: int64(draws)})
	}
	if draws > 1 { // a single draw cannot be left out
		add(debiased, EstimatorResult{Name: nameJackknife, Draws: draws, Evaluations: int64(draws), KHatBadShare: untrusted})
	}
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
	return j.severalSamples(ctx, add, m, density.PriorProposal(m), part, nil)
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
	case nameAISRefined:
		return fmt.Sprintf("annealing from the refined q, %d", r.Temperatures)
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
	case r.Refused != "":
		return "refused: " + r.Refused
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
	fmt.Fprintln(t, "  estimator\tlog p\tp(x|z) per row\tkind of number")
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
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", r.title(), value, spent, r.kind())
	}
	t.Flush()
}
