package vae

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"likely/density"
	"likely/gmm"
)

// Kind is what a [Config] is the architecture of.
type Kind int

const (
	// Variational is a [Model]. The zero value.
	Variational Kind = iota
	// Plain is an [Autoencoder].
	Plain
)

var kindNames = [...]string{"vae", "ae"}

// String returns vae or ae.
func (k Kind) String() string { return enumName(int(k), kindNames[:], "Kind") }

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) { return enumMarshal(int(k), kindNames[:], "kind") }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	i, err := enumParse(text, kindNames[:], "kind")
	*k = Kind(i)
	return err
}

// Config is the architecture of a model: with its tensors, all that is needed
// to rebuild it. It is kept as JSON in saved models.
type Config struct {
	// Kind is vae or, for the plain autoencoder, ae.
	Kind Kind `json:"family"`
	// Dim is D, the number of columns of the data.
	Dim int `json:"dim"`
	// Latent is L, the number of dimensions of the code.
	Latent int `json:"latent"`
	// Hidden lists the widths of the hidden layers from the data to the code;
	// the decoder mirrors them.
	Hidden []int `json:"hidden"`
	// Activation is the nonlinearity of the hidden layers.
	Activation Activation `json:"activation"`
	// Norm is how the hidden layers are normalised; absent: not.
	Norm Norm `json:"norm,omitzero"`
	// Likelihood is the form of p(x|z).
	Likelihood Likelihood `json:"likelihood"`
	// FullPosterior is whether q(z|x) has a full covariance; absent: no.
	FullPosterior bool `json:"full_posterior,omitempty"`
	// Columns are the likelihoods of the D columns for ByColumn; absent for others.
	Columns []Column `json:"column_likelihoods,omitempty"`
	// Freedom is ν of Student's t; absent where no column follows it.
	Freedom float64 `json:"freedom,omitempty"`
	// Levels is K of the discretised logistic, or the number of levels of each
	// column of Categorical; absent for other likelihoods.
	Levels int `json:"levels,omitempty"`
	// Fill is the mean of what the encoder sees of each column, in the place of a
	// value that is missing: a column of Categorical has the shares of its levels.
	// Absent: rows are complete. Mask says that the encoder sees besides, for each
	// column, a 1 where the value is missing and a 0 where it is there.
	Fill []float64 `json:"fill,omitempty"`
	Mask bool      `json:"mask,omitempty"`
	// Sigma says where the standard deviation of a Gaussian comes from.
	Sigma Sigma `json:"sigma"`
	// Floor holds, for Sigma network, the smallest variance of each column that has
	// one: the log-variance is the larger of the network's output and the logarithm
	// of the floor. Absent where there is no floor, and where the log-variance is a
	// vector, which has the floor applied already.
	Floor []float64 `json:"floor,omitempty"`
	// Prior is p(z); absent: N(0, I). PriorMixture describes the tensors of
	// one that was fitted after training.
	Prior        Prior       `json:"prior,omitzero"`
	PriorMixture *gmm.Config `json:"prior_mixture,omitempty"`
	// Autoencoder marks a density made of a plain autoencoder: its q(z|x) has
	// a variance that serves as a proposal only; absent: no.
	Autoencoder bool `json:"autoencoder,omitempty"`
	// Precision is the arithmetic of the networks.
	Precision Precision `json:"precision"`
}

// check returns an error if the architecture makes no sense, as that of a
// file from elsewhere may.
func (c *Config) check() error {
	const most = 1 << 24
	for _, width := range append([]int{c.Dim, c.Latent}, c.Hidden...) {
		if width < 1 || width > most {
			return fmt.Errorf("vae: a layer of width %d; want 1 to %d", width, most)
		}
	}
	for _, e := range []interface{ MarshalText() ([]byte, error) }{c.Kind, c.Activation, c.Norm, c.Precision} {
		if _, err := e.MarshalText(); err != nil {
			return err
		}
	}
	if err := c.checkLikelihood(); err != nil {
		return err
	}
	if err := c.checkFloor(); err != nil {
		return err
	}
	if err := c.checkFill(); err != nil {
		return err
	}
	if err := c.checkPrior(); err != nil {
		return err
	}
	return c.Sigma.check()
}

func (c *Config) checkFloor() error {
	if _, scales := c.heads(); c.Floor != nil && len(c.Floor) != scales {
		return fmt.Errorf("vae: %d variance floors for %d columns with a variance", len(c.Floor), scales)
	}
	for j, v := range c.Floor {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("vae: the variance floor %d is %v; want a positive number", j+1, v)
		}
	}
	return nil
}

func (c *Config) checkFill() error {
	if locations, _ := c.heads(); c.Fill != nil && len(c.Fill) != locations || c.Mask && c.Fill == nil {
		return fmt.Errorf("vae: %d means in the place of missing values; want %d, with a mask or without", len(c.Fill), locations)
	}
	for k, v := range c.Fill {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("vae: mean %d in the place of missing values is %v; want a finite number", k+1, v)
		}
	}
	return nil
}

func (c *Config) checkLikelihood() error {
	if (c.Likelihood == ByColumn) != (c.Columns != nil) {
		return density.SettingErrorf(ErrSettings, "vae: {Likelihood=%v} with {Columns} for %d columns: {err}; they go with %v, and it with them", c.Likelihood, len(c.Columns), ByColumn)
	}
	if c.Columns != nil && len(c.Columns) != c.Dim {
		return density.SettingErrorf(ErrSettings, "vae: {Columns} describes %d columns, the data have %d: {err}; want one entry for each", len(c.Columns), c.Dim)
	}
	for p := range c.parts() {
		if err := p.check(); err != nil {
			return err
		}
	}
	if c.Columns == nil || !c.scaled() || c.Sigma == Network || c.Sigma == PerDim {
		return nil
	}
	return density.SettingErrorf(ErrSettings, "vae: {Sigma=%v} with {Columns}: {err}; scales of different columns have nothing in common, so want network or per-dim", c.Sigma)
}

// check returns an error if the likelihood of the part makes no sense.
func (p *part) check() error {
	where := ""
	if p.config.Columns != nil {
		where = fmt.Sprintf(" in {Columns}, column %d", p.from+1)
		switch {
		case p.form.observe == nil:
			return density.SettingErrorf(ErrSettings, "vae: {Likelihood=%v}%s: {err}; want the likelihood of one column", p.config.Likelihood, where)
		case !p.form.levels && p.config.Levels != 0:
			return density.SettingErrorf(ErrSettings, "vae: {Likelihood=%v}%s has %d levels: {err}; it has none, so want 0", p.config.Likelihood, where, p.config.Levels)
		}
	}
	if p.form.check != nil {
		if err := p.form.check(&p.config); err != nil && where == "" {
			return err
		} else if err != nil {
			return density.SettingErrorf(err, "{err}%s", where)
		}
	}
	if p.config.Kind == Plain && p.form.plain == nil {
		var names []string
		for _, l := range likelihoods {
			if l.describe().plain != nil {
				names = append(names, l.String())
			}
		}
		return density.SettingErrorf(ErrSettings, "vae: an autoencoder has no {Likelihood=%v}%s: {err}; want one of %s", p.config.Likelihood, where, strings.Join(names, ", "))
	}
	return nil
}

func (c *Config) checkPrior() error {
	if err := c.Prior.check(); err != nil {
		return err
	}
	if c.Kind == Plain && c.Prior.kind != priorNormal {
		return fmt.Errorf("vae: an autoencoder with prior %v; it has none", c.Prior)
	}
	if (c.Prior.kind == priorExPost) != (c.PriorMixture != nil) {
		return fmt.Errorf("vae: prior %v does not go with the description of its mixture", c.Prior)
	}
	if m := c.PriorMixture; m != nil && (m.Dim != c.Latent || m.Components != c.Prior.components) {
		return fmt.Errorf("vae: prior %v over %d dimensions does not go with a mixture of %d components over %d", c.Prior, c.Latent, m.Components, m.Dim)
	}
	return nil
}

// heads returns the numbers of locations and of scales of p(x|z).
func (c *Config) heads() (locations, scales int) {
	for p := range c.parts() {
		n := p.to - p.from
		locations += n * p.width()
		if p.observation().scaled() {
			scales += n
		}
	}
	return locations, scales
}

// scaled says whether p(x|z) has a scale in some column.
func (c *Config) scaled() bool {
	_, scales := c.heads()
	return scales > 0
}

// logvarWidth returns the number of scales that are parameters beside the networks.
func (c *Config) logvarWidth() int {
	_, scales := c.heads()
	switch {
	case scales == 0 || c.Sigma.source == fromNetwork:
		return 0
	case c.Sigma.source == fromPerDim:
		return scales
	}
	return 1
}

// normal says whether p(x|z) is normal in every column.
func (c *Config) normal() bool {
	for p := range c.parts() {
		if !p.form.normal {
			return false
		}
	}
	return true
}

// decoderOutputs returns the width of the decoder's output.
func (c *Config) decoderOutputs() int {
	locations, scales := c.heads()
	if c.Sigma.source == fromNetwork {
		return locations + scales
	}
	return locations
}

// encoderInputs returns the width of what the encoder sees of a row.
func (c *Config) encoderInputs() int {
	locations, _ := c.heads()
	if c.Mask {
		return locations + c.Dim
	}
	return locations
}

// encoderWidths returns the widths of the encoder, input first.
func (c *Config) encoderWidths(outputs int) []int {
	return slices.Concat([]int{c.encoderInputs()}, c.Hidden, []int{outputs})
}

// decoderWidths returns the widths of the decoder, input first.
func (c *Config) decoderWidths() []int {
	hidden := slices.Clone(c.Hidden)
	slices.Reverse(hidden)
	return slices.Concat([]int{c.Latent}, hidden, []int{c.decoderOutputs()})
}

// logFloor returns the logarithm of the floor of each scale, −Inf where there is none.
func (c *Config) logFloor() []float64 {
	_, scales := c.heads()
	floor := make([]float64, scales)
	for j := range floor {
		floor[j] = math.Inf(-1)
		if c.Floor != nil {
			floor[j] = math.Log(c.Floor[j])
		}
	}
	return floor
}
