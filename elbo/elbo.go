package elbo

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// Bound is the evidence lower bound of each of N rows, and its parts, in nats.
type Bound struct {
	// PerRow is the bound: Evidence − Divergence where these are known,
	// and always −Distortion − Rate.
	PerRow []float64
	// StdErr is the Monte Carlo standard error of each row, +Inf where the
	// bound is −Inf; nil where nothing was sampled.
	StdErr []float64
	// Rate is KL(q(z|x) ‖ p(z)): in closed form where the proposal knows it
	// (density.PriorDivergence), else from the draws.
	Rate []float64
	// Distortion is −E_q[log p(x|z)].
	Distortion []float64
	// Evidence is log p(x) and Divergence is KL(q(z|x) ‖ p(z|x)), the gap of
	// the bound; nil unless the model is a density.ExactPosterior. A row of
	// probability 0 has no posterior, and its Divergence is NaN.
	Evidence, Divergence []float64
	// Weights says how often each row counts in the mean; nil: once. It is for the
	// caller to set.
	Weights []float64
	// Samples is the number of draws for each row, 0 where expectations were
	// sums.
	Samples int
	// Spent is the number of evaluations of p(x|z).
	Spent int64
}

// Estimate returns the mean over the rows, a lower bound on the mean of
// log p(x).
func (b *Bound) Estimate() density.Estimate {
	return density.WeightedMeanEstimate(b.PerRow, b.StdErr, b.Weights, density.LowerBound, b.Samples)
}

// ELBO evaluates the evidence lower bound of each row of x (N×D) under q
// (Jordan et al. 1999; Kingma & Welling 2014, eq. 3). Errors are those of
// [EachRow]; closed forms of the evidence and the rate that are no numbers wrap
// [ErrNotANumber] too and name the row.
func ELBO(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, s Settings) (*Bound, error) {
	n, _ := x.Dims()
	b := &Bound{PerRow: make([]float64, n), Rate: make([]float64, n), Distortion: make([]float64, n)}
	oracle, known := m.(density.ExactPosterior)
	if known {
		b.Evidence, b.Divergence = oracle.LogProb(nil, x), make([]float64, n)
		if err := checkRows("log p(x)", b.Evidence, 1); err != nil {
			return nil, err
		}
	}
	if finite, ok := m.(density.Finite); ok {
		return b, b.enumerate(ctx, finite, q, x, s)
	}
	var divergence []float64
	if closed, ok := q.(density.PriorDivergence); ok {
		divergence = closed.KLPrior(nil, x)
		if err := checkRows("KL(q(z|x) ‖ p(z))", divergence, -1); err != nil {
			return nil, err
		}
	}
	b.StdErr = make([]float64, n)
	resolved, err := s.resolve()
	if err != nil {
		return nil, err
	}
	b.Samples = resolved.Samples
	pilots := make([]int64, n)
	err = EachRow(ctx, m, q, x, "elbo", s, func(i int, w *Weights) {
		b.row(i, w, divergence)
		pilots[i] = int64(w.Pilot)
	})
	if err != nil {
		return nil, err
	}
	b.Spent = spent(n, b.Samples, pilots)
	return b, nil
}

// row fills the entries of row i from its draws. rate holds the divergences from
// the prior where they are known.
func (b *Bound) row(i int, w *Weights, rate []float64) {
	draws := len(w.LogLik)
	term := make([]float64, draws) // what is averaged
	var distortion, sampled float64
	for k := range draws {
		distortion -= w.LogLik[k]
		sampled += w.LogProposal[k] - w.LogPrior[k]
		term[k] = w.LogLik[k]
		if rate == nil {
			term[k] += w.LogPrior[k] - w.LogProposal[k]
		}
	}
	b.Distortion[i] = distortion / float64(draws)
	b.Rate[i] = sampled / float64(draws)
	if rate != nil {
		b.Rate[i] = rate[i]
	}
	b.PerRow[i] = -b.Distortion[i] - b.Rate[i]
	b.StdErr[i] = standardError(term)
	if b.Evidence != nil {
		b.Divergence[i] = b.Evidence[i] - b.PerRow[i]
	}
}

// enumerate fills the bound by summing over all values of the code.
func (b *Bound) enumerate(ctx context.Context, m density.Finite, q density.Proposal, x *mat.Dense, s Settings) error {
	n, d := x.Dims()
	if d != m.Dim() || q.LatentDim() != m.LatentDim() {
		panic("elbo: model, proposal and data differ in dimension")
	}
	states := m.States()
	count, _ := states.Dims()
	prior := m.LogPrior(nil, states)
	b.Spent = int64(n) * int64(count)
	err := spread.Each(ctx, n, s.Progress, func() func(i int) error {
		lik, proposal := make([]float64, count), make([]float64, count)
		return func(i int) error {
			row := density.Rows(x, i, i+1)
			m.LogLik(lik, row, states)
			q.LogProb(proposal, states, row)
			for k, lq := range proposal {
				p := math.Exp(lq)
				if p == 0 {
					continue // 0·log 0 = 0
				}
				b.Distortion[i] -= p * lik[k]
				b.Rate[i] += p * (lq - prior[k])
				if b.Divergence != nil {
					b.Divergence[i] += p * (lq - (lik[k] + prior[k] - b.Evidence[i]))
				}
			}
			b.PerRow[i] = -b.Distortion[i] - b.Rate[i]
			if math.IsNaN(b.PerRow[i]) {
				return fmt.Errorf("elbo: the bound of row %d is NaN: %w; check the row and the model's parameters", i+1, ErrNotANumber)
			}
			return nil
		}
	})
	if ctx.Err() != nil {
		return fmt.Errorf("elbo: %w", err)
	}
	return err
}

// spent adds up the evaluations of n rows.
func spent(n, samples int, pilots []int64) int64 {
	total := int64(n) * int64(samples)
	for _, v := range pilots {
		total += v
	}
	return total
}

// checkRows returns an error that names the first row at which a closed form is
// NaN, or infinite with a sign that it cannot have.
func checkRows(name string, values []float64, sign int) error {
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, sign) {
			return fmt.Errorf("elbo: %s is %v for row %d: %w; check the row and the model's parameters", name, v, i+1, ErrNotANumber)
		}
	}
	return nil
}

// standardError returns the standard error of the mean of values: NaN for one,
// else +Inf if one is infinite.
func standardError(values []float64) float64 {
	n := float64(len(values))
	var mean, squares float64
	for _, v := range values {
		mean += v / n
	}
	if math.IsInf(mean, 0) && len(values) > 1 {
		return math.Inf(1)
	}
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / (n * (n - 1)))
}
