package compare

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
	if o := m.Overfitting; o != nil && o.Amortization != nil {
		fmt.Fprintf(b, "  of which the encoder has overfitted %s ± %s: so much larger is it than on %d training rows\n", signed(*o.Amortization, digits(o.SE)), optional(o.SE, "%.2g"), o.RowsTrain)
		if o.ELBO != nil {
			fmt.Fprintf(b, "  (the ELBO is %s on these rows and %s on those, a difference of %s ± %s)\n", optional(o.ELBOHeld, "%.4g"), optional(o.ELBOTrain, "%.4g"), signed(*o.ELBO, digits(o.ELBOSE)), optional(o.ELBOSE, "%.2g"))
		}
	}
	if r := m.RateSplit; r != nil && r.Information != nil && r.Marginal != nil {
		fmt.Fprintf(b, "the rate, %s nats on the first %d %s rows, is %s of information on the row and %s that the codes of all are from p(z)\n",
			optional(r.Rate, "%.3g"), r.Rows, r.On, optional(r.Information, "%.3g"), optional(r.Marginal, "%.3g"))
	}
	said := false
	for _, one := range []struct {
		s   *SandwichResult
		how string
	}{{m.Sandwich, "importance sampling"}, {m.SandwichAnnealed, "annealing both ways"}} {
		s := one.s
		if s == nil || s.Lower == nil || s.Upper == nil {
			continue
		}
		if !said {
			fmt.Fprintf(b, "on %d rows drawn from the model, where log p can be bounded from both sides (expectations):\n", s.Rows)
			said = true
		}
		fmt.Fprintf(b, "  %s ≤ log p ≤ %s by %s, %s ± %s apart\n", signed(*s.Lower, 3), signed(*s.Upper, 3), one.how, optional(s.Width, "%.2g"), optional(s.WidthSE, "%.2g"))
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
