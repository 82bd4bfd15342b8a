package gmm

import (
	"context"
	"fmt"
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/internal/em"
	"likely/internal/kernel"
)

// EM is one run of expectation–maximisation, an iteration at a time. It works
// on the rows scaled to unit variance, so that the floor and all tolerances
// mean the same for any units; [EM.Model] gives the mixture in the units of
// the data. Get one from [NewEM].
type EM struct {
	k, d       int
	covariance Covariance
	floor      float64
	tolerance  float64
	scaled     *scaledRows

	moments   moments
	logWeight []float64 // ln πₖ
	shapes    shapes
	given     shapes // those of a start, by which missing values are first completed

	path   em.Path // of the objective for the scaled rows
	logLik float64 // mean log-likelihood of the scaled rows
	narrow float64 // the smallest variance in any direction, relative to the widest
}

// Step does one iteration: an M-step from the current responsibilities, then
// the E-step, which gives the likelihood of the new parameters. It returns an
// error that wraps ErrCollapsed if a covariance is singular and there is no
// floor; the state is then that before the step.
//
// If ctx ends, Step returns its error within the time of a block of rows, and
// the run can not be continued.
func (e *EM) Step(ctx context.Context) error {
	if ctx == nil {
		return errNoContext()
	}
	e.moments.ctx = ctx
	err := e.maximize()
	var value float64
	if err == nil && ctx.Err() == nil {
		if value, err = e.expect(); err == nil {
			e.logLik = value
			var prior float64
			prior, err = e.moments.prior.logDensity(e.logWeight, e.moments.mean, e.shapes)
			value += prior / e.moments.total
		}
	}
	if ctx.Err() != nil {
		return fmt.Errorf("gmm: %w", ctx.Err())
	}
	if err != nil {
		return err
	}
	e.reach(value)
	return nil
}

// Done reports whether the run has converged.
func (e *EM) Done() bool { return e.path.Converged }

// LogLik returns the mean log-likelihood of the current parameters in nats per
// row of the data; −Inf before the first step.
func (e *EM) LogLik() float64 { return e.logLik + e.scaled.jacobian }

// Objective returns what EM increases: the mean log-likelihood or, under a prior,
// the mean logarithm of the posterior density up to a constant, in nats per row of
// the data; −Inf before the first step.
func (e *EM) Objective() float64 {
	return e.path.Last() + e.shift()
}

// shift takes the objective from the scaled rows to the data.
func (e *EM) shift() float64 {
	return e.scaled.jacobian + e.moments.prior.shift(e.scaled.transform, e.k)/e.moments.total
}

// nothing is a variance, relative to that of the columns or of the component's
// widest one, which the rounding of a scatter alone can leave of 0.
const nothing = 1e-13

// maximize is the M-step: weights, means and covariances from the
// responsibilities.
//
//	Nₖ = Σₙ rₙₖ    πₖ = Nₖ/N    μₖ = Σₙ rₙₖ xₙ / Nₖ    Σₖ: the family's
func (e *EM) maximize() error {
	if e.moments.gapped != nil {
		given := e.shapes
		if given == nil {
			given = e.given
		}
		if err := e.moments.collectMissing(given); err != nil {
			return err
		}
	} else {
		e.moments.collect()
	}
	if err := e.moments.ctx.Err(); err != nil {
		return err
	}
	return e.solve()
}

// solve finds the parameters from the moments.
func (e *EM) solve() error {
	shapes, err := e.covariance.maximize(&e.moments, e.floor, e.shapes)
	if err != nil {
		return err
	}
	e.narrow = 1
	for k := range e.k {
		widest := 1.0
		for j := range e.d {
			widest = max(widest, shapes.at(k, j, j))
		}
		narrow := shapes.narrowest(k) / widest
		if !(narrow > nothing) {
			return e.moments.collapsed(k, ErrCollapsed)
		}
		e.narrow = min(e.narrow, narrow)
	}
	e.shapes = shapes
	e.moments.prior.weights(e.logWeight, e.moments.count)
	return nil
}

// expect is the E-step: it replaces the responsibilities by those of the
// current parameters and returns the mean log-likelihood.
//
//	rₙₖ = πₖ N(xₙ; μₖ, Σₖ) / Σⱼ πⱼ N(xₙ; μⱼ, Σⱼ)
func (e *EM) expect() (float64, error) {
	m := &e.moments
	if m.gapped != nil {
		return e.expectMissing()
	}
	blocks := make([]float64, (m.n+blockRows-1)/blockRows)
	parts, about := e.ahead()
	forSegments(m.n, func(s, first, last int) {
		for from := first; from < last && m.ctx.Err() == nil; from += blockRows {
			to := min(from+blockRows, last)
			blocks[from/blockRows] = e.expectBlock(from, to)
			if parts != nil {
				if from == first {
					parts[s] = newSums(m.k, m.d, about)
				}
				parts[s].add(m, from, to)
			}
		}
	})
	if parts != nil && m.ctx.Err() == nil {
		m.ahead = join(parts)
	}
	return sum(blocks) / m.total, nil
}

// ahead returns room for the sums that the next M-step begins with, and the means
// that squares are to be taken about, for a family that needs no more than those of
// the rows.
func (e *EM) ahead() (parts []*sums, about []float64) {
	if e.covariance.needs(e.d) != needSquares || e.moments.prior != nil {
		return nil, nil
	}
	return make([]*sums, segments(e.moments.n)), slices.Clone(e.moments.mean)
}

// expectBlock is the E-step of the rows [from, to), at most a block.
func (e *EM) expectBlock(from, to int) float64 {
	m := &e.moments
	logs := getBuffer(to - from)
	defer putBuffer(logs)
	joint := m.resp[from*m.k : to*m.k]
	logJoint(joint, e.logWeight, m.mean, e.shapes, m.x[from*m.d:to*m.d])
	e.scaled.forceLabels(joint, from, to)
	normalize(*logs, joint, m.k)
	if m.weight != nil {
		for i, w := range m.weight[from:to] {
			(*logs)[i] *= w
			floats.Scale(w, joint[i*m.k:(i+1)*m.k])
		}
	}
	return sum(*logs)
}

// logJoint stores ln πₖ + log N(xᵢ; μₖ, Σₖ) for each row of x (row-major) in
// joint (rows×K).
func logJoint(joint, logWeight, means []float64, s shapes, x []float64) {
	s.logDensities(joint, means, x)
	for i := 0; i < len(joint); i += len(logWeight) {
		floats.Add(joint[i:i+len(logWeight)], logWeight)
	}
}

// normalize turns rows of log joint densities (rows×K) into responsibilities,
// in place, and stores their logarithmic sums, log p(x), in logs.
func normalize(logs, joint []float64, k int) {
	kernel.LogSumExpRows(logs, len(logs), k, joint, k)
	for i, l := range logs {
		row := joint[i*k : (i+1)*k]
		for c := range row {
			row[c] -= l
		}
		kernel.Exp(row, row)
	}
}

// reach adds the objective after a step to the path. Rounding is, along a narrow axis,
// relative to the variance along the widest: ε/narrow of each column's ½.
func (e *EM) reach(value float64) {
	e.path.Add(value, 0x1p-52*float64(e.d)/e.narrow, e.tolerance)
}
