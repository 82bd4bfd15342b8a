package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"likely/density"
	"likely/results"
)

// Text writes the results for a person to read: what the data are, one
// line a model with the kind and the error of each number, the paired
// differences, and who wins where a difference exceeds its error.
func Text(w io.Writer, r *results.Results) error {
	var b strings.Builder
	writeSummary(&b, r, r.Pairs)
	writeLearning(&b, r)
	for _, m := range r.Models {
		writeProposals(&b, m)
		writeGap(&b, m)
		writeEstimators(&b, m, r.Reported())
		writeMixtures(&b, m)
		writeChecks(&b, m)
		writeSelection(&b, m)
		writeSearch(&b, m)
	}
	writeNovelty(&b, r.Novelty)
	_, err := io.WriteString(w, b.String())
	return err
}

// Summary writes what fits a screen: the data, a line for each model, how far the
// leading one is ahead of the others, and the winner.
func Summary(w io.Writer, r *results.Results) error {
	var b strings.Builder
	first, _, _ := leaders(r)
	var pairs []results.Pair
	for _, p := range r.Pairs {
		if p.A == first || p.B == first {
			pairs = append(pairs, p)
		}
	}
	writeSummary(&b, r, pairs)
	writeLearning(&b, r)
	_, err := io.WriteString(w, b.String())
	return err
}

// writeSummary adds the data, the models, and which of them is better, with some of the
// differences.
func writeSummary(b *strings.Builder, r *results.Results, pairs []results.Pair) {
	d := r.Dataset
	fmt.Fprintf(b, "%s: %s; %s, %s; seed %d\n\n", d.Name, partsText(&d), plural(d.Dim, "column"), measureText(d.Measure), r.Seed)
	writeColumns(b, d.Columns)
	if d.RowsHeld > 0 {
		who := "the networks, and the choice\namong mixtures, see"
		if d.Weights != nil || d.Missing > 0 {
			who = "the choice among mixtures\nsees"
		}
		fmt.Fprintf(b, "the mixtures are fitted to all rows of the file but those held out; %s the training rows among %d drawn from it\n\n", who, d.RowsHeld)
	}
	if w := d.Weights; w != nil {
		fmt.Fprintf(b, "rows count as column %s says: %.6g to train, %.6g to validate, %.6g to test", w.Column, w.Train, w.Valid, w.Test)
		if w.Absent > 0 {
			fmt.Fprintf(b, "; %d of weight 0 are left out", w.Absent)
		}
		b.WriteString("\n\n")
	}
	if d.Missing > 0 {
		fmt.Fprintf(b, "%d values are missing: log p of a row is that of what is there\n\n", d.Missing)
	}
	if d.EvalRows > 0 {
		fmt.Fprintf(b, "evaluated on the first %d rows of each part only\n\n", d.EvalRows)
	}
	writeModels(b, r)
	writeScale(b, r)
	b.WriteString("\nlog p is in nats per row of the original data; higher is better. ± is one standard error over rows;\na second ± is that of the draws, or of the integral. RMSE is the reconstruction error in the units of the data.\n")
	writeSmoothing(b, r)
	for _, m := range r.Models {
		if m.Test != nil && m.Test.Repeats > 1 {
			fmt.Fprintf(b, "± of training is that of the mean over %d repetitions of the whole procedure, choices included.\n", m.Test.Repeats)
			break
		}
	}
	writePairs(b, r, pairs)
}

// partsText says how the rows are divided.
func partsText(d *results.Dataset) string {
	if d.Groups > 0 {
		whole := *d
		whole.Groups = 0
		return fmt.Sprintf("%s, in %d groups (%s), none of which is divided", partsText(&whole), d.Groups, d.Group)
	}
	if d.Folds > 0 {
		return fmt.Sprintf("%d rows, each held out once, in %d parts, from all that is fitted and chosen", d.RowsTest, d.Folds)
	}
	return fmt.Sprintf("%d rows to train, %d to validate, %d to test", d.RowsTrain, d.RowsValid, d.RowsTest)
}

func measureText(m density.Measure) string {
	switch m {
	case density.Dequantized:
		return "dequantised (levels spread by uniform noise of one step)"
	case density.Discrete:
		return "discrete (probabilities of levels, not densities)"
	case density.Mixed:
		return "mixed (a density of the measured columns times a probability of the others)"
	case density.Binary:
		return "binary (probabilities, not densities)"
	}
	return "continuous"
}

// writeModels adds the table of models.
func writeModels(b *strings.Builder, r *results.Results) {
	split := r.Reported()
	t := tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)
	trainColumn := func(text string) string {
		if split == "train" {
			return "" // it is the one that is reported
		}
		return text + "\t"
	}
	fmt.Fprintf(t, "model\t%s log p\tkind of number\tbits/dim\t%sRMSE\tparameters\tfit\n", split, trainColumn("train log p"))
	for _, m := range r.Models {
		s := m.Split(split)
		if s == nil {
			s = &results.Split{}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s%s\t%d\t%s\n",
			m.Name, natsText(s)+scaleMark(m)+improvingMark(m), kindText(s), optional(s.BitsPerDim, "%.3f"), trainColumn(trainText(m.Train)),
			optional(s.ReconstructionRMSE, "%.3g"), m.Parameters, secondsText(m.FitSeconds))
		if bound, ok := m.Bounds.Bound(); ok && m.Bounds.On == split {
			fmt.Fprintf(t, "\t≥ %s\tlower bound (ELBO)\t\t%s\t\t\n", nats(bound), trainColumn(""))
		}
	}
	t.Flush()
}

// writePairs adds paired differences and the verdict.
func writePairs(b *strings.Builder, r *results.Results, pairs []results.Pair) {
	if len(r.Pairs) == 0 {
		if r.Dataset.RowsTest == 0 {
			b.WriteString("\nno rows were held out, so the models are not compared: training rows favour the larger model\n")
		}
		return
	}
	fmt.Fprintf(b, "\nmean difference of log p on the same %d test rows, in nats; it counts beyond %s:\n", r.Pairs[0].Rows, neededText(r.Pairs...))
	dependent := dependentModels(r)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, p := range pairs {
		places, se := digits(results.Value(p.SE)), "?"
		if p.SE != nil {
			se = strconv.FormatFloat(*p.SE, 'f', places, 64)
		}
		verdict := "no difference beyond " + neededText(p)
		switch {
		case p.Better != "":
			verdict = p.Better + " is better"
		case p.SoFar != "":
			verdict = p.SoFar + " is better so far"
		case dependent[p.A] || dependent[p.B]:
			verdict = "not compared " + scaleSign
		case tooFew(&p):
			verdict = tooFewText(&p)
		}
		fmt.Fprintf(t, "  %s − %s\t%s ± %s\t%s\n", p.A, p.B, signed(p.Diff, places), se, verdict)
	}
	t.Flush()
	fmt.Fprintf(b, "\n%s\n", winner(r))
}

// winner names the model that is better than every other by more than the
// error, or says that there is none.
func winner(r *results.Results) string {
	switch best, compared := unbeaten(r); {
	case compared == 0:
		return "winner: none; too few models have a number that means something " + scaleSign
	case best != "":
		return "winner: " + best + ", ahead of every other density by more than " + neededText(r.Pairs...)
	}
	if ahead := leading(r); ahead != "" {
		return "winner: none yet; " + ahead + " is ahead of every other density so far, of which some may become better with more work " + improvingSign
	}
	if tooFew(&r.Pairs[0]) {
		return "winner: none; " + tooFewText(&r.Pairs[0])
	}
	return "winner: none; the leading models differ by less than " + neededText(r.Pairs...)
}

// unbeaten returns the model that is better than every other, "" if there is none, and
// how many were compared.
func unbeaten(r *results.Results) (best string, compared int) {
	return ahead(r, func(p results.Pair) string { return p.Better })
}

// leading returns the model that is better than every other, or so far; "" if there is
// none.
func leading(r *results.Results) string {
	best, _ := ahead(r, func(p results.Pair) string { return p.Better + p.SoFar }) // one of which is empty
	return best
}

// ahead returns the model that by says is ahead in every pair that is compared, and how
// many models are.
func ahead(r *results.Results, by func(results.Pair) string) (best string, compared int) {
	wins := make(map[string]int)
	models := make(map[string]bool)
	dependent := dependentModels(r)
	for _, p := range r.Pairs {
		if dependent[p.A] || dependent[p.B] {
			continue
		}
		models[p.A], models[p.B] = true, true
		if name := by(p); name != "" {
			wins[name]++
		}
	}
	for _, m := range r.Models {
		if len(models) > 0 && wins[m.Name] == len(models)-1 {
			return m.Name, len(models)
		}
	}
	return "", len(models)
}
