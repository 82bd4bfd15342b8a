package report

import (
	"fmt"
	"strings"

	"likely/results"
)

// writeMixtures says what a model makes of itself as a finite mixture, where that was
// asked for.
func writeMixtures(b *strings.Builder, m *results.Model) {
	x := m.Mixtures
	if x == nil {
		return
	}
	what := "as estimated"
	if x.Exact {
		what = "by quadrature"
	}
	fmt.Fprintf(b, "\nlog p of %s as a finite mixture of its outputs, on the first %d %s rows (log p %s %s; ± over %d sets of codes):\n",
		m.Name, x.Rows, x.On, what, optional(x.Reference, "%.4g"), x.Sets)
	for _, one := range []struct {
		name  string
		curve *results.MixtureCurve
	}{{"draws from the prior", x.Draws}, {"evenly spread codes", x.Even}} {
		if one.curve == nil {
			continue
		}
		last := one.curve.Points[len(one.curve.Points)-1]
		fmt.Fprintf(b, "  %-21s %d codes: %s ± %s, a row %s nats off", one.name, last.Codes, optional(last.Nats, "%.4g"), optional(last.SE, "%.2g"), optional(last.Distance, "%.2g"))
		if one.curve.Rate != nil {
			fmt.Fprintf(b, ", as S^%.2f", *one.curve.Rate)
		}
		b.WriteString("\n")
	}
}
