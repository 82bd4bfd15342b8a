package elbo

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Debiased evaluates log p(x) of each row of x (N×D) from S ≥ 2 draws by the
// jackknife (Nowozin 2018, eq. 8),
//
//	S·log w̄ − (S−1)·(1/S) Σₖ log w̄₋ₖ
//
// where w̄₋ₖ leaves draw k out. The term of order 1/S in the bias of the S-sample
// bound is gone, and with it the certainty of being a bound. Errors are those of
// [EachRow].
func Debiased(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, s Settings) (*MultiBound, density.Estimate, error) {
	s, err := s.resolve()
	if err != nil {
		return nil, density.Estimate{}, err
	}
	n, _ := x.Dims()
	b := &MultiBound{K: s.Samples, PerRow: make([]float64, n), StdErr: make([]float64, n), Samples: s.Samples}
	pilots := make([]int64, n)
	err = EachRow(ctx, m, q, x, "elbo.multisample", s, func(i int, w *Weights) {
		pilots[i] = int64(w.Pilot)
		b.PerRow[i], b.StdErr[i] = Jackknife(w.Log(w.LogLik)) // the terms are not needed any more
	})
	if err != nil {
		return nil, density.Estimate{}, err
	}
	b.Spent = spent(n, s.Samples, pilots)
	return b, density.MeanEstimate(b.PerRow, b.StdErr, density.Consistent, s.Samples), nil
}

// Jackknife returns the debiased logarithm of the mean of weights whose
// logarithms are given, and its standard error. Both are NaN for fewer than two
// weights, and −Inf and +Inf if all weights are 0.
func Jackknife(logs []float64) (value, err float64) {
	n := float64(len(logs))
	if n < 2 {
		return math.NaN(), math.NaN()
	}
	total := density.LogSumExp(logs)
	if math.IsInf(total, -1) {
		return total, math.Inf(1)
	}
	without := func(k int) float64 {
		share := math.Exp(logs[k] - total)
		if share < 0.5 {
			return total + math.Log1p(-share)
		}
		// One weight carries the sum: what is left must be summed afresh.
		rest := make([]float64, 0, len(logs)-1)
		rest = append(append(rest, logs[:k]...), logs[k+1:]...)
		return density.LogSumExp(rest)
	}
	var mean, squares float64
	for k := range logs {
		mean += without(k) / n
	}
	for k := range logs {
		d := without(k) - mean
		squares += d * d
	}
	whole, left := total-math.Log(n), mean-math.Log(n-1)
	return n*whole - (n-1)*left, math.Sqrt((n - 1) / n * squares)
}
