package lcm

import (
	"context"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
	"likely/internal/spread"
)

// sums are what an M-step needs of the rows, each weighted by its responsibilities.
type sums struct {
	count      []float64 // Σ r, K
	linear     []float64 // Σ r x, K×linear columns
	linearSeen []float64 // Σ r over the rows that have the column; nil: count
	level      []float64 // Σ r over the rows with a category, levels×K
	place      []float64 // Σ r over the rows with a count, distinct counts×K
	normal     []float64 // Σ r x, K×normals
	normalSeen []float64 // as linearSeen
	squares    []float64 // Σ r (x−c)² about some centres, K×normals; nil: another pass makes them
}

func newSums(k int, d *data) *sums {
	l := d.layout
	s := &sums{
		count: make([]float64, k), linear: make([]float64, k*len(l.linear)),
		level: make([]float64, l.levels()*k), normal: make([]float64, k*len(l.normals)),
	}
	if d.linearMask != nil {
		s.linearSeen = make([]float64, k*len(l.linear))
	}
	if d.normalMask != nil {
		s.normalSeen = make([]float64, k*len(l.normals))
	}
	if d.values != nil {
		s.place = make([]float64, len(d.values.values)*k)
	}
	return s
}

// add takes in a block of rows with their responsibilities (n×K).
func (s *sums) add(d *data, r rows, resp []float64) {
	l, k := d.layout, len(s.count)
	count := getBuffer(k)
	kernel.ColumnSums(*count, r.n, k, resp, k)
	floats.Add(s.count, *count)
	putBuffer(count)
	product := func(sum []float64, x []float64, width, stride int) {
		if len(sum) > 0 {
			kernel.Gemm(true, false, k, width, r.n, 1, resp, k, x, stride, 1, sum, width)
		}
	}
	product(s.linear, r.linear, len(l.linear), r.stride)
	product(s.linearSeen, r.linearMask, len(l.linear), len(l.linear))
	product(s.normal, r.normals, len(l.normals), len(l.normals))
	product(s.normalSeen, r.normalMask, len(l.normals), len(l.normals))
	for i := range r.n {
		of := row(resp, i, k)
		for q := range l.tables {
			if code := r.codes[i*len(l.tables)+q]; code >= 0 {
				floats.Add(row(s.level, l.first[q]+int(code), k), of)
			}
		}
		for q := range l.counts {
			if at := r.places[i*len(l.counts)+q]; at >= 0 {
				floats.Add(row(s.place, d.values.first[q]+int(at), k), of)
			}
		}
	}
}

// join adds the parts to the first of them, in order.
func join(parts []*sums) *sums {
	s := parts[0]
	for _, p := range parts[1:] {
		floats.Add(s.count, p.count)
		floats.Add(s.linear, p.linear)
		floats.Add(s.linearSeen, p.linearSeen)
		floats.Add(s.level, p.level)
		floats.Add(s.place, p.place)
		floats.Add(s.normal, p.normal)
		floats.Add(s.normalSeen, p.normalSeen)
		floats.Add(s.squares, p.squares)
	}
	return s
}

// sumRows makes the sums in a pass over the rows.
func sumRows(ctx context.Context, d *data, k int, resp []float64) *sums {
	parts := make([]*sums, spread.CountSegments(d.n))
	spread.Segments(d.n, func(s, first, last int) {
		parts[s] = newSums(k, d)
		for from := first; from < last && ctx.Err() == nil; from += spread.BlockRows {
			to := min(from+spread.BlockRows, last)
			parts[s].add(d, d.at(d.layout, from, to), resp[from*k:to*k])
		}
	})
	return join(parts)
}

// sumSquares returns Σ r (x−centre)² of the Normal columns (K×normals), in a pass of its
// own: squares about a point far away would lose digits.
func sumSquares(ctx context.Context, d *data, k int, resp, centres []float64) []float64 {
	width := len(d.layout.normals)
	parts := make([][]float64, spread.CountSegments(d.n))
	spread.Segments(d.n, func(s, first, last int) {
		out := make([]float64, k*width)
		parts[s] = out
		for from := first; from < last && ctx.Err() == nil; from += spread.BlockRows {
			to := min(from+spread.BlockRows, last)
			addSquares(out, d.layout, d.at(d.layout, from, to), k, resp[from*k:to*k], centres)
		}
	})
	for _, p := range parts[1:] {
		floats.Add(parts[0], p)
	}
	return parts[0]
}

// addSquares adds Σ r (x−centre)² of the Normal columns of a block of rows to dst.
func addSquares(dst []float64, l *layout, r rows, k int, resp, centres []float64) {
	width := len(l.normals)
	if r.normalMask == nil {
		if width > 0 {
			kernel.WeightedSquares(dst, k, width, centres, r.n, r.normals, width, resp, k)
		}
		return
	}
	for i := range r.n {
		for c, w := range row(resp, i, k) {
			for q, there := range row(r.normalMask, i, width) {
				e := r.normals[i*width+q] - centres[c*width+q]
				dst[c*width+q] += w * there * (e * e)
			}
		}
	}
}
