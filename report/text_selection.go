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
