package gmm

import (
	"context"
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/internal/kernel"
)

// passSums are what a pass over a stream collects for the next M-step: of the second
// moments what the family needs, about points from which the means
// that are found differ less and less.
type passSums struct {
	about    []float64   // K×D
	count    []float64   // Σ r, K
	first    []float64   // Σ r x, K×D
	squares  []float64   // Σ r (x−about)², K×D, or nil
	scatters [][]float64 // Σ r (x−about)(x−about)ᵀ, K of D×D, or nil
}

func newPassSums(k, d int, about []float64, needs need) *passSums {
	s := &passSums{about: slices.Clone(about), count: make([]float64, k), first: make([]float64, k*d)}
	if needs == needSquares {
		s.squares = make([]float64, k*d)
		return s
	}
	s.scatters = make([][]float64, k)
	for c := range s.scatters {
		s.scatters[c] = make([]float64, d*d)
	}
	return s
}

// moments sets the moments of the M-step: counts and means, which a prior shrinks, and
// the second moments about these, which it takes over.
func (s *passSums) moments(m *moments) {
	copy(m.count, s.count)
	m.squared, m.scatters = s.squares, s.scatters
	found, moved := make([]float64, m.d), make([]float64, m.d)
	for k := range m.k {
		mean, about := m.mean[k*m.d:(k+1)*m.d], s.about[k*m.d:(k+1)*m.d]
		if !(m.count[k] > noRowsLeft*m.total) {
			m.prior.place(mean)
			continue
		}
		floats.ScaleTo(mean, 1/m.count[k], s.first[k*m.d:(k+1)*m.d])
		floats.SubTo(found, mean, about)
		copy(moved, mean)
		m.prior.shrink(mean, m.count[k])
		floats.Sub(moved, mean)
		s.shift(k, -m.count[k], found)
		s.shift(k, m.count[k], moved)
	}
}

// shift adds w·v·vᵀ to the second moments of component k.
func (s *passSums) shift(k int, w float64, v []float64) {
	d := len(v)
	for i, e := range v {
		if s.squares != nil {
			s.squares[k*d+i] = max(0, s.squares[k*d+i]+w*(e*e))
		} else {
			floats.AddScaled(s.scatters[k][i*d:(i+1)*d], w*e, v)
		}
	}
}

// pass is the E-step over a stream: it returns the mean log-likelihood of the current
// parameters and leaves the sums under their responsibilities, about the given points
// (K×D), for the next M-step.
func (e *stream) pass(ctx context.Context, about []float64) (float64, error) {
	e.moments.ctx = ctx
	e.next = newPassSums(e.k, e.d, about, e.covariance.needs(e.d))
	var start *Model // in the scaled rows, of which some may be far from all components
	if len(e.path.Values) == 0 {
		start = &Model{k: e.k, d: e.d, weights: make([]float64, e.k), means: e.moments.mean, shapes: e.shapes}
		kernel.Exp(start.weights, e.logWeight)
	}
	resp, logs := make([]float64, streamRows*e.k), make([]float64, streamRows)
	var total float64
	err := eachChunk(ctx, e.rows, e.missing, func(c *chunk) error {
		m := &moments{
			ctx: ctx, n: c.rows(), k: e.k, d: e.d, weight: c.weight, resp: resp[:c.rows()*e.k],
			total: e.moments.total / float64(e.count) * float64(c.rows()), // as if of average weight
			count: make([]float64, e.k), mean: e.moments.mean,
		}
		var value float64
		var err error
		if e.lacks {
			s := scaledChunk(c, e.scaled.transform)
			m.x = s.x
			if s.patterns != nil {
				value, err = e.passGaps(m, s.patterns, start)
				total += value
				return err
			}
		} else {
			e.scaled.transform.Apply(c.x, c.x)
			m.x = c.x.RawMatrix().Data
		}
		total += e.passRows(m, logs, start)
		return nil
	})
	return total / e.moments.total, err
}

// passRows takes in rows without gaps and returns the sum of their log-likelihoods.
func (e *stream) passRows(m *moments, logs []float64, start *Model) float64 {
	k, d := e.k, e.d
	var about []float64
	if e.next.squares != nil {
		about = e.next.about
	}
	parts := make([]*sums, segments(m.n))
	forSegments(m.n, func(s, first, last int) {
		parts[s] = newSums(k, d, about)
		for from := first; from < last; from += blockRows {
			to := min(from+blockRows, last)
			joint, x := m.resp[from*k:to*k], m.x[from*d:to*d]
			logJoint(joint, e.logWeight, m.mean, e.shapes, x)
			if start != nil {
				noNaN(joint, k, x)
				start.decideRows(joint, x)
			}
			normalize(logs[from:to], joint, k)
			if m.weight != nil {
				for i, w := range m.weight[from:to] {
					logs[from+i] *= w
					floats.Scale(w, joint[i*k:(i+1)*k])
				}
			}
			parts[s].add(m, from, to)
		}
	})
	all := join(parts)
	floats.Add(e.next.count, all.count)
	floats.Add(e.next.first, all.first)
	if e.next.squares != nil {
		floats.Add(e.next.squares, all.second)
		return sum(logs[:m.n])
	}
	m.mean = e.next.about
	kernel.Exp(m.count, e.logWeight) // what is negligible is so by the weights of components
	floats.Scale(m.total, m.count)
	forEach(k, func(c int) {
		work := getBuffer(blockRows * d)
		defer putBuffer(work)
		for from := 0; from < m.n; from += scatterBlocks * blockRows {
			m.addScatter(e.next.scatters[c], c, from, min(from+scatterBlocks*blockRows, m.n), *work)
		}
	})
	return sum(logs[:m.n])
}

// passGaps takes in rows with gaps and returns the sum of the log-likelihoods of what
// is observed.
func (e *stream) passGaps(m *moments, patterns []pattern, start *Model) (float64, error) {
	k, d := e.k, e.d
	g := &gapped{
		patterns: patterns, batches: batchesOf(patterns, k, d), dense: e.next.scatters != nil,
		shapes: e.shapes, mean: m.mean,
	}
	value, err := m.passGaps(g, e.next.about, func(_ batch, w *workspace) float64 {
		if start != nil {
			for c := range k {
				noNaN(w.joint, k, w.rows(c))
			}
		}
		w.join(e.logWeight)
		if start != nil {
			start.decideBatch(w)
		}
		w.normalize(m.weight)
		return sum(w.logs)
	})
	if err != nil {
		return 0, err
	}
	floats.Add(e.next.count, g.sums.count)
	for c, n := range g.sums.count {
		first := e.next.first[c*d : (c+1)*d]
		floats.Add(first, g.sums.first[c*d:(c+1)*d])
		floats.AddScaled(first, n, e.next.about[c*d:(c+1)*d])
		if e.next.scatters != nil {
			floats.Add(e.next.scatters[c], g.sums.second[c*d*d:(c+1)*d*d])
		}
	}
	if e.next.squares != nil {
		floats.Add(e.next.squares, g.sums.squares)
	}
	return value, nil
}
