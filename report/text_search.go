package report

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"

	"likely/results"
)

// improvingSign marks what more work may make better.
const improvingSign = "↗"

// improvingMark returns the sign where it applies to a model.
func improvingMark(m *results.Model) string {
	if m.Improving() == "" {
		return ""
	}
	return " " + improvingSign
}

// writeSearch adds how the sizes of a model were chosen, the best candidates first.
func writeSearch(b *strings.Builder, m *results.Model) {
	s := m.Search
	if s == nil {
		return
	}
	if len(s.Candidates) == 0 { // of one size
		fmt.Fprintf(b, "\n%s: %s\n", m.Name, strings.TrimPrefix(spentText(s), "; "))
		if s.Improving != "" {
			fmt.Fprintf(b, "  %s %s\n", improvingSign, s.Improving)
		}
		return
	}
	by := fmt.Sprintf("%d validation rows", s.RowsLeftOut)
	if s.Folds > 0 {
		by = fmt.Sprintf("%d training rows, left out in %d parts in turn", s.RowsLeftOut, s.Folds)
	}
	fmt.Fprintf(b, "\n%s: %s, chosen among %d by log p of %s%s\n", m.Name, s.Chosen, len(s.Candidates), by, spentText(s))
	if s.Improving != "" {
		fmt.Fprintf(b, "  %s %s\n", improvingSign, s.Improving)
	}
	list := slices.Clone(s.Candidates)
	slices.SortStableFunc(list, func(a, c results.Tried) int {
		if order(&a) != order(&c) {
			return order(&a) - order(&c)
		}
		return compareGaps(&a, &c)
	})
	shown := list[:min(shownCandidates, len(list))]
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, c := range shown {
		if len(c.Curve) == 0 {
			continue
		}
		fmt.Fprintf(t, "  %s\t%d parameters\t%s\t%s\n", c.Name, c.Parameters, optional(c.Last(), "%.3f"), statusText(s, &c))
	}
	t.Flush()
	chosen := make([]string, 0, len(m.Folds))
	for _, f := range m.Folds {
		if f.Chosen != "" && !slices.Contains(chosen, f.Chosen) {
			chosen = append(chosen, f.Chosen)
		}
	}
	if len(chosen) > 0 {
		fmt.Fprintf(b, "  without each part of the rows in turn: %s\n", strings.Join(chosen, "; "))
	}
}

// order puts finished candidates before those that were stopped, and those before others.
func order(c *results.Tried) int {
	return max(slices.Index([]string{"finished", "behind", "unbegun", "failed"}, c.Status), 0)
}

func compareGaps(a, b *results.Tried) int {
	switch x, y := results.Value(a.Gap), results.Value(b.Gap); {
	case x < y:
		return -1
	case x > y:
		return 1
	}
	return 0
}

// spentText says what the search took of its budget.
func spentText(s *results.Search) string {
	switch {
	case s.BudgetSeconds > 0:
		return fmt.Sprintf("; %.2g operations in a share of %.3g s", s.Spent, s.BudgetSeconds)
	case s.Budget > 0:
		return fmt.Sprintf("; %.2g of %.2g operations", s.Spent, s.Budget)
	}
	return ""
}

// statusText says how far a candidate came.
func statusText(s *results.Search, c *results.Tried) string {
	passes := c.Curve[len(c.Curve)-1].Passes
	switch {
	case c.Unsound:
		return "a component or σ on its floor"
	case c.Name == s.Best && c.Name == s.Chosen:
		return "the best, and chosen"
	case c.Name == s.Best:
		return "the best"
	case c.Gap == nil || c.GapSE == nil:
		return ""
	}
	text := fmt.Sprintf("%.2g ± %.2g below", *c.Gap, *c.GapSE)
	if c.Status == "behind" {
		text += fmt.Sprintf(", stopped after %.0f epochs", passes)
	}
	if c.Name == s.Chosen {
		text += ": chosen, the simplest within one standard error"
	}
	return text
}
