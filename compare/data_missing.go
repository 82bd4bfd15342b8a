package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Complete returns the rows that lack nothing, N×D, or nil if all do: what can be
// drawn as points.
func (p *Part) Complete() *mat.Dense { return complete(p.X) }

// complete returns the rows of x (N×D) that lack nothing, x itself if none does,
// or nil if all do: what can be drawn as points.
func complete(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	var values []float64
	for i := range n {
		if row := x.RawRowView(i); !slices.ContainsFunc(row, math.IsNaN) {
			values = append(values, row...)
		}
	}
	switch len(values) {
	case 0:
		return nil
	case n * d:
		return x
	}
	return mat.NewDense(len(values)/d, d, values)
}
