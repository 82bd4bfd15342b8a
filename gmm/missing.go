package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// Rows with missing values, given as NaN. Under values missing at random the
// likelihood is that of what is observed, and EM stays exact (Ghahramani & Jordan
// 1994): the E-step weighs components by the density of the observed columns o,
// and the M-step takes for the missing columns m of a row their conditional
// expectation and covariance under each component,
//
//	x̂ₘ = μₘ + Σₘₒ Σₒₒ⁻¹ (xₒ − μₒ)        C = Σₘₘ − Σₘₒ Σₒₒ⁻¹ Σₒₘ
//
// Both ask for the same: each row completed under each component. So the E-step
// does it once for both, a batch of rows at a time, and leaves the sums that the
// next M-step begins with.

// pattern is a set of rows that lack the same columns.
type pattern struct {
	observed, missing []int // columns
	rows              []int
}

// patternsOf groups the rows of x (N×D) by what they lack, in order of appearance,
// and reports whether any lacks something.
func patternsOf(n, d int, at func(i, j int) float64) (patterns []pattern, lacks bool) {
	index := make(map[string]int)
	key := make([]byte, d)
	for i := range n {
		for j := range d {
			key[j] = '1'
			if math.IsNaN(at(i, j)) {
				key[j], lacks = '0', true
			}
		}
		p, ok := index[string(key)]
		if !ok {
			p = len(patterns)
			index[string(key)] = p
			patterns = append(patterns, pattern{})
			for j, c := range key {
				if c == '1' {
					patterns[p].observed = append(patterns[p].observed, j)
				} else {
					patterns[p].missing = append(patterns[p].missing, j)
				}
			}
		}
		patterns[p].rows = append(patterns[p].rows, i)
	}
	return patterns, lacks
}

// completedSums are sums over rows completed under each component, about given
// points. Of the second moments they hold what the family needs.
type completedSums struct {
	about   []float64 // K×D
	count   []float64 // Σ r, K
	first   []float64 // Σ r (x̂−about), K×D
	squares []float64 // Σ r ((x̂−about)² + diag C), K×D
	second  []float64 // Σ r ((x̂−about)(x̂−about)ᵀ + C), K×D×D, or nil
}

func newCompletedSums(k, d int, about []float64, dense bool) *completedSums {
	s := &completedSums{about: about, count: make([]float64, k), first: make([]float64, k*d), squares: make([]float64, k*d)}
	if dense {
		s.second = make([]float64, k*d*d)
	}
	return s
}

// gapped is what moments need where rows have gaps.
type gapped struct {
	patterns []pattern
	batches  []batch
	dense    bool           // whether the family needs more than squares
	sums     *completedSums // what the E-step left, or nil
	shapes   shapes         // those that the rows are completed under
	mean     []float64      // and the means, K×D
}

func newGapped(patterns []pattern, k, d int, c Covariance) *gapped {
	return &gapped{patterns: patterns, batches: batchesOf(patterns, k, d), dense: c.needs(d) == needScatters}
}

// segments returns how many partial sums are made side by side: as many as for
// complete rows, unless they were too large to hold.
func (g *gapped) segments(k, d int) int {
	size := k * d
	if g.dense {
		size *= d
	}
	return max(1, min(spread.MaxSegments, len(g.batches), mostScatters/size))
}

// collectMissing computes counts and means, and prepares the second moments, from
// rows completed under the covariances and means so far. At first there are none:
// columns are then taken to have mean 0 and covariance I, as the scaled rows do.
func (m *moments) collectMissing(s shapes) error {
	g := m.gapped
	if g.sums == nil {
		if s == nil {
			ones := make([]float64, m.k*m.d)
			fill(ones, 1)
			s = newDiagonalShapes(Diagonal, m.k, m.d, ones)
		}
		g.shapes, g.mean = s, append([]float64{}, m.mean...)
		if err := m.sumCompleted(g.mean); err != nil {
			return err
		}
	}
	for {
		for k := range m.k {
			mean := m.mean[k*m.d : (k+1)*m.d]
			if m.count[k] = g.sums.count[k]; !(m.count[k] > noRowsLeft*m.total) {
				m.prior.place(mean)
				continue
			}
			floats.AddScaledTo(mean, g.sums.about[k*m.d:(k+1)*m.d], 1/m.count[k], g.sums.first[k*m.d:(k+1)*m.d])
			m.prior.shrink(mean, m.count[k])
		}
		if !g.sums.far(m.mean) {
			return nil
		}
		if err := m.sumCompleted(append([]float64{}, m.mean...)); err != nil {
			return err
		}
	}
}

// far reports whether the means have moved so far from the points of the sums that
// squares about the means, which are less by N(μ−about)², would lose more than a
// bit. Sums about the means themselves never have.
func (s *completedSums) far(mean []float64) bool {
	d := len(mean) / len(s.count)
	for i, v := range mean {
		e := v - s.about[i]
		if lost := s.count[i/d] * (e * e); lost > s.squares[i]/2 {
			return true
		}
	}
	return false
}

// squares returns the squares about the means, K×D.
func (s *completedSums) squaresAbout(mean []float64) []float64 {
	out := append([]float64{}, s.squares...)
	d := len(mean) / len(s.count)
	for i := range out {
		e := mean[i] - s.about[i]
		out[i] = max(0, out[i]-e*(2*s.first[i]-s.count[i/d]*e))
	}
	return out
}

// scatterAbout returns the scatter of component k about its mean, D×D.
func (s *completedSums) scatterAbout(k int, mean []float64) []float64 {
	d := len(mean)
	out := append([]float64{}, s.second[k*d*d:(k+1)*d*d]...)
	first, about := s.first[k*d:(k+1)*d], s.about[k*d:(k+1)*d]
	for i := range d {
		e := mean[i] - about[i]
		for j := range i + 1 {
			f := mean[j] - about[j]
			v := out[i*d+j] - e*first[j] - f*first[i] + s.count[k]*e*f
			out[i*d+j], out[j*d+i] = v, v
		}
	}
	return out
}

// sumCompleted makes the sums about the given points (K×D), which it takes over,
// with the responsibilities so far.
func (m *moments) sumCompleted(about []float64) error {
	_, err := m.passGaps(m.gapped, about, func(_ batch, w *workspace) float64 {
		w.take(m.resp)
		return 0
	})
	return err
}

// expectMissing is the E-step for rows with gaps.
func (e *EM) expectMissing() (float64, error) {
	m := &e.moments
	m.gapped.shapes, m.gapped.mean = e.shapes, append([]float64{}, m.mean...)
	total, err := m.passGaps(m.gapped, m.gapped.mean, func(b batch, w *workspace) float64 {
		w.join(e.logWeight)
		b.each(func(at, i int) { e.scaled.forceLabel(w.joint[at*m.k:(at+1)*m.k], i) })
		w.normalize(m.weight)
		b.each(func(at, i int) { copy(m.resp[i*m.k:(i+1)*m.k], w.joint[at*m.k:(at+1)*m.k]) })
		return sum(w.logs)
	})
	return total / m.total, err
}

// passGaps completes all rows, a batch at a time, calls f, which leaves the
// responsibilities in the workspace, and adds them up. It returns the sum of what f
// returned.
func (m *moments) passGaps(g *gapped, about []float64, f func(b batch, w *workspace) float64) (float64, error) {
	count := g.segments(m.k, m.d)
	parts, values, errs := make([]*completedSums, count), make([]float64, count), make([]error, count)
	source := rowSource{data: m.x, stride: m.d}
	completer := g.shapes.completer()
	forEach(count, func(s int) {
		parts[s] = newCompletedSums(m.k, m.d, about, g.dense)
		w := getWorkspace(m.k, m.d)
		defer putWorkspace(w)
		for _, b := range g.batches[s*len(g.batches)/count : (s+1)*len(g.batches)/count] {
			if m.ctx.Err() != nil {
				return
			}
			w.complete(b, completer, g.shapes, g.mean, source)
			values[s] += f(b, w)
			if math.IsNaN(values[s]) {
				errs[s] = density.SettingErrorf(ErrCollapsed, "gmm: the density of a row with missing values is not a number: {err}; use a smaller {Components} or a larger {Floor}")
				return
			}
			w.addTo(parts[s], m.total/float64(m.n))
		}
	})
	for _, p := range parts[1:] {
		floats.Add(parts[0].count, p.count)
		floats.Add(parts[0].first, p.first)
		floats.Add(parts[0].squares, p.squares)
		if g.dense {
			floats.Add(parts[0].second, p.second)
		}
	}
	g.sums = parts[0]
	for i := range g.sums.squares {
		if g.dense {
			g.sums.squares[i] = g.sums.second[i*m.d+i%m.d]
		}
	}
	return sum(values), firstError(errs)
}

// check returns an error for values of x, which are those of the rows that count, that
// are not finite or, where they may be missing, for columns without any.
func (s *scaledRows) check(x *mat.Dense, missing bool) error {
	seen := make([]bool, s.d)
	for i := range s.n {
		name := i + 1 // in the data
		if s.kept != nil {
			name = s.kept[i] + 1
		}
		for j, v := range x.RawRowView(i) {
			if err := checkValue(v, name, j, missing); err != nil {
				return err
			}
			seen[j] = seen[j] || !math.IsNaN(v)
		}
	}
	for j, any := range seen {
		if !any {
			return errEmptyColumn(j)
		}
	}
	return nil
}

// checkValue returns an error for a value, of a row that has a number from 1, that is
// not finite or, where it may be, missing.
func checkValue(v float64, row, j int, missing bool) error {
	switch {
	case !missing && (math.IsNaN(v) || math.IsInf(v, 0)):
		return density.SettingErrorf(density.ErrNonFinite, "gmm: row %d, column %d is %v: {err}; remove the row or fill the value in, or set {Missing} for values that are missing", row, j+1, v)
	case math.IsInf(v, 0):
		return fmt.Errorf("gmm: row %d, column %d is %v: %w; a missing value is NaN", row, j+1, v, density.ErrNonFinite)
	}
	return nil
}

func errEmptyColumn(j int) error {
	return fmt.Errorf("gmm: column %d has no values: %w; leave it out", j+1, density.ErrNonFinite)
}
