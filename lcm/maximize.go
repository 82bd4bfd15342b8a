package lcm

import (
	"context"
	"math"
)

// maximize is the M-step: the parameters that the responsibilities make most likely, or
// under a prior most probable, and the classes' sums of responsibilities.
//
//	weights        πₖ = (Nₖ + α) / (N + Kα)
//	Bernoulli      p  = (Σ r x + a) / (Nₖ + 2a)
//	Categorical    p  = (Σ r [x = c] + a) / (Nₖ + C·a)
//	Poisson        λ  = (Σ r x + b·m) / (Nₖ + b)
//	NegativeBinomial  μ as λ; r: see bestSize
//	Normal         μ  = Σ r x / Nₖ    σ² = Σ r (x−μ)² / Nₖ, at least the floor
//
// with α, a and b of the [Prior], m the column's mean and Nₖ over the rows that have the
// column. A class without such rows keeps what it had.
func (e *EM) maximize(ctx context.Context) (*parameters, []float64) {
	s := e.ahead
	if s == nil {
		s = sumRows(ctx, e.data, e.k, e.resp)
	}
	p := newParameters(e.k, e.data.layout)
	e.maximizeWeights(p, s.count)
	for c := range e.k {
		e.maximizeLinear(p, s, c)
		e.maximizeLevels(p, s, c)
		e.maximizeCounts(p, s, c)
	}
	if len(p.centre) > 0 {
		e.maximizeNormals(ctx, p, s)
	}
	return p, s.count
}

func (e *EM) maximizeWeights(p *parameters, count []float64) {
	prior := e.settings.Prior.Weights
	total := sum(count) + float64(e.k)*prior
	for c, n := range count {
		p.logWeight[c] = math.Log((n + prior) / total)
	}
}

func (e *EM) maximizeLinear(p *parameters, s *sums, c int) {
	l, prior, old := e.data.layout, e.settings.Prior, e.p
	width := len(l.linear)
	for q, j := range l.linear {
		at := c*width + q
		n := s.count[c]
		if s.linearSeen != nil {
			n = s.linearSeen[at]
		}
		switch l.columns[j].Kind {
		case Bernoulli:
			// The sum of what is 1 can round to more than n.
			p.linear[at] = min(1, ratio(s.linear[at]+prior.Levels, n+2*prior.Levels, old.linear[at]))
		default:
			p.linear[at] = ratio(s.linear[at]+prior.Rates*e.data.mean[j], n+prior.Rates, old.linear[at])
		}
	}
}

func (e *EM) maximizeLevels(p *parameters, s *sums, c int) {
	l, prior, old := e.data.layout, e.settings.Prior.Levels, e.p
	to := row(p.level, c, l.levels())
	for q := range l.tables {
		var n float64
		for i := l.first[q]; i < l.first[q+1]; i++ {
			to[i] = s.level[i*e.k+c] + prior
			n += to[i]
		}
		for i := l.first[q]; i < l.first[q+1]; i++ {
			to[i] = ratio(to[i], n, old.level[c*l.levels()+i])
		}
	}
}

func (e *EM) maximizeCounts(p *parameters, s *sums, c int) {
	l, prior, old := e.data.layout, e.settings.Prior.Rates, e.p
	for q, j := range l.counts {
		at := c*len(l.counts) + q
		first, last := e.data.values.first[q], e.data.values.first[q+1]
		values := append([]float64{e.data.mean[j]}, e.data.values.values[first:last]...)
		weights := []float64{prior}
		n, total := prior, prior*e.data.mean[j]
		for i := first; i < last; i++ {
			w := s.place[i*e.k+c]
			weights = append(weights, w)
			n, total = n+w, total+w*e.data.values.values[i]
		}
		if !(n > 0) {
			p.mean[at], p.size[at] = old.mean[at], old.size[at]
			continue
		}
		p.mean[at] = total / n
		p.size[at] = bestSize(values, weights, n, p.mean[at])
	}
}

func (e *EM) maximizeNormals(ctx context.Context, p *parameters, s *sums) {
	width, old := len(e.data.layout.normals), e.p
	seen := func(at int) float64 {
		if s.normalSeen == nil {
			return s.count[at/width]
		}
		return s.normalSeen[at]
	}
	for at := range p.centre {
		p.centre[at] = ratio(s.normal[at], seen(at), old.centre[at])
	}
	squares := s.squares
	if squares == nil {
		squares = sumSquares(ctx, e.data, e.k, e.resp, p.centre)
	} else { // about the centres of the pass that made the sums
		for at, c := range p.centre {
			moved := c - old.centre[at]
			squares[at] = max(0, squares[at]-seen(at)*(moved*moved))
		}
	}
	for at, v := range squares {
		p.variance[at] = max(e.settings.least(), ratio(v, seen(at), old.variance[at]))
	}
}

// smallestShare is the least variance of a class relative to the column's, also without
// a floor: of less a double holds no digits.
const smallestShare = 1e-26

// ratio returns a/b, or otherwise where b is nothing.
func ratio(a, b, otherwise float64) float64 {
	if !(b > 1e-290) {
		return otherwise
	}
	return a / b
}
