package report

import (
	"fmt"
	"math"
	"strconv"

	"likely/density"
	"likely/results"
)

// tableRows are the models in the table, with what is said of each number.
func tableRows(r *results.Results) []tableRow {
	var rows []tableRow
	for _, m := range r.Models {
		s := m.Split(r.Reported())
		if s == nil {
			s = &results.Split{}
		}
		row := tableRow{Name: m.Name, Cells: []tableCell{
			natsCell(s, r.Reported()),
			{Text: kindText(s), Tip: kindTip(s), Sort: kindText(s)},
			valueCell(s.BitsPerDim, "%.3f", "Bits per dimension: −log₂ p divided by the number of columns. Lower is better."),
			trainCell(m, r.Reported()),
			valueCell(s.ReconstructionRMSE, "%.3g", "Root mean squared error of rows that were encoded and decoded again, in the units of the data. It says nothing about probabilities."),
			{Text: strconv.Itoa(m.Parameters), Sort: strconv.Itoa(m.Parameters), Tip: "Free numbers that the fit has chosen."},
			{Text: secondsText(m.FitSeconds), Sort: fmt.Sprint(m.FitSeconds), Tip: "Time of the fit. The evaluation is not in it."},
		}}
		if bound, ok := m.Bounds.Bound(); ok && m.Bounds.On == r.Reported() {
			row.Cells[0].Second = "≥ " + nats(bound)
			row.Cells[0].Tip += " Below it stands the lower bound of the encoder (ELBO): log p is at least that large."
		}
		row.Cells[0].Text += scaleMark(m) + improvingMark(m)
		if !m.Comparable() {
			row.Cells[0].Tip += " " + scaleSign + " It is not compared: " + m.Scale.Advice
		}
		if why := m.Improving(); why != "" {
			row.Cells[0].Tip += " " + improvingSign + " More work may make the model better: " + why + "."
		}
		rows = append(rows, row)
	}
	return rows
}

// natsCell is log p with what its errors are.
func natsCell(s *results.Split, on string) tableCell {
	e, ok := s.Estimate()
	if !ok {
		return tableCell{Text: "–", Tip: "This model has no density.", Sort: ""}
	}
	c := tableCell{Text: nats(e), Sort: sortable(e.Value)}
	c.Tip = fmt.Sprintf("Mean of log p(x) over %d %s rows, in nats of the original data. Higher is better.", e.Rows, on)
	if !math.IsNaN(e.DataErr) {
		c.Tip += fmt.Sprintf(" ± %.*f is one standard error of having only these rows.", digits(e.DataErr), e.DataErr)
	}
	switch {
	case e.SampleErr > 0 && e.Kind == density.Quadrature:
		c.Tip += fmt.Sprintf(" The integral over the code is off by about %.1g.", e.SampleErr)
	case e.SampleErr > 0:
		c.Tip += fmt.Sprintf(" ± %.1g is that of the draws of the estimate.", e.SampleErr)
	}
	return c
}

// trainCell is log p of the training rows.
func trainCell(m *results.Model, on string) tableCell {
	c := tableCell{Text: trainText(m.Train), Tip: "Mean of log p over the training rows. Far above that of the held-out rows means overfitting."}
	if e, ok := m.Train.Estimate(); ok {
		c.Sort = sortable(e.Value)
	}
	if on == "train" {
		c.Text = "–"
	}
	return c
}

func valueCell(v *float64, format, tip string) tableCell {
	c := tableCell{Text: optional(v, format), Tip: tip}
	if v != nil {
		c.Sort = sortable(*v)
	}
	return c
}

func sortable(v float64) string { return strconv.FormatFloat(v, 'g', 12, 64) }

// pairRows are the paired differences, each with its interval on a common scale.
func pairRows(r *results.Results) []pairRow {
	low, high := 0.0, 0.0
	for _, p := range r.Pairs {
		se := 0.0
		if p.SE != nil {
			se = *p.SE
		}
		low, high = min(low, p.Diff-2*se), max(high, p.Diff+2*se)
	}
	at := func(v float64) float64 {
		if high == low {
			return 50
		}
		return 100 * (v - low) / (high - low)
	}
	dependent := dependentModels(r)
	var rows []pairRow
	for _, p := range r.Pairs {
		row := newPairRow(p, at)
		if dependent[p.A] || dependent[p.B] {
			row.Verdict = "not compared " + scaleSign
		}
		rows = append(rows, row)
	}
	return rows
}

func newPairRow(p results.Pair, at func(float64) float64) pairRow {
	places, se, text := digits(results.Value(p.SE)), 0.0, "?"
	if p.SE != nil {
		se = *p.SE
		text = fmt.Sprintf("%.*f", places, se)
	}
	row := pairRow{A: p.A, B: p.B, Diff: signed(p.Diff, places) + " ± " + text, Verdict: "nobody can tell"}
	if p.Better != "" {
		row.Verdict = p.Better + " is better"
	} else if p.SoFar != "" {
		row.Verdict = p.SoFar + " is better so far"
	}
	row.Low, row.Width = at(p.Diff-2*se), at(p.Diff+2*se)-at(p.Diff-2*se)
	row.Middle = at(0)
	return row
}

// gapBars are the distances between the bounds and log p, divided where that was done,
// all on one scale.
func gapBars(r *results.Results) []gapBar {
	widest := 0.0
	for _, m := range r.Models {
		if m.Gap != nil && m.Gap.Total != nil {
			widest = max(widest, *m.Gap.Total)
		}
	}
	var bars []gapBar
	for _, m := range r.Models {
		g := m.Gap
		if g == nil || g.Total == nil {
			continue
		}
		bar := gapBar{Name: m.Name, Divided: g.Divided(), Total: signed(*g.Total, digits(results.Value(g.SE))) + " ± " + optional(g.SE, "%.2g")}
		add := func(name, class, tip string, v, se *float64) {
			bar.Parts = append(bar.Parts, gapPart{Name: name, Class: class, Tip: tip,
				Nats: signed(*v, digits(results.Value(se))) + " ± " + optional(se, "%.2g"), Width: 100 * max(0, *v) / max(widest, 1e-300)})
		}
		if g.Divided() {
			add("amortisation gap", "amortisation", "The encoder does not find the best normal q(z|x) of its family for each row.", g.Amortization, g.AmortizationSE)
			add("approximation gap", "approximation", "No normal q(z|x) of the encoder's family is the posterior p(z|x).", g.Approximation, g.ApproximationSE)
		} else {
			add("gap", "whole", "KL(q(z|x)‖p(z|x)): how far the encoder's q is from the posterior.", g.Total, g.SE)
		}
		bars = append(bars, bar)
	}
	return bars
}
