package gmm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// ColumnGiven calls f for each row of x (N×D, NaN for values that are not known) with
// the distribution of column j given the values of the others: a mixture of K normals
// with the given weights, means and variances, which f may not keep. What x holds in
// column j counts for nothing. Calls for different rows are concurrent. The cost is
// O(K·D³) for each set of rows that lack the same, and O(K·D²) a row.
func (m *Model) ColumnGiven(x *mat.Dense, j int, f func(row int, weights, means, variances []float64)) {
	m.checkColumns([]int{j})
	known := mat.DenseCopyOf(x)
	n := m.rows(known)
	for i := range n {
		known.Set(i, j, math.NaN())
	}
	r := m.ResponsibilitiesObserved(nil, known)
	patterns, _ := patternsOf(n, m.d, known.At)
	forEach(len(patterns), func(at int) {
		p := &patterns[at]
		parts, variances, place := make([]*conditional, m.k), make([]float64, m.k), 0
		for p.missing[place] != j {
			place++
		}
		for k := range parts {
			parts[k] = m.conditional(p, k)
			variances[k] = parts[k].rest.At(place, place)
		}
		means := make([]float64, m.k)
		for _, i := range p.rows {
			for k, c := range parts {
				means[k] = c.expect(place, m.mean(k), known.RawRowView(i))
			}
			f(i, r.RawRowView(i), means, variances)
		}
	})
}

// expect returns the expectation of one missing column, given what x has of the others.
func (c *conditional) expect(place int, mean, x []float64) float64 {
	value := mean[c.pattern.missing[place]]
	if c.slope != nil {
		for b, o := range c.pattern.observed {
			value += c.slope.At(place, b) * (x[o] - mean[o])
		}
	}
	return value
}

// RandMissing stores the rows of x (N×D, NaN for missing values) with their missing
// values drawn from p(xₘ|xₒ) in dst (N×D, or nil, and then allocated; it may be x) and
// returns it. Row i is drawn from streams of its own, derived from src.
func (m *Model) RandMissing(dst, x *mat.Dense, src rand.Source) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.d, nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != m.d {
		panic("gmm: dst and data differ in shape")
	}
	r := m.ResponsibilitiesObserved(nil, x)
	patterns, _ := patternsOf(n, m.d, x.At)
	seed := src.Uint64()
	forEach(len(patterns), func(at int) {
		p := &patterns[at]
		parts, factors := make([]*conditional, m.k), make([]*mat.Dense, m.k)
		noise, filled := make([]float64, len(p.missing)), make([]float64, m.d)
		for _, i := range p.rows {
			random := rand.New(density.NewSource(seed, "gmm.missing", uint64(i)))
			k := drawIndex(r.RawRowView(i), 1, random)
			if parts[k] == nil {
				parts[k] = m.conditional(p, k)
				factors[k] = parts[k].root()
			}
			parts[k].fill(filled, m.mean(k), x.RawRowView(i))
			for a := range noise {
				noise[a] = random.NormFloat64()
			}
			for a, j := range p.missing {
				for b, v := range noise {
					filled[j] += factors[k].At(a, b) * v
				}
			}
			dst.SetRow(i, filled)
		}
	})
	return dst
}

// root returns R with R·Rᵀ the covariance of what is missing; nil if nothing is.
func (c *conditional) root() *mat.Dense {
	if c.rest == nil {
		return nil
	}
	q, _ := c.rest.Dims()
	sym := mat.NewSymDense(q, nil)
	for a := range q {
		for b := range a + 1 {
			sym.SetSym(a, b, 0.5*(c.rest.At(a, b)+c.rest.At(b, a)))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(sym, true) {
		panic("gmm: a covariance has no eigenvectors")
	}
	var root mat.Dense
	eigen.VectorsTo(&root)
	values := eigen.Values(nil)
	root.Apply(func(_, b int, v float64) float64 { return v * math.Sqrt(max(values[b], 0)) }, &root)
	return &root
}
