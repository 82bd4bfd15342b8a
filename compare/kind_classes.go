package compare

import (
	"context"
	"fmt"
	"time"

	"likely/density"
	"likely/lcm"
	"likely/lcm/selection"
	"likely/results"
	"likely/saved"
)

// independent is the baseline of discrete columns: one class, in which columns are
// independent.
type independent struct{}

func (independent) Name() string { return "independent" }

func (independent) Summary() string {
	return "independent columns, one probability each: the baseline of discrete data"
}

func (independent) LeftOut(_ *Settings, d *Data) Reason { return countedOnly(d) }

func (k independent) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s := j.Settings.classes(d)
	s.Components, s.Starts = 1, 1
	begin := time.Now()
	m, report, err := lcm.Fit(ctx, d.Train.Model, s, density.NewSource(j.Settings.Seed, "comparison."+k.Name()))
	if err != nil {
		return nil, of("lcm", err)
	}
	fit, err := j.classFit(k.Name(), m, report, s, d, time.Since(begin))
	if err == nil {
		fit.Baseline = true
	}
	return fit, err
}

func (k independent) stream(ctx context.Context, j *Job, fit *Fit, d *Data) (*Fit, error) {
	return j.streamClasses(ctx, k.Name(), fit, d)
}

// latentClasses is the finite mixture of discrete columns.
type latentClasses struct{}

func (latentClasses) Name() string { return "lcm" }

func (latentClasses) Summary() string {
	return "a finite mixture of independent columns, fitted by EM: its log p(x) is exact"
}

func (latentClasses) LeftOut(_ *Settings, d *Data) Reason { return countedOnly(d) }

// Fit fits the number of classes that was asked for, or the best of several by the
// validation rows, or by BIC where there are none.
func (k latentClasses) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	c := &j.Settings
	each := c.classes(d)
	begin := time.Now()
	if r := c.Classes; r.Given && r.Value.From == r.Value.To {
		each.Components = r.Value.From
		each.Progress = func(start, iteration int, _ float64) {
			j.step(fmt.Sprintf("lcm: EM with %d classes", r.Value.From), iteration, 0, fmt.Sprintf("start %d", start+1))
		}
		m, report, err := lcm.Fit(ctx, d.Train.Model, each, density.NewSource(c.Seed, "comparison.lcm"))
		if err != nil {
			return nil, of("lcm", err)
		}
		return j.classFit(k.Name(), m, report, each, d, time.Since(begin))
	}
	s := selection.Settings{Criterion: selection.BIC, Patience: classPatience, Fit: each}
	if d.Valid != nil {
		s.Criterion, s.Valid, s.ValidWeights = selection.HeldOut, d.Valid.Model, d.Valid.Weights
	}
	for count := c.Classes.Value.From; c.Classes.Given && count <= c.Classes.Value.To; count++ {
		s.Components = append(s.Components, count)
	}
	s.Fit.Progress = func(start, iteration int, _ float64) {
		j.step("lcm: EM, number of classes by "+s.Criterion.String(), iteration, 0, fmt.Sprintf("start %d", start+1))
	}
	table, err := selection.Select(ctx, d.Train.Model, s, density.NewSource(c.Seed, "comparison.lcm"))
	if err != nil {
		return nil, of("lcm", err)
	}
	best := table.Best()
	fit, err := j.classFit(k.Name(), best.Model, best.Report, each, d, time.Since(begin))
	if err != nil {
		return nil, err
	}
	fit.Passes, fit.Selection = 0, &results.Selection{Criterion: s.Criterion.String()}
	for _, one := range table.Candidates {
		r := results.Candidate{Components: one.Components}
		if one.Err != nil {
			r.NotFitted = density.ErrorIn(of("lcm", one.Err), j.spelling())
		} else {
			r.Parameters = one.Parameters
			r.LogLik, r.BIC, r.AIC, r.ICL = results.Optional(one.LogLik), results.Optional(one.BIC), results.Optional(one.AIC), results.Optional(one.ICL)
			r.HeldOut, r.HeldOutErr = results.Optional(one.HeldOut), results.Optional(one.HeldOutErr)
			fit.Passes += float64(one.Report.TotalIterations)
		}
		fit.Selection.Candidates = append(fit.Selection.Candidates, r)
	}
	if last := s.Components; best.Components == most(table) && len(table.Candidates) > 1 && (len(last) == 0 || best.Components == last[len(last)-1]) {
		fit.Warnings = append(fit.Warnings, density.Warnf("%d classes were chosen, the most that were tried; a wider {Classes} may find better", best.Components).In(j.spelling(), 0))
	}
	return fit, nil
}

func (k latentClasses) stream(ctx context.Context, j *Job, fit *Fit, d *Data) (*Fit, error) {
	return j.streamClasses(ctx, k.Name(), fit, d)
}

// most returns the largest number of classes that was tried.
func most(t *selection.Table) int {
	largest := 0
	for _, c := range t.Candidates {
		largest = max(largest, c.Components)
	}
	return largest
}

// classPatience is after how many numbers of classes in a row that are no better the
// search for a better one ends.
const classPatience = 2

// classes returns the settings of one mixture of classes.
func (c *Settings) classes(d *Data) lcm.Settings {
	s := c.LCM
	s.Floor, s.Missing, s.Weights, s.Columns = c.Floor, c.Missing, d.Train.Weights, d.classColumns()
	return s
}

// classFit tells the story of a mixture of classes that was fitted with settings s.
func (j *Job) classFit(name string, m *lcm.Model, report *lcm.Report, s lcm.Settings, d *Data, took time.Duration) (*Fit, error) {
	s.Components = m.Components()
	jacobian := d.Preparation.Transform.LogJacobian()
	s, err := s.Resolved()
	if err != nil {
		return nil, of("lcm", err)
	}
	fit := &Fit{
		Model:       &saved.Model{Name: name, Fitted: m, Preparation: d.Preparation},
		Seconds:     took.Seconds(),
		Passes:      float64(report.TotalIterations),
		History:     History{Unit: "iteration", Subtitle: "mean log p(x), exact", Train: shifted(report.History, jacobian)},
		FloorActive: &report.FloorActive,
		Converged:   &report.Converged,
		Warnings:    j.advise(report.Warnings, "lcm", jacobian),
	}
	return fit, fit.record(s)
}

// countedOnly is the reason of kinds that give probabilities of values, to columns that
// have them.
func countedOnly(d *Data) Reason {
	if p := &d.Preparation; p.Measure != density.Binary && p.Types == nil {
		return notOf(p.Measure)
	}
	return Reason{}
}
