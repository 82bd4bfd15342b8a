package report

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"likely/density"
	"likely/results"
)

// writeEstimators adds the estimators to the text.
func writeEstimators(b *strings.Builder, m *results.Model, split string) {
	if len(m.Estimators) == 0 {
		return
	}
	fmt.Fprintf(b, "\nwhat the estimators make of log p of %s, on the first %d %s rows (nats per row, ± of the draws):\n", m.Name, m.Estimators[0].Rows, split)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  estimator\tlog p\tp(x|z) per row\tkind of number")
	for _, r := range m.Estimators {
		value := "–"
		if e, ok := r.Estimate(); ok {
			value = signed(e.Value, max(digits(e.SampleErr), 3))
			if e.SampleErr > 0 {
				value += fmt.Sprintf(" ± %.2g", e.SampleErr)
			}
		}
		spent := "–"
		if r.Evaluations > 0 {
			spent = fmt.Sprint(r.Evaluations)
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", r.Title, value, spent, numberKind(&r))
	}
	t.Flush()
}

// numberKind says in words what the number is to log p.
func numberKind(r *results.Estimator) string {
	switch {
	case r.Refused != "":
		return "refused: " + r.Refused
	case r.Note != "":
		return r.Note
	case r.Kind == density.Quadrature && r.Error != nil:
		return fmt.Sprintf("exact to %.0e", *r.Error)
	case r.Kind == density.ExactValue:
		return "exact"
	case r.Kind == density.LowerBound:
		return "lower bound"
	case r.KHatBadShare != nil && *r.KHatBadShare > 0:
		return fmt.Sprintf("estimate; k̂ too large on %.0f %% of the rows", 100**r.KHatBadShare)
	}
	return "estimate"
}
