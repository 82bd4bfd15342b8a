package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"likely/density"
)

// row is a model and what it reached on each unit.
type row struct {
	model   string
	results []result
	fresh   []bool // of each row, whether no training row is equal to it; nil: not asked
}

// uncopied returns the mean over the rows that are no copies, and how many there are.
func (r row) uncopied() (density.Estimate, int) {
	var only result
	only.Kind, only.Samples = r.results[0].Kind, r.results[0].Samples
	at := 0
	for _, u := range r.results {
		for i, v := range u.LogProb {
			if r.fresh[at] {
				only.LogProb = append(only.LogProb, v)
				if u.StdErr != nil {
					only.StdErr = append(only.StdErr, u.StdErr[i])
				}
			}
			at++
		}
	}
	return estimate([]result{only}), len(only.LogProb)
}

// print shows what the models reached on a data set, each beside the published figures
// of its kind, then the published figures of other kinds.
func print(table, data string, rows []row) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "model\tours, nats a row\tpublished\tdifference\tin s.e.\tseconds\tchosen on validation rows; source of the published figure")
	figures := slices.DeleteFunc(published(table), func(f figure) bool { return f.data != data })
	for _, r := range rows {
		e := estimate(r.results)
		var seconds float64
		for _, u := range r.results {
			seconds += u.Seconds
		}
		line := fmt.Sprintf("%s\t%.4f ± %.2f", r.model, e.Value, e.StdErr())
		if e.Kind != density.ExactValue {
			line += fmt.Sprintf(" (%v)", e.Kind)
		}
		note := notes(r.results)
		if copies := slices.Index(r.fresh, false); copies >= 0 && slices.Contains(r.fresh, true) {
			e, n := r.uncopied()
			note = strings.TrimPrefix(fmt.Sprintf("%s; %.4f ± %.2f on the %d rows of which no copy was trained on", note, e.Value, e.StdErr(), n), "; ")
		}
		matched := false
		for _, f := range figures {
			if f.model != r.model {
				continue
			}
			matched = true
			fmt.Fprintf(w, "%s\t%v\t%+.4f\t%+.1f\t%.0f\t%s\n", line, f.value, e.Value-f.value, (e.Value-f.value)/e.StdErr(), seconds, strings.Trim(note+"; "+f.name+": "+f.source, "; "))
		}
		if !matched {
			fmt.Fprintf(w, "%s\t\t\t\t%.0f\t%s\n", line, seconds, note)
		}
	}
	for _, f := range figures {
		if f.model == "" || !slices.ContainsFunc(rows, func(r row) bool { return r.model == f.model }) {
			fmt.Fprintf(w, "%s\t\t%v\t\t\t\t%s\n", f.name, f.value, f.source)
		}
	}
	_ = w.Flush() // to the terminal
	fmt.Println()
}

// notes says what was chosen, and how often, and how many estimates are in doubt.
func notes(results []result) string {
	var choices []string
	times := make(map[string]int)
	doubt, rows := 0, 0
	for _, r := range results {
		doubt += r.Doubt
		rows += len(r.LogProb)
		if r.Choice == "" {
			continue
		}
		if times[r.Choice]++; times[r.Choice] == 1 {
			choices = append(choices, r.Choice)
		}
	}
	slices.SortStableFunc(choices, func(a, b string) int { return times[b] - times[a] })
	for i, c := range choices {
		if len(results) > 1 {
			choices[i] = fmt.Sprintf("%s (%d×)", c, times[c])
		}
	}
	if doubt > 0 {
		choices = append(choices, fmt.Sprintf("%d of %d rows with a Pareto k̂ above the threshold", doubt, rows))
	}
	return strings.Join(choices, ", ")
}
