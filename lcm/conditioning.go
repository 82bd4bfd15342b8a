package lcm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Marginal returns the distribution of the given columns, in the given order: a
// mixture of the same classes.
func (m *Model) Marginal(columns ...int) *Model {
	if len(columns) == 0 {
		panic("lcm: a marginal of no columns")
	}
	m.checkColumns(columns)
	out := make([]Column, len(columns))
	for i, j := range columns {
		out[i] = m.l.columns[j]
	}
	l := newLayout(out)
	p := newParameters(m.p.k, l)
	for c := range p.k {
		for i, j := range columns {
			q, to := m.l.place[j], l.place[i]
			switch out[i].Kind {
			case Categorical:
				copy(row(p.level, c, l.levels())[l.first[to]:], m.level(c, q))
			case NegativeBinomial:
				p.mean[c*len(l.counts)+to] = m.p.mean[c*len(m.l.counts)+q]
				p.size[c*len(l.counts)+to] = m.p.size[c*len(m.l.counts)+q]
			case Normal:
				p.centre[c*len(l.normals)+to] = m.p.centre[c*len(m.l.normals)+q]
				p.variance[c*len(l.normals)+to] = m.p.variance[c*len(m.l.normals)+q]
			default:
				p.linear[c*len(l.linear)+to] = m.p.linear[c*len(m.l.linear)+q]
			}
		}
	}
	return newModel(l, p, m.Weights())
}

// Conditional returns the distribution of the other columns, in their order, given
// values of some columns: a mixture of the same classes, whose weights are
// the responsibilities for the given values. It panics if all columns are given. An error
// wraps density.ErrNonFinite for a value that is not finite and density.ErrSupport for
// values that have probability 0.
func (m *Model) Conditional(columns []int, values []float64) (*Model, error) {
	m.checkColumns(columns)
	if len(values) != len(columns) {
		panic("lcm: columns and values differ in number")
	}
	if len(columns) == m.Dim() {
		panic("lcm: all columns are given")
	}
	logs := slices.Clone(m.p.logWeight)
	for i, j := range columns {
		v := values[i]
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("lcm: the value given for column %d is %v: %w", j+1, v, density.ErrNonFinite)
		}
		if !m.l.columns[j].holds(v) {
			return nil, fmt.Errorf("lcm: the value given for column %d is %v: %w; a %v column wants %s", j+1, v, density.ErrSupport, m.l.columns[j].Kind, m.l.columns[j].wants())
		}
		for c := range logs {
			logs[c] += m.logColumn(c, j, v)
		}
	}
	total := density.LogSumExp(logs)
	if math.IsInf(total, -1) {
		return nil, fmt.Errorf("lcm: the values given have probability 0: %w; fit under a prior", density.ErrSupport)
	}
	var rest []int
	for j := range m.l.columns {
		if !slices.Contains(columns, j) {
			rest = append(rest, j)
		}
	}
	out := m.Marginal(rest...)
	for c, v := range logs {
		logs[c] = math.Exp(v - total)
	}
	return newModel(out.l, out.p.clone(), logs), nil
}

func (m *Model) checkColumns(columns []int) {
	for i, j := range columns {
		if j < 0 || j >= m.Dim() || slices.Contains(columns[:i], j) {
			panic("lcm: columns are not distinct columns of the model")
		}
	}
}

// Impute stores the rows of x (N×D, NaN for missing values) with their missing
// values replaced in dst (N×D, or nil, and then allocated; it may be x) and returns it: by
// E[xₘ|xₒ], the probability of a 1 for a Bernoulli column, or the most probable code of a
// Categorical one.
func (m *Model) Impute(dst, x *mat.Dense) *mat.Dense {
	return m.complete(dst, x, func(_ int, r []float64, j int) float64 {
		if m.l.columns[j].Kind == Categorical {
			p := make([]float64, m.l.columns[j].Levels)
			for c, v := range r {
				floats.AddScaled(p, v, m.level(c, m.l.place[j]))
			}
			return float64(floats.MaxIdx(p))
		}
		var mean float64
		for c, v := range r {
			mean += v * m.typical(c, j)
		}
		return mean
	}, nil)
}

// RandMissing stores the rows of x (N×D, NaN for missing values) with their missing
// values drawn from p(xₘ|xₒ), all of a row from the same class, in dst (N×D, or nil,
// and then allocated; it may be x) and returns it.
func (m *Model) RandMissing(dst, x *mat.Dense, src rand.Source) *mat.Dense {
	random := rand.New(src)
	class := 0
	return m.complete(dst, x, func(_ int, _ []float64, j int) float64 {
		return m.drawColumn(class, j, random, src)
	}, func(r []float64) { class = drawIndex(r, 1, random) })
}

// complete fills missing values with value, which is given the row's number, its
// responsibilities and the column; begin, if not nil, is called before for each row.
func (m *Model) complete(dst, x *mat.Dense, value func(i int, r []float64, j int) float64, begin func(r []float64)) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.Dim(), nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != m.Dim() {
		panic("lcm: dst and data differ in shape")
	}
	r := m.Responsibilities(nil, x)
	for i := range n {
		if begin != nil {
			begin(r.RawRowView(i))
		}
		to := dst.RawRowView(i)
		copy(to, x.RawRowView(i))
		for j, v := range to {
			if math.IsNaN(v) {
				to[j] = value(i, r.RawRowView(i), j)
			}
		}
	}
	return dst
}
