package gmm

import (
	"math"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
)

// scatterView is S = Wₖ/Nₖ as far as factors need it: its diagonal, and its product
// with thin matrices.
type scatterView struct {
	m         *moments
	k         int
	diagonal  []float64
	completer completer // of rows with gaps
	dense     []float64 // S itself, where it is not too large
}

func newScatterView(m *moments, k int, squares []float64) *scatterView {
	v := &scatterView{m: m, k: k, diagonal: make([]float64, m.d)}
	if squares == nil || m.scatters != nil {
		v.dense = m.scatter(k)
		floats.Scale(1/m.divisor(k), v.dense)
		for j := range v.diagonal {
			v.diagonal[j] = v.dense[j*(m.d+1)]
		}
		return v
	}
	if m.gapped != nil {
		v.completer = m.gapped.shapes.completer()
	}
	floats.ScaleTo(v.diagonal, 1/m.divisor(k), squares[k*m.d:(k+1)*m.d])
	return v
}

// times returns S·B for B of D×L, in O(N·D·L).
func (v *scatterView) times(b []float64, l int) []float64 {
	m, d := v.m, v.m.d
	out := make([]float64, d*l)
	if v.dense != nil {
		kernel.Gemm(false, false, d, l, d, 1, v.dense, d, b, l, 0, out, l)
		return out
	}
	if m.gapped != nil {
		v.timesGapped(out, b, l)
	} else {
		v.timesRows(out, b, l)
	}
	m.prior.addProduct(out, m.mean[v.k*d:(v.k+1)*d], b, l)
	floats.Scale(1/m.divisor(v.k), out)
	return out
}

// timesRows adds the product with the scatter of rows without gaps.
func (v *scatterView) timesRows(out, b []float64, l int) {
	m, d := v.m, v.m.d
	rows, projected := getBuffer(blockRows*d), getBuffer(blockRows*l)
	defer putBuffer(rows)
	defer putBuffer(projected)
	mean := m.mean[v.k*d : (v.k+1)*d]
	least := negligible * m.count[v.k] / float64(m.n)
	count := 0
	for i := range m.n {
		if r := m.resp[i*m.k+v.k]; r > least {
			kernel.Centre((*rows)[count*d:(count+1)*d], m.x[i*d:(i+1)*d], mean, math.Sqrt(r))
			count++
		}
		if count == blockRows || i == m.n-1 && count > 0 {
			if m.ctx.Err() != nil {
				return
			}
			addProduct(out, *rows, *projected, count, d, b, l)
			count = 0
		}
	}
}

// addProduct adds XᵀX·B to out (D×L), for the first count rows of X and by way of
// projected.
func addProduct(out, x, projected []float64, count, d int, b []float64, l int) {
	kernel.Gemm(false, false, count, l, d, 1, x, d, b, l, 0, projected, l)
	kernel.Gemm(true, false, d, l, count, 1, x, d, projected, l, 1, out, l)
}

// timesGapped adds the product with the scatter of rows that are completed under
// what the sums were completed under.
func (v *scatterView) timesGapped(out, b []float64, l int) {
	m, d, g := v.m, v.m.d, v.m.gapped
	about := g.mean[v.k*d : (v.k+1)*d]
	mean := m.mean[v.k*d : (v.k+1)*d]
	rows, projected := getBuffer(blockRows*d), getBuffer(blockRows*l)
	defer putBuffer(rows)
	defer putBuffer(projected)
	least := rare * m.total / float64(m.n)
	var known gap
	for _, batch := range g.batches {
		if m.ctx.Err() != nil {
			return
		}
		count := 0
		for _, p := range batch.pieces {
			first, weight := count, 0.0
			for _, i := range p.rows {
				if r := m.resp[i*m.k+v.k]; r > least {
					copy((*rows)[count*d:(count+1)*d], m.x[i*d:(i+1)*d])
					weight += r
					count++
				}
			}
			if weight > 0 && len(p.pattern.missing) > 0 {
				known = v.completer.gap(v.k, p.pattern, known)
				known.complete(about, (*rows)[first*d:count*d])
				known.addProduct(out, weight, b, l)
			}
			at := first
			for _, i := range p.rows {
				if r := m.resp[i*m.k+v.k]; r > least {
					kernel.Centre((*rows)[at*d:(at+1)*d], (*rows)[at*d:(at+1)*d], mean, math.Sqrt(r))
					at++
				}
			}
		}
		if count > 0 {
			addProduct(out, *rows, *projected, count, d, b, l)
		}
	}
}
