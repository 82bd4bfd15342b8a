package compare

import (
	"math"

	"likely/density"
	"likely/eval"
)

// describeModel turns a fit and its evaluation into an entry of results.json.
func describeModel(fit *Fit, e *evaluation, d *Data) *ModelResult {
	m := &ModelResult{
		Name: fit.Model.Name, Family: fit.Model.Family(), Config: fit.Settings,
		FitSeconds: fit.Seconds,
		Bounds:     e.bounds, Gap: e.gap, Sandwich: e.sandwich, SandwichAnnealed: e.annealed,
		GapTrain: e.gapTrain, Overfitting: e.overfitting, RateSplit: e.rate, Estimators: e.estimators, Checks: e.checks,
		Diagnostics: e.diagnostics, Selection: fit.Selection,
		Train: e.train.result(d), Valid: e.valid.result(d), Test: e.test.result(d),
	}
	if plain(fit.Model) {
		m.Family = "ae"
	}
	if fit.Seconds > 0 {
		m.FitExamplesPerSecond = fit.Passes * float64(d.Train.Rows()) / fit.Seconds
	}
	if p, ok := fit.Model.Fitted.(density.Parametric); ok {
		m.Parameters = p.NumParameters()
	}
	return m
}

// result turns measurements into an entry of results.json; nil where there were
// no rows.
func (m measured) result(d *Data) *SplitResult {
	if m.rows == 0 {
		return nil
	}
	s := &SplitResult{Rows: m.rows, ReconstructionRMSE: m.rmse}
	if m.logProb == nil {
		return s
	}
	e := m.logProb.Estimate()
	s.Kind, s.Nats = &e.Kind, finite(e.Value)
	s.SEData, s.SESamples = finite(e.DataErr), finite(e.SampleErr)
	if !d.Preparation.Missing { // rows with gaps have no common number of dimensions
		s.BitsPerDim = finite(e.BitsPerDim(d.All.Dim()))
	}
	s.Samples, s.Evaluations = e.Samples, m.logProb.Spent
	return s
}

// pairs compares every two densities on the test rows, row by row.
func pairs(evaluations []*evaluation) ([]PairResult, error) {
	results := []PairResult{}
	for i, a := range evaluations {
		for _, b := range evaluations[i+1:] {
			if a.test.logProb == nil || b.test.logProb == nil {
				continue
			}
			diff, err := eval.Compare(a.test.logProb, b.test.logProb)
			if err != nil {
				return nil, err
			}
			if finite(diff.Mean) == nil {
				continue // a row of density 0, which a warning names
			}
			p := PairResult{A: a.name, B: b.name, Diff: diff.Mean, SE: finite(diff.StdErr()), Rows: diff.Rows}
			if diff.Significant() {
				if p.Better = a.name; math.Signbit(diff.Mean) {
					p.Better = b.name
				}
			}
			results = append(results, p)
		}
	}
	return results, nil
}
