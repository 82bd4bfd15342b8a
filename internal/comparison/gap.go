package comparison

import (
	"fmt"
	"strings"

	"likely/figure"
)

// writeGap says in words why the bound of a model is below log p, where that was
// measured.
func (m *ModelResult) writeGap(b *strings.Builder) {
	g := m.Gap
	if g == nil || g.Approximation == nil || g.Amortization == nil {
		return
	}
	fmt.Fprintf(b, "\nwhy the ELBO of %s is %s nats below log p, on the first %d %s rows (± of the draws):\n", m.Name, signed(*g.Total, digits(g.SE)), g.Rows, m.Bounds.On)
	fmt.Fprintf(b, "  approximation gap  %s ± %s  no normal q(z|x) of the encoder's family is the posterior\n", signed(*g.Approximation, digits(g.ApproximationSE)), optional(g.ApproximationSE, "%.2g"))
	fmt.Fprintf(b, "  amortisation gap   %s ± %s  the encoder does not find the best of them\n", signed(*g.Amortization, digits(g.AmortizationSE)), optional(g.AmortizationSE, "%.2g"))
	if s := m.Sandwich; s != nil && s.Lower != nil && s.Upper != nil {
		fmt.Fprintf(b, "on %d rows drawn from the model, where log p can be bounded from both sides:\n  %s ± %s ≤ log p ≤ %s ± %s nats (expectations; ± over rows)\n",
			s.Rows, signed(*s.Lower, 3), optional(s.LowerSE, "%.2g"), signed(*s.Upper, 3), optional(s.UpperSE, "%.2g"))
	}
}

// gapFigure returns the parts of the models' gaps, or nothing where none was
// divided.
func gapFigure(r *Results) []figure.Gap {
	var gaps []figure.Gap
	for _, m := range r.Models {
		g := m.Gap
		if g == nil || g.Approximation == nil || g.Amortization == nil {
			continue
		}
		part := func(name string, nats, se *float64) figure.GapPart {
			p := figure.GapPart{Name: name, Nats: *nats}
			if se != nil {
				p.StdErr = *se
			}
			return p
		}
		gaps = append(gaps, figure.Gap{Name: m.Name, Parts: []figure.GapPart{
			part("approximation", g.Approximation, g.ApproximationSE),
			part("amortisation", g.Amortization, g.AmortizationSE),
		}})
	}
	return gaps
}
