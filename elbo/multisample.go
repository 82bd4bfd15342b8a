package elbo

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// MultiBound is a K-sample bound of each of N rows, in nats.
type MultiBound struct {
	// K is the number of draws inside the logarithm.
	K int
	// PerRow is the mean over S/K groups of log (1/K) Σ w.
	PerRow []float64
	// StdErr is the Monte Carlo standard error of each row, from the spread of
	// the groups; NaN where there is one group.
	StdErr []float64
	// Samples is S.
	Samples int
}

// Estimate returns the mean over the rows, a lower bound on the mean of
// log p(x). Its SampleErr is NaN where each row has one group only.
func (b *MultiBound) Estimate() density.Estimate {
	return density.MeanEstimate(b.PerRow, b.StdErr, density.LowerBound, b.Samples)
}

// MultiSample evaluates the K-sample bounds of each row of x (N×D) for all K in
// ks from the same S draws: the draws are cut into groups of K in their order,
// and the logarithms of the groups' mean weights are averaged. ks must rise and
// each K must divide the next, and the last S, so that the groups nest; L_K is
// then nondecreasing in K for every row, by Jensen's inequality, whatever the
// draws. Errors are those of [EachRow].
func MultiSample(ctx context.Context, m density.Latent, q density.Proposal, x *mat.Dense, ks []int, s Settings) ([]*MultiBound, error) {
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if err := nested(ks, s.Samples); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	bounds := make([]*MultiBound, len(ks))
	for j, k := range ks {
		bounds[j] = &MultiBound{K: k, PerRow: make([]float64, n), StdErr: make([]float64, n), Samples: s.Samples}
	}
	err = EachRow(ctx, m, q, x, "elbo.multisample", s, func(i int, w *Weights) {
		logs := w.Log(nil)
		for _, b := range bounds {
			groups := make([]float64, len(logs)/b.K)
			var sum float64
			for g := range groups {
				groups[g] = density.LogMeanExp(logs[g*b.K : (g+1)*b.K])
				sum += groups[g]
			}
			b.PerRow[i] = sum / float64(len(groups))
			b.StdErr[i] = standardError(groups)
		}
	})
	if err != nil {
		return nil, err
	}
	return bounds, nil
}

func nested(ks []int, samples int) error {
	if len(ks) == 0 {
		return fmt.Errorf("elbo: no number of samples for the bound: %w; give at least one", ErrSettings)
	}
	for j, k := range append(append([]int{}, ks[1:]...), samples) {
		if before := ks[j]; before < 1 || k < before || k%before != 0 {
			return fmt.Errorf("elbo: groups of %d do not nest in %d draws: %w; let each number divide the next, and the last the number of draws", before, k, ErrSettings)
		}
	}
	return nil
}
