package gmm

import (
	"math"

	"likely/internal/kernel"
)

// moments are what the M-step needs to know of the rows and their
// responsibilities. Means come with them; second moments are taken about the
// means, never as E[x²] − μ², and only in the form that a family asks for.
type moments struct {
	n, k, d int
	x       []float64 // N×D
	resp    []float64 // N×K
	count   []float64 // Nₖ = Σₙ rₙₖ, K
	mean    []float64 // K×D
}

// collect computes counts and means: one pass over the rows, in blocks whose
// sums are added in order. Components without rows keep the mean they had.
func (m *moments) collect() {
	blocks := (m.n + blockRows - 1) / blockRows
	size := m.k + m.k*m.d
	partial := getBuffer(blocks * size)
	defer putBuffer(partial)
	forBlocks(m.n, func(b, from, to int) {
		count := (*partial)[b*size : b*size+m.k]
		clear(count)
		for i := from; i < to; i++ {
			for k, r := range m.resp[i*m.k : (i+1)*m.k] {
				count[k] += r
			}
		}
		kernel.Gemm(true, false, m.k, m.d, to-from, 1, m.resp[from*m.k:to*m.k], m.k, m.x[from*m.d:to*m.d], m.d, 0, (*partial)[b*size+m.k:(b+1)*size], m.d)
	})
	total := make([]float64, size)
	for b := range blocks {
		for i, v := range (*partial)[b*size : (b+1)*size] {
			total[i] += v
		}
	}
	copy(m.count, total[:m.k])
	for k := range m.k {
		if m.empty(k) {
			continue
		}
		for j := range m.d {
			m.mean[k*m.d+j] = total[m.k+k*m.d+j] / m.count[k]
		}
	}
}

// empty reports whether component k has no rows to speak of: less than what
// rounding leaves of a row.
func (m *moments) empty(k int) bool { return !(m.count[k] > 1e-12) }

// scatter returns Σₙ rₙₖ (xₙ−μₖ)(xₙ−μₖ)ᵀ, D×D, in a new slice.
func (m *moments) scatter(k int) []float64 {
	out := make([]float64, m.d*m.d)
	tmp := getBuffer(blockRows * m.d)
	defer putBuffer(tmp)
	mean := m.mean[k*m.d : (k+1)*m.d]
	for from := 0; from < m.n; from += blockRows {
		to := min(from+blockRows, m.n)
		rows := 0
		for i := from; i < to; i++ {
			r := m.resp[i*m.k+k]
			if r == 0 {
				continue // most rows belong to one component alone
			}
			root := math.Sqrt(r)
			row := (*tmp)[rows*m.d : (rows+1)*m.d]
			for j, v := range m.x[i*m.d : (i+1)*m.d] {
				row[j] = root * (v - mean[j])
			}
			rows++
		}
		if rows > 0 {
			kernel.Syrk(true, m.d, rows, 1, (*tmp)[:rows*m.d], m.d, 1, out, m.d)
		}
	}
	return out
}

// squares stores Σₙ rₙₖ (xₙⱼ−μₖⱼ)² in dst (length D).
func (m *moments) squares(dst []float64, k int) {
	clear(dst)
	mean := m.mean[k*m.d : (k+1)*m.d]
	for i := range m.n {
		r := m.resp[i*m.k+k]
		if r == 0 {
			continue
		}
		for j, v := range m.x[i*m.d : (i+1)*m.d] {
			e := v - mean[j]
			dst[j] += r * e * e
		}
	}
}
