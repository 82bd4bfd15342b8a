package compare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"likely/dataset"
	"likely/density"
	"likely/saved"
	"likely/tree"
)

// chowLiu is the tree of Chow and Liu, an exact neighbour of discrete data.
type chowLiu struct{}

func (chowLiu) Name() string { return "tree" }

func (chowLiu) Summary() string {
	return "the tree of Chow and Liu: each column depends on one other; exact"
}

func (chowLiu) LeftOut(_ *Settings, d *Data) Reason {
	p := &d.Preparation
	switch j := slices.Index(p.Types, dataset.Count); {
	case p.Measure != density.Binary && (p.Measure != density.Discrete || p.Types == nil):
		return notOf(p.Measure)
	case j >= 0:
		return Reason{
			Why:    fmt.Sprintf("it gives probabilities to the values that a column has, and the count %s may have others", p.Columns[j]),
			Remedy: fmt.Sprintf("give {Types=%s=categorical}", p.Columns[j]), Said: true,
		}
	}
	return Reason{}
}

func (k chowLiu) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s := j.Settings.Tree
	s.Weights, s.Missing = d.Train.Weights, j.Settings.Missing
	for _, levels := range d.Preparation.Levels {
		s.Levels = append(s.Levels, max(len(levels), 2)) // a column without levels holds bits
	}
	s, err := s.Resolved()
	if err != nil {
		return nil, of("tree", err)
	}
	begin := time.Now()
	m, report, err := tree.Fit(ctx, d.Train.Model, s)
	if err != nil {
		return nil, of("tree", err)
	}
	fit := &Fit{
		Model:     &saved.Model{Name: k.Name(), Fitted: m, Preparation: d.Preparation},
		Seconds:   time.Since(begin).Seconds(),
		Passes:    float64(len(report.History)),
		History:   History{Unit: "iteration", Subtitle: "mean log p(x), exact", Train: report.History},
		Converged: &report.Converged,
		Warnings:  j.advise(report.Warnings, "tree", 0),
	}
	return fit, fit.record(s, map[string]any{"parents": m.Parents()})
}
