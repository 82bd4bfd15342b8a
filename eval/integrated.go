package eval

import (
	"context"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
)

const (
	// integratedTolerance is the error of log p(x), in nats, to which rows are integrated
	// over.
	integratedTolerance = 1e-4
	// integratedEvaluations is the largest number of evaluations of p(x|z) for such a row.
	integratedEvaluations = 20_000
)

// integrator integrates rows over a code of one dimension.
type integrator struct {
	m         density.Latent
	rule      rule
	low, high []float64
	s         QuadratureSettings
	results   *Result
}

// newIntegrator returns nil where draws are all that is wanted: from a proposal that was
// not made for such a code, or fewer than show whether they can be trusted.
func newIntegrator(m density.Latent, q density.Proposal, r *Result, s Settings) *integrator {
	hints := elbo.Integrable(q)
	if _, finite := m.(density.Finite); finite || hints == nil || s.Samples < elbo.FewestJudged || s.Quadrature < 0 {
		return nil
	}
	if s.Quadrature == 0 {
		s.Quadrature = integratedTolerance
	}
	low, high := priorBox(m, s.Seed)
	return &integrator{m, newRule(m.LatentDim()), low, high, QuadratureSettings{
		Tolerance: s.Quadrature, Evaluations: integratedEvaluations, Hints: hints, Seed: s.Seed,
	}, r}
}

// row integrates over the code for row i of x, in the place of draws, and reports whether
// that reached the tolerance. Back says why where it did not, and Costs counts what was
// spent.
func (n *integrator) row(ctx context.Context, x *mat.Dense, i int) bool {
	c := &cubature{ctx: ctx, m: n.m, rule: n.rule, x: density.Rows(x, i, i+1), row: i}
	err := c.run(n.low, n.high, n.s)
	r, reason := n.results, ""
	r.Costs[i] += c.spent
	switch {
	case err != nil:
		reason = err.Error()
	case !(c.err <= n.s.Tolerance):
		reason = fmt.Sprintf("it is known to %.2g nats after %d evaluations", c.err, c.spent)
	case c.edge:
		reason = "the posterior reaches 12 standard deviations of the prior"
	}
	if reason != "" {
		r.Back[i] = "quadrature was given up: " + reason
		return false
	}
	r.Rungs[i], r.Back[i] = elbo.Integrated, ""
	r.LogProb[i], r.Smoothed[i], r.Debiased[i] = c.log, c.log, c.log
	r.StdErr[i], r.ESS[i], r.KHat[i] = c.err, float64(r.Samples), math.Inf(-1)
	return true
}

// integrated makes the result one of quadrature where every row is.
func (r *Result) integrated() {
	if len(r.Rungs) > 0 && !slices.ContainsFunc(r.Rungs, func(g elbo.Rung) bool { return g != elbo.Integrated }) {
		r.Kind, r.Samples = density.Quadrature, 0
	}
}
