package lcm

import (
	"math"

	"likely/density"
)

// Prior is what a fit believes before it sees the data, in rows that it pretends to have
// seen in each class. It is conjugate, so that the M-step stays a closed form. Under it
// nothing that a column can hold has probability 0, and EM maximises the posterior density.
type Prior struct {
	// Levels is the number of rows with each of the values of a Bernoulli or
	// Categorical column: a Beta(1+Levels, 1+Levels) or Dirichlet distribution of
	// the probabilities. 1 is Laplace's rule of succession.
	Levels float64 `json:"levels"`
	// Rates is the number of rows that hold the mean of a Poisson or NegativeBinomial
	// column: for Poisson a Gamma(1 + Rates·mean, Rates) distribution of the rate.
	Rates float64 `json:"rates"`
	// Weights is the number of rows of each class: a Dirichlet(1+Weights)
	// distribution of the classes' weights.
	Weights float64 `json:"weights"`
}

// DefaultPrior returns that of Settings without a prior.
func DefaultPrior() Prior { return Prior{Levels: 1, Rates: 1} }

func (p *Prior) check() error {
	for _, c := range []struct {
		name  string
		value float64
	}{{"Levels", p.Levels}, {"Rates", p.Rates}, {"Weights", p.Weights}} {
		if !(c.value >= 0) || math.IsInf(c.value, 1) {
			return density.SettingErrorf(ErrSettings, "lcm: {Prior}: %s is %v: {err}; want a number of rows, or 0 for none", c.name, c.value)
		}
	}
	return nil
}

// logDensity returns the logarithm of the prior density of the parameters, up to a
// constant.
func (p *Prior) logDensity(of *parameters, d *data) float64 {
	var sum float64
	times := func(count, log float64) {
		if count > 0 { // 0·∞ is 0
			sum += count * log
		}
	}
	l := d.layout
	for c := range of.k {
		times(p.Weights, of.logWeight[c])
		for q, v := range row(of.linear, c, len(l.linear)) {
			if j := l.linear[q]; l.columns[j].Kind == Poisson {
				times(p.Rates, d.mean[j]*math.Log(v)-v)
			} else {
				times(p.Levels, math.Log(v)+math.Log1p(-v))
			}
		}
		for _, v := range row(of.level, c, l.levels()) {
			times(p.Levels, math.Log(v))
		}
		for q, v := range row(of.mean, c, len(l.counts)) {
			times(p.Rates, logNegativeBinomial(d.mean[l.counts[q]], v, of.size[c*len(l.counts)+q]))
		}
	}
	return sum
}
