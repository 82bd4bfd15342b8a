package lcm

import (
	"fmt"
	"math"
	"slices"

	"likely/internal/safetensors"
)

// Config is what a saved mixture needs beside its tensors.
type Config struct {
	Dim        int      `json:"dim"`
	Components int      `json:"components"`
	Columns    []Column `json:"columns"`
}

// Config describes the model for a file.
func (m *Model) Config() Config {
	return Config{Dim: m.Dim(), Components: m.p.k, Columns: m.Columns()}
}

// Tensors returns the parameters as they are saved. Beside weights [K] there are those of
// the kinds that some column has, its columns in the order of the data:
//
//	bernoulli.probabilities    [K, columns]: of a 1
//	categorical.probabilities  [K, sum of levels], column after column
//	poisson.rates              [K, columns]
//	negative-binomial.means    [K, columns]
//	negative-binomial.sizes    [K, columns]: r, with variance = mean + mean²/r; +Inf for Poisson
//	normal.means               [K, columns]
//	normal.variances           [K, columns]
func (m *Model) Tensors() []safetensors.Tensor {
	out := []safetensors.Tensor{{Name: "weights", Shape: []int{m.p.k}, Data: slices.Clone(m.weights)}}
	for _, s := range slots(m.l, m.p) {
		t := safetensors.Tensor{Name: s.name, Shape: []int{m.p.k, s.width}}
		for c := range m.p.k {
			for q := range s.width {
				t.Data = append(t.Data, *s.at(c, q))
			}
		}
		out = append(out, t)
	}
	return out
}

// slot is where the numbers of a tensor [K, width] stand among parameters.
type slot struct {
	name  string
	width int
	at    func(c, q int) *float64
}

// slots returns those of the kinds that some column has.
func slots(l *layout, p *parameters) []slot {
	var all []slot
	add := func(name string, width int, at func(c, q int) *float64) {
		if width > 0 {
			all = append(all, slot{name, width, at})
		}
	}
	plain := func(x []float64) func(c, q int) *float64 {
		return func(c, q int) *float64 { return &x[c*(len(x)/p.k)+q] }
	}
	linear := func(name string, k Kind) {
		var places []int
		for q, j := range l.linear {
			if l.columns[j].Kind == k {
				places = append(places, q)
			}
		}
		add(name, len(places), func(c, q int) *float64 { return &p.linear[c*len(l.linear)+places[q]] })
	}
	linear("bernoulli.probabilities", Bernoulli)
	add("categorical.probabilities", l.levels(), plain(p.level))
	linear("poisson.rates", Poisson)
	add("negative-binomial.means", len(l.counts), plain(p.mean))
	add("negative-binomial.sizes", len(l.counts), plain(p.size))
	add("normal.means", len(l.normals), plain(p.centre))
	add("normal.variances", len(l.normals), plain(p.variance))
	return all
}

// FromTensors rebuilds the model that [Model.Tensors] describes; tensors with
// other names are ignored. Anything inconsistent is an error that wraps
// ErrParameters.
func FromTensors(c Config, tensors []safetensors.Tensor) (*Model, error) {
	if c.Components < 1 || c.Dim < 1 || len(c.Columns) != c.Dim {
		return nil, fmt.Errorf("lcm: %d classes of %d dimensions, with %d columns: %w", c.Components, c.Dim, len(c.Columns), ErrParameters)
	}
	for j, col := range c.Columns {
		if col.Kind < Bernoulli || col.Kind > Normal || col.Kind == Categorical && (col.Levels < 1 || col.Levels > maxLevels) || col.Kind != Categorical && col.Levels != 0 {
			return nil, fmt.Errorf("lcm: column %d, %v, has %d levels: %w", j+1, col.Kind, col.Levels, ErrParameters)
		}
	}
	l := newLayout(c.Columns)
	find := func(name string, shape ...int) ([]float64, error) {
		i := slices.IndexFunc(tensors, func(t safetensors.Tensor) bool { return t.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("lcm: tensor %q is missing: %w", name, ErrParameters)
		}
		if t := tensors[i]; !slices.Equal(t.Shape, shape) {
			return nil, fmt.Errorf("lcm: tensor %q has shape %v, want %v: %w", name, t.Shape, shape, ErrParameters)
		}
		return tensors[i].Data, nil
	}
	weights, err := find("weights", c.Components)
	if err != nil {
		return nil, err
	}
	// Only now, when K is known to be that of a tensor that exists, is there room for it.
	p := newParameters(c.Components, l)
	for _, s := range slots(l, p) {
		values, err := find(s.name, c.Components, s.width)
		if err != nil {
			return nil, err
		}
		for i, v := range values {
			*s.at(i/s.width, i%s.width) = v
		}
	}
	if err := p.check(l, weights); err != nil {
		return nil, err
	}
	return newModel(l, p, slices.Clone(weights)), nil
}

// check returns an error for parameters that are none.
func (p *parameters) check(l *layout, weights []float64) error {
	if err := sumsToOne(weights, "the weights"); err != nil {
		return err
	}
	for c := range p.k {
		bad := func(what string, j int, v float64) error {
			return fmt.Errorf("lcm: the %s of class %d in column %d is %v: %w", what, c+1, j+1, v, ErrParameters)
		}
		for q, j := range l.linear {
			v := p.linear[c*len(l.linear)+q]
			if !(v >= 0) || math.IsInf(v, 1) || l.columns[j].Kind == Bernoulli && v > 1 {
				return bad("probability or rate", j, v)
			}
		}
		for q, j := range l.tables {
			if err := sumsToOne(row(p.level, c, l.levels())[l.first[q]:l.first[q+1]], fmt.Sprintf("the probabilities of class %d in column %d", c+1, j+1)); err != nil {
				return err
			}
		}
		for q, j := range l.counts {
			at := c*len(l.counts) + q
			if v := p.mean[at]; !(v >= 0) || math.IsInf(v, 1) {
				return bad("mean", j, v)
			}
			if v := p.size[at]; !(v > 0) {
				return bad("size", j, v)
			}
		}
		for q, j := range l.normals {
			at := c*len(l.normals) + q
			if v := p.centre[at]; math.IsNaN(v) || math.IsInf(v, 0) {
				return bad("mean", j, v)
			}
			if v := p.variance[at]; !(v > 0) || math.IsInf(v, 1) {
				return bad("variance", j, v)
			}
		}
	}
	return nil
}

func sumsToOne(p []float64, what string) error {
	var sum float64
	for i, v := range p {
		if !(v >= 0) || math.IsInf(v, 1) {
			return fmt.Errorf("lcm: number %d of %s is %v: %w; want nonnegative numbers that sum to 1", i+1, what, v, ErrParameters)
		}
		sum += v
	}
	if !(math.Abs(sum-1) <= 1e-6) {
		return fmt.Errorf("lcm: %s sum to %v: %w; want 1", what, sum, ErrParameters)
	}
	return nil
}
