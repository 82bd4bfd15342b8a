package compare

import (
	"context"
	"fmt"
	"time"

	"likely/dataset"
	"likely/density"
	"likely/made"
	"likely/saved"
)

// autoregressive is the masked autoregressive network, an exact neighbour that is
// neural: what the networks could reach without a bound.
type autoregressive struct{}

func (autoregressive) Name() string { return "made" }

func (autoregressive) Summary() string {
	return "masked autoregressive networks: neural and exact; in the table of --preset thorough"
}

// Reserved says that the kind takes its time, and has it in thorough runs alone.
func (autoregressive) Reserved(c *Settings) bool { return c.Preset != Thorough }

func (autoregressive) LeftOut(c *Settings, d *Data) Reason {
	if m := d.Preparation.Measure; m == density.Discrete && d.Preparation.Types == nil {
		return notOf(m)
	}
	for j, kind := range d.Preparation.Types {
		if kind == dataset.Count {
			return Reason{Why: fmt.Sprintf("it has no conditional distribution of counts, such as column %d (%s)", j+1, d.All.Columns[j]), Remedy: "declare the column continuous with {Types}", Said: true}
		}
	}
	switch {
	case c.Missing:
		return Reason{Why: "it has no exact way with missing values", Setting: "Missing", Remedy: "fill the values in"}
	case c.Weights != "":
		return Reason{Why: "it has no exact way with weights", Setting: "Weights", Remedy: "repeat the rows in the file"}
	}
	s, err := c.MADE.Resolved(manyRows, 1)
	if err != nil || len(s.Hidden) == 0 {
		return Reason{}
	}
	// A normal has a mean, a variance and a weight.
	if why := checkWeights(3*s.Components*d.All.Dim(), s.Hidden[len(s.Hidden)-1], s.Orders); why != "" {
		return Reason{Why: why, Setting: "made.Hidden", Remedy: "give smaller layers, or fewer {made.Orders} or {made.Components}", Said: true}
	}
	return Reason{}
}

func (k autoregressive) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s := j.Settings.MADE
	s.Floor, s.Columns = j.Settings.Floor, d.conditionals()
	if s.Epochs == 0 && j.Settings.Effort > 0 {
		// Patience ends training where there is nothing left to gain.
		s.Epochs = max(int(min(j.Settings.Effort, 1)*float64(s.DefaultEpochs(d.Train.Rows()))), 1)
	}
	s, err := s.Resolved(d.Train.Rows(), d.Train.Dim())
	if err != nil {
		return nil, of("made", err)
	}
	jacobian := d.Preparation.Transform.LogJacobian()
	s.Progress = func(order, epoch int, train, _ float64) {
		j.step("made: training, epoch", epoch, s.Epochs, fmt.Sprintf("network %d, %.4g nats", order+1, train+jacobian))
	}
	begin := time.Now()
	m, report, err := made.Fit(ctx, d.Train.Model, d.validation(), s, density.NewSource(j.Settings.Seed, "comparison.made"))
	if err != nil {
		return nil, of("made", err)
	}
	fit := &Fit{
		Model:       &saved.Model{Name: k.Name(), Fitted: m, Preparation: d.Preparation},
		Seconds:     time.Since(begin).Seconds(),
		History:     History{Unit: "epoch", Subtitle: "mean log p(x), exact, of the first network", Best: report.BestEpoch[0]},
		FloorActive: &report.FloorActive,
		Converged:   &report.Converged,
		Warnings:    j.advise(report.Warnings, "made", jacobian),
	}
	for _, e := range report.History[0] {
		fit.History.Train = append(fit.History.Train, e.Train+jacobian)
		if d.Valid != nil {
			fit.History.Valid = append(fit.History.Valid, e.Valid+jacobian)
		}
	}
	for _, network := range report.History {
		fit.Passes += float64(len(network))
	}
	return fit, fit.record(s)
}

// conditionals returns the columns as an autoregressive network sees them; nil: all are
// continuous.
func (d *Data) conditionals() []made.Column {
	p := &d.Preparation
	if p.Types == nil && p.Measure != density.Binary {
		return nil
	}
	columns := make([]made.Column, d.Train.Dim())
	for j := range columns {
		switch {
		case p.Types == nil || p.Types[j] == dataset.Binary:
			columns[j].Kind = made.Bernoulli
		case p.Types[j] == dataset.Categorical:
			columns[j] = made.Column{Kind: made.Categorical, Levels: len(p.Levels[j])}
		}
	}
	return columns
}
