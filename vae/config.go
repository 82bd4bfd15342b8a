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
	// Freedom is ν of Student's t; absent for other likelihoods.
	Freedom float64 `json:"freedom,omitempty"`
	// Levels is K of the discretised logistic; absent for other likelihoods.
	Levels int `json:"levels,omitempty"`
	// Sigma says where the standard deviation of a Gaussian comes from.
	Sigma Sigma `json:"sigma"`
	// Floor holds, for Sigma network, the smallest variance of each of the
	// D columns: the log-variance of column j is the larger of the network's
	// output and ln Floor[j]. Absent where there is no floor, and where the
	// log-variance is a vector, which has the floor applied already.
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
	if c.Floor != nil && len(c.Floor) != c.Dim {
		return fmt.Errorf("vae: %d variance floors for %d columns", len(c.Floor), c.Dim)
	}
	for j, v := range c.Floor {
		if !(v > 0) || math.IsInf(v, 0) {
			return fmt.Errorf("vae: the variance floor of column %d is %v; want a positive number", j+1, v)
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
	if err := c.checkPrior(); err != nil {
		return err
	}
	return c.Sigma.check()
}

func (c *Config) checkLikelihood() error {
	form := c.Likelihood.describe()
	if form.check != nil {
		if err := form.check(c); err != nil {
			return err
		}
	}
	if c.Kind == Plain && form.plain == nil {
		var names []string
		for _, l := range likelihoods {
			if l.describe().plain != nil {
				names = append(names, l.String())
			}
		}
		return density.SettingErrorf(ErrSettings, "vae: an autoencoder has no {Likelihood=%v}: {err}; want one of %s", c.Likelihood, strings.Join(names, ", "))
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

// scaled says whether p(x|z) has a scale.
func (c *Config) scaled() bool {
	return newObservation(c).scaled()
}

// networkScale says whether that scale is an output of the decoder.
func (c *Config) networkScale() bool { return c.scaled() && c.Sigma.source == fromNetwork }

// decoderOutputs returns the width of the decoder's output.
func (c *Config) decoderOutputs() int {
	if c.networkScale() {
		return 2 * c.Dim
	}
	return c.Dim
}

// encoderWidths returns the widths of the encoder, input first.
func (c *Config) encoderWidths(outputs int) []int {
	return slices.Concat([]int{c.Dim}, c.Hidden, []int{outputs})
}

// decoderWidths returns the widths of the decoder, input first.
func (c *Config) decoderWidths() []int {
	hidden := slices.Clone(c.Hidden)
	slices.Reverse(hidden)
	return slices.Concat([]int{c.Latent}, hidden, []int{c.decoderOutputs()})
}

// logFloor returns ln Floor[j] for each column, −Inf where there is no floor.
func (c *Config) logFloor() []float64 {
	floor := make([]float64, c.Dim)
	for j := range floor {
		floor[j] = math.Inf(-1)
		if c.Floor != nil {
			floor[j] = math.Log(c.Floor[j])
		}
	}
	return floor
}
