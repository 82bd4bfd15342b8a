package lcm

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Model is a mixture of K classes in D columns. It is immutable and safe
// for concurrent use.
type Model struct {
	l         *layout
	p         *parameters
	weights   []float64
	densities *densities
}

var (
	_ density.ExactPosterior = (*Model)(nil)
	_ density.Finite         = (*Model)(nil)
	_ density.Parametric     = (*Model)(nil)
	_ density.Measured       = (*Model)(nil)
	_ density.Simulator      = (*Model)(nil)
)

// newModel takes over parameters and weights that are known to be good; the parameters'
// logarithms of weights follow the weights.
func newModel(l *layout, p *parameters, weights []float64) *Model {
	for c, w := range weights {
		p.logWeight[c] = math.Log(w)
	}
	return &Model{l: l, p: p, weights: weights, densities: newDensities(l, p, nil)}
}

// Measures returns the measure that follows from the columns: binary where all are
// Bernoulli, discrete where all are counted, continuous where all are Normal. For
// columns of both sorts it is mixed.
func (m *Model) Measures() []density.Measure {
	discrete, normal := true, true
	for _, c := range m.l.columns {
		discrete = discrete && c.Kind.discrete()
		normal = normal && c.Kind == Normal
	}
	switch {
	case !m.has(Categorical) && !m.has(Poisson) && !m.has(NegativeBinomial) && !m.has(Normal):
		return []density.Measure{density.Binary, density.Discrete}
	case discrete:
		return []density.Measure{density.Discrete}
	case normal:
		return []density.Measure{density.Continuous, density.Dequantized}
	}
	return []density.Measure{density.Mixed}
}

func (m *Model) has(k Kind) bool { return m.l.has(k) }

// Dim returns D.
func (m *Model) Dim() int { return len(m.l.columns) }

// Components returns K.
func (m *Model) Components() int { return m.p.k }

// Columns returns a copy of the description of the columns (length D), levels included.
func (m *Model) Columns() []Column { return slices.Clone(m.l.columns) }

// Weights returns a copy of the weights πₖ (length K).
func (m *Model) Weights() []float64 { return slices.Clone(m.weights) }

// Means returns the mean of each column in each class (K×D): for a Bernoulli column the
// probability of a 1, for a Categorical one, whose codes have no mean, the most
// probable code.
func (m *Model) Means() *mat.Dense {
	out := mat.NewDense(m.p.k, m.Dim(), nil)
	for c := range m.p.k {
		for j := range m.l.columns {
			out.Set(c, j, m.typical(c, j))
		}
	}
	return out
}

// typical returns the mean of column j in class c, or the most probable code.
func (m *Model) typical(c, j int) float64 {
	q := m.l.place[j]
	switch m.l.columns[j].Kind {
	case Categorical:
		return float64(floats.MaxIdx(m.level(c, q)))
	case NegativeBinomial:
		return m.p.mean[c*len(m.l.counts)+q]
	case Normal:
		return m.p.centre[c*len(m.l.normals)+q]
	}
	return m.p.linear[c*len(m.l.linear)+q]
}

// level returns the probabilities of the categories of table q in class c.
func (m *Model) level(c, q int) []float64 {
	return row(m.p.level, c, m.l.levels())[m.l.first[q]:m.l.first[q+1]]
}

// Probabilities returns the probabilities of the values 0, 1, … of column j, which must
// be Bernoulli or Categorical, in each class (K×levels).
func (m *Model) Probabilities(j int) *mat.Dense {
	q := m.l.place[j]
	switch m.l.columns[j].Kind {
	case Bernoulli:
		out := mat.NewDense(m.p.k, 2, nil)
		for c := range m.p.k {
			p := m.p.linear[c*len(m.l.linear)+q]
			out.SetRow(c, []float64{1 - p, p})
		}
		return out
	case Categorical:
		out := mat.NewDense(m.p.k, m.l.columns[j].Levels, nil)
		for c := range m.p.k {
			out.SetRow(c, m.level(c, q))
		}
		return out
	}
	panic("lcm: probabilities of a column that is neither Bernoulli nor Categorical")
}

// Variances returns the variance of each column in each class (K×D); NaN for
// Categorical columns.
func (m *Model) Variances() *mat.Dense {
	out := m.Means()
	for c := range m.p.k {
		for j, col := range m.l.columns {
			mean := out.At(c, j)
			v := mean // Poisson
			switch col.Kind {
			case Bernoulli:
				v = mean * (1 - mean)
			case Categorical:
				v = math.NaN()
			case NegativeBinomial:
				v = mean + mean*mean/m.p.size[c*len(m.l.counts)+m.l.place[j]]
			case Normal:
				v = m.p.variance[c*len(m.l.normals)+m.l.place[j]]
			}
			out.Set(c, j, v)
		}
	}
	return out
}

// NumParameters returns the number of free parameters: K−1 weights, and for each class
// one for a Bernoulli or Poisson column, two for a NegativeBinomial or Normal one and
// one less than its levels for a Categorical one.
func (m *Model) NumParameters() int { return m.l.parameters(m.p.k) }

// parameters returns the number of free parameters of k classes.
func (l *layout) parameters(k int) int {
	each := 0
	for _, c := range l.columns {
		switch c.Kind {
		case Categorical:
			each += c.Levels - 1
		case NegativeBinomial, Normal:
			each += 2
		default:
			each++
		}
	}
	return k - 1 + k*each
}
