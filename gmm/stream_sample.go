package gmm

import (
	"context"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// SampleRows returns n rows of a stream, each set of n as likely as any other, in one
// pass (reservoir sampling; Vitter 1985, algorithm R), with their weights, which are
// nil for rows that are not [WeightedRows]; all rows, in order, if there are no more.
// A fit to them is a start for [FitStream]. The errors are those of reading
// and of ctx, and one that wraps [ErrTooFewRows] for a stream without rows.
func SampleRows(ctx context.Context, rows Rows, n int, src rand.Source) (x *mat.Dense, weights []float64, err error) {
	if n < 1 {
		panic("gmm: a sample of no rows")
	}
	if err := checkCall(ctx, src); err != nil {
		return nil, nil, err
	}
	d := rows.Dim()
	random := rand.New(src)
	var held []float64
	seen := 0
	err = eachChunk(ctx, rows, false, func(c *chunk) error {
		for i := range c.rows() {
			at := seen
			if seen < n {
				held = append(held, make([]float64, d)...)
				weights = append(weights, 0)
			} else {
				at = random.IntN(seen + 1)
			}
			if seen++; at < n {
				copy(held[at*d:], c.x.RawRowView(i))
				if c.weight != nil {
					weights[at] = c.weight[i]
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	if seen == 0 {
		return nil, nil, errNoRows()
	}
	if _, weighted := rows.(WeightedRows); !weighted {
		weights = nil
	}
	return mat.NewDense(len(held)/d, d, held), weights, nil
}
