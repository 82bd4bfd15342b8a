package gmm

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Moments returns the mean (length D) and covariance (D×D) of the mixture, by the
// law of total variance.
func (m *Model) Moments() ([]float64, *mat.SymDense) {
	mean := make([]float64, m.d)
	for k, w := range m.weights {
		for j, v := range m.mean(k) {
			mean[j] += w * v
		}
	}
	cov := mat.NewSymDense(m.d, nil)
	for k, w := range m.weights {
		for i := range m.d {
			for j := range i + 1 {
				e := (m.mean(k)[i] - mean[i]) * (m.mean(k)[j] - mean[j])
				cov.SetSym(i, j, cov.At(i, j)+w*(m.shapes.at(k, i, j)+e))
			}
		}
	}
	return mean, cov
}

// Marginal returns the distribution of the given columns, in the given order: a
// mixture of full covariances again.
func (m *Model) Marginal(columns ...int) *Model {
	m.checkColumns(columns)
	if len(columns) == 0 {
		panic("gmm: a marginal of no columns")
	}
	means := mat.NewDense(m.k, len(columns), nil)
	covs := make([]mat.Symmetric, m.k)
	for k := range m.k {
		c := mat.NewSymDense(len(columns), nil)
		for a, i := range columns {
			means.Set(k, a, m.mean(k)[i])
			for b := range a + 1 {
				c.SetSym(a, b, m.shapes.at(k, i, columns[b]))
			}
		}
		covs[k] = c
	}
	out, err := New(m.weights, means, covs)
	if err != nil {
		panic("gmm: a block of a covariance is not positive definite")
	}
	return out
}

// Conditional returns the distribution of the other columns, in their order, given
// values of some columns: a mixture of full covariances again, whose weights are
// the responsibilities of the components for the given values. It panics if all
// columns are given, and returns an error that wraps density.ErrNonFinite if a
// value is not finite.
func (m *Model) Conditional(columns []int, values []float64) (*Model, error) {
	p := m.split(columns)
	if len(values) != len(columns) {
		panic("gmm: columns and values differ in number")
	}
	if len(p.missing) == 0 {
		panic("gmm: all columns are given")
	}
	x := make([]float64, m.d)
	for a, j := range columns {
		if math.IsNaN(values[a]) || math.IsInf(values[a], 0) {
			return nil, fmt.Errorf("gmm: the value given for column %d is %v: %w", j+1, values[a], density.ErrNonFinite)
		}
		x[j] = values[a]
	}
	q := len(p.missing)
	weights := m.weights
	if len(columns) > 0 {
		weights = m.Marginal(columns...).Responsibilities(nil, mat.NewDense(1, len(columns), slices.Clone(values))).RawRowView(0)
	}
	means := mat.NewDense(m.k, q, nil)
	covs := make([]mat.Symmetric, m.k)
	filled := make([]float64, m.d)
	for k := range m.k {
		c := m.conditional(p, k)
		c.fill(filled, m.mean(k), x)
		cov := mat.NewSymDense(q, nil)
		for a, j := range p.missing {
			means.Set(k, a, filled[j])
			for b := range a + 1 {
				cov.SetSym(a, b, 0.5*(c.rest.At(a, b)+c.rest.At(b, a)))
			}
		}
		covs[k] = cov
	}
	return New(weights, means, covs)
}

// Regress predicts the other columns, in their order, from the given ones, which
// are the columns of x (N×len(columns)): it stores the expectations E[y|x] in dst
// (N×rest, or nil, and then allocated) and returns it. The cost is O(K·D³) once and
// O(K·D²) a row.
func (m *Model) Regress(dst *mat.Dense, columns []int, x *mat.Dense) *mat.Dense {
	n, given := x.Dims()
	if given != len(columns) {
		panic("gmm: columns and data differ in number")
	}
	p := m.split(columns)
	if len(p.missing) == 0 || len(columns) == 0 {
		panic("gmm: a regression on all columns, or on none")
	}
	if dst == nil {
		dst = mat.NewDense(n, len(p.missing), nil)
	}
	if dn, dq := dst.Dims(); dn != n || dq != len(p.missing) {
		panic("gmm: dst and the other columns differ in shape")
	}
	components := make([]*conditional, m.k)
	for k := range components {
		components[k] = m.conditional(p, k)
	}
	r := m.Marginal(columns...).Responsibilities(nil, x)
	forBlocks(n, func(_, from, to int) {
		row, filled := make([]float64, m.d), make([]float64, m.d)
		for i := from; i < to; i++ {
			for a, j := range columns {
				row[j] = x.At(i, a)
			}
			out := dst.RawRowView(i)
			clear(out)
			for k, c := range components {
				c.fill(filled, m.mean(k), row)
				for a, j := range p.missing {
					out[a] += r.At(i, k) * filled[j]
				}
			}
		}
	})
	return dst
}

// split returns the pattern in which the given columns are observed.
func (m *Model) split(columns []int) *pattern {
	m.checkColumns(columns)
	given := make([]bool, m.d)
	for _, j := range columns {
		given[j] = true
	}
	p := &pattern{}
	for j, g := range given {
		if g {
			p.observed = append(p.observed, j)
		} else {
			p.missing = append(p.missing, j)
		}
	}
	return p
}

func (m *Model) conditional(p *pattern, k int) *conditional {
	c, err := newConditional(p, func(a, b int) float64 { return m.shapes.at(k, a, b) })
	if err != nil {
		panic("gmm: a block of a covariance is not positive definite")
	}
	return c
}

// checkColumns panics unless the columns exist and differ.
func (m *Model) checkColumns(columns []int) {
	seen := make([]bool, m.d)
	for _, j := range columns {
		if j < 0 || j >= m.d || seen[j] {
			panic("gmm: columns are out of range or repeated")
		}
		seen[j] = true
	}
}
