package vae

import (
	"likely/density"
	"likely/gmm"
)

// Report tells how training went.
type Report struct {
	// History has one entry for each epoch.
	History []Epoch
	// BestEpoch is the epoch, counted from 1, whose weights were kept: the
	// one with the highest validation bound or, without validation rows, the
	// last.
	BestEpoch int
	// Converged is whether training ended because the bound had stopped
	// rising rather than because the epochs ran out.
	Converged bool
	// FloorActive is whether some variance of p(x|z) on the training rows was
	// held up by the floor at the end.
	FloorActive bool
	// Idle counts, for each hidden layer, the units that do nothing.
	Idle []IdleUnits
	// Warnings says what is doubtful about the result and what to try.
	Warnings []density.Warning
	// Settings is what the fit did, with every default in the place of its zero
	// value.
	Settings Settings
	// Seed is the number all random streams of the fit were derived from.
	Seed uint64
	// Rows is the number of training rows, Steps that of optimiser steps.
	Rows, Steps int
}

// Epoch is one line of the history. Train, Rate and Distortion are means over
// the training rows while the weights were moving. For objectives that are an
// ELBO, at β = 1, Train = −Distortion − Rate.
type Epoch struct {
	// Train and Valid are the bounds in nats per row of the data. Valid is
	// NaN without validation rows; on small tables it is computed every few
	// epochs only, and repeated in between. For the plain autoencoder the two
	// are minus half the squared error, summed over the columns.
	Train, Valid float64
	// Rate is KL(q(z|x) ‖ p(z)) and Distortion is −E_q log p(x|z), in nats.
	Rate, Distortion float64
	// LearningRate is that of the last step and GradNorm the mean Euclidean
	// norm of the gradient of a minibatch's mean objective, over every
	// sixteenth of them.
	LearningRate, GradNorm float64
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, density.Warnf(format, args...))
}

// codesSettings are the names, for who trains, of the settings of a mixture that is
// fitted to the codes. It has components of its own; the rest is as package gmm has it.
var codesSettings = map[string]string{"Components": "Prior=ex-post:K", "Floor": "Floor", "Iterations": "PriorIterations"}

// warnCodes passes on what is doubtful about a mixture that was fitted to codes.
func (r *Report) warnCodes(mixture *gmm.Report) {
	gaps := func(setting, value string) string { return "{" + setting + "=" + value + "}" }
	for _, w := range mixture.Warnings {
		what := ""
		if w.Nats() {
			what = " (nats of the codes)"
		}
		r.warn("vae: the mixture fitted to the codes: %s%s", w.Renamed(codesSettings).In(gaps, 0), what)
	}
}
