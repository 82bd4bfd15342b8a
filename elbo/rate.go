package elbo

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// RateSplit divides the mean rate over N rows by what it is spent on (Hoffman &
// Johnson 2016; Chen et al. 2018, eq. 2), with q(z) = (1/N) Σ q(z|xᵢ):
//
//	(1/N) Σ KL(q(z|xᵢ) ‖ p(z)) = I(x; z) + KL(q(z) ‖ p(z))
//
// and, if the prior has independent dimensions and so has q(z|x),
//
//	KL(q(z) ‖ p(z)) = KL(q(z) ‖ Πⱼ q(zⱼ)) + Σⱼ KL(q(zⱼ) ‖ p(zⱼ))
//
// All in nats an example. I is at most ln N: from N rows no more can be seen.
type RateSplit struct {
	// Rate is the mean rate, Information I(x; z), Marginal KL(q(z) ‖ p(z)).
	// They are estimates from the same draws, with Rate = Information +
	// Marginal exactly.
	Rate, Information, Marginal density.Estimate
	// TotalCorrelation is KL(q(z) ‖ Πⱼ q(zⱼ)) and Dimension[j] is
	// KL(q(zⱼ) ‖ p(zⱼ)); together they are Marginal. nil where the
	// dimensions of q(z|x) are not known apart.
	TotalCorrelation *density.Estimate
	Dimension        []float64
}

// Factored is a proposal with independent normal dimensions for each row, as the
// encoder of a variational autoencoder has.
type Factored interface {
	density.Proposal
	// Moments returns the means and the logarithms of the variances of each
	// dimension of q(z|x), both N×L, for each row of x (N×D).
	Moments(x *mat.Dense) (mean, logvar *mat.Dense)
}

// SplitRate evaluates the split over the rows of x (N×D, N ≥ 2) from S =
// s.Samples draws for each row. q(z) is the mean over all N rows, the row of the
// draw among them, so nothing is left to a minibatch estimate. The cost is N²·S
// evaluations of q(z|x). If q is Factored with the dimensions of N(0, I) for a
// prior, standard must be true for the split by dimension.
func SplitRate(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, standard bool, s Settings) (*RateSplit, error) {
	n, d := x.Dims()
	if d != m.Dim() || q.LatentDim() != m.LatentDim() {
		panic("elbo: model, proposal and data differ in dimension")
	}
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if n < 2 {
		return nil, fmt.Errorf("elbo: the rate of %d row: %w; a split needs 2 or more", n, ErrSettings)
	}
	l := m.LatentDim()
	w := &rateWork{m: m, q: q, x: x, s: s, l: l}
	if f, ok := q.(Factored); ok && standard {
		w.mean, w.logvar = f.Moments(x)
		w.dimension = mat.NewDense(n, l, nil)
		w.correlation, w.correlationErr = make([]float64, n), make([]float64, n)
	}
	for _, p := range []*[]float64{&w.rate, &w.rateErr, &w.information, &w.informationErr, &w.marginal, &w.marginalErr} {
		*p = make([]float64, n)
	}
	err = spread.Each(ctx, n, s.Progress, func() func(i int) error { return w.row })
	if ctx.Err() != nil {
		return nil, fmt.Errorf("elbo: %w", ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	out := &RateSplit{
		Rate:        density.MeanEstimate(w.rate, w.rateErr, density.Consistent, s.Samples),
		Information: density.MeanEstimate(w.information, w.informationErr, density.Consistent, s.Samples),
		Marginal:    density.MeanEstimate(w.marginal, w.marginalErr, density.Consistent, s.Samples),
	}
	if w.dimension != nil {
		e := density.MeanEstimate(w.correlation, w.correlationErr, density.Consistent, s.Samples)
		out.TotalCorrelation = &e
		out.Dimension, _ = density.Moments(w.dimension)
	}
	return out, nil
}

type rateWork struct {
	m                                                                 density.Latent
	q                                                                 density.Proposal
	x                                                                 *mat.Dense
	s                                                                 Settings
	l                                                                 int
	mean, logvar                                                      *mat.Dense // nil: not by dimension
	dimension                                                         *mat.Dense
	rate, rateErr, information, informationErr, marginal, marginalErr []float64
	correlation, correlationErr                                       []float64
}

// row computes the terms of row i.
func (w *rateWork) row(i int) error {
	n, _ := w.x.Dims()
	z := mat.NewDense(w.s.Samples, w.l, nil)
	row := density.Rows(w.x, i, i+1)
	w.q.Rand(z, row, density.NewSource(w.s.Seed, "elbo.rate", uint64(i)))
	own, prior := w.q.LogProb(nil, z, row), w.m.LogPrior(nil, z)
	// All draws against all rows: the log-densities of each row in turn.
	all := mat.NewDense(w.s.Samples, n, nil)
	logs := make([]float64, w.s.Samples)
	for k := range n {
		w.q.LogProb(logs, z, density.Rows(w.x, k, k+1))
		all.SetCol(k, logs)
	}
	rate, information, marginal := make([]float64, w.s.Samples), make([]float64, w.s.Samples), make([]float64, w.s.Samples)
	correlation := make([]float64, w.s.Samples)
	column := make([]float64, n)
	for s := range w.s.Samples {
		aggregate := density.LogMeanExp(all.RawRowView(s))
		rate[s], information[s], marginal[s] = own[s]-prior[s], own[s]-aggregate, aggregate-prior[s]
		if math.IsNaN(rate[s]) || math.IsNaN(aggregate) {
			return fmt.Errorf("elbo: the rate of row %d is NaN: %w; check the row", i+1, ErrNotANumber)
		}
		if w.dimension == nil {
			continue
		}
		correlation[s] = aggregate
		for j := range w.l {
			v := z.At(s, j)
			for k := range n {
				r := v - w.mean.At(k, j)
				column[k] = -0.5 * (math.Log(2*math.Pi) + w.logvar.At(k, j) + r*r*math.Exp(-w.logvar.At(k, j)))
			}
			single := density.LogMeanExp(column)
			correlation[s] -= single
			w.dimension.Set(i, j, w.dimension.At(i, j)+(single+0.5*(math.Log(2*math.Pi)+v*v))/float64(w.s.Samples))
		}
	}
	for _, p := range []struct {
		to, errs, terms []float64
	}{{w.rate, w.rateErr, rate}, {w.information, w.informationErr, information}, {w.marginal, w.marginalErr, marginal}, {w.correlation, w.correlationErr, correlation}} {
		if p.to != nil {
			p.to[i], p.errs[i] = average(p.terms), standardError(p.terms)
		}
	}
	return nil
}

func average(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
