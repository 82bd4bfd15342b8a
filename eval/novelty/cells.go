package novelty

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// cells divides rows among the nearest of k centres, which k-means places on base.
type cells struct{ centres *mat.Dense }

// newCells runs Lloyd's iteration from a k-means++ start (Arthur & Vassilvitskii
// 2007). Cells that lose all their rows stay where they are.
func newCells(ctx context.Context, base *mat.Dense, k int, src rand.Source) (*cells, error) {
	n, d := base.Dims()
	random := rand.New(src)
	c := &cells{mat.NewDense(k, d, nil)}
	c.centres.SetRow(0, base.RawRowView(random.IntN(n)))
	squares := make([]float64, n)
	for i := range squares {
		squares[i] = math.Inf(1)
	}
	for j := 1; j < k; j++ {
		var total float64
		for i := range squares {
			squares[i] = min(squares[i], distance(base.RawRowView(i), c.centres.RawRowView(j-1), math.Inf(1)))
			total += squares[i]
		}
		u, pick := random.Float64()*total, 0
		for pick < n-1 && u >= squares[pick] {
			u -= squares[pick]
			pick++
		}
		c.centres.SetRow(j, base.RawRowView(pick))
	}
	var before []int
	for range 100 {
		own, err := c.assign(ctx, base)
		if err != nil {
			return nil, err
		}
		changed := before == nil
		for i := range before {
			changed = changed || before[i] != own[i]
		}
		if !changed {
			break
		}
		before = own
		counts, sums := make([]float64, k), mat.NewDense(k, d, nil)
		for i, j := range own {
			counts[j]++
			to := sums.RawRowView(j)
			for q, v := range base.RawRowView(i) {
				to[q] += v
			}
		}
		for j, count := range counts {
			if count > 0 {
				row := sums.RawRowView(j)
				for q := range row {
					row[q] /= count
				}
				c.centres.SetRow(j, row)
			}
		}
	}
	return c, nil
}

// assign returns the cell of each row.
func (c *cells) assign(ctx context.Context, x *mat.Dense) ([]int, error) {
	found, err := nearest(ctx, x, c.centres, 1, false)
	if err != nil {
		return nil, err
	}
	own := make([]int, len(found))
	for i, f := range found {
		own[i] = f[0].row
	}
	return own, nil
}
