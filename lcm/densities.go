package lcm

import (
	"math"
	"sync"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
)

// densities are the log-densities of K classes, laid out for measuring many rows
// against all of them. For a linear column, with value x,
//
//	Bernoulli   ln p(x) = x·ln(p/(1−p)) + ln(1−p)
//	Poisson     ln p(x) = x·ln λ − λ − ln x!
//
// so that all of them are one product of a row with the slopes.
type densities struct {
	l      *layout
	p      *parameters
	slopes kernel.Packed[float64] // linear columns×K
	bases  []float64              // linear columns×K: the log-density at 0
	base   []float64              // K: their sum
	hard   []int                  // linear columns with a slope that is infinite for some class
	level  []float64              // levels×K: ln p
	count  *countTable            // of the rows in a fit; or nil
	counts []float64              // distinct counts×K: ln p
	points kernel.Centres[float64]
	norms  []float64 // normals×K: −½ ln 2πσ²
	norm   []float64 // K: their sum
}

// countTable holds the distinct counts of each NegativeBinomial column.
type countTable struct {
	values []float64
	first  []int // the first of each column's values among all; one more at the end
}

func newDensities(l *layout, p *parameters, count *countTable) *densities {
	k := p.k
	d := &densities{l: l, p: p, count: count, base: make([]float64, k), norm: make([]float64, k)}
	slopes := make([]float64, len(l.linear)*k)
	d.bases = make([]float64, len(l.linear)*k)
	for q, j := range l.linear {
		finite := true
		for c := range k {
			v := p.linear[c*len(l.linear)+q]
			slope, base := math.Log(v), -v
			if l.columns[j].Kind == Bernoulli {
				base = math.Log1p(-v)
				slope -= base
			}
			slopes[q*k+c], d.bases[q*k+c] = slope, base
			finite = finite && !math.IsInf(slope, 0) && !math.IsInf(base, 0)
		}
		if !finite {
			d.hard = append(d.hard, q)
			clear(slopes[q*k : (q+1)*k])
			clear(d.bases[q*k : (q+1)*k])
		}
		floats.Add(d.base, d.bases[q*k:(q+1)*k])
	}
	if len(l.linear) > 0 {
		d.slopes.Pack(false, len(l.linear), k, slopes, k)
	}
	d.level = make([]float64, l.levels()*k)
	for c := range k {
		for i, v := range row(p.level, c, l.levels()) {
			d.level[i*k+c] = math.Log(v)
		}
	}
	if count != nil {
		d.counts = make([]float64, len(count.values)*k)
		for q := range l.counts {
			for i := count.first[q]; i < count.first[q+1]; i++ {
				d.addCount(d.counts[i*k:(i+1)*k], q, count.values[i])
			}
		}
	}
	g := len(l.normals)
	scales := make([]float64, k*g)
	d.norms = make([]float64, g*k)
	for c := range k {
		for q := range g {
			v := p.variance[c*g+q]
			scales[c*g+q] = 1 / math.Sqrt(v)
			d.norms[q*k+c] = -0.5 * math.Log(2*math.Pi*v)
		}
	}
	for q := range g {
		floats.Add(d.norm, d.norms[q*k:(q+1)*k])
	}
	if g > 0 {
		d.points.Pack(k, g, p.centre, scales)
	}
	return d
}

// addCount adds ln p of count v in NegativeBinomial column q to dst (length K).
func (d *densities) addCount(dst []float64, q int, v float64) {
	width := len(d.l.counts)
	for c := range dst {
		dst[c] += logNegativeBinomial(v, d.p.mean[c*width+q], d.p.size[c*width+q])
	}
}

// joint stores ln πₖ + ln p(xᵢ|k) of what is there of each row in dst (n×K). What it
// stores for a row depends on that row alone, to the last bit.
func (d *densities) joint(dst []float64, r rows) {
	d.conditional(dst, r)
	for i := range r.n {
		floats.Add(row(dst, i, d.p.k), d.p.logWeight)
	}
}

// conditional stores ln p(xᵢ|k) in dst (n×K).
func (d *densities) conditional(dst []float64, r rows) {
	k, l := d.p.k, d.l
	clear(dst)
	if len(l.linear) > 0 {
		d.addLinear(dst, r)
	}
	for i := range r.n {
		to := row(dst, i, k)
		for q := range l.tables {
			if code := r.codes[i*len(l.tables)+q]; code >= 0 {
				floats.Add(to, row(d.level, l.first[q]+int(code), k))
			}
		}
		for q := range l.counts {
			at := i*len(l.counts) + q
			switch {
			case r.places != nil && r.places[at] >= 0:
				floats.Add(to, row(d.counts, d.count.first[q]+int(r.places[at]), k))
			case r.places == nil && !math.IsNaN(r.counts[at]):
				d.addCount(to, q, r.counts[at])
			}
		}
	}
	if len(l.normals) > 0 {
		d.addNormals(dst, r)
	}
	for i, v := range r.constant {
		if v != 0 {
			floats.AddConst(v, row(dst, i, k))
		}
	}
}

// addLinear adds the part of the linear columns.
func (d *densities) addLinear(dst []float64, r rows) {
	k, width := d.p.k, len(d.l.linear)
	d.slopes.Mul(r.n, 1, r.linear, r.stride, 0, dst, k)
	var bases *[]float64
	if r.linearMask != nil {
		bases = getBuffer(r.n * k)
		defer putBuffer(bases)
		kernel.Gemm(false, false, r.n, k, width, 1, r.linearMask, width, d.bases, k, 0, *bases, k)
	}
	for i := range r.n {
		to := row(dst, i, k)
		if bases != nil && gapped(row(r.linearMask, i, width)) {
			floats.Add(to, row(*bases, i, k))
		} else {
			floats.Add(to, d.base)
		}
		for _, q := range d.hard {
			if r.linearMask == nil || r.linearMask[i*width+q] != 0 {
				d.addHard(to, q, r.linear[i*r.stride+q])
			}
		}
	}
}

// addHard adds the part of linear column q, where a slope is infinite, at value v.
func (d *densities) addHard(to []float64, q int, v float64) {
	for c := range to {
		p := d.p.linear[c*len(d.l.linear)+q]
		switch {
		case d.l.columns[d.l.linear[q]].Kind == Poisson:
			if v > 0 {
				to[c] += v * math.Log(p)
			}
			to[c] -= p
		case v == 1:
			to[c] += math.Log(p)
		default:
			to[c] += math.Log1p(-p)
		}
	}
}

// addNormals adds the part of the Normal columns.
func (d *densities) addNormals(dst []float64, r rows) {
	k, width := d.p.k, len(d.l.normals)
	squares := getBuffer(r.n * k)
	defer putBuffer(squares)
	d.points.Distances(*squares, r.n, r.normals, width)
	for i := range r.n {
		to := row(dst, i, k)
		if r.normalMask == nil || !gapped(row(r.normalMask, i, width)) {
			floats.AddScaled(to, -0.5, row(*squares, i, k))
			floats.Add(to, d.norm)
			continue
		}
		for q := range width {
			if r.normalMask[i*width+q] == 0 {
				continue
			}
			v := r.normals[i*width+q]
			for c := range to {
				e := (v - d.p.centre[c*width+q]) / math.Sqrt(d.p.variance[c*width+q])
				to[c] += d.norms[q*k+c] - 0.5*e*e
			}
		}
	}
}

// gapped reports whether a mask has a 0.
func gapped(mask []float64) bool {
	for _, v := range mask {
		if v == 0 {
			return true
		}
	}
	return false
}

// normalize turns rows of log joint densities (n×K) into responsibilities, in place, and
// stores their logarithmic sums, log p(x), in logs. A row that cannot occur gets no
// responsibilities but NaN.
func normalize(logs, joint []float64, k int) {
	kernel.LogSumExpRows(logs, len(logs), k, joint, k)
	for i, l := range logs {
		r := row(joint, i, k)
		for c := range r {
			r[c] -= l
		}
		kernel.Exp(r, r)
	}
}

var buffers = sync.Pool{New: func() any { return new([]float64) }}

// getBuffer returns a scratch slice of length n with arbitrary content.
func getBuffer(n int) *[]float64 {
	b := buffers.Get().(*[]float64)
	*b = resized(*b, n)
	return b
}

func putBuffer(b *[]float64) { buffers.Put(b) }
