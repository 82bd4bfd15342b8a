package vae

import (
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

func (r *run[T]) done() bool { return r.progress.Done }

func (r *run[T]) epoch() int { return r.progress.Epoch }

func (r *run[T]) table() *mat.Dense { return r.train }

func (r *run[T]) history() *Report { return r.report }

// result makes a model of the best weights and completes a copy of the report.
func (r *run[T]) result() (*coder, *Report, error) {
	report := *r.report
	report.History = slices.Clone(report.History)
	report.Warnings = slices.Clone(report.Warnings)
	report.Steps = *r.optimizer.Count()
	if !finite(r.best) {
		return nil, &report, r.diverged("vae: a weight of the best epoch is not finite: {err}")
	}
	c := r.net.config
	c.Floor = nil
	if r.net.network {
		c.Floor = r.floor
	}
	net, theta := newNetwork[T](c), slices.Clone(r.best)
	fold(net, theta, r.inputs, r.scale)
	model := newCoder(net, theta)
	// Probabilities cannot grow without limit: a scale of theirs at its floor is
	// reported and no reason to warn.
	if report.FloorActive = model.floorActive(r.floor, r.train); report.FloorActive && c.Likelihood.on(density.Continuous) {
		report.warn("vae: the variance of p(x|z) is held up by the floor; columns with few distinct values want dequantising, or a larger {Floor}, or {Sigma=shared}")
	}
	report.Idle = net.idleUnits(theta, r.train, report.Seed)
	report.warnIdle(&c)
	if report.BestEpoch == 0 && r.progress.Epoch > 0 {
		return nil, &report, r.diverged("vae: the validation bound was never finite: {err}")
	}
	return model, &report, nil
}

// diverged returns an error that wraps ErrDiverged, with the remedy.
func (r *run[T]) diverged(format string, args ...any) error {
	return density.SettingErrorf(ErrDiverged, format+"; a smaller {Rate} (now %v) would help", append(args, r.settings.Rate)...)
}
