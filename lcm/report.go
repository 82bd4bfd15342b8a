package lcm

import (
	"math"

	"likely/density"
	"likely/internal/em"
)

// Report tells how a fit went.
type Report struct {
	// History is the mean log-likelihood of the start that was kept, in nats
	// per row, before each of its iterations and at its end. It never
	// falls by more than rounding. Under a prior it is the mean logarithm of
	// the posterior density, up to a constant.
	History []float64
	// Converged is whether that start met the tolerance before the
	// iterations ran out.
	Converged bool
	// Iterations is the number of EM iterations of that start,
	// TotalIterations that of all starts.
	Iterations, TotalIterations int
	// Start is the number of the start that was kept, from 0.
	Start int
	// Found is the number of starts that ended at the optimum of that start. Moves
	// that split and merge may have led on from there.
	Found int
	// StartLogLik is the mean log-likelihood that each start ended at, in
	// nats per row; NaN for a start that failed. Starts that are not kept
	// end 0.01 nats below their limit, for all rows together.
	StartLogLik []float64
	// FloorActive is whether the floor holds up some variance of the result.
	FloorActive bool
	// Warnings says what is doubtful about the result and what to try.
	Warnings []density.Warning
	// Seed is the number all random streams of the fit were derived from.
	Seed uint64
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, density.Warnf(format, args...))
}

// starts fills in how the starts went.
func (r *Report) starts(o *em.Outcome[run]) {
	r.Start, r.TotalIterations = o.Kept, o.Iterations()
	for i, e := range o.Runs {
		value := math.NaN()
		if o.Errs[i] == nil {
			value = e.LogLik()
		}
		r.StartLogLik = append(r.StartLogLik, value)
	}
}

// examine fills the report from the run that was kept.
func (r *Report) examine(e *EM) {
	for _, v := range e.path.Values {
		r.History = append(r.History, v+e.data.jacobian)
	}
	r.Converged = e.path.Converged
	r.Iterations = len(e.path.Values) - 1
	if !r.Converged {
		r.warn("EM stopped after %d iterations, before the likelihood settled; more {Iterations} would help", r.Iterations)
	}
	if e.path.Fell {
		r.warn("the likelihood fell by more than rounding in some iteration; the variances are too small for the arithmetic; a larger {Floor} would help")
	}
	l, empty := e.data.layout, 0
	for c := range e.k {
		for q, v := range row(e.p.variance, c, len(l.normals)) {
			if e.floored(v) {
				r.FloorActive = true
				r.warn("class %d (%.3g rows) has no more variance in column %d than the floor allows: its likelihood measures the floor, not the data; fewer {Components}, a larger {Floor}, or another kind in {Columns} for a column of few values would help", c+1, e.rowsOf(c), l.normals[q]+1)
			}
		}
		if e.rowsOf(c) < 1 {
			empty++
		}
	}
	if empty > 0 {
		r.warn("%d of %d classes have less than one row each; fewer {Components} would do", empty, e.k)
	}
}

// rowsOf returns the number of rows that class c has. Weights that sum to less
// than the rows there are, such as shares, are taken relative to each other.
func (e *EM) rowsOf(c int) float64 { return e.count[c] * max(1, float64(e.data.present)/e.data.total) }

// floored reports whether a variance is on the floor.
func (e *EM) floored(variance float64) bool {
	return variance <= e.settings.least()*(1+1e-9)
}

// Doubt is 2 for a run with a variance on the floor, 0 for others.
func (r run) Doubt() int {
	for _, v := range r.p.variance {
		if r.floored(v) {
			return 2
		}
	}
	return 0
}
