package lcm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/internal/spread"
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
// columns of both sorts it returns none: the density is one against the product of
// counting and Lebesgue measure.
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
	return nil
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
func (m *Model) NumParameters() int {
	each := 0
	for _, c := range m.l.columns {
		switch c.Kind {
		case Categorical:
			each += c.Levels - 1
		case NegativeBinomial, Normal:
			each += 2
		default:
			each++
		}
	}
	return m.p.k - 1 + m.p.k*each
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or
// nil) and returns it. It is exact. A row with a value that its column cannot have, such
// as a code from its levels on or half a count, has probability 0; one with NaN has no
// log p but NaN: see [Model.LogProbObserved]. The cost is O(N·K·D).
func (m *Model) LogProb(dst []float64, x *mat.Dense) []float64 {
	dst = m.LogProbObserved(dst, x)
	for i := range dst {
		if floats.HasNaN(x.RawRowView(i)) {
			dst[i] = math.NaN()
		}
	}
	return dst
}

// LogProbObserved stores the log-probability of what is there of each row of x (N×D, NaN
// for missing values) in dst (length N, or nil) and returns it, in nats. It is 0 for a row
// without values. Log-probabilities of rows that lack different columns are on different
// measures.
func (m *Model) LogProbObserved(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, m.rows(x))
	m.eachBlock(x, func(from int, joint []float64) {
		normalize(dst[from:from+len(joint)/m.p.k], joint, m.p.k)
	})
	return dst
}

// Responsibilities stores p(z=k|xᵢ), given what is there of each row of x (N×D, NaN for
// missing values), in dst (N×K, or nil, and then allocated) and
// returns it. Values that have probability 0 in all classes, such as an unknown
// category, say nothing about the class and count as missing.
func (m *Model) Responsibilities(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.p.k, nil)
	}
	if dn, dk := dst.Dims(); dn != n || dk != m.p.k {
		panic("lcm: dst is not N×K")
	}
	m.eachBlock(x, func(from int, joint []float64) {
		m.decide(x, from, joint)
		logs := getBuffer(len(joint) / m.p.k)
		normalize(*logs, joint, m.p.k)
		putBuffer(logs)
		for i := range len(joint) / m.p.k {
			copy(dst.RawRowView(from+i), row(joint, i, m.p.k))
		}
	})
	return dst
}

// Assign stores the most responsible class of each row of x (N×D, NaN for missing
// values) in dst (length N, or nil, and then allocated) and returns it; of equals the first.
func (m *Model) Assign(dst []int, x *mat.Dense) []int {
	n := m.rows(x)
	if dst == nil {
		dst = make([]int, n)
	}
	if len(dst) != n {
		panic("lcm: length of dst does not match the number of rows")
	}
	m.eachBlock(x, func(from int, joint []float64) {
		m.decide(x, from, joint)
		for i := range len(joint) / m.p.k {
			dst[from+i] = floats.MaxIdx(row(joint, i, m.p.k))
		}
	})
	return dst
}

// decide replaces the log joint densities of rows that cannot occur by those of the
// values that can, or where these exclude each other by the weights.
func (m *Model) decide(x *mat.Dense, from int, joint []float64) {
	for i := range len(joint) / m.p.k {
		to := row(joint, i, m.p.k)
		if !math.IsInf(floats.Max(to), -1) {
			continue
		}
		copy(to, m.p.logWeight)
		values := x.RawRowView(from + i)
		for j, v := range values {
			if math.IsNaN(v) {
				continue
			}
			possible := false
			for c := range to {
				possible = possible || !math.IsInf(m.logColumn(c, j, v), -1)
			}
			for c := range to {
				if possible {
					to[c] += m.logColumn(c, j, v)
				}
			}
		}
		if math.IsInf(floats.Max(to), -1) {
			copy(to, m.p.logWeight)
		}
	}
}

// logColumn returns ln p of value v, which is not NaN, of column j in class c.
func (m *Model) logColumn(c, j int, v float64) float64 {
	col, q := m.l.columns[j], m.l.place[j]
	if !col.holds(v) {
		return math.Inf(-1)
	}
	switch col.Kind {
	case Bernoulli:
		p := m.p.linear[c*len(m.l.linear)+q]
		if v == 1 {
			return math.Log(p)
		}
		return math.Log1p(-p)
	case Categorical:
		return math.Log(m.level(c, q)[int(v)])
	case Poisson:
		return logNegativeBinomial(v, m.p.linear[c*len(m.l.linear)+q], math.Inf(1))
	case NegativeBinomial:
		at := c*len(m.l.counts) + q
		return logNegativeBinomial(v, m.p.mean[at], m.p.size[at])
	}
	at := c*len(m.l.normals) + q
	variance := m.p.variance[at]
	e := (v - m.p.centre[at]) / math.Sqrt(variance)
	return -0.5*e*e - 0.5*math.Log(2*math.Pi*variance)
}

// maxJoint bounds the log joint densities that a core holds at once, for
// mixtures of very many classes.
const maxJoint = 1 << 18

// eachBlock calls f with the log joint densities of each block of rows of x (rows×K),
// which f may overwrite, on all cores.
func (m *Model) eachBlock(x *mat.Dense, f func(from int, joint []float64)) {
	n, _ := x.Dims()
	size := max(1, min(spread.BlockRows, maxJoint/m.p.k))
	spread.Do((n+size-1)/size, func(b int) {
		from, to := b*size, min((b+1)*size, n)
		r := prepared.Get().(*rows)
		defer prepared.Put(r)
		r.prepare(m.l, x, from, to, false)
		joint := getBuffer((to - from) * m.p.k)
		defer putBuffer(joint)
		m.densities.joint(*joint, *r)
		f(from, *joint)
	})
}

func (m *Model) rows(x *mat.Dense) int {
	n, d := x.Dims()
	if d != m.Dim() {
		panic("lcm: data and model differ in width")
	}
	return n
}

// Rand fills dst (N×D) with independent draws.
func (m *Model) Rand(dst *mat.Dense, src rand.Source) {
	random := rand.New(src)
	for i := range m.rows(dst) {
		m.drawRow(dst.RawRowView(i), m.draw(random), random, src)
	}
}

// draw returns a class with the probability of its weight.
func (m *Model) draw(random *rand.Rand) int { return drawIndex(m.weights, 1, random) }

// drawRow stores a draw from class c in dst.
func (m *Model) drawRow(dst []float64, c int, random *rand.Rand, src rand.Source) {
	for j := range dst {
		dst[j] = m.drawColumn(c, j, random, src)
	}
}

// drawColumn returns a draw of column j from class c.
func (m *Model) drawColumn(c, j int, random *rand.Rand, src rand.Source) float64 {
	q := m.l.place[j]
	switch m.l.columns[j].Kind {
	case Bernoulli:
		if random.Float64() < m.p.linear[c*len(m.l.linear)+q] {
			return 1
		}
		return 0
	case Categorical:
		return float64(drawIndex(m.level(c, q), 1, random))
	case Poisson:
		return drawPoisson(m.p.linear[c*len(m.l.linear)+q], src)
	case NegativeBinomial:
		at := c*len(m.l.counts) + q
		mean, size := m.p.mean[at], m.p.size[at]
		if mean > 0 && !math.IsInf(size, 1) {
			mean = distuv.Gamma{Alpha: size, Beta: size / mean, Src: src}.Rand()
		}
		return drawPoisson(mean, src)
	}
	at := c*len(m.l.normals) + q
	return m.p.centre[at] + math.Sqrt(m.p.variance[at])*random.NormFloat64()
}

func drawPoisson(mean float64, src rand.Source) float64 {
	if mean == 0 {
		return 0
	}
	return distuv.Poisson{Lambda: mean, Src: src}.Rand()
}

// drawIndex returns i with probability p[i]/total, where total is the sum of p.
// Rounding can leave the sum short of the draw; the last index with a positive
// probability stands then.
func drawIndex(p []float64, total float64, random *rand.Rand) int {
	u := random.Float64() * total
	last := 0
	for i, v := range p {
		if v > 0 {
			if last = i; u < v {
				return i
			}
			u -= v
		}
	}
	return last
}

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
