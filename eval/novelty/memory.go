package novelty

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// KernelAverage returns the decoder that is optimal at infinite capacity for a
// given encoder and N training rows (Bozkurt et al. 2018),
//
//	x̂(z) = Σₙ q(z|xₙ) xₙ / Σₘ q(z|xₘ)
//
// for each row of z (M×L): an M×D matrix of averages of training rows. The cost is
// M·N evaluations of q(z|x).
func KernelAverage(ctx context.Context, q density.Proposal, train, z *mat.Dense) (*mat.Dense, error) {
	n, d := train.Dims()
	m, l := z.Dims()
	if l != q.LatentDim() {
		panic("novelty: dimension mismatch")
	}
	out := mat.NewDense(m, d, nil)
	err := spread.Each(ctx, m, nil, func() func(i int) error {
		repeated, logs := mat.NewDense(n, l, nil), make([]float64, n)
		return func(i int) error {
			for k := range n {
				repeated.SetRow(k, z.RawRowView(i))
			}
			q.LogProb(logs, repeated, train)
			total := density.LogSumExp(logs)
			to := out.RawRowView(i)
			for k, v := range logs {
				weight := math.Exp(v - total)
				if math.IsNaN(weight) {
					return fmt.Errorf("novelty: log q(z|x) of training row %d is %v at code %d: %w", k+1, v, i+1, density.ErrNonFinite)
				}
				for j, x := range train.RawRowView(k) {
					to[j] += weight * x
				}
			}
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("novelty: %w", err)
	}
	return out, nil
}

// Memory returns ‖dec(z) − x̂(z)‖² / ‖dec(z) − x̄‖² for each row of decoded (M×D) and
// of the averages that belong to the same codes. Near 0 the decoder gives back averages
// of training rows. Near 1 or above it generalises in its own way. The argument mean is
// x̄, the mean of the training rows. A decoded row that is the mean gives NaN.
func Memory(decoded, averages *mat.Dense, mean []float64) []float64 {
	m, d := decoded.Dims()
	if n, width := averages.Dims(); n != m || width != d || len(mean) != d {
		panic("novelty: dimension mismatch")
	}
	out := make([]float64, m)
	for i := range out {
		row := decoded.RawRowView(i)
		out[i] = distance(row, averages.RawRowView(i), math.Inf(1)) / distance(row, mean, math.Inf(1))
	}
	return out
}
