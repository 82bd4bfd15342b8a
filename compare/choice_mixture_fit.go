package compare

import (
	"context"
	"fmt"
	"math"
	"time"

	"likely/density"
	"likely/gmm"
	"likely/search"
)

// chooseMixture chooses family and number of components, and fits what was chosen.
func chooseMixture(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	begin := time.Now()
	p := newMixtureProblem(j.chooser(ctx, d, mixture{}.Name(), "gmm"))
	found, err := chosen(ctx, p.chooser, p, 1, 0)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	winner := found.Winner()
	m, report, s, err := p.complete(ctx, winner.Spec, winner.Fit.(*mixtureFit))
	if err != nil {
		return nil, of("gmm", err)
	}
	fit, err := j.mixtureFit(mixture{}.Name(), m, report, s, d, time.Since(begin))
	if err != nil {
		return nil, err
	}
	fit.Course = p.course
	fit.Search = transcript(p.chooser, found, d.Preparation.Transform.LogJacobian())
	fit.Search.Improving = p.improving(found, report)
	fit.Search.Spent = p.meter.Spent()
	for _, t := range found.Trials {
		made := 0.0
		if n := len(t.Curve); n > 0 {
			made = t.Curve[n-1].Passes
		}
		fit.Passes += made
	}
	p.store.remove()
	return fit, nil
}

// complete fits the size that was chosen to all training rows: from as many cold starts
// as the budget has room for, and from where the choice left it. Of the two it takes
// the one under which rows left out are more likely.
func (p *mixtureProblem) complete(ctx context.Context, size mixtureSize, from *mixtureFit) (*gmm.Model, *gmm.Report, gmm.Settings, error) {
	j, d := p.j, p.d
	s := j.Settings.mixture()
	s.Components, s.Covariance, s.Weights = size.components, size.family, d.Train.Weights
	task := fmt.Sprintf("gmm: EM with %d components", size.components)
	s.Progress = func(start, iteration int, _ float64) {
		j.step(task, iteration, 0, fmt.Sprintf("start %d", start+1))
	}
	pass, err := s.Work(d.Train.Rows(), d.Train.Dim())
	if err != nil {
		return nil, nil, s, err
	}
	asked := s
	affordable := int(min(p.meter.Left()/(pass*startIterations), math.MaxInt32))
	wanted := s.Starts
	if wanted == 0 {
		wanted = gmm.MostStarts
	}
	if affordable < wanted {
		s.Starts = min(max(affordable, 1), coldStarts)
	}
	if affordable < s.Starts+movesOf {
		s.SplitMerge = -1
	}
	cold, hot := newCourse(d), newCourse(d)
	s.Watch = cold.watchMixture()
	var best *gmm.Model
	var how *gmm.Report
	if affordable > 0 || len(p.divisions) > 1 {
		if best, how, err = gmm.Fit(ctx, d.Train.Model, s, density.NewSource(j.Settings.Seed, "comparison.gmm")); err != nil {
			return nil, nil, s, err
		}
		p.meter.Spend(pass * float64(how.TotalIterations))
		p.course = cold.end(how.Start, len(how.History)-1, best)
	}
	if len(p.divisions) > 1 {
		return best, how, asked, nil
	}
	warm := s
	warm.Watch = hot.watchMixture()
	warm.Start, warm.Starts, warm.SplitMerge = gmm.From(from.models[0]), 1, -1
	m, report, err := gmm.Fit(ctx, d.Train.Model, warm, density.NewSource(j.Settings.Seed, "comparison.gmm warm"))
	switch {
	case ctx.Err() != nil:
		return nil, nil, s, err
	case err != nil:
		return best, how, asked, err
	}
	p.meter.Spend(pass * float64(report.TotalIterations))
	if best == nil {
		p.course = hot.end(0, len(report.History)-1, m)
		return m, report, asked, nil
	}
	held := p.divisions[0].held
	better := meanOf(m, held, &j.Settings) > meanOf(best, held, &j.Settings)
	if report.Degenerate != how.Degenerate {
		better = how.Degenerate
	}
	report.TotalIterations, how.TotalIterations = report.TotalIterations+how.TotalIterations, report.TotalIterations+how.TotalIterations
	if better {
		p.course = hot.end(0, len(report.History)-1, m)
		return m, report, asked, nil
	}
	return best, how, asked, nil
}

const (
	coldStarts      = 10
	startIterations = 100 // about, of a cold start
	movesOf         = 6   // runs of EM that a move that splits and merges costs
)

// meanOf returns the mean log p of rows.
func meanOf(m *gmm.Model, rows *Part, c *Settings) float64 {
	logProb := m.LogProb
	if c.Missing {
		logProb = m.LogProbObserved
	}
	return density.WeightedMeanEstimate(logProb(nil, rows.Model), nil, rows.Weights, density.ExactValue, 0).Value
}

// improving says why more work may help, or "": a family that still climbed was as good
// as the best when the budget ended.
func (p *mixtureProblem) improving(found *search.Found[mixtureSize], report *gmm.Report) string {
	if !report.Converged {
		return "EM had not converged when its iterations ended"
	}
	for _, t := range found.Trials {
		if t.Status != search.Unbegun {
			continue
		}
		for _, other := range found.Trials {
			if other.Spec.family == t.Spec.family && other.Status == search.Finished && other.Sound && !(other.Gap > 2*other.GapErr) {
				return fmt.Sprintf("the budget had no room for %s, and fewer components of that family were as good as any", t.Name)
			}
		}
	}
	best := found.Trials[found.Best]
	if n := len(p.counts); best.Spec.components == p.counts[n-1] && n > 1 {
		return fmt.Sprintf("the most components that were tried, %d, were the best", p.counts[n-1])
	}
	return ""
}
