package kde

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// LeftOut returns the density as rows see it that are kernels themselves: log p of a row
// that equals a kernel is without one count of that kernel, as [Model.LeaveOneOut] has
// it; that of another row is the model's. It is what the likelihood of training rows is
// to be compared by.
func (m *Model) LeftOut() density.Exact {
	v := &leftOut{m: m, own: make(map[uint64][]int, m.n)}
	for k := range m.n {
		h := hash(m.points[k*m.d : (k+1)*m.d])
		v.own[h] = append(v.own[h], k)
	}
	return v
}

type leftOut struct {
	m   *Model
	own map[uint64][]int // kernels by their hash
}

// Dim returns D.
func (v *leftOut) Dim() int { return v.m.d }

// Rand is that of the model.
func (v *leftOut) Rand(dst *mat.Dense, src rand.Source) { v.m.Rand(dst, src) }

// Measures are those of the model.
func (v *leftOut) Measures() []density.Measure { return v.m.Measures() }

// LogProb stores log p of each row of x (N×D), itself left out, in dst and returns it.
func (v *leftOut) LogProb(dst []float64, x *mat.Dense) []float64 {
	m := v.m
	dst = density.Resize(dst, m.rows(x))
	m.eachBlock(x, func(from int, logits []float64) {
		rows := len(logits) / m.n
		rest := make([]float64, rows)
		for i := range rows {
			rest[i] = m.total
			if k := v.kernel(x.RawRowView(from + i)); k >= 0 {
				logits[i*m.n+k] = math.Log(max(m.counts[k]-1, 0))
				rest[i] -= min(m.counts[k], 1)
			}
		}
		kernel.LogSumExpRows(dst[from:from+rows], rows, m.n, logits, m.n)
		for i, left := range rest {
			if left > 0 {
				dst[from+i] += m.field.constant - math.Log(left)
			}
		}
	})
	return dst
}

// kernel returns the first kernel on a row, or −1.
func (v *leftOut) kernel(row []float64) int {
candidates:
	for _, k := range v.own[hash(row)] {
		for j, p := range v.m.points[k*v.m.d : (k+1)*v.m.d] {
			if p != row[j] {
				continue candidates
			}
		}
		return k
	}
	return -1
}

// hash returns a number that equal rows share: of their bits, but for the sign of 0.
func hash(values []float64) uint64 {
	h := uint64(0x9e3779b97f4a7c15)
	for _, v := range values {
		h = (h ^ math.Float64bits(v+0)) * 0xff51afd7ed558ccd
		h ^= h >> 32
	}
	return h
}

// NumParameters returns the number of bandwidths: D, or D(D+1)/2 where H is full. The
// kernels themselves are the rows, and are not counted.
func (m *Model) NumParameters() int {
	if m.shape == Full {
		return m.d * (m.d + 1) / 2
	}
	return m.d
}
