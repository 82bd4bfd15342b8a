package compare

import (
	"context"
	"fmt"
	"time"

	"likely/density"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/saved"
)

// gaussian is one Gaussian, the baseline.
type gaussian struct{}

func (gaussian) Name() string { return "gaussian" }

func (gaussian) Summary() string {
	return "one Gaussian with full covariance, in closed form: the baseline"
}

func (gaussian) LeftOut(_ *Settings, d *Data) Reason { return continuousOnly(d) }

func (k gaussian) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	family := gmm.Full
	if rows, columns := d.Train.Rows(), d.All.Dim(); tooWide(rows, columns) {
		family = gmm.Diagonal
		d.warnf("%s: its covariance is diagonal: a full one of %d columns has %d numbers, which %d rows do not tell in reasonable time", k.Name(), columns, columns*(columns+1)/2, rows)
	}
	fit, err := fitComponents(ctx, j, d, k.Name(), family, 1, 1) // a closed form needs no second start
	if err == nil {
		fit.Baseline = true
	}
	return fit, err
}

func (k gaussian) stream(ctx context.Context, j *Job, fit *Fit, d *Data) (*Fit, error) {
	return j.streamMixture(ctx, k.Name(), fit, d)
}

// mixture is the Gaussian mixture.
type mixture struct{}

func (mixture) Name() string { return "gmm" }

func (mixture) Summary() string { return "a Gaussian mixture fitted by EM: its log p(x) is exact" }

func (mixture) LeftOut(c *Settings, d *Data) Reason {
	if why := c.checkFamilies(d.All.Dim()); why != "" {
		return Reason{Why: why, Setting: "Families", Remedy: "take diag, spherical or factors:L"}
	}
	return continuousOnly(d)
}

// Fit fits the mixture that was asked for; of a range of components or several
// families of covariances the best by the criterion; or what the data choose.
func (k mixture) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	c := &j.Settings
	open := !c.Components.Given || !c.Families.Given
	if open && (!c.Criterion.Given || c.Criterion.Value == selection.HeldOut) {
		return chooseMixture(ctx, j, d)
	}
	families, r := c.Families.Value.Resolved(d.All.Dim()), c.Components.Value
	if !c.Families.Given {
		families = narrowed(familiesFor(d.All.Dim()), d.Train.Rows(), d.All.Dim())
	}
	if !c.Components.Given {
		r = Range{1, mostByCriterion}
	}
	if r.From < r.To || len(families) > 1 {
		return selectMixture(ctx, j, d, families, r)
	}
	return fitComponents(ctx, j, d, k.Name(), families[0], r.From, c.GMM.Starts)
}

// mostByCriterion is the largest number of components that is tried where a criterion is
// asked for and no numbers are.
const mostByCriterion = 10

func (k mixture) stream(ctx context.Context, j *Job, fit *Fit, d *Data) (*Fit, error) {
	return j.streamMixture(ctx, k.Name(), fit, d)
}

// continuousOnly is the reason of kinds that are densities.
func continuousOnly(d *Data) Reason {
	if m := d.Preparation.Measure; m == density.Binary || m == density.Discrete || m == density.Mixed {
		return notOf(m)
	}
	return Reason{}
}

func fitComponents(ctx context.Context, j *Job, d *Data, name string, family gmm.Covariance, k, starts int) (*Fit, error) {
	task := name + ": EM"
	if k > 1 {
		task = fmt.Sprintf("%s: EM with %d components", name, k)
	}
	s := j.Settings.mixture()
	s.Components, s.Covariance, s.Starts, s.Weights = k, family, starts, d.Train.Weights
	s.Progress = func(start, iteration int, _ float64) {
		j.step(task, iteration, 0, fmt.Sprintf("start %d", start+1))
	}
	watch := newCourse(d)
	s.Watch = watch.watchMixture()
	begin := time.Now()
	m, report, err := gmm.Fit(ctx, d.Train.Model, s, density.NewSource(j.Settings.Seed, "comparison."+name))
	if err != nil {
		return nil, of("gmm", err)
	}
	fit, err := j.mixtureFit(name, m, report, s, d, time.Since(begin))
	if err == nil && k > 1 {
		fit.Course = watch.end(report.Start, len(report.History)-1, m)
	}
	return fit, err
}

// mixtureFit tells the story of a mixture that was fitted with settings s.
func (j *Job) mixtureFit(name string, m *gmm.Model, report *gmm.Report, s gmm.Settings, d *Data, took time.Duration) (*Fit, error) {
	s.Components, s.Covariance = m.Components(), m.Family()
	s, err := s.Resolved()
	if err != nil {
		return nil, of("gmm", err)
	}
	jacobian := d.Preparation.Transform.LogJacobian()
	fit := &Fit{
		Model:       &saved.Model{Name: name, Fitted: m, Preparation: d.Preparation},
		Seconds:     took.Seconds(),
		Passes:      float64(report.TotalIterations),
		History:     History{Unit: "iteration", Subtitle: "mean log p(x), exact", Train: shifted(report.History, jacobian)},
		FloorActive: &report.FloorActive,
		Converged:   &report.Converged,
		Warnings:    j.advise(report.Warnings, "gmm", jacobian),
	}
	return fit, fit.record(s)
}
