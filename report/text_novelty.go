package report

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"likely/results"
)

// writeNovelty adds the table to the text, with how to read it.
func writeNovelty(b *strings.Builder, r *results.Novelty) {
	if r == nil {
		return
	}
	fmt.Fprintf(b, "\ndoes a model only repeat or mix its training rows? %d rows drawn from each, beside rows of which that is known:\n", r.Rows)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  rows\tcopying C_T\tdistance from mixtures\tbins that differ\tcoverage")
	for _, s := range r.Sets {
		name := s.Name
		if s.Control {
			name = "(" + name + ")"
		}
		fmt.Fprintf(t, "  %s\t%s\t%.3g\t%.0f %%\t%.0f %%\n", name, optional(s.Copying, "%.1f"), s.Hull, 100*s.Different, 100*s.Coverage)
	}
	t.Flush()
	b.WriteString("C_T far below 0: nearer to training rows than held-out rows are, so copied; far above 0: too far off. The distance\nis from the nearest mixture of ten neighbouring training rows: 0 is a mixture. 5 % of the bins differ by chance.\nCoverage is the share of held-out rows with a drawn row nearby. Compare with the rows in brackets.\n")
}
