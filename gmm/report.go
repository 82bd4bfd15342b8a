package gmm

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

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
	// StartLogLik is the mean log-likelihood that each start ended at, in
	// nats per row; NaN for a start that collapsed. Starts that are not kept
	// end 0.01 nats below their limit, for all rows together.
	StartLogLik []float64
	// Degenerate is whether the result is an optimum that free covariances
	// reach by shrinking a component onto few rows, where the likelihood says
	// little about the data. Its warning says which component.
	Degenerate bool
	// FloorActive is whether the floor holds up some variance of the result.
	FloorActive bool
	// Warnings says what is doubtful about the result and what to try, one for
	// each kind of doubt.
	Warnings []density.Warning
	// Seed is the number all random streams of the fit were derived from.
	Seed uint64
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, density.Warnf(format, args...))
}

// nearSingular is the variance, in a direction and relative to the columns'
// variances, below which a component is called near-singular. It stands well
// above the floor.
const nearSingular = 1e-4

// degenerate reports whether an optimum is one that the likelihood of free
// covariances reaches by shrinking a component onto few rows: its value then
// says little about the data. Such a start is kept only when every other one is
// degenerate too.
func (e *EM) degenerate() bool {
	for k := range e.k {
		if e.shapes.floored(k) || e.narrowest(k) < nearSingular && e.rowsOf(k) < float64(4*e.shapes.rowsNeeded()) {
			return true
		}
	}
	return false
}

// narrowest returns the smallest variance of component k in any direction, relative to
// the columns' own.
func (e *EM) narrowest(k int) float64 {
	own := e.scaled.columns.own
	if own == nil {
		return e.shapes.narrowest(k)
	}
	inverse := make([]float64, e.d)
	for j, v := range own {
		inverse[j] = 1 / v
	}
	one, err := e.shapes.reordered([]int{k}).rescaled(inverse)
	if err != nil {
		return 0 // more or less than a number can hold
	}
	return one.narrowest(0)
}

// doubt ranks optima by how little their likelihood may be worth: 0 for none that is
// seen, 1 for a component that looks spurious, 2 for one that is degenerate.
func (e *EM) doubt() int {
	switch {
	case e.degenerate():
		return 2
	case len(e.spurious()) > 0:
		return 1
	}
	return 0
}

// rowsOf returns the number of rows that component k has. Weights that sum to less
// than the rows there are, such as shares, are taken relative to each other.
func (e *EM) rowsOf(k int) float64 {
	return e.moments.count[k] * max(1, float64(e.moments.n)/e.moments.total)
}

// starts fills in how the starts went.
func (r *Report) starts(o *em.Outcome[run]) {
	r.Start, r.TotalIterations = o.Kept, o.Iterations()
	r.StartLogLik = make([]float64, len(o.Runs))
	for i, e := range o.Runs {
		r.StartLogLik[i] = math.NaN()
		if o.Errs[i] == nil {
			r.StartLogLik[i] = e.LogLik()
		}
	}
}

// examine fills the report from the start that was kept.
func (r *Report) examine(e *EM) {
	r.History = e.path.Values
	r.Converged = e.path.Converged
	r.Degenerate = e.degenerate()
	r.Iterations = len(e.path.Values) - 1
	if !e.path.Converged {
		r.warn("EM stopped after %d iterations, before the likelihood settled; more {Iterations} would help", r.Iterations)
	}
	if e.path.Fell {
		r.warn("the likelihood fell by more than rounding in some iteration; the covariances are too ill-conditioned for the arithmetic; a larger {Floor} would help")
	}
	r.examineComponents(e)
	r.examineStarts(e)
}

// examineComponents warns of components, the worst first, in one line for all that
// have the same fault.
func (r *Report) examineComponents(e *EM) {
	var floored, few, explained, narrow suspects
	var columns []int
	narrowest := 1.0
	needed := e.shapes.rowsNeeded()
	for k := range e.k {
		count := e.rowsOf(k)
		switch {
		case e.shapes.floored(k):
			floored.add(k, count)
		case count < float64(needed):
			few.add(k, count)
		case e.shapes.heywood(k) > 0:
			explained.add(k, count)
			columns = append(columns, e.shapes.heywood(k))
		case e.narrowest(k) < nearSingular:
			narrow.add(k, count)
			narrowest = min(narrowest, e.narrowest(k))
		}
	}
	r.FloorActive = floored.any() || explained.any()
	if floored.any() {
		r.warn("%s %s held up by the variance floor: %s likelihood measures the floor, not the data; a smaller {Components}, more rows or a larger {Floor} would help",
			floored, floored.form("is", "are"), floored.form("its", "their"))
	}
	if few.any() {
		r.warn("%s %s fewer than the %d rows that %s covariance needs; a smaller {Components} would help", few.below(float64(needed)), few.form("has", "have"), needed, few.form("its", "their"))
	}
	if explained.any() {
		r.warn("%s: %s factors explain column %s whole (a Heywood case), whose noise is held up by the variance floor; fewer factors would help",
			explained.names(), explained.form("its", "their"), list(columns))
	}
	if narrow.any() {
		r.warn("%s %s near-singular: the narrowest direction has %.2g of a column's variance; check for nearly collinear or rounded columns", narrow, narrow.form("is", "are"), narrowest)
	}
	var spurious suspects
	for _, k := range e.spurious() {
		spurious.add(k, e.rowsOf(k))
	}
	if spurious.any() {
		r.warn("%s %s small and in some direction %s less than %v of the variance that components have on average: such optima are often spurious; compare held-out likelihoods with a smaller {Components}",
			spurious, spurious.form("is", "are"), spurious.form("has", "have"), spuriousRatio)
	}
}

// examineStarts warns of starts that were not kept.
func (r *Report) examineStarts(e *EM) {
	var failed, higher int
	for _, v := range r.StartLogLik {
		switch {
		case math.IsNaN(v):
			failed++
		case e.moments.prior == nil && v > e.LogLik()+1e-6:
			higher++
		}
	}
	if higher > 0 {
		r.warn("%d of %d starts ended at a higher likelihood, the highest at {nats} nats per row, on components of few rows or near-singular ones; they were passed over for one without", higher, len(r.StartLogLik))
		r.Warnings[len(r.Warnings)-1].LogProb = floats.Max(slices.DeleteFunc(slices.Clone(r.StartLogLik), math.IsNaN))
	}
	if failed > 0 {
		r.warn("%d of %d starts collapsed and were left out", failed, len(r.StartLogLik))
	}
}

// spuriousRatio is the variance, relative to the average covariance of the
// components, below which a small component is suspected to sit on rows that
// are nearly collinear by chance. Hathaway (1985) bounds the same quantity to
// have a well-posed likelihood.
const spuriousRatio = 0.05

// spurious returns the components with less than half their share of the rows
// and a covariance Σₖ for which Σₖ − ratio·Σⱼ πⱼΣⱼ is not positive definite.
func (e *EM) spurious() []int {
	var suspects []int
	for k, count := range e.moments.count {
		if count < 0.5*e.moments.total/float64(e.k) && !e.moments.empty(k) && !e.shapes.floored(k) {
			suspects = append(suspects, k)
		}
	}
	if len(suspects) == 0 {
		return nil
	}
	if e.d > mostDense {
		return slices.DeleteFunc(suspects, func(k int) bool { return !e.thinByProducts(k) })
	}
	average := mat.NewSymDense(e.d, nil)
	for i := range e.d {
		for j := range i + 1 {
			var sum float64
			for k, count := range e.moments.count {
				sum += count * e.shapes.at(k, i, j)
			}
			average.SetSym(i, j, sum/e.moments.total)
		}
	}
	return slices.DeleteFunc(suspects, func(k int) bool {
		rest := mat.NewSymDense(e.d, nil)
		for i := range e.d {
			for j := range i + 1 {
				rest.SetSym(i, j, e.shapes.at(k, i, j)-spuriousRatio*average.At(i, j))
			}
		}
		var chol mat.Cholesky
		return chol.Factorize(rest)
	})
}

// thinByProducts is the test of spurious for component k without D×D matrices: whether
// the largest eigenvalue of Σₖ⁻¹·Σⱼ πⱼΣⱼ is above 1/ratio.
func (e *EM) thinByProducts(k int) bool {
	_, value := dominant(e.d, func(v []float64) []float64 {
		average := make([]float64, e.d)
		for j, count := range e.moments.count {
			floats.AddScaled(average, count/e.moments.total, e.shapes.times(j, v))
		}
		return e.shapes.solve(k, average)
	})
	return value > 1/spuriousRatio
}
