package novelty

import (
	"container/heap"
	"context"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/internal/spread"
)

// neighbor is a row and its squared distance.
type neighbor struct {
	row    int
	square float64
}

// farthest is a heap with the farthest neighbour on top.
type farthest []neighbor

func (f farthest) Len() int { return len(f) }
func (f farthest) Less(i, j int) bool {
	return f[i].square > f[j].square || f[i].square == f[j].square && f[i].row > f[j].row
}
func (f farthest) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *farthest) Push(x any)   { *f = append(*f, x.(neighbor)) }
func (f *farthest) Pop() any {
	last := (*f)[len(*f)-1]
	*f = (*f)[:len(*f)-1]
	return last
}

// nearest returns, for each row of x (N×D), its k nearest rows of base (M×D), the
// nearest first, by comparing all: N·M·D operations. With skip, row i of x is row i
// of base and does not count as its own neighbour.
func nearest(ctx context.Context, x, base *mat.Dense, k int, skip bool) ([][]neighbor, error) {
	n, d := x.Dims()
	m, width := base.Dims()
	if d != width {
		panic("novelty: dimension mismatch")
	}
	out := make([][]neighbor, n)
	err := spread.Each(ctx, n, nil, func() func(i int) error {
		return func(i int) error {
			found := make(farthest, 0, k+1)
			row := x.RawRowView(i)
			limit := math.Inf(1)
			for j := range m {
				if skip && i == j {
					continue
				}
				square := distance(row, base.RawRowView(j), limit)
				if len(found) < k {
					heap.Push(&found, neighbor{j, square})
				} else if square < limit {
					found[0] = neighbor{j, square}
					heap.Fix(&found, 0)
				}
				if len(found) == k {
					limit = found[0].square
				}
			}
			slices.SortFunc(found, func(a, b neighbor) int {
				switch {
				case a.square < b.square || a.square == b.square && a.row < b.row:
					return -1
				default:
					return 1
				}
			})
			out[i] = found
			return nil
		}
	})
	return out, err
}

// distance returns the squared distance, or some number above limit if it is
// above limit.
func distance(a, b []float64, limit float64) float64 {
	var sum float64
	for j, v := range a {
		sum += (v - b[j]) * (v - b[j])
		if j%16 == 15 && sum > limit {
			return sum
		}
	}
	return sum
}
