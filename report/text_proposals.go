package report

import (
	"fmt"
	"strings"

	"likely/results"
)

// writeProposals says what the codes of a model's estimate were drawn from, where more
// than one kind of proposal was needed.
func writeProposals(b *strings.Builder, m *results.Model) {
	if m.Diagnostics == nil || len(m.Diagnostics.Rungs) < 2 {
		return
	}
	var parts []string
	for _, r := range m.Diagnostics.Rungs {
		part := fmt.Sprintf("%s %d rows (k̂ %s, at worst %s", r.Proposal, r.Rows, optional(r.KHat, "%.2f"), optional(r.Worst, "%.2f"))
		if r.Evaluations > 0 {
			part += fmt.Sprintf("; %.0f evaluations of p(x|z) each", r.Evaluations)
		}
		if r.Untrusted > 0 {
			part += fmt.Sprintf("; %d too large", r.Untrusted)
		}
		parts = append(parts, part+")")
	}
	fmt.Fprintf(b, "\nlog p of %s is estimated by codes drawn around each row's posterior: %s\n", m.Name, strings.Join(parts, ", "))
}
