package gmm

import (
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
)

// sums are the first sums over the rows that an M-step begins with. The E-step can
// leave them, since it holds the rows in its hands: a pass over rows that do not
// fit into the caches takes longer than what is done with them.
type sums struct {
	count  []float64 // Σₙ rₙₖ, K
	first  []float64 // Σₙ rₙₖ xₙ, K×D
	second []float64 // Σₙ rₙₖ (xₙ−about)², K×D, or nil
	about  []float64 // K×D: the means at that time
}

func newSums(k, d int, about []float64) *sums {
	s := &sums{count: make([]float64, k), first: make([]float64, k*d), about: about}
	if about != nil {
		s.second = make([]float64, k*d)
	}
	return s
}

// add takes in the rows [from, to) of m.
func (s *sums) add(m *moments, from, to int) {
	r, x := m.resp[from*m.k:to*m.k], m.x[from*m.d:to*m.d]
	count := getBuffer(m.k)
	kernel.ColumnSums(*count, to-from, m.k, r, m.k)
	floats.Add(s.count, *count)
	putBuffer(count)
	kernel.Gemm(true, false, m.k, m.d, to-from, 1, r, m.k, x, m.d, 1, s.first, m.d)
	if s.second != nil {
		kernel.WeightedSquares(s.second, m.k, m.d, s.about, to-from, x, m.d, r, m.k)
	}
}

// join adds the parts to the first of them, in order.
func join(parts []*sums) *sums {
	s := parts[0]
	for _, p := range parts[1:] {
		floats.Add(s.count, p.count)
		floats.Add(s.first, p.first)
		if s.second != nil {
			floats.Add(s.second, p.second)
		}
	}
	return s
}

// squaresAbout returns the squares about the means that were found since, by
//
//	Σ r (x−μ)² = Σ r (x−a)² − N (μ−a)²    for μ = Σ r x / N.
//
// It returns nil if there are none, or if the means have moved so far that the
// difference would lose more than a bit.
func (s *sums) squaresAbout(count, mean []float64) []float64 {
	if s == nil || s.second == nil {
		return nil
	}
	out := slices.Clone(s.second)
	d := len(mean) / len(count)
	for i := range out {
		shift := mean[i] - s.about[i]
		lost := count[i/d] * (shift * shift)
		if !(lost <= out[i]/2) {
			return nil
		}
		out[i] -= lost
	}
	return out
}

// sumRows makes the sums in a pass over the rows, with the squares about the
// current means or without.
func (m *moments) sumRows(squares bool) {
	var about []float64
	if squares {
		about = slices.Clone(m.mean)
	}
	parts := make([]*sums, segments(m.n))
	forSegments(m.n, func(s, first, last int) {
		parts[s] = newSums(m.k, m.d, about)
		for from := first; from < last && m.ctx.Err() == nil; from += blockRows {
			parts[s].add(m, from, min(from+blockRows, last))
		}
	})
	m.ahead = join(parts)
}
