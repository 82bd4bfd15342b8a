package lcm

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

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

// CheckSupport returns an error that names the first row and column (counted from 1) of x
// (N×D, NaN for missing values) with a value that has probability 0 in every class, or
// nil. It wraps density.ErrSupport.
func (m *Model) CheckSupport(x *mat.Dense) error {
	for i := range m.rows(x) {
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) {
				continue
			}
			col := m.l.columns[j]
			if !col.holds(v) {
				return density.SettingErrorf(density.ErrSupport, "lcm: row %d, column %d is %v: {err}; a %v column wants %s; fit with other {Columns}, or more levels", i+1, j+1, v, col.Kind, col.wants())
			}
			possible := col.Kind == Normal
			for c := 0; c < m.p.k && !possible; c++ {
				possible = !math.IsInf(m.logColumn(c, j, v), -1)
			}
			if !possible {
				return density.SettingErrorf(density.ErrSupport, "lcm: row %d, column %d is %v, which no class can have: {err}; fit under a {Prior}", i+1, j+1, v)
			}
		}
	}
	return nil
}
