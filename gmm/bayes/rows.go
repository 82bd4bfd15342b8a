package bayes

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// rows are the rows of the data, centred, so that second moments lose no digits to
// where the data lie.
type rows struct {
	n, d   int
	x      *mat.Dense // N×D
	centre []float64  // what was taken off, D
	weight []float64  // N, or nil
	total  float64    // Σ wₙ
}

// newRows checks the rows of x (N×D), leaves out those of weight 0 and centres the
// others.
func newRows(x *mat.Dense, weights []float64) (*rows, error) {
	n, d := x.Dims()
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if (math.IsNaN(v) || math.IsInf(v, 0)) && (weights == nil || len(weights) == n && weights[i] != 0) {
				return nil, fmt.Errorf("bayes: row %d, column %d is %v: %w; remove the row or fill the value in", i+1, j+1, v, density.ErrNonFinite)
			}
		}
	}
	r := &rows{n: n, d: d, x: mat.DenseCopyOf(x), total: float64(n)}
	if weights != nil {
		if len(weights) != n {
			panic("bayes: weights and data differ in length")
		}
		r.n, r.total = 0, 0
		for i, w := range weights {
			if !(w >= 0) || math.IsInf(w, 0) {
				return nil, density.SettingErrorf(ErrSettings, "bayes: {RowWeights}, row %d is %v: {err}; want a number that is not negative", i+1, w)
			}
			if w > 0 {
				r.x.SetRow(r.n, x.RawRowView(i))
				r.weight = append(r.weight, w)
				r.total += w
				r.n++
			}
		}
		if r.n == 0 || math.IsInf(r.total, 0) {
			return nil, density.SettingErrorf(ErrSettings, "bayes: {RowWeights} sum to %v: {err}; want a positive number of rows", r.total)
		}
		r.x = r.x.Slice(0, r.n, 0, d).(*mat.Dense)
	}
	var variance []float64
	r.centre, variance = density.WeightedMoments(r.x, r.weight)
	for j, v := range variance {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("bayes: the variance of column %d overflows: %w; divide the column by a power of ten", j+1, density.ErrNonFinite)
		}
	}
	for i := range r.n {
		floats.Sub(r.x.RawRowView(i), r.centre)
	}
	return r, nil
}

// weigh multiplies row n of r (N×K) by wₙ.
func (x *rows) weigh(r *mat.Dense) {
	for i, w := range x.weight {
		floats.Scale(w, r.RawRowView(i))
	}
}

// moments are those of the rows under weighted responsibilities.
type moments struct {
	rows   *rows
	resp   []float64 // wₙrₙₖ, N×K
	count  []float64 // Nₖ = Σₙ wₙrₙₖ
	mean   []float64 // x̄ₖ, K×D; 0 for a component without rows
	apart  []float64 // x̄ₖ − m₀, K×D
	shrink []float64 // β₀Nₖ/(β₀+Nₖ)
	work   []float64 // N×D
}

func newMoments(x *rows, k int) *moments {
	return &moments{
		rows: x, count: make([]float64, k), mean: make([]float64, k*x.d), apart: make([]float64, k*x.d),
		shrink: make([]float64, k), work: make([]float64, x.n*x.d),
	}
}

// collect computes counts and means.
func (m *moments) collect(resp []float64, mean0 []float64, shrinkage float64) {
	x, k, d := m.rows, len(m.count), m.rows.d
	m.resp = resp
	kernel.ColumnSums(m.count, x.n, k, resp, k)
	kernel.Gemm(true, false, k, d, x.n, 1, resp, k, x.x.RawMatrix().Data, d, 0, m.mean, d)
	for c, count := range m.count {
		m.shrink[c] = shrinkage * count / (shrinkage + count)
		for j := c * d; j < (c+1)*d; j++ {
			m.apart[j] = 0
			if count > 0 {
				m.mean[j] /= count
				m.apart[j] = m.mean[j] - mean0[j-c*d]
			}
		}
	}
}

// addScatter adds to out (D×D) what component k and the prior of its mean say of the
// covariance, Σₙ rₙₖ(xₙ−x̄ₖ)(xₙ−x̄ₖ)ᵀ + β₀Nₖ/(β₀+Nₖ)(x̄ₖ−m₀)(x̄ₖ−m₀)ᵀ.
func (m *moments) addScatter(out []float64, k int) {
	d, count := m.rows.d, 0
	for i := range m.rows.n {
		if r := m.resp[i*len(m.count)+k]; r > 0 {
			kernel.Centre(m.work[count*d:(count+1)*d], m.rows.x.RawRowView(i), m.mean[k*d:(k+1)*d], math.Sqrt(r))
			count++
		}
	}
	if count > 0 {
		kernel.Syrk(true, d, count, 1, m.work[:count*d], d, 1, out, d)
	}
	apart := m.apart[k*d : (k+1)*d]
	for i, v := range apart {
		floats.AddScaled(out[i*d:(i+1)*d], m.shrink[k]*v, apart)
	}
}

// squares returns the diagonals of what addScatter adds, K×D.
func (m *moments) squares() []float64 {
	k, d := len(m.count), m.rows.d
	out := make([]float64, k*d)
	kernel.WeightedSquares(out, k, d, m.mean, m.rows.n, m.rows.x.RawMatrix().Data, d, m.resp, k)
	for i, v := range m.apart {
		out[i] += m.shrink[i/d] * v * v
	}
	return out
}
