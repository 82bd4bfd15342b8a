package gmm

import (
	"math"

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

	history   []float64 // mean log-likelihood of the scaled rows
	converged bool
	fell      bool // by more than rounding
}

// Step does one iteration: an M-step from the current responsibilities, then
// the E-step, which gives the likelihood of the new parameters. It returns an
// error that wraps ErrCollapsed if a covariance is singular and there is no
// floor; the state is then that before the step.
func (e *EM) Step() error {
	if err := e.maximize(); err != nil {
		return err
	}
	e.history = append(e.history, e.expect())
	e.judge()
	return nil
}

// Done reports whether the run has converged.
func (e *EM) Done() bool { return e.converged }

// LogLik returns the mean log-likelihood of the current parameters in nats per
// row of the data.
func (e *EM) LogLik() float64 { return e.history[len(e.history)-1] + e.scaled.jacobian }

// maximize is the M-step: weights, means and covariances from the
// responsibilities.
//
//	Nₖ = Σₙ rₙₖ    πₖ = Nₖ/N    μₖ = Σₙ rₙₖ xₙ / Nₖ    Σₖ: the family's
func (e *EM) maximize() error {
	e.moments.collect()
	shapes, err := e.covariance.maximize(&e.moments, e.floor, e.shapes)
	if err != nil {
		return err
	}
	e.shapes = shapes
	for k, count := range e.moments.count {
		e.logWeight[k] = math.Log(count / float64(e.moments.n))
	}
	return nil
}

// expect is the E-step: it replaces the responsibilities by those of the
// current parameters and returns the mean log-likelihood.
//
//	rₙₖ = πₖ N(xₙ; μₖ, Σₖ) / Σⱼ πⱼ N(xₙ; μⱼ, Σⱼ)
func (e *EM) expect() float64 {
	n, k := e.moments.n, e.k
	blocks := make([]float64, (n+blockRows-1)/blockRows)
	forBlocks(n, func(b, from, to int) {
		logs := getBuffer(to - from)
		joint := e.moments.resp[from*k : to*k]
		logJoint(joint, e.logWeight, e.moments.mean, e.shapes, e.moments.x[from*e.d:to*e.d], e.d)
		normalize(*logs, joint, k)
		for _, v := range *logs {
			blocks[b] += v
		}
		putBuffer(logs)
	})
	var sum float64
	for _, v := range blocks {
		sum += v
	}
	return sum / float64(n)
}

// logJoint stores ln πₖ + log N(xᵢ; μₖ, Σₖ) for each row of x (row-major, width
// d) in joint (rows×K).
func logJoint(joint, logWeight, means []float64, s shapes, x []float64, d int) {
	k := len(logWeight)
	tmp := getBuffer(len(x))
	for c, w := range logWeight {
		if math.IsInf(w, -1) {
			for i := c; i < len(joint); i += k {
				joint[i] = w
			}
			continue
		}
		s.logDensity(joint[c:], k, c, means[c*d:(c+1)*d], x, *tmp)
		for i := c; i < len(joint); i += k {
			joint[i] += w
		}
	}
	putBuffer(tmp)
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

// judge decides whether the run has converged. With steps that shrink by a
// factor ρ the likelihood still rises by step·ρ/(1−ρ) (Aitken's rule; Böhning
// et al. 1994). A step downwards beyond rounding is remembered, and is never
// convergence.
func (e *EM) judge() {
	last := len(e.history) - 1
	if last < 1 {
		return
	}
	step := e.history[last] - e.history[last-1]
	rounding := 1e-13 * max(1, math.Abs(e.history[last]))
	if step < -rounding {
		e.fell = true
		return
	}
	if step <= rounding {
		e.converged = true
		return
	}
	if last < 2 {
		return
	}
	ratio := step / (e.history[last-1] - e.history[last-2])
	e.converged = ratio > 0 && ratio < 1 && step*ratio/(1-ratio) < e.tolerance
}
