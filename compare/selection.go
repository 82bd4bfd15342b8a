package compare

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"likely/density"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/results"
)

// parseFamilies reads a list of covariance families: names, or all that differ for
// so many columns.
func parseFamilies(text string, columns int) ([]gmm.Covariance, error) {
	if text == "all" && columns == 1 {
		return []gmm.Covariance{gmm.Tied, gmm.Full}, nil // the others are these by other names
	}
	if text == "all" {
		return gmm.Covariances(), nil
	}
	var list []gmm.Covariance
	for name := range strings.SplitSeq(text, ",") {
		c, err := gmm.ParseCovariance(strings.TrimSpace(name))
		if err != nil {
			return nil, usagef("--gmm-covariance %q: want all, or some of %s, factors:L, ppca:L", name, strings.Join(gmm.CovarianceNames(), ", "))
		}
		list = append(list, c)
	}
	return list, nil
}

// parseCriterion reads a selection criterion; auto is the likelihood of the
// validation rows, or BIC where there are none.
func parseCriterion(text string, valid bool) (selection.Criterion, error) {
	if text == "auto" {
		if valid {
			return selection.HeldOut, nil
		}
		return selection.BIC, nil
	}
	c, err := selection.ParseCriterion(text)
	if err != nil {
		return 0, usagef("--gmm-criterion %q: want auto, bic, aic, icl, held-out or cv", text)
	}
	if c == selection.HeldOut && !valid {
		return 0, usagef("--gmm-criterion held-out needs validation rows: set --valid, or use cv")
	}
	return c, nil
}

// selectMixture fits every family with every number of components and keeps the
// best by the criterion.
func selectMixture(ctx context.Context, j *Job, d *Data, families []gmm.Covariance) (*Fit, error) {
	c := j.Config.GMM
	criterion, err := parseCriterion(c.Criterion, d.Valid != nil)
	if err != nil {
		return nil, err
	}
	var counts []int
	for k := c.Components.From; k <= c.Components.To; k++ {
		counts = append(counts, k)
	}
	var done atomic.Int64
	begun := func() int { return min(int(done.Load()), len(families)*len(counts)) }
	s := selection.Settings{
		Families: families, Components: counts, Criterion: criterion, Valid: d.validation(), ValidWeights: d.validationWeights(),
		Fit: gmm.Settings{Starts: c.Starts, SplitMerge: c.moves(), Iterations: c.Iterations, Floor: j.Config.Floor, Missing: j.Config.Missing, Weights: d.Train.Weights, Progress: func(start, iteration int, _ float64) {
			if iteration == 0 && start == 0 {
				done.Add(1)
			}
			j.step(fmt.Sprintf("gmm: EM for %d candidates", len(families)*len(counts)), begun(), len(families)*len(counts), "")
		}},
	}
	begin := time.Now()
	table, err := selection.Select(ctx, d.Train.Model, s, density.NewSource(j.Config.Seed, "comparison.gmm"))
	if err != nil {
		return nil, err
	}
	best := table.Best()
	fit := mixtureFit("gmm", best.Model, best.Report, d, time.Since(begin))
	fit.Settings["starts"] = c.Starts
	fit.Passes = 0
	fit.Selection = &results.Selection{Criterion: criterion.String()}
	n, jacobian := d.Train.TotalWeight(), d.Preparation.Transform.LogJacobian()
	for _, one := range table.Candidates {
		r := results.Candidate{Covariance: one.Family.String(), Components: one.Components}
		if one.Err != nil {
			r.NotFitted = translated{one.Err}.Error()
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
