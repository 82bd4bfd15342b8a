package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Rows with missing values, given as NaN. Under values missing at random the
// likelihood is that of what is observed, and EM stays exact (Ghahramani & Jordan
// 1994): the E-step weighs components by the density of the observed columns o,
// and the M-step takes for the missing columns m of a row their conditional
// expectation and covariance under each component,
//
//	x̂ₘ = μₘ + Σₘₒ Σₒₒ⁻¹ (xₒ − μₒ)        Cₘₘ = Σₘₘ − Σₘₒ Σₒₒ⁻¹ Σₒₘ

// pattern is a set of rows that lack the same columns.
type pattern struct {
	observed, missing []int // columns
	rows              []int
}

// patternsOf groups the rows of x (N×D, row-major) by what they lack, in order of
// appearance. It returns nil if nothing is missing.
func patternsOf(n, d int, at func(i, j int) float64) []pattern {
	index := make(map[string]int)
	var patterns []pattern
	lacks := false
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
	if !lacks {
		return nil
	}
	return patterns
}

// conditional is what a Gaussian says about missing columns given observed ones.
type conditional struct {
	pattern  *pattern
	chol     mat.Cholesky // of Σₒₒ
	slope    *mat.Dense   // Σₘₒ Σₒₒ⁻¹, |m|×|o|; nil if either is empty
	rest     *mat.Dense   // Cₘₘ, |m|×|m|; nil if nothing is missing
	constant float64      // −½(|o| ln 2π + ln|Σₒₒ|)
}

// newConditional returns the conditional of Σ, given by its elements.
func newConditional(p *pattern, at func(i, j int) float64) (*conditional, error) {
	c := &conditional{pattern: p}
	o, q := len(p.observed), len(p.missing)
	if o > 0 {
		block := mat.NewSymDense(o, nil)
		for a, i := range p.observed {
			for b := range a + 1 {
				block.SetSym(a, b, at(i, p.observed[b]))
			}
		}
		if !c.chol.Factorize(block) {
			return nil, ErrCollapsed
		}
		c.constant = -0.5 * (float64(o)*math.Log(2*math.Pi) + c.chol.LogDet())
	}
	if q == 0 {
		return c, nil
	}
	c.rest = mat.NewDense(q, q, nil)
	for a, i := range p.missing {
		for b, j := range p.missing {
			c.rest.Set(a, b, at(i, j))
		}
	}
	if o == 0 {
		return c, nil
	}
	cross := mat.NewDense(o, q, nil)
	for a, i := range p.observed {
		for b, j := range p.missing {
			cross.Set(a, b, at(i, j))
		}
	}
	var solved mat.Dense
	if err := c.chol.SolveTo(&solved, cross); err != nil {
		if _, nearly := err.(mat.Condition); !nearly {
			return nil, ErrCollapsed
		}
	}
	c.slope = mat.DenseCopyOf(solved.T())
	var explained mat.Dense
	explained.Mul(c.slope, cross)
	c.rest.Sub(c.rest, &explained)
	return c, nil
}

// logDensity returns log N(xₒ; μₒ, Σₒₒ).
func (c *conditional) logDensity(mean, x []float64) float64 {
	if len(c.pattern.observed) == 0 {
		return 0
	}
	e := mat.NewVecDense(len(c.pattern.observed), nil)
	for a, j := range c.pattern.observed {
		e.SetVec(a, x[j]-mean[j])
	}
	var solved mat.VecDense
	if err := c.chol.SolveVecTo(&solved, e); err != nil {
		if _, nearly := err.(mat.Condition); !nearly {
			return math.NaN()
		}
	}
	return c.constant - 0.5*mat.Dot(e, &solved)
}

// fill stores x with its missing columns replaced by their expectation in dst.
func (c *conditional) fill(dst, mean, x []float64) {
	copy(dst, x)
	for a, j := range c.pattern.missing {
		dst[j] = mean[j]
		if c.slope != nil {
			for b, o := range c.pattern.observed {
				dst[j] += c.slope.At(a, b) * (x[o] - mean[o])
			}
		}
	}
}

// conditionals returns those of component k for all patterns.
func conditionals(patterns []pattern, s shapes, k int) ([]*conditional, error) {
	out := make([]*conditional, len(patterns))
	for i := range patterns {
		var err error
		if out[i], err = newConditional(&patterns[i], func(a, b int) float64 { return s.at(k, a, b) }); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// collectMissing computes counts, means and scatters for rows with missing values
// from the covariances so far, nil at first: columns are then taken to have mean
// 0 and covariance I, as the scaled rows do.
func (m *moments) collectMissing(s shapes) error {
	if s == nil {
		ones := make([]float64, m.k*m.d)
		fill(ones, 1)
		s = newDiagonalShapes(Diagonal, m.k, m.d, ones)
	}
	m.scatters = make([][]float64, m.k)
	errs := make([]error, m.k)
	forEach(m.k, func(k int) {
		m.scatters[k] = make([]float64, m.d*m.d)
		given, err := conditionals(m.patterns, s, k)
		if err != nil {
			errs[k] = m.collapsed(k, err)
			return
		}
		m.count[k] = 0
		for i := range m.n {
			m.count[k] += m.resp[i*m.k+k]
		}
		if !(m.count[k] > noRowsLeft*m.total) || m.ctx.Err() != nil {
			m.prior.place(m.mean[k*m.d : (k+1)*m.d])
			return
		}
		m.complete(k, given)
	})
	return firstError(errs)
}

// complete computes the mean and scatter of component k.
func (m *moments) complete(k int, given []*conditional) {
	d := m.d
	mean := m.mean[k*d : (k+1)*d]
	filled := make([]float64, m.n*d)
	next := make([]float64, d)
	for _, c := range given {
		for _, i := range c.pattern.rows {
			row := filled[i*d : (i+1)*d]
			c.fill(row, mean, m.x[i*d:(i+1)*d])
			floats.AddScaled(next, m.resp[i*m.k+k]/m.count[k], row)
		}
	}
	copy(mean, next)
	m.prior.pull(mean, m.count[k])
	scatter := m.scatters[k]
	for _, c := range given {
		var weight float64
		for _, i := range c.pattern.rows {
			r := m.resp[i*m.k+k]
			weight += r
			row := filled[i*d : (i+1)*d]
			floats.Sub(row, mean)
			for a, v := range row {
				floats.AddScaled(scatter[a*d:(a+1)*d], r*v, row)
			}
		}
		for a, i := range c.pattern.missing {
			for b, j := range c.pattern.missing {
				scatter[i*d+j] += weight * c.rest.At(a, b)
			}
		}
	}
}

// expectMissing is the part of the E-step that differs: the log joint densities of
// what is observed, in resp.
func (e *EM) expectMissing() error {
	m := &e.moments
	errs := make([]error, m.k)
	forEach(m.k, func(k int) {
		given, err := conditionals(m.patterns, e.shapes, k)
		if err != nil {
			errs[k] = m.collapsed(k, err)
			return
		}
		mean := m.mean[k*m.d : (k+1)*m.d]
		for _, c := range given {
			if m.ctx.Err() != nil {
				return
			}
			for _, i := range c.pattern.rows {
				m.resp[i*m.k+k] = e.logWeight[k] + c.logDensity(mean, m.x[i*m.d:(i+1)*m.d])
			}
		}
	})
	return firstError(errs)
}

// checkMissing returns an error for infinite values and for rows and columns
// without any value.
func checkMissing(x *mat.Dense) error {
	n, d := x.Dims()
	seen := make([]bool, d)
	for i := range n {
		any := false
		for j, v := range x.RawRowView(i) {
			if math.IsInf(v, 0) {
				return fmt.Errorf("gmm: row %d, column %d is %v: %w; a missing value is NaN", i+1, j+1, v, density.ErrNonFinite)
			}
			if !math.IsNaN(v) {
				any, seen[j] = true, true
			}
		}
		if !any {
			return fmt.Errorf("gmm: row %d has no values: %w; leave it out", i+1, density.ErrNonFinite)
		}
	}
	for j, any := range seen {
		if !any {
			return fmt.Errorf("gmm: column %d has no values: %w; leave it out", j+1, density.ErrNonFinite)
		}
	}
	return nil
}

// LogProbObserved stores the log density of the observed columns of each row of x
// (N×D, NaN for missing values) in dst (length N, or nil) and returns it, in nats.
// It is 0 for a row without values. Densities of rows that observe different
// columns have different units.
func (m *Model) LogProbObserved(dst []float64, x *mat.Dense) []float64 {
	n := m.rows(x)
	dst = density.Resize(dst, n)
	m.eachPattern(x, func(i int, joint []float64, _ []*conditional) {
		dst[i] = density.LogSumExp(joint)
	})
	return dst
}

// ResponsibilitiesObserved stores p(z=k|xₒ), given the observed columns of each row
// of x (N×D, NaN for missing values), in dst (N×K, or nil, and then allocated) and
// returns it. They are the weights for a row without values.
func (m *Model) ResponsibilitiesObserved(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.k, nil)
	}
	if dn, dk := dst.Dims(); dn != n || dk != m.k {
		panic("gmm: dst is not N×K")
	}
	m.eachPattern(x, func(i int, joint []float64, _ []*conditional) {
		total := density.LogSumExp(joint)
		for k, v := range joint {
			dst.Set(i, k, math.Exp(v-total))
		}
	})
	return dst
}

// Impute stores the rows of x (N×D, NaN for missing values) with their missing
// values replaced by E[xₘ|xₒ] in dst (N×D, or nil, and then allocated) and returns
// it.
func (m *Model) Impute(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.d, nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != m.d {
		panic("gmm: dst and data differ in shape")
	}
	filled := make([]float64, m.d)
	m.eachPattern(x, func(i int, joint []float64, given []*conditional) {
		row := append([]float64{}, x.RawRowView(i)...)
		to := dst.RawRowView(i)
		copy(to, row)
		for _, j := range given[0].pattern.missing {
			to[j] = 0
		}
		total := density.LogSumExp(joint)
		for k, c := range given {
			c.fill(filled, m.mean(k), row)
			for _, j := range c.pattern.missing {
				to[j] += math.Exp(joint[k]-total) * filled[j]
			}
		}
	})
	return dst
}

// eachPattern calls f for each row, with its log joint densities and the
// conditionals of all components for what the row lacks.
func (m *Model) eachPattern(x *mat.Dense, f func(i int, joint []float64, given []*conditional)) {
	n, _ := x.Dims()
	patterns := patternsOf(n, m.d, x.At)
	if patterns == nil {
		all := pattern{}
		for j := range m.d {
			all.observed = append(all.observed, j)
		}
		for i := range n {
			all.rows = append(all.rows, i)
		}
		patterns = []pattern{all}
	}
	joint := make([]float64, m.k)
	for p := range patterns {
		given := make([]*conditional, m.k)
		for k := range given {
			var err error
			if given[k], err = newConditional(&patterns[p], func(a, b int) float64 { return m.shapes.at(k, a, b) }); err != nil {
				panic("gmm: a block of a covariance is not positive definite")
			}
		}
		for _, i := range patterns[p].rows {
			for k, c := range given {
				joint[k] = m.logWeight[k] + c.logDensity(m.mean(k), x.RawRowView(i))
			}
			f(i, joint, given)
		}
	}
}
