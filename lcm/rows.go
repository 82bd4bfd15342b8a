package lcm

import (
	"math"
	"slices"
	"sync"

	"gonum.org/v1/gonum/mat"
)

// rows are rows of data taken apart by kinds of column, as densities and sums want them.
// Missing values are 0 and their mask is 0.
type rows struct {
	n int

	linear     []float64 // n×linear columns, stride apart
	stride     int
	linearMask []float64 // n×linear columns, 1 for what is there; nil: all
	codes      []int32   // n×tables, −1 for missing
	counts     []float64 // n×counts, NaN for missing
	places     []int32   // n×counts: where the count stands among the distinct ones, −1 for missing; nil: not known
	normals    []float64 // n×normals
	normalMask []float64 // n×normals; nil: all are there
	constant   []float64 // n: the part of ln p(x) that no parameter changes; −Inf for a row that cannot occur
}

// at returns rows [from, to).
func (r *rows) at(l *layout, from, to int) rows {
	part := func(x []float64, width int) []float64 {
		if x == nil {
			return nil
		}
		return x[from*width : to*width]
	}
	out := rows{
		n: to - from, stride: r.stride, linearMask: part(r.linearMask, len(l.linear)),
		codes: r.codes[from*len(l.tables) : to*len(l.tables)], counts: part(r.counts, len(l.counts)),
		normals: part(r.normals, len(l.normals)), normalMask: part(r.normalMask, len(l.normals)), constant: part(r.constant, 1),
	}
	if r.places != nil {
		out.places = r.places[from*len(l.counts) : to*len(l.counts)]
	}
	if len(l.linear) > 0 {
		out.linear = r.linear[from*r.stride : (to-1)*r.stride+len(l.linear)]
	}
	return out
}

// prepare takes rows [from, to) of x apart into r, reusing its memory. NaN stands for a
// missing value. A value that a column cannot have makes the row's constant −Inf.
// If all columns are linear and whole says that all is there and possible, r shares x's memory.
func (r *rows) prepare(l *layout, x *mat.Dense, from, to int, whole bool) {
	n := to - from
	r.n, r.places = n, nil
	r.codes = resizedCodes(r.codes, n*len(l.tables))
	r.counts = resized(r.counts, n*len(l.counts))
	r.normals = resized(r.normals, n*len(l.normals))
	r.constant = resized(r.constant, n)
	r.linearMask, r.normalMask = r.linearMask[:0], r.normalMask[:0]
	raw := x.RawMatrix()
	clear(r.constant)
	if whole && l.onlyLinear() && !l.has(Poisson) {
		r.linear, r.stride = raw.Data[from*raw.Stride:(to-1)*raw.Stride+raw.Cols], raw.Stride
		r.linearMask, r.normalMask = nil, nil
		return
	}
	r.stride = max(1, len(l.linear))
	r.linear = resized(r.linear, n*len(l.linear))
	for i := range n {
		r.take(l, i, x.RawRowView(from+i))
	}
	r.linearMask = filled(r.linearMask, n*len(l.linear))
	r.normalMask = filled(r.normalMask, n*len(l.normals))
}

// take takes one row apart.
func (r *rows) take(l *layout, i int, x []float64) {
	for q, j := range l.linear {
		v := x[j]
		if math.IsNaN(v) {
			r.linearMask = masked(r.linearMask, i*len(l.linear)+q)
			v = 0
		} else if !l.columns[j].holds(v) {
			r.constant[i], v = math.Inf(-1), 0
		} else if v > 1 {
			factorial, _ := math.Lgamma(v + 1)
			r.constant[i] -= factorial
		}
		r.linear[i*r.stride+q] = v
	}
	for q, j := range l.tables {
		code := int32(-1)
		if v := x[j]; !math.IsNaN(v) {
			if l.columns[j].holds(v) {
				code = int32(v)
			} else {
				r.constant[i] = math.Inf(-1)
			}
		}
		r.codes[i*len(l.tables)+q] = code
	}
	for q, j := range l.counts {
		v := x[j]
		if !math.IsNaN(v) && !l.columns[j].holds(v) {
			r.constant[i], v = math.Inf(-1), math.NaN()
		}
		r.counts[i*len(l.counts)+q] = v
	}
	for q, j := range l.normals {
		v := x[j]
		if math.IsNaN(v) {
			r.normalMask = masked(r.normalMask, i*len(l.normals)+q)
			v = 0
		} else if math.IsInf(v, 0) {
			r.constant[i], v = math.Inf(-1), 0
		}
		r.normals[i*len(l.normals)+q] = v
	}
}

// masked returns the mask with a 0 at place at, after ones where nothing stood yet.
func masked(mask []float64, at int) []float64 {
	for len(mask) < at {
		mask = append(mask, 1)
	}
	return append(mask, 0)
}

// filled returns a mask that was begun with ones up to length n, or nil for none.
func filled(mask []float64, n int) []float64 {
	if len(mask) == 0 {
		return nil
	}
	return masked(mask, n)[:n]
}

// has reports whether some column is of a kind.
func (l *layout) has(k Kind) bool {
	return slices.ContainsFunc(l.columns, func(c Column) bool { return c.Kind == k })
}

func resized(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}

func resizedCodes(x []int32, n int) []int32 {
	if cap(x) < n {
		return make([]int32, n)
	}
	return x[:n]
}

var prepared = sync.Pool{New: func() any { return new(rows) }}
