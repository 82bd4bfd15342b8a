package tree

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// messages is what one row says about the columns it lacks: the scratch of a pass up
// the tree and down again (Pearl 1988, ch. 4).
type messages struct {
	m *Model
	// below, of all values of all columns: the likelihood of what is observed in the
	// column and below it, over a factor for each column.
	below []float64
	// step of column j, as m.probability: its distribution given the parent's value
	// and what is observed.
	step [][]float64
	// marginal, of all values: their probability given what is observed.
	marginal []float64
}

func (m *Model) newMessages() *messages {
	s := &messages{m: m, step: make([][]float64, len(m.levels))}
	s.below, s.marginal = make([]float64, m.offset[len(m.levels)]), make([]float64, m.offset[len(m.levels)])
	for j, p := range m.probability {
		s.step[j] = make([]float64, len(p))
	}
	return s
}

// up returns ln p of the observed values of a row. Each message is scaled to a largest
// value of 1, so that none underflows however many columns there are.
func (s *messages) up(row []float64) float64 {
	m := s.m
	for j, v := range row {
		below := s.below[m.offset[j]:m.offset[j+1]]
		if math.IsNaN(v) {
			for a := range below {
				below[a] = 1
			}
			continue
		}
		clear(below)
		a, ok := level(v, m.levels[j])
		if !ok {
			return math.Inf(-1)
		}
		below[a] = 1
	}
	var log float64
	for at := len(m.order) - 1; at >= 0; at-- {
		j := m.order[at]
		below, l := s.below[m.offset[j]:m.offset[j+1]], m.levels[j]
		p := m.parents[j]
		if p < 0 {
			var sum float64
			for b, v := range below {
				sum += m.probability[j][b] * v
			}
			return log + math.Log(sum)
		}
		parent := s.below[m.offset[p]:m.offset[p+1]]
		var peak float64
		for a := range parent {
			var sum float64
			for b, v := range below {
				sum += m.probability[j][a*l+b] * v
			}
			parent[a] *= sum
			peak = max(peak, parent[a])
		}
		if peak == 0 {
			return math.Inf(-1)
		}
		for a := range parent {
			parent[a] /= peak
		}
		log += math.Log(peak)
	}
	return log
}

// down fills step and marginal after up, which must have found the row possible.
func (s *messages) down() {
	m := s.m
	for _, j := range m.order {
		l := m.levels[j]
		below, marginal := s.below[m.offset[j]:m.offset[j+1]], s.marginal[m.offset[j]:m.offset[j+1]]
		clear(marginal)
		for a := range len(s.step[j]) / l {
			step, above := s.step[j][a*l:(a+1)*l], 1.0
			if p := m.parents[j]; p >= 0 {
				above = s.marginal[m.offset[p]+a]
			}
			var sum float64
			for b, v := range below {
				step[b] = m.probability[j][a*l+b] * v
				sum += step[b]
			}
			for b := range step {
				if sum > 0 { // else the parent cannot have this value
					step[b] /= sum
				}
				marginal[b] += above * step[b]
			}
		}
	}
}

// LogProbObserved stores ln p of the observed columns of each row of x (N×D, NaN for
// missing values) in dst (length N, or nil) and returns it, in nats: the sum over all
// values of the missing ones. It is 0 for a row without values. The cost is O(D·L²) a
// row.
func (m *Model) LogProbObserved(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, m.rows(x))
	var s *messages
	for i := range dst {
		row := x.RawRowView(i)
		if !hasGap(row) {
			dst[i] = m.logProb(row)
			continue
		}
		if s == nil {
			s = m.newMessages()
		}
		dst[i] = s.up(row)
	}
	return dst
}

// Conditional stores p(xⱼ = v | xₒ), given the observed columns of each row of x (N×D,
// NaN for missing values), in dst (N×ΣL, or nil, and then allocated) and returns it: the
// values of the first column, then those of the second, and so on. An observed column
// has its value with probability 1. The row of what cannot occur is NaN. The cost is
// O(D·L²) a row.
func (m *Model) Conditional(dst, x *mat.Dense) *mat.Dense {
	n, states := m.rows(x), m.offset[len(m.levels)]
	if dst == nil {
		dst = mat.NewDense(n, states, nil)
	}
	if dn, ds := dst.Dims(); dn != n || ds != states {
		panic("tree: dst is not N×ΣL")
	}
	s := m.newMessages()
	for i := range n {
		to := dst.RawRowView(i)
		if math.IsInf(s.up(x.RawRowView(i)), -1) {
			for j := range to {
				to[j] = math.NaN()
			}
			continue
		}
		s.down()
		copy(to, s.marginal)
	}
	return dst
}

// RandObserved stores the rows of x (N×D, NaN for missing values) with their missing
// values drawn, all together, from their distribution given the observed ones in dst
// (N×D; it may be x). A row that cannot occur keeps its gaps.
func (m *Model) RandObserved(dst, x *mat.Dense, src rand.Source) {
	n := m.rows(x)
	if m.rows(dst) != n {
		panic("tree: dst and data differ in shape")
	}
	s, random := m.newMessages(), rand.New(src)
	for i := range n {
		row, to := x.RawRowView(i), dst.RawRowView(i)
		possible := !math.IsInf(s.up(row), -1)
		copy(to, row)
		if !possible {
			continue
		}
		s.down()
		for _, j := range m.order {
			if !math.IsNaN(to[j]) {
				continue
			}
			from := 0
			if p := m.parents[j]; p >= 0 {
				from = int(to[p]) * m.levels[j]
			}
			to[j] = float64(draw(s.step[j][from:from+m.levels[j]], random))
		}
	}
}

func hasGap(row []float64) bool {
	for _, v := range row {
		if math.IsNaN(v) {
			return true
		}
	}
	return false
}
