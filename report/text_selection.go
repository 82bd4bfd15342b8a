package report

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"likely/results"
)

// shownCandidates is the number of candidates in the text table.
const shownCandidates = 5

// writeSelection adds the first candidates to the text.
func writeSelection(b *strings.Builder, m *results.Model) {
	s := m.Selection
	if s == nil {
		return
	}
	fmt.Fprintf(b, "\n%s chosen by %s (larger is better), the best of %d candidates first:\n", m.Name, s.Criterion, len(s.Candidates))
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	aic := func(text string) string {
		if s.Criterion != "aic" {
			return ""
		}
		return text + "\t"
	}
	head := "family\tcomponents"
	if s.Candidates[0].Covariance == "" {
		head = "classes"
	}
	fmt.Fprintf(t, "  "+head+"\tparameters\tlog L (nats, total)\t%sBIC\tICL\theld-out (nats/row)\n", aic("AIC"))
	for _, c := range s.Candidates[:min(shownCandidates, len(s.Candidates))] {
		if c.NotFitted != "" {
			continue
		}
		note := ""
		if c.Degenerate {
			note = " (degenerate)"
		}
		what := fmt.Sprint(c.Components)
		if c.Covariance != "" {
			what = c.Covariance + note + "\t" + what
		}
		fmt.Fprintf(t, "  %s\t%d\t%s\t%s%s\t%s\t%s\n", what, c.Parameters,
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
