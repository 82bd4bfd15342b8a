package vae

import (
	"iter"
	"slices"

	"likely/density"
)

// Column is the likelihood of one column.
type Column struct {
	// Likelihood is the form of p(x|z) in the column.
	Likelihood Likelihood `json:"likelihood"`
	// Levels is the number of levels of a likelihood that has them, such as
	// Categorical; 0 for others.
	Levels int `json:"levels,omitempty"`
}

// ByColumn stands for a likelihood of its own in each column: p(x|z) is the product of
// those of Settings.Columns. Its log-density is against the product of Lebesgue measure
// for the columns of densities and counting measure for those of probabilities.
var ByColumn = Likelihood{&byColumnForm}

// scaled is what it may be; see Config.scaled for what it is.
var byColumnForm = likelihoodForm{name: "by-column", scaled: true}

// part is a likelihood and the adjacent columns [from, to) that have it.
type part struct {
	form     *likelihoodForm
	config   Config // of these columns as a model of their own
	from, to int
}

// MeasuresOf returns what a density of such columns is a density with respect to, the
// usual one first: mixed where some columns have densities and some probabilities.
func MeasuresOf(columns []Column) []density.Measure {
	c := Config{Dim: len(columns), Columns: columns, Likelihood: ByColumn}
	return c.measures()
}

func (c *Config) measures() []density.Measure {
	var common []density.Measure
	counted, measured := false, false
	first := true
	for p := range c.parts() {
		own := p.form.measures
		if slices.Contains(own, density.Continuous) {
			measured = true
		} else {
			counted = true
		}
		if first {
			common, first = slices.Clone(own), false
		}
		common = slices.DeleteFunc(common, func(m density.Measure) bool { return !slices.Contains(own, m) })
	}
	switch {
	case len(common) > 0 || first:
		return common
	case counted && measured:
		return []density.Measure{density.Mixed}
	}
	return []density.Measure{density.Discrete} // bits among levels
}

// parts cuts the columns into those that stand side by side and have the same
// likelihood. The parts share their memory.
func (c *Config) parts() iter.Seq[*part] {
	return func(yield func(*part) bool) {
		p := part{form: c.Likelihood.describe(), config: *c, to: c.Dim}
		if c.Columns == nil {
			yield(&p)
			return
		}
		for ; p.from < len(c.Columns); p.from = p.to {
			column := c.Columns[p.from]
			for p.to = p.from + 1; p.to < len(c.Columns) && c.Columns[p.to] == column; {
				p.to++
			}
			p.form = column.Likelihood.describe()
			p.config.Likelihood, p.config.Levels, p.config.Dim = column.Likelihood, column.Levels, p.to-p.from
			if !yield(&p) {
				return
			}
		}
	}
}

// observation returns p(x|z) of the part in the units of the data.
func (p *part) observation() observation {
	if p.config.Kind == Plain {
		return p.form.plain(&p.config)
	}
	return p.form.observe(&p.config)
}

// width returns the number of locations of each column of the part.
func (p *part) width() int {
	if p.form.width == nil {
		return 1
	}
	return p.form.width(&p.config)
}
