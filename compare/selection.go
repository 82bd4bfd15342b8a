package compare

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"likely/density"
	"likely/gmm/selection"
	"likely/results"
)

// criterion returns how to choose among mixtures: by the validation rows or, where
// there are none, by BIC, unless the settings say otherwise.
func (c *Settings) criterion(d *Data) selection.Criterion {
	switch {
	case c.Criterion.Given:
		return c.Criterion.Value
	case d.Valid != nil:
		return selection.HeldOut
	}
	return selection.BIC
}

// selectMixture fits every family with every number of components and keeps the
// best by the criterion.
func selectMixture(ctx context.Context, j *Job, d *Data, families selection.Families, counted Range) (*Fit, error) {
	c, criterion := &j.Settings, j.Settings.criterion(d)
	var counts []int
	for k := counted.From; k <= counted.To; k++ {
		counts = append(counts, k)
	}
	var done atomic.Int64
	begun := func() int { return min(int(done.Load()), len(families)*len(counts)) }
	each := c.mixture()
	each.Weights = d.Train.Weights
	each.Progress = func(start, iteration int, _ float64) {
		if iteration == 0 && start == 0 {
			done.Add(1)
		}
		j.step(fmt.Sprintf("gmm: EM for %d candidates", len(families)*len(counts)), begun(), len(families)*len(counts), "")
	}
	s := selection.Settings{
		Families: families, Components: counts, Criterion: criterion, Valid: d.validation(), ValidWeights: d.validationWeights(),
		Fit: each,
	}
	begin := time.Now()
	table, err := selection.Select(ctx, d.Train.Model, s, density.NewSource(j.Settings.Seed, "comparison.gmm"))
	if err != nil {
		return nil, of("gmm", err)
	}
	best := table.Best()
	fit, err := j.mixtureFit("gmm", best.Model, best.Report, each, d, time.Since(begin))
	if err != nil {
		return nil, err
	}
	fit.Passes = 0
	fit.Selection = &results.Selection{Criterion: criterion.String()}
	n, jacobian := d.Train.TotalWeight(), d.Preparation.Transform.LogJacobian()
	for _, one := range table.Candidates {
		r := results.Candidate{Covariance: one.Family.String(), Components: one.Components}
		if one.Err != nil {
			r.NotFitted = density.ErrorIn(of("gmm", one.Err), j.spelling())
		} else {
			r.Parameters, r.Degenerate = one.Parameters, one.Report.Degenerate
			r.LogLik = results.Optional(one.LogLik + n*jacobian)
			r.BIC, r.AIC, r.ICL = results.Optional(one.BIC+2*n*jacobian), results.Optional(one.AIC+2*n*jacobian), results.Optional(one.ICL+2*n*jacobian)
			r.HeldOut, r.HeldOutErr = results.Optional(one.HeldOut+jacobian), results.Optional(one.HeldOutErr)
			fit.Passes += float64(one.Report.TotalIterations)
		}
		fit.Selection.Candidates = append(fit.Selection.Candidates, r)
	}
	return fit, nil
}
