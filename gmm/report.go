package gmm

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
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
	// Warnings says what is doubtful about the result and what to try.
	Warnings []string
	// Seed is the number all random streams of the fit were derived from.
	Seed uint64
}

func (r *Report) warn(format string, args ...any) {
	r.Warnings = append(r.Warnings, fmt.Sprintf(format, args...))
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
		if e.shapes.floored(k) || e.shapes.narrowest(k) < nearSingular && e.rowsOf(k) < float64(4*e.shapes.rowsNeeded()) {
			return true
		}
	}
	return false
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

// examine fills the report from the start that was kept.
func (r *Report) examine(e *EM) {
	r.History = e.history
	r.Converged = e.converged
	r.Degenerate = e.degenerate()
	r.Iterations = len(e.history) - 1
	if !e.converged {
		r.warn("EM stopped after %d iterations, before the likelihood settled; more Settings.Iterations would help", r.Iterations)
	}
	if e.fell {
		r.warn("the likelihood fell by more than rounding in some iteration; the covariances are too ill-conditioned for the arithmetic; a larger Settings.Floor would help")
	}
	for k := range e.k {
		count := e.rowsOf(k)
		switch {
		case e.shapes.floored(k):
			r.FloorActive = true
			r.warn("component %d (%.3g rows) is held up by the variance floor: its likelihood measures the floor, not the data; fewer components, more rows or a larger Settings.Floor would help", k+1, count)
		case count < float64(e.shapes.rowsNeeded()):
			r.warn("component %d has %.3g rows, fewer than the %d that its covariance needs; fewer components would help", k+1, count, e.shapes.rowsNeeded())
		case e.shapes.heywood(k) > 0:
			r.FloorActive = true
			r.warn("component %d: its factors explain column %d whole (a Heywood case), whose noise is held up by the variance floor; fewer factors would help", k+1, e.shapes.heywood(k))
		case e.shapes.narrowest(k) < nearSingular:
			r.warn("component %d (%.3g rows) is near-singular: its narrowest direction has %.2g of a column's variance; check for nearly collinear or rounded columns", k+1, count, e.shapes.narrowest(k))
		}
	}
	for _, k := range e.spurious() {
		r.warn("component %d (%.3g rows) is small and in some direction has less than %v of the variance that components have on average: such optima are often spurious; compare held-out likelihoods with fewer components", k+1, e.rowsOf(k), spuriousRatio)
	}
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
		r.warn("%d of %d starts ended at a higher likelihood, the highest at %.6g nats per row, on components of few rows or near-singular ones; they were passed over for one without", higher, len(r.StartLogLik), floats.Max(slices.DeleteFunc(slices.Clone(r.StartLogLik), math.IsNaN)))
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
