package elbo

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// MatchMoments returns, for each row of x (N×D), the normal with the mean and the
// covariance of the given number of draws from q, its standard deviations multiplied
// by widen ≥ 1: a stand-in for a proposal without gradients, such as a start for
// annealing. draws must be 2·L at least. A row whose draws have a singular
// covariance is an error that wraps density.ErrNotPositiveDefinite.
func MatchMoments(ctx context.Context, q density.Proposal, x *mat.Dense, draws int, widen float64, seed uint64) (*Normals, error) {
	l := q.LatentDim()
	if draws < 2*l || draws < 2 || !(widen >= 1) {
		return nil, fmt.Errorf("elbo: moments of %d draws in %d dimensions, widened %v times: %w; want two draws a dimension, and a factor of 1 or more", draws, l, widen, ErrSettings)
	}
	n, _ := x.Dims()
	out := newNormals(x, l)
	err := spread.Each(ctx, n, nil, func() func(i int) error {
		z, cov := mat.NewDense(draws, l, nil), mat.NewSymDense(l, nil)
		return func(i int) error {
			q.Rand(z, density.Rows(x, i, i+1), density.NewSource(seed, "elbo.match", uint64(i)))
			mean, _ := density.Moments(z)
			cov.Zero()
			for k := range draws {
				row := z.RawRowView(k)
				for a := range l {
					for b := range a + 1 {
						cov.SetSym(a, b, cov.At(a, b)+(row[a]-mean[a])*(row[b]-mean[b])/float64(draws)*widen*widen)
					}
				}
			}
			var chol mat.Cholesky
			if !chol.Factorize(cov) {
				return fmt.Errorf("elbo: draws from q(z|x) for row %d: %w; give more draws", i+1, density.ErrNotPositiveDefinite)
			}
			var lower mat.TriDense
			chol.LTo(&lower)
			out.mean[i] = mean
			for a := range l {
				for b := range a + 1 {
					out.lower[i] = append(out.lower[i], lower.At(a, b))
				}
			}
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("elbo: matching moments: %w", err)
	}
	return out, nil
}
