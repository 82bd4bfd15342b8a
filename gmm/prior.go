package gmm

import (
	"math"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// Prior makes a fit maximise the posterior density of the parameters instead of
// their likelihood, under the conjugate prior (Fraley & Raftery 2007)
//
//	π ~ Dirichlet(α)    μₖ | Σₖ ~ N(m, Σₖ/κ)    Σₖ ~ inverse-Wishart(ν, Λ)
//
// independently over components, restricted to the family of covariances. A few
// pseudo-rows of prior are the gentle remedy against collapse: with Λ positive
// definite the posterior is bounded, with or without a floor. The zero value gives
// the defaults of that paper.
type Prior struct {
	// Concentration is α, at least 1; 0: 1, which leaves the weights alone.
	Concentration float64 `json:"concentration"`
	// Shrinkage is κ, in rows; 0: 0.01. Negative: none, a flat prior of the
	// means.
	Shrinkage float64 `json:"shrinkage"`
	// Mean is m (length D); nil: the mean of the data.
	Mean []float64 `json:"mean,omitempty"`
	// DegreesOfFreedom is ν; 0: D+2.
	DegreesOfFreedom float64 `json:"degrees_of_freedom"`
	// Scale is Λ (D×D, positive definite); nil: the covariance of the data
	// over K^(2/D), so that K clusters of that size fill the space; only its
	// diagonal where it is singular, as it is of fewer rows than columns.
	Scale mat.Symmetric `json:"-"`
}

// scaledPrior is a Prior for the scaled rows.
type scaledPrior struct {
	concentration, shrinkage, freedom float64

	mean, scale []float64 // D, D×D
}

// scaled returns the prior in the space that EM works in, of rows with the given
// covariance (D×D), which is asked for where the scale depends on it.
func (p *Prior) scaled(t density.Transform, k int, covariance func() ([]float64, error)) (*scaledPrior, error) {
	if p == nil {
		return nil, nil
	}
	d := len(t.Scale)
	if p.Mean != nil && len(p.Mean) != d || p.Scale != nil && p.Scale.SymmetricDim() != d {
		panic("gmm: prior and data differ in dimension")
	}
	out := &scaledPrior{
		concentration: p.Concentration, shrinkage: p.Shrinkage, freedom: p.DegreesOfFreedom,
		mean: make([]float64, d),
	}
	if out.concentration == 0 {
		out.concentration = 1
	}
	if out.shrinkage == 0 {
		out.shrinkage = 0.01
	}
	out.shrinkage = max(out.shrinkage, 0)
	if out.freedom == 0 {
		out.freedom = float64(d) + 2
	}
	if !(out.concentration >= 1) || !(out.freedom >= 0) || math.IsNaN(out.shrinkage) {
		return nil, density.SettingErrorf(ErrSettings, "gmm: {Prior} with concentration %v, shrinkage %v and %v degrees of freedom: {err}; want a concentration of at least 1 and nonnegative degrees of freedom", p.Concentration, p.Shrinkage, p.DegreesOfFreedom)
	}
	for j, v := range p.Mean {
		out.mean[j] = (v - t.Shift[j]) / t.Scale[j]
	}
	if p.Scale == nil {
		var err error
		if out.scale, err = covariance(); err != nil {
			return nil, err
		}
		floats.Scale(math.Pow(float64(k), -2/float64(d)), out.scale)
	} else {
		out.scale = make([]float64, d*d)
		for i := range d {
			for j := range d {
				out.scale[i*d+j] = p.Scale.At(i, j) / (t.Scale[i] * t.Scale[j])
			}
		}
	}
	var chol mat.Cholesky
	if p.Scale == nil && (!chol.Factorize(mat.NewSymDense(d, out.scale)) || chol.Cond() > 1/nothing) {
		for i := range out.scale {
			if i%(d+1) != 0 {
				out.scale[i] = 0
			}
		}
	}
	if floats.HasNaN(out.mean) || floats.HasNaN(out.scale) || !chol.Factorize(mat.NewSymDense(d, out.scale)) {
		return nil, density.SettingErrorf(ErrSettings, "gmm: mean or scale of {Prior}: {err}; want finite numbers and a positive definite scale")
	}
	return out, nil
}

// comoments sum up the covariance of scaled rows, about 0. With missing values each
// element is that of the rows that have both columns, or 0; the prior does without the
// others if these are not positive definite together.
type comoments struct {
	sums, weight []float64 // D×D
}

// add takes in rows (row-major), with the patterns of their missing values, or nil.
func (c *comoments) add(s *scaledRows) {
	d := s.d
	if c.sums == nil {
		c.sums, c.weight = make([]float64, d*d), make([]float64, d*d)
	}
	patterns := s.patterns
	if patterns == nil {
		patterns, _ = patternsOf(s.n, d, func(_, _ int) float64 { return 0 })
	}
	for _, p := range patterns {
		for _, i := range p.rows {
			row, w := s.row(i), s.weightOf(i)
			for _, a := range p.observed { // others are 0
				floats.AddScaled(c.sums[a*d:(a+1)*d], w*row[a], row)
			}
		}
		var weight float64
		for _, i := range p.rows {
			weight += s.weightOf(i)
		}
		for _, a := range p.observed {
			for _, b := range p.observed {
				c.weight[a*d+b] += weight
			}
		}
	}
}

func (c *comoments) covariance() []float64 {
	for i, w := range c.weight {
		if w > 0 {
			c.sums[i] /= w
		}
	}
	return c.sums
}

// covariance returns the covariance of the scaled rows (D×D).
func (s *scaledRows) covariance() ([]float64, error) {
	var c comoments
	c.add(s)
	return c.covariance(), nil
}

// shrink moves the mean of component k towards that of the prior.
func (p *scaledPrior) shrink(mean []float64, count float64) {
	if p == nil || p.shrinkage == 0 {
		return
	}
	for j := range mean {
		mean[j] = (count*mean[j] + p.shrinkage*p.mean[j]) / (count + p.shrinkage)
	}
}

// place gives a component without rows the mean of the prior, if it has one.
func (p *scaledPrior) place(mean []float64) {
	if p != nil && p.shrinkage > 0 {
		copy(mean, p.mean)
	}
}

// addTo adds to a scatter about the mean what the prior has seen,
// Λ + κ(μ−m)(μ−m)ᵀ.
func (p *scaledPrior) addTo(scatter, mean []float64) {
	if p == nil {
		return
	}
	d := len(mean)
	e := make([]float64, d)
	floats.SubTo(e, mean, p.mean)
	floats.Add(scatter, p.scale)
	for i, v := range e {
		floats.AddScaled(scatter[i*d:(i+1)*d], p.shrinkage*v, e)
	}
}

// addProduct adds to W·B, for B of D×L, what addTo would have added to W.
func (p *scaledPrior) addProduct(out, mean, b []float64, l int) {
	if p == nil {
		return
	}
	d := len(mean)
	kernel.Gemm(false, false, d, l, d, 1, p.scale, d, b, l, 1, out, l)
	e, projected := make([]float64, d), make([]float64, l)
	floats.SubTo(e, mean, p.mean)
	for j, v := range e {
		floats.AddScaled(projected, v, b[j*l:(j+1)*l])
	}
	for j, v := range e {
		floats.AddScaled(out[j*l:(j+1)*l], p.shrinkage*v, projected)
	}
}

// rows returns the number of rows that the prior of a covariance counts for.
func (p *scaledPrior) rows() float64 {
	if p == nil {
		return 0
	}
	extra := 1.0 // for the covariance in the prior of the mean
	if p.shrinkage == 0 {
		extra = 0
	}
	return p.freedom + float64(len(p.mean)) + 1 + extra
}

// weights stores ln πₖ at the maximum of the posterior in logs.
func (p *scaledPrior) weights(logs, count []float64) {
	extra := 0.0
	if p != nil {
		extra = p.concentration - 1
	}
	total := sum(count) + extra*float64(len(count))
	for k, c := range count {
		logs[k] = math.Log((c + extra) / total)
	}
}

// logDensity returns the logarithm of the prior density up to a constant.
func (p *scaledPrior) logDensity(logWeight, means []float64, s shapes) (float64, error) {
	if p == nil {
		return 0, nil
	}
	d := len(p.mean)
	var total float64
	sigma := mat.NewSymDense(d, nil)
	var chol mat.Cholesky
	for k, w := range logWeight {
		if p.concentration > 1 {
			total += (p.concentration - 1) * w
		}
		for i := range d {
			for j := range i + 1 {
				sigma.SetSym(i, j, s.at(k, i, j))
			}
		}
		if !chol.Factorize(sigma) {
			return 0, ErrCollapsed
		}
		seen := make([]float64, d*d)
		p.addTo(seen, means[k*d:(k+1)*d])
		var solved mat.Dense
		if err := chol.SolveTo(&solved, mat.NewDense(d, d, seen)); err != nil {
			if _, nearly := err.(mat.Condition); !nearly {
				return 0, ErrCollapsed
			}
		}
		total -= 0.5 * (p.rows()*chol.LogDet() + mat.Trace(&solved))
	}
	return total, nil
}

// shift returns what is added to the objective of scaled rows, per unit of
// weight, to have that of the data.
func (p *scaledPrior) shift(t density.Transform, k int) float64 {
	if p == nil {
		return 0
	}
	// |Σ| grows by the square of the scales; Λ grows with it.
	return p.rows() * float64(k) * t.LogJacobian()
}
