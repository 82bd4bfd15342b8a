package query

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
	"likely/lcm"
)

// exact answers in closed form.
type exact interface {
	// given returns the distribution of column j for each row of x (N×D, model space,
	// NaN where nothing is known), in model space.
	given(x *mat.Dense, j int) []Column
	// responsibilities returns p(component | what is known) for each row (N×K).
	responsibilities(x *mat.Dense) *mat.Dense
	// expect and draw fill in what is not known.
	expect(x *mat.Dense) *mat.Dense
	draw(x *mat.Dense, seed source) *mat.Dense
}

// gaussians answers for a Gaussian mixture.
type gaussians struct{ *gmm.Model }

func (g gaussians) given(x *mat.Dense, j int) []Column {
	n, _ := x.Dims()
	out := make([]Column, n)
	g.ColumnGiven(x, j, func(i int, weights, means, variances []float64) {
		c := Column{weights: append([]float64(nil), weights...), parts: make([]part, len(means))}
		for k, m := range means {
			c.parts[k] = normal{m, math.Sqrt(variances[k])}
		}
		out[i] = c
	})
	return out
}

func (g gaussians) responsibilities(x *mat.Dense) *mat.Dense {
	return g.ResponsibilitiesObserved(nil, x)
}
func (g gaussians) expect(x *mat.Dense) *mat.Dense            { return g.Impute(nil, x) }
func (g gaussians) draw(x *mat.Dense, seed source) *mat.Dense { return g.RandMissing(nil, x, seed) }

// classes answers for a mixture of independent columns.
type classes struct{ *lcm.Model }

func (l classes) given(x *mat.Dense, j int) []Column {
	known := mat.DenseCopyOf(x)
	n, _ := known.Dims()
	for i := range n {
		known.Set(i, j, math.NaN())
	}
	r := l.Responsibilities(nil, known)
	parts := l.column(j)
	out := make([]Column, n)
	for i := range out {
		out[i] = Column{weights: r.RawRowView(i), parts: parts, discrete: l.Columns()[j].Kind != lcm.Normal}
	}
	return out
}

// column returns the distribution of a column in each class.
func (l classes) column(j int) []part {
	parts := make([]part, l.Components())
	kind := l.Columns()[j].Kind
	switch kind {
	case lcm.Bernoulli, lcm.Categorical:
		p := l.Probabilities(j)
		for c := range parts {
			parts[c] = table(p.RawRowView(c))
		}
		return parts
	}
	means, variances := l.Means(), l.Variances()
	for c := range parts {
		if kind == lcm.Normal {
			parts[c] = normal{means.At(c, j), math.Sqrt(variances.At(c, j))}
			continue
		}
		parts[c] = counts{means.At(c, j), variances.At(c, j), func(v float64) float64 { return l.LogColumn(c, j, v) }}
	}
	return parts
}

func (l classes) responsibilities(x *mat.Dense) *mat.Dense  { return l.Responsibilities(nil, x) }
func (l classes) expect(x *mat.Dense) *mat.Dense            { return l.Impute(nil, x) }
func (l classes) draw(x *mat.Dense, seed source) *mat.Dense { return l.RandMissing(nil, x, seed) }
