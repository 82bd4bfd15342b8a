package compare

import (
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"text/tabwriter"

	"likely/density"
)

// WriteText writes the results for a person to read: what the data are, one
// line a model with the kind and the error of each number, the paired
// differences, and who wins where a difference exceeds its error.
func (r *Results) WriteText(w io.Writer) error {
	var b strings.Builder
	d := r.Dataset
	fmt.Fprintf(&b, "%s: %d rows to train, %d to validate, %d to test; %d columns, %s; seed %d\n\n",
		d.Name, d.RowsTrain, d.RowsValid, d.RowsTest, d.Dim, measureText(d.Measure), r.Seed)
	if d.RowsHeld > 0 {
		who := "the networks, and the choice\namong mixtures, see"
		if d.Weights != nil || d.Missing > 0 {
			who = "the choice among mixtures\nsees"
		}
		fmt.Fprintf(&b, "the mixtures are fitted to all rows of the file but those held out; %s the training rows among %d drawn from it\n\n", who, d.RowsHeld)
	}
	if w := d.Weights; w != nil {
		fmt.Fprintf(&b, "rows count as column %s says: %.6g to train, %.6g to validate, %.6g to test", w.Column, w.Train, w.Valid, w.Test)
		if w.Absent > 0 {
			fmt.Fprintf(&b, "; %d of weight 0 are left out", w.Absent)
		}
		b.WriteString("\n\n")
	}
	if d.Missing > 0 {
		fmt.Fprintf(&b, "%d values are missing: log p of a row is that of what is there\n\n", d.Missing)
	}
	if d.EvalRows > 0 {
		fmt.Fprintf(&b, "evaluated on the first %d rows of each part only\n\n", d.EvalRows)
	}
	r.writeModels(&b)
	b.WriteString("\nlog p is in nats per row of the original data; higher is better. ± is one standard error over rows;\na second ± is that of the draws. RMSE is the reconstruction error in the units of the data.\n")
	r.writePairs(&b)
	for _, m := range r.Models {
		m.writeGap(&b)
		m.writeEstimators(&b, r.split())
		m.writeChecks(&b)
		if m.Selection != nil {
			m.Selection.write(&b)
		}
	}
	if r.Novelty != nil {
		r.Novelty.write(&b)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func measureText(m density.Measure) string {
	switch m {
	case density.Dequantized:
		return "dequantised (levels spread by uniform noise of one step)"
	case density.Discrete:
		return "discrete (probabilities of levels, not densities)"
	case density.Binary:
		return "binary (probabilities, not densities)"
	}
	return "continuous"
}

func (r *Results) writeModels(b *strings.Builder) {
	split, rows := r.split(), func(m *ModelResult) *SplitResult { return m.Test }
	if split == "train" {
		rows = func(m *ModelResult) *SplitResult { return m.Train }
	}
	t := tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)
	trainColumn := func(text string) string {
		if split == "train" {
			return "" // it is the one that is reported
		}
		return text + "\t"
	}
	fmt.Fprintf(t, "model\t%s log p\tkind of number\tbits/dim\t%sRMSE\tparameters\tfit\n", split, trainColumn("train log p"))
	for _, m := range r.Models {
		s := rows(m)
		if s == nil {
			s = &SplitResult{}
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s%s\t%d\t%s\n",
			m.Name, natsText(s), kindText(s), optional(s.BitsPerDim, "%.3f"), trainColumn(trainText(m.Train)),
			optional(s.ReconstructionRMSE, "%.3g"), m.Parameters, secondsText(m.FitSeconds))
		if m.Bounds != nil && m.Bounds.ELBO != nil && m.Bounds.On == split {
			bound := &SplitResult{Nats: m.Bounds.ELBO, SEData: m.Bounds.ELBOSEData, SESamples: m.Bounds.ELBOSESamples}
			fmt.Fprintf(t, "\t≥ %s\tlower bound (ELBO)\t\t%s\t\t\n", natsText(bound), trainColumn(""))
		}
	}
	t.Flush()
}

// split is the part of the data that is reported.
func (r *Results) split() string {
	if r.Dataset.RowsTest == 0 {
		return "train"
	}
	return "test"
}

// natsText prints a value with as many digits as its error warrants.
func natsText(s *SplitResult) string {
	if s.Nats == nil {
		return "–"
	}
	places := digits(s.SEData)
	text := signed(*s.Nats, places)
	if s.SEData != nil {
		text += fmt.Sprintf(" ± %.*f", places, *s.SEData)
	}
	if s.SESamples != nil && *s.SESamples > 0 {
		text += " ± " + strconv.FormatFloat(*s.SESamples, 'g', 1, 64)
	}
	return text
}

func trainText(s *SplitResult) string {
	if s == nil || s.Nats == nil {
		return "–"
	}
	return signed(*s.Nats, digits(s.SEData))
}

func kindText(s *SplitResult) string {
	switch {
	case s.Kind == nil:
		return "no density"
	case *s.Kind == density.ExactValue:
		return "exact"
	case *s.Kind == density.LowerBound:
		return "lower bound"
	case *s.Kind == density.UpperBound:
		return "upper bound"
	}
	return fmt.Sprintf("estimate, %d draws/row", s.Samples)
}

// digits returns the decimal places that show two significant digits of an
// error, between 1 and 6; 3 where there is no error.
func digits(se *float64) int {
	if se == nil || !(*se > 0) {
		return 3
	}
	return min(max(1-int(math.Floor(math.Log10(*se))), 1), 6)
}

// signed prints a number with a true minus sign.
func signed(v float64, places int) string {
	return strings.Replace(strconv.FormatFloat(v, 'f', places, 64), "-", "−", 1)
}

func optional(v *float64, format string) string {
	if v == nil {
		return "–"
	}
	return strings.Replace(fmt.Sprintf(format, *v), "-", "−", 1)
}

func secondsText(s float64) string {
	if s < 10 {
		return fmt.Sprintf("%.2f s", s)
	}
	return fmt.Sprintf("%.0f s", s)
}

func (r *Results) writePairs(b *strings.Builder) {
	if len(r.Pairs) == 0 {
		if r.Dataset.RowsTest == 0 {
			b.WriteString("\nno rows were held out, so the models are not compared: training rows favour the larger model\n")
		}
		return
	}
	fmt.Fprintf(b, "\nmean difference of log p on the same %d test rows, in nats; it counts beyond two standard errors:\n", r.Pairs[0].Rows)
	t := tabwriter.NewWriter(b, 0, 0, 2, ' ', 0)
	for _, p := range r.Pairs {
		places, se := digits(p.SE), "?"
		if p.SE != nil {
			se = strconv.FormatFloat(*p.SE, 'f', places, 64)
		}
		verdict := "no difference beyond two standard errors"
		if p.Better != "" {
			verdict = p.Better + " is better"
		}
		fmt.Fprintf(t, "  %s − %s\t%s ± %s\t%s\n", p.A, p.B, signed(p.Diff, places), se, verdict)
	}
	t.Flush()
	fmt.Fprintf(b, "\n%s\n", r.winner())
}

// winner names the model that is better than every other by more than the
// error, or says that there is none.
func (r *Results) winner() string {
	wins := make(map[string]int)
	models := make(map[string]bool)
	for _, p := range r.Pairs {
		models[p.A], models[p.B] = true, true
		if p.Better != "" {
			wins[p.Better]++
		}
	}
	for _, m := range r.Models {
		if wins[m.Name] == len(models)-1 {
			return "winner: " + m.Name + ", ahead of every other density by more than two standard errors"
		}
	}
	return "winner: none; the leading models differ by less than two standard errors"
}

// WriteCSV writes one line per model and split, with an empty cell for what
// was not computed.
func (r *Results) WriteCSV(w io.Writer) error {
	c := csv.NewWriter(w)
	c.Write([]string{"model", "split", "kind", "nats", "se_data", "se_samples", "bits_per_dim", "rows", "samples", "reconstruction_rmse"})
	for _, m := range r.Models {
		for _, s := range []struct {
			name   string
			result *SplitResult
		}{{"train", m.Train}, {"valid", m.Valid}, {"test", m.Test}} {
			if s.result == nil {
				continue
			}
			kind, samples := "", ""
			if s.result.Kind != nil {
				kind = s.result.Kind.String()
			}
			if s.result.Samples > 0 {
				samples = strconv.Itoa(s.result.Samples)
			}
			c.Write([]string{m.Name, s.name, kind, cell(s.result.Nats), cell(s.result.SEData), cell(s.result.SESamples),
				cell(s.result.BitsPerDim), strconv.Itoa(s.result.Rows), samples, cell(s.result.ReconstructionRMSE)})
		}
	}
	c.Flush()
	return c.Error()
}

func cell(v *float64) string {
	if v == nil {
		return ""
	}
	return strconv.FormatFloat(*v, 'g', -1, 64)
}
