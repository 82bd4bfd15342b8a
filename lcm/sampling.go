package lcm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

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
