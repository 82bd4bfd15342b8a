package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"likely/results"
)

// learningTable returns the learning curves as a table: the models, and for each number of
// rows a line of cells.
func learningTable(r *results.Results) (models []string, lines [][]string) {
	var sizes []int
	for _, m := range r.Models {
		if len(m.Learning) > 0 {
			models = append(models, m.Name)
		}
		for _, p := range m.Learning {
			if !slices.Contains(sizes, p.RowsFitted) {
				sizes = append(sizes, p.RowsFitted)
			}
		}
	}
	slices.Sort(sizes)
	for _, n := range sizes {
		line := []string{fmt.Sprint(n)}
		for _, m := range r.Models {
			if len(m.Learning) == 0 {
				continue
			}
			cell := "–"
			for _, p := range m.Learning {
				if p.RowsFitted == n && p.Nats != nil {
					places := digits(results.Value(p.SE))
					cell = signed(*p.Nats, places)
					if p.SE != nil {
						cell += fmt.Sprintf(" ± %.*f", places, *p.SE)
					}
					if p.Improving != "" {
						cell += " " + improvingSign
					}
				}
			}
			line = append(line, cell)
		}
		lines = append(lines, line)
	}
	return models, lines
}

// overtaking says for each two models who is ahead from how many rows on.
func overtaking(r *results.Results) []string {
	var out []string
	for i := 0; i < len(r.LearningPairs); {
		a, b := r.LearningPairs[i].A, r.LearningPairs[i].B
		var parts []string
		said := ""
		for ; i < len(r.LearningPairs) && r.LearningPairs[i].A == a && r.LearningPairs[i].B == b; i++ {
			p := r.LearningPairs[i]
			state := "undecided"
			switch {
			case p.Better != "":
				state = p.Better + " is better"
			case p.SoFar != "":
				state = p.SoFar + " is better so far"
			}
			if state != said {
				parts = append(parts, fmt.Sprintf("%s from %d rows", state, p.RowsFitted))
				said = state
			}
		}
		out = append(out, fmt.Sprintf("%s − %s: %s", a, b, strings.Join(parts, ", ")))
	}
	return out
}

// writeLearning adds the learning curves.
func writeLearning(b *strings.Builder, r *results.Results) {
	models, lines := learningTable(r)
	if len(models) == 0 {
		return
	}
	b.WriteString("\nlearning curve: log p of the same held-out rows, by the number of rows that were fitted to and chosen by\n")
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "  rows\t%s\n", strings.Join(models, "\t"))
	for _, line := range lines {
		fmt.Fprintf(t, "  %s\n", strings.Join(line, "\t"))
	}
	t.Flush()
	for _, line := range overtaking(r) {
		fmt.Fprintf(b, "  %s\n", line)
	}
}
