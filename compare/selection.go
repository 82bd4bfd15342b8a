package compare

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"likely/density"
	"likely/figure"
	"likely/gmm"
	"likely/gmm/selection"
	"likely/saved"
)

// SelectionResult is how the mixture's size and family were chosen. Totals are
// over the training rows, in nats of the original data; criteria are in the
// sense in which larger is better, BIC = 2·log L − p·ln n.
type SelectionResult struct {
	Criterion  string            `json:"criterion"`
	Candidates []CandidateResult `json:"candidates"`
}

// CandidateResult is one family with one number of components.
type CandidateResult struct {
	Covariance string   `json:"covariance"`
	Components int      `json:"components"`
	Parameters int      `json:"parameters,omitempty"`
	LogLik     *float64 `json:"log_likelihood_total_nats,omitempty"`
	BIC        *float64 `json:"bic_nats,omitempty"`
	AIC        *float64 `json:"aic_nats,omitempty"`
	ICL        *float64 `json:"icl_nats,omitempty"`
	HeldOut    *float64 `json:"held_out_nats,omitempty"`
	HeldOutErr *float64 `json:"held_out_se,omitempty"`
	Degenerate bool     `json:"degenerate,omitempty"`
	NotFitted  string   `json:"not_fitted,omitempty"`
}

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
	fit.Selection = &SelectionResult{Criterion: criterion.String()}
	n, jacobian := d.Train.TotalWeight(), d.Preparation.Transform.LogJacobian()
	for _, one := range table.Candidates {
		r := CandidateResult{Covariance: one.Family.String(), Components: one.Components}
		if one.Err != nil {
			r.NotFitted = translated{one.Err}.Error()
		} else {
			r.Parameters, r.Degenerate = one.Parameters, one.Report.Degenerate
			r.LogLik = finite(one.LogLik + n*jacobian)
			r.BIC, r.AIC, r.ICL = finite(one.BIC+2*n*jacobian), finite(one.AIC+2*n*jacobian), finite(one.ICL+2*n*jacobian)
			r.HeldOut, r.HeldOutErr = finite(one.HeldOut+jacobian), finite(one.HeldOutErr)
			fit.Passes += float64(one.Report.TotalIterations)
		}
		fit.Selection.Candidates = append(fit.Selection.Candidates, r)
	}
	return fit, nil
}

// mixtureFit tells the story of a fitted mixture.
func mixtureFit(name string, m *gmm.Model, report *gmm.Report, d *Data, took time.Duration) *Fit {
	return &Fit{
		Model:       &saved.Model{Name: name, Fitted: m, Preparation: d.Preparation},
		Seconds:     took.Seconds(),
		Passes:      float64(report.TotalIterations),
		Settings:    map[string]any{"components": m.Components(), "covariance": m.Family().String()},
		History:     History{Unit: "iteration", Train: shifted(report.History, d.Preparation.Transform.LogJacobian())},
		FloorActive: &report.FloorActive,
		Converged:   &report.Converged,
		Warnings:    mixtureAdvice(report.Warnings, d.Preparation.Transform.LogJacobian()),
	}
}

// value returns the number that the candidates were ranked by.
func (c CandidateResult) value(criterion string) *float64 {
	switch criterion {
	case "bic":
		return c.BIC
	case "aic":
		return c.AIC
	case "icl":
		return c.ICL
	}
	return c.HeldOut
}

// shownCandidates is the number of candidates in the text table.
const shownCandidates = 5

// write adds the first candidates to the text.
func (s *SelectionResult) write(b *strings.Builder) {
	fmt.Fprintf(b, "\ngmm chosen by %s (larger is better), the best of %d candidates first:\n", s.Criterion, len(s.Candidates))
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	aic := func(text string) string {
		if s.Criterion != "aic" {
			return ""
		}
		return text + "\t"
	}
	fmt.Fprintf(t, "  family\tcomponents\tparameters\tlog L (nats, total)\t%sBIC\tICL\theld-out (nats/row)\n", aic("AIC"))
	for _, c := range s.Candidates[:min(shownCandidates, len(s.Candidates))] {
		if c.NotFitted != "" {
			continue
		}
		note := ""
		if c.Degenerate {
			note = " (degenerate)"
		}
		fmt.Fprintf(t, "  %s%s\t%d\t%d\t%s\t%s%s\t%s\t%s\n", c.Covariance, note, c.Components, c.Parameters,
			optional(c.LogLik, "%.3f"), aic(optional(c.AIC, "%.3f")), optional(c.BIC, "%.3f"), optional(c.ICL, "%.3f"), optional(c.HeldOut, "%.3f"))
	}
	t.Flush()
	failed := 0
	for _, c := range s.Candidates {
		if c.NotFitted != "" {
			failed++
		}
	}
	if failed > 0 {
		fmt.Fprintf(b, "  %d could not be fitted; results.json says why\n", failed)
	}
}

// draw draws the criterion against the number of components.
func (s *SelectionResult) draw(name string) (*figure.Figure, error) {
	var curves []figure.Curve
	index := make(map[string]int)
	for _, c := range s.Candidates {
		if _, seen := index[c.Covariance]; !seen {
			index[c.Covariance] = len(curves)
			curves = append(curves, figure.Curve{Name: c.Covariance})
		}
	}
	most := 0
	for _, c := range s.Candidates {
		most = max(most, c.Components)
	}
	for k := 1; k <= most; k++ {
		for _, c := range s.Candidates {
			if v := c.value(s.Criterion); c.Components == k && v != nil && !math.IsInf(*v, 0) {
				curve := &curves[index[c.Covariance]]
				curve.X, curve.Y = append(curve.X, float64(k)), append(curve.Y, *v)
				if chosen := s.Candidates[0]; c.Covariance == chosen.Covariance && k == chosen.Components {
					curve.Best = len(curve.X)
				}
			}
		}
	}
	kept := curves[:0]
	for _, c := range curves {
		if len(c.X) > 0 {
			kept = append(kept, c)
		}
	}
	label, unit := s.Criterion, "nats"
	switch label {
	case "bic", "aic", "icl":
		label = strings.ToUpper(label)
	default:
		label, unit = "held-out log p", "nats per row"
	}
	return figure.Criteria("Number and family of components: "+name, fmt.Sprintf("%s (%s, larger is better)", label, unit), false, kept)
}
