package compare

import (
	"context"
	"fmt"
	"time"

	"likely/density"
	"likely/gmm"
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
	fit, err := fitComponents(ctx, j, d, k.Name(), gmm.Full, 1, 1) // a closed form needs no second start
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

func (mixture) LeftOut(_ *Settings, d *Data) Reason { return continuousOnly(d) }

// Fit fits the mixture that was asked for or, for a range of components or several
// covariance families, the best of them by the selection criterion.
func (k mixture) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	families, r := j.Settings.Families.Resolved(d.All.Dim()), j.Settings.Components
	if r.From < r.To || len(families) > 1 {
		return selectMixture(ctx, j, d, families)
	}
	return fitComponents(ctx, j, d, k.Name(), families[0], r.From, j.Settings.GMM.Starts)
}

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
