package gmm

import (
	"math"
	"slices"

	"likely/density"
)

// crossFolds is the number of parts of the rows that are left out in turn.
const crossFolds = 10

// crossValidated returns the mean log-likelihood, in nats per scaled row, of rows that
// an M-step did without: each part of the rows is left out of the responsibilities in
// turn. An optimum that owes its likelihood to components on few rows loses it so, at
// the cost of about crossFolds iterations. It is −∞ where a part takes a component with
// it, and the objective where values are missing.
func (e *EM) crossValidated() float64 {
	if e.moments.gapped != nil {
		return e.Objective()
	}
	if e.crossed.at != e.path.Steps {
		e.crossed.value, e.crossed.at = e.leaveOut(), e.path.Steps
	}
	return e.crossed.value
}

func (e *EM) leaveOut() float64 {
	m := &e.moments
	logWeight := make([]float64, m.k)
	folds := min(crossFolds, m.n)
	var sum float64
	for fold := range folds {
		part := e.without(fold, folds)
		if !(part.total > 0) {
			return math.Inf(-1)
		}
		part.collect()
		shapes, err := e.covariance.maximize(part, e.floor, e.shapes)
		if err != nil {
			return math.Inf(-1)
		}
		m.prior.weights(logWeight, part.count)
		var x []float64
		for i := fold; i < m.n; i += folds {
			x = append(x, e.scaled.row(i)...)
		}
		joint := make([]float64, len(x)/m.d*m.k)
		logJoint(joint, logWeight, part.mean, shapes, x)
		for at := 0; at*m.k < len(joint); at++ {
			row, i := joint[at*m.k:(at+1)*m.k], fold+at*folds
			e.scaled.forceLabel(row, i)
			sum += e.scaled.weightOf(i) * density.LogSumExp(row)
		}
	}
	return sum / m.total
}

// without returns the moments of the rows that are not in a fold, which every row of
// that number modulo folds is, with the responsibilities that they have.
func (e *EM) without(fold, folds int) *moments {
	m := &e.moments
	part := &moments{
		k: m.k, d: m.d, spread: m.spread, prior: m.prior, ctx: m.ctx,
		count: make([]float64, m.k), mean: slices.Clone(m.mean),
	}
	for i := range m.n {
		if i%folds == fold {
			continue
		}
		part.n++
		part.total += e.scaled.weightOf(i)
		part.x = append(part.x, e.scaled.row(i)...)
		part.resp = append(part.resp, m.resp[i*m.k:(i+1)*m.k]...)
		if m.weight != nil {
			part.weight = append(part.weight, m.weight[i])
		}
	}
	return part
}
