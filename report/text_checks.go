package report

import (
	"fmt"
	"strings"

	"likely/results"
)

// writeChecks adds the checks to the text.
func writeChecks(b *strings.Builder, m *results.Model) {
	c := m.Checks
	if c == nil {
		return
	}
	verdict := func(p float64, yes, no string) string {
		if p < 0.05 {
			return yes
		}
		return no
	}
	b.WriteString("\n")
	if t := c.TwoSample; t != nil {
		fmt.Fprintf(b, "rows drawn from %s against %d of the data: energy distance %.3g, p = %.2g: %s\n", m.Name, t.Rows, t.Distance, t.P,
			verdict(t.P, "they can be told apart", "they cannot be told apart"))
	}
	for _, one := range []struct {
		c    *results.Calibration
		what string
	}{{c.CalibrationEncoder, "draws from the encoder"}, {c.CalibrationWeighted, "the weighted draws of the estimate"}} {
		if one.c != nil {
			fmt.Fprintf(b, "codes of %d rows drawn from %s among %s: p = %.2g: %s\n", one.c.Rows, m.Name, one.what, one.c.P,
				verdict(one.c.P, "those are not from p(z|x)", "nothing says that those are not from p(z|x)"))
		}
	}
}
