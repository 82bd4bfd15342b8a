package report

import (
	"fmt"
	"strings"

	"likely/results"
)

// writeGap says in words why the bound of a model is below log p, where that was
// measured.
func writeGap(b *strings.Builder, m *results.Model) {
	g := m.Gap
	if !g.Divided() {
		return
	}
	fmt.Fprintf(b, "\nwhy the ELBO of %s is %s nats below log p, on the first %d %s rows (± of the draws):\n", m.Name, signed(results.Value(g.Total), digits(results.Value(g.SE))), g.Rows, m.Bounds.On)
	fmt.Fprintf(b, "  approximation gap  %s ± %s  no normal q(z|x) of the encoder's family is the posterior\n", signed(results.Value(g.Approximation), digits(results.Value(g.ApproximationSE))), optional(g.ApproximationSE, "%.2g"))
	fmt.Fprintf(b, "  amortisation gap   %s ± %s  the encoder does not find the best of them\n", signed(results.Value(g.Amortization), digits(results.Value(g.AmortizationSE))), optional(g.AmortizationSE, "%.2g"))
	if o := m.Overfitting; o != nil && o.Amortization != nil {
		fmt.Fprintf(b, "  of which the encoder has overfitted %s ± %s: so much larger is it than on %d training rows\n", signed(results.Value(o.Amortization), digits(results.Value(o.SE))), optional(o.SE, "%.2g"), o.RowsTrain)
		if o.ELBO != nil {
			fmt.Fprintf(b, "  (the ELBO is %s on these rows and %s on those, a difference of %s ± %s)\n", optional(o.ELBOHeld, "%.4g"), optional(o.ELBOTrain, "%.4g"), signed(results.Value(o.ELBO), digits(results.Value(o.ELBOSE))), optional(o.ELBOSE, "%.2g"))
		}
	}
	if r := m.RateSplit; r != nil && r.Information != nil && r.Marginal != nil {
		fmt.Fprintf(b, "the rate, %s nats on the first %d %s rows, is %s of information on the row and %s that the codes of all are from p(z)\n",
			optional(r.Rate, "%.3g"), r.Rows, r.On, optional(r.Information, "%.3g"), optional(r.Marginal, "%.3g"))
	}
	said := false
	for _, one := range []struct {
		s   *results.Sandwich
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
		fmt.Fprintf(b, "  %s ≤ log p ≤ %s by %s, %s ± %s apart\n", signed(results.Value(s.Lower), 3), signed(results.Value(s.Upper), 3), one.how, optional(s.Width, "%.2g"), optional(s.WidthSE, "%.2g"))
	}
}
