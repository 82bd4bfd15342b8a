package compare

import (
	"math"
	"slices"

	"likely/density"
	"likely/eval"
	"likely/eval/explain"
	"likely/results"
)

// describeModel turns a fit and its evaluation into an entry of results.json. Here,
// and only here, what was measured in model space comes back to the units of the data.
func describeModel(fit *Fit, e *evaluation, d *Data) *results.Model {
	m := &results.Model{
		Name: fit.Model.Name, Family: fit.Model.Family(), Config: fit.Settings,
		FitSeconds: fit.Seconds, Selection: fit.Selection, Search: fit.Search,
		Train: e.train.result(d), Valid: e.valid.result(d), Test: e.test.result(d),
		Diagnostics: &results.Diagnostics{FloorActive: fit.FloorActive, Converged: fit.Converged},
	}
	m.Scale = e.scale
	if fit.Family != "" {
		m.Family = fit.Family
	}
	if fit.Seconds > 0 {
		m.FitExamplesPerSecond = fit.Passes * float64(d.Train.Rows()) / fit.Seconds
	}
	if p, ok := fit.Model.Fitted.(density.Parametric); ok {
		m.Parameters = p.NumParameters()
	}
	jacobian := d.Preparation.Transform.LogJacobian()
	m.Estimators = estimators(e.known, jacobian)
	if t := e.twoSample; t != nil {
		n := e.twoSampleRows
		m.Checks = &results.Checks{TwoSample: &results.TwoSample{Distance: t.Statistic, P: t.PValue, Rows: n, RowsModel: n, Permutations: t.Permutations}}
	}
	m.Folds, m.Learning = e.folds, learning(e.learned)
	if m.Test != nil && e.repeats != nil {
		training, _ := trainingError(e.repeats)
		m.Test.Repeats, m.Test.SETraining = len(e.repeats), results.Optional(training)
		for _, v := range e.repeats {
			m.Test.Repeated = append(m.Test.Repeated, results.Optional(v))
		}
	}
	_, _, logp := e.reported(d)
	if e.bound != nil && e.bound.on == "test" {
		logp = e.test.logProb // also of folds
	}
	if e.bound != nil {
		describeBound(m, e.bound, logp, jacobian)
		m.Mixtures = describeMixtures(e.mixtures, jacobian)
	}
	if e.explanation != nil {
		describeExplanation(m, e.explanation, jacobian)
		describeChecks(m, e.explanation, e.places, logp, jacobian)
	}
	return m
}

// result turns measurements into an entry of results.json; nil where there were
// no rows.
func (m measured) result(d *Data) *results.Split {
	if m.rows == 0 {
		return nil
	}
	s := &results.Split{Rows: m.rows, ReconstructionRMSE: results.Optional(m.rmse)}
	if m.logProb == nil {
		return s
	}
	e := m.logProb.Estimate()
	s.SetEstimate(e)
	if !d.Preparation.Missing { // rows with gaps have no common number of dimensions
		s.BitsPerDim = results.Optional(e.BitsPerDim(d.All.Dim()))
	}
	s.Evaluations = m.logProb.Spent
	return s
}

// describeBound adds the bound of the encoder and its distance from log p.
func describeBound(m *results.Model, b *bound, logp *eval.Result, jacobian float64) {
	e := b.elbo.Estimate().Shift(jacobian)
	m.Bounds = &results.Bounds{On: b.on}
	m.Bounds.SetELBO(e, weightedMean(b.elbo.Rate, b.elbo.Weights), weightedMean(b.elbo.Distortion, b.elbo.Weights)-jacobian)
	m.Bounds.SetIWAE(b.iwae.Shift(jacobian), iwaeSamples)
	reference := logp.Estimate()
	m.Gap = &results.Gap{Total: results.Optional(reference.Value - e.Value), SE: results.Optional(math.Hypot(reference.SampleErr, e.SampleErr)), Rows: b.rows}
	m.Diagnostics.ActiveUnits, m.Diagnostics.RatePerDim = &b.active, b.ratePerDim
	diagnose(m.Diagnostics, logp)
}

// describeExplanation adds why the bound is below log p.
func describeExplanation(m *results.Model, x *explain.Explanation, jacobian float64) {
	if q := x.Quadrature; q != nil {
		worst := 0.0
		for _, v := range q.Error {
			worst = max(worst, v)
		}
		m.Bounds.SetQuadrature(mean(q.LogProb)+jacobian, worst, len(q.LogProb))
	}
	m.Bounds.SetRefined(x.Held.Refined.Estimate().Shift(jacobian))
	m.Gap = gap(x.Held)
	for _, one := range x.Estimators {
		if one.Name == explain.AIS && one.Refused == "" { // the last has the most temperatures
			m.Bounds.SetAIS(one.Estimate.Shift(jacobian), one.Temperatures)
		}
	}
	m.Estimators = estimators(x.Estimators, jacobian)
	if x.Train != nil {
		m.GapTrain, m.Overfitting = gap(x.Train), overfitting(x, jacobian)
	}
	m.Sandwich = sandwich(x.Importance, jacobian)
	if m.SandwichAnnealed = sandwich(x.Annealed, jacobian); m.SandwichAnnealed != nil {
		m.SandwichAnnealed.Temperatures = x.Temperatures
	}
	if r := x.Rate; r != nil {
		m.RateSplit = &results.Rate{On: m.Bounds.On, Rows: r.Rate.Rows, Samples: x.RateSamples,
			Rate: results.Optional(r.Rate.Value), Information: results.Optional(r.Information.Value), Marginal: results.Optional(r.Marginal.Value), SE: results.Optional(r.Information.SampleErr)}
		if r.TotalCorrelation != nil {
			m.RateSplit.TotalCorrelation, m.RateSplit.Dimensions = results.Optional(r.TotalCorrelation.Value), r.Dimension
		}
	}
}

func gap(d *explain.Division) *results.Gap {
	total, approximation, amortization := d.Gap.Estimates()
	return results.NewGap(total, approximation, amortization, d.RowsConverged())
}

func overfitting(x *explain.Explanation, jacobian float64) *results.Overfitting {
	held, train := x.Held.Amortized.Estimate().Shift(jacobian), x.Train.Amortized.Estimate().Shift(jacobian)
	bounds, share := eval.Overfitting(held, train), x.Overfitting.Amortization
	return &results.Overfitting{
		ELBOHeld: results.Optional(held.Value), ELBOTrain: results.Optional(train.Value), ELBO: results.Optional(bounds.Mean), ELBOSE: results.Optional(bounds.StdErr()),
		Amortization: results.Optional(share.Mean), SE: results.Optional(share.StdErr()), RowsHeld: held.Rows, RowsTrain: train.Rows,
	}
}

func sandwich(s *eval.Sandwich, jacobian float64) *results.Sandwich {
	if s == nil {
		return nil
	}
	lower, upper := s.Estimates()
	width, single := s.Gap(), math.NaN()
	if s.Single != nil {
		single = mean(s.Single) + jacobian
	}
	out := results.NewSandwich(lower.Shift(jacobian), upper.Shift(jacobian), width.Mean, width.StdErr(), single)
	out.Evaluations = s.Spent
	return out
}

// estimators lists what estimators found, in nats of the data.
func estimators(list []explain.Estimator, jacobian float64) []results.Estimator {
	var out []results.Estimator
	for _, e := range list {
		r := results.Estimator{
			Name: e.Name, Title: e.Title, Note: e.Note, Certified: e.Certified, Refused: e.Refused,
			Draws: e.Draws, Temperatures: e.Temperatures, Evaluations: e.Evaluations,
			Acceptance: results.Optional(e.Acceptance), KHatBadShare: results.Optional(e.KHatBadShare), Error: results.Optional(e.Error),
			Curve: e.Curve, Line: e.Line,
		}
		r.SetEstimate(e.Estimate.Shift(jacobian))
		out = append(out, r)
	}
	return out
}

// describeChecks adds what the estimates rest on.
func describeChecks(m *results.Model, x *explain.Explanation, places []string, logp *eval.Result, jacobian float64) {
	if m.Checks == nil {
		m.Checks = &results.Checks{}
	}
	m.Checks.CalibrationEncoder = calibration(x.Encoder, 0)
	m.Checks.CalibrationWeighted = calibration(x.Weighted, x.CalibrationSamples)
	if w := x.Weights; w != nil {
		m.Checks.Weights = &results.Histogram{From: w.From, Width: w.Width, Counts: w.Counts, Mass: w.Mass, Below: w.Below, Rows: w.Rows, Draws: w.Draws}
	}
	h := x.Held
	for i, place := range places {
		row := results.Row{
			Where: place, Kind: h.Reference.Kind,
			LogProb: results.Optional(h.Reference.LogProb[i] + jacobian),
			ELBO:    results.Optional(h.Amortized.PerRow[i] + jacobian), ELBORefined: results.Optional(h.Refined.PerRow[i] + jacobian),
			Approximation: results.Optional(h.Gap.Approximation[i]), ApproximationSE: results.Optional(h.Gap.ApproximationErr[i]),
			Amortization: results.Optional(h.Gap.Amortization[i]), AmortizationSE: results.Optional(h.Gap.AmortizationErr[i]),
			Converged: h.Converged[i],
		}
		if h.Reference.StdErr != nil {
			row.SE = results.Optional(h.Reference.StdErr[i])
		}
		if logp.KHat != nil {
			row.ESS, row.KHat = results.Optional(logp.ESS[i]), results.Optional(logp.KHat[i])
		}
		m.Checks.Rows = append(m.Checks.Rows, row)
	}
}

// calibration records the ranks of codes among draws; nil where they were not drawn.
func calibration(c *eval.Calibration, samples int) *results.Calibration {
	if c == nil {
		return nil
	}
	rows := 0
	for _, v := range c.Counts[0] {
		rows += v
	}
	p := min(1, float64(len(c.PValue))*slices.Min(c.PValue))
	return &results.Calibration{P: p, Values: c.PValue, Counts: c.Counts, Rows: rows, Samples: samples}
}
