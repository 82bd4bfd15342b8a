package compare

import (
	"context"
	"time"

	"likely/density"
	"likely/kde"
	"likely/saved"
)

// kernels is the kernel density, an exact neighbour of continuous data.
type kernels struct{}

func (kernels) Name() string { return "kde" }

func (kernels) Summary() string {
	return "a kernel on each training row, bandwidths by leave-one-out likelihood; exact"
}

func (kernels) LeftOut(c *Settings, d *Data) Reason {
	if r := continuousOnly(d); r.Why != "" || !c.Missing {
		return r
	}
	return Reason{Why: "it has no exact way with missing values", Setting: "Missing", Remedy: "fill the values in"}
}

func (k kernels) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	jacobian := d.Preparation.Transform.LogJacobian()
	s := j.Settings.KDE
	s.Weights, s.Floor = d.Train.Weights, j.Settings.Floor
	s.Progress = func(iteration int, _ float64) { j.step("kde: bandwidths, step", iteration, 0, "") }
	s, err := s.Resolved()
	if err != nil {
		return nil, of("kde", err)
	}
	begin := time.Now()
	m, report, err := kde.Fit(ctx, d.Train.Model, s, density.NewSource(j.Settings.Seed, "comparison.kde"))
	if err != nil {
		return nil, of("kde", err)
	}
	fit := &Fit{
		Model:       &saved.Model{Name: k.Name(), Fitted: m, Preparation: d.Preparation},
		Seconds:     time.Since(begin).Seconds(),
		Passes:      float64(report.Iterations),
		History:     History{Unit: "iteration", Subtitle: "mean log p(x) of rows left out", Train: shifted(report.History, jacobian)},
		FloorActive: &report.FloorActive,
		Converged:   &report.Converged,
		Warnings:    j.advise(report.Warnings, "kde", jacobian),
	}
	return fit, fit.record(s, map[string]any{"shape": m.Shape().String(), "kernels": m.Kernels()})
}
