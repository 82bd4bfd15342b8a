package report

import (
	"fmt"
	"math"
	"strconv"

	"likely/results"
)

// headline says in words which model is better, by how much and how sure that is, or
// that nobody can tell.
type headline struct {
	Verdict string
	Detail  []string
}

// newHeadline reads the verdict off the results.
func newHeadline(r *results.Results) headline {
	first, second, pair := leaders(r)
	switch {
	case pair == nil && r.Dataset.RowsTest == 0:
		return headline{"No model can be called better: no rows were held out.", []string{
			"All numbers below are of the rows that the models were fitted to, and those favour the larger model. Hold some rows out, and the models can be compared."}}
	case pair == nil:
		h := headline{Verdict: "There are no two densities to compare."}
		if len(r.Pairs) > 0 {
			h.Verdict = "Too few models have a number that means something."
		}
		for _, m := range r.Models {
			if e, ok := m.Split(r.Reported()).Estimate(); ok {
				h.Detail = append(h.Detail, fmt.Sprintf("Log p of %s is %s nats per row (%s).", m.Name, nats(e), kindText(m.Split(r.Reported()))))
			}
		}
		return h
	}
	lead, places := math.Abs(pair.Diff), digits(results.Value(pair.SE))
	amount := signed(lead, places) + " nats per row"
	if pair.SE != nil {
		amount = fmt.Sprintf("%s ± %.*f nats per row", signed(lead, places), places, *pair.SE)
	}
	if best, _ := unbeaten(r); best != "" {
		h := headline{Verdict: best + " is the better model, by " + amount + "."}
		h.Detail = append(h.Detail, fmt.Sprintf("On the %d held-out rows its mean log p is that much above that of %s, the next best: it gives such a row %s times the probability.", pair.Rows, second, times(lead)))
		return surely(h, pair)
	}
	if best := leading(r); best != "" {
		h := headline{Verdict: best + " is ahead so far, by " + amount + "."}
		h.Detail = append(h.Detail, fmt.Sprintf("On the %d held-out rows its mean log p is that much above that of %s, the next best. It is no win yet, for a model may become better with more work %s.", pair.Rows, second, improvingSign))
		for _, m := range r.Models {
			if why := m.Improving(); why != "" {
				h.Detail = append(h.Detail, m.Name+": "+why+".")
			}
		}
		return surely(h, pair)
	}
	h := headline{Verdict: "Nobody can tell which model is best."}
	if pair.Better != "" || pair.SoFar != "" {
		h.Detail = append(h.Detail, fmt.Sprintf("%s leads %s by %s, but no model is ahead of every other by more than %s.", first, second, amount, neededText(r.Pairs...)))
		return h
	}
	if tooFew(pair) {
		h.Detail = append(h.Detail, fmt.Sprintf("%s leads %s by %s, but %s held-out ones.", first, second, amount, tooFewText(pair)))
		return h
	}
	h.Detail = append(h.Detail, fmt.Sprintf("%s leads %s by %s on the %d held-out rows. That is less than %s, so that other rows might turn it round.", first, second, amount, pair.Rows, neededText(*pair)))
	if pair.SE != nil && lead > 0 {
		// A lead far below its error says nothing of its own size, nor of rows to tell it by.
		if rows := math.Ceil(float64(pair.Rows) * math.Pow(2**pair.SE/lead, 2)); rows < 1000*float64(pair.Rows) {
			h.Detail = append(h.Detail, fmt.Sprintf("To tell a difference of that size, about %s held-out rows would be needed.", roughly(rows)))
		}
	}
	return h
}

// roughly returns a number with two digits that count, which is all that is known of it.
func roughly(v float64) string {
	unit := math.Pow(10, max(math.Floor(math.Log10(v))-1, 0))
	return strconv.FormatFloat(math.Ceil(v/unit)*unit, 'f', 0, 64)
}

// surely says how often chance alone gives such a lead.
func surely(h headline, p *results.Pair) headline {
	if p.SE == nil || !(*p.SE > 0) {
		return h
	}
	z := math.Abs(p.Diff) / *p.SE
	text := fmt.Sprintf("The lead is %.1f standard errors", z)
	if odds := chance(p, z); odds > 1e-6 {
		text += fmt.Sprintf("; if there were no difference, one lead in %.0f would be as large", 1/odds)
	}
	h.Detail = append(h.Detail, text+".")
	return h
}

// times is e^nats in words.
func times(nats float64) string {
	if nats > math.Log(1000) {
		return "more than a thousand"
	}
	return fmt.Sprintf("%.3g", math.Exp(nats))
}

// leaders returns the two models with the largest log p among those that were compared,
// and their pair; nil where none were.
func leaders(r *results.Results) (first, second string, pair *results.Pair) {
	value := make(map[string]float64)
	dependent := dependentModels(r)
	for _, p := range r.Pairs {
		if !dependent[p.A] && !dependent[p.B] {
			value[p.A], value[p.B] = math.NaN(), math.NaN()
		}
	}
	for _, m := range r.Models {
		e, ok := m.Split(r.Reported()).Estimate()
		if _, compared := value[m.Name]; !ok || !compared || dependent[m.Name] {
			continue
		}
		value[m.Name] = e.Value
		switch {
		case first == "" || e.Value > value[first]:
			first, second = m.Name, first
		case second == "" || e.Value > value[second]:
			second = m.Name
		}
	}
	for i, p := range r.Pairs {
		if p.A == first && p.B == second || p.A == second && p.B == first {
			return first, second, &r.Pairs[i]
		}
	}
	return first, second, nil
}
