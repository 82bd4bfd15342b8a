package eval

import (
	"fmt"
	"strings"

	"likely/density"
	"likely/elbo"
)

// Result is log p(x) of each of N rows, in nats, with what is known of its
// error.
type Result struct {
	// LogProb is the value for each row.
	LogProb []float64
	// StdErr is the Monte Carlo standard error of each row, ESS its
	// effective sample size and KHat its Pareto k̂; nil where Kind is
	// density.ExactValue. Where k̂ is above 0.4 the error is that of the fitted
	// tail, which is the larger one: the variance of the draws is too small there.
	StdErr, ESS, KHat []float64
	// Smoothed is log p̂ with the largest weights of each row replaced by what
	// their generalised Pareto fit expects, and Debiased log p̂ by the
	// jackknife (elbo.Jackknife), NaN for one draw; nil where Kind is
	// density.ExactValue. Where they differ from LogProb by more than StdErr,
	// none of the three can be trusted.
	Smoothed, Debiased []float64
	// Rungs says for each row what its codes were drawn from, and Back why a
	// higher rung was given up or not tried (empty: none was needed); nil where
	// Kind is density.ExactValue. RungTable counts them.
	Rungs []elbo.Rung
	Back  []string
	// Costs is the number of evaluations of p(x|z) that each row took, a gradient
	// counted as one more; nil where Kind is density.ExactValue. Their sum is Spent.
	Costs []int64
	// Weights says how often each row counts in the means (length N,
	// positive); nil: once.
	Weights []float64
	// Groups holds the group of each row, if rows of a group are not independent
	// (length N); nil: they are.
	Groups []int
	// Kind tells a closed form from an estimate.
	Kind density.Kind
	// Measure is what the density is a density with respect to.
	Measure density.Measure
	// Samples is the number of draws for each row, 0 for closed forms.
	Samples int
	// Spent is the number of evaluations of p(x|z).
	Spent int64
	// Warnings says what is doubtful about the result and what to try.
	Warnings []string
}

// Estimate returns the mean over the rows with its two standard errors.
func (r *Result) Estimate() density.Estimate {
	e := density.WeightedMeanEstimate(r.LogProb, r.StdErr, r.Weights, r.Kind, r.Samples)
	if r.Groups != nil {
		e.DataErr, _ = clustered(r.LogProb, r.Weights, r.Groups, e)
	}
	return e
}

// Shift adds c nats to every row, as a change of units does.
func (r *Result) Shift(c float64) {
	for _, values := range [][]float64{r.LogProb, r.Smoothed, r.Debiased} {
		for i := range values {
			values[i] += c
		}
	}
}

// Untrusted returns the rows, from 0, whose k̂ is above the threshold: their
// estimates, and their standard errors, cannot be trusted.
func (r *Result) Untrusted() []int {
	var rows []int
	limit := Threshold(r.Samples)
	for i, k := range r.KHat {
		if k > limit {
			rows = append(rows, i)
		}
	}
	return rows
}

// Trusted returns the estimate from the rows with a k̂ below the threshold, and
// whether there is any.
func (r *Result) Trusted() (density.Estimate, bool) {
	var values, errs, weights []float64
	limit := Threshold(r.Samples)
	for i, v := range r.LogProb {
		if r.KHat != nil && r.KHat[i] > limit {
			continue
		}
		values = append(values, v)
		if r.StdErr != nil {
			errs = append(errs, r.StdErr[i])
		}
		if r.Weights != nil {
			weights = append(weights, r.Weights[i])
		}
	}
	if len(values) == 0 {
		return density.Estimate{}, false
	}
	return density.WeightedMeanEstimate(values, errs, weights, r.Kind, r.Samples), true
}

// warn adds a warning for rows that cannot be trusted.
func (r *Result) warn(where func(row int) string) {
	rows := r.Untrusted()
	if len(rows) == 0 {
		return
	}
	var names []string
	for _, i := range rows[:min(len(rows), 5)] {
		if where == nil {
			names = append(names, fmt.Sprintf("row %d", i+1))
		} else {
			names = append(names, where(i))
		}
	}
	if len(rows) > 5 {
		names = append(names, "…")
	}
	text := fmt.Sprintf("Pareto k̂ is above %.2f with %d draws on %d of %d rows (%s): log p there is uncertain by more than its error says, and likely too low; more draws, or a proposal with heavier tails, would help",
		Threshold(r.Samples), r.Samples, len(rows), len(r.LogProb), strings.Join(names, "; "))
	if rungs := r.rungText(); rungs != "" {
		text += " (" + rungs + ")"
	}
	if e, ok := r.Trusted(); ok {
		text += fmt.Sprintf("; without them the mean differs by %+.2g nats", e.Value-r.Estimate().Value)
	}
	r.Warnings = append(r.Warnings, text)
}
