package vae

import (
	"fmt"
	"io"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// training is a run with its arithmetic hidden.
type training interface {
	next() error
	done() bool
	epoch() int
	history() *Report
	table() *mat.Dense
	result() (*coder, *Report, error)
	write(w io.Writer) error
	read(from io.Reader) error
	close()
	hold(encoder, model bool)
}

// newStepper checks data and settings, before anything is allocated, and prepares
// a run.
func newStepper(kind Kind, train, valid *mat.Dense, s Settings, seed func() uint64) (*stepper, error) {
	if err := checkSome(train, "train on"); err != nil {
		return nil, err
	}
	if valid != nil {
		if err := checkSome(valid, "validate on"); err != nil {
			return nil, err
		}
	}
	var err error
	given, givenValid := filled(train, s.Weights), filled(valid, s.ValidWeights)
	if train, s.Weights, err = present("Weights", train, s.Weights); err != nil {
		return nil, err
	}
	if valid, s.ValidWeights, err = present("ValidWeights", valid, s.ValidWeights); err != nil {
		return nil, err
	}
	if s.Missing {
		if train, s.Weights, err = valued(train, s.Weights); err != nil {
			return nil, err
		}
	}
	n, d := train.Dims()
	if n < 2 {
		return nil, fmt.Errorf("vae: %d training rows: %w; a fit needs two or more", n, ErrRows)
	}
	s, err = s.Resolve(n)
	if err != nil {
		return nil, err
	}
	if s.Schedule == Plateau && valid == nil {
		return nil, density.SettingErrorf(ErrRows, "vae: {Schedule=plateau} without validation rows: {err}; keep some, or use another schedule")
	}
	config := s.config(kind, d)
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := config.checkMemory(&s, freeMemory()); err != nil {
		return nil, err
	}
	if err := checkRows(&config, s.Dynamic, s.Missing, given, givenValid); err != nil {
		return nil, err
	}
	t := &stepper{settings: s}
	if s.Precision == Float64 {
		t.training, err = start[float64](config, train, valid, s, seed())
	} else {
		t.training, err = start[float32](config, train, valid, s, seed())
	}
	return t, err
}

// config returns the architecture of a network for d columns.
func (s *Settings) config(kind Kind, d int) Config {
	c := Config{
		Kind: kind, Dim: d, Latent: s.Latent, Hidden: s.Hidden, Activation: s.Activation, Norm: s.Norm,
		Likelihood: s.Likelihood, Sigma: s.Sigma, Precision: s.Precision, FullPosterior: s.FullPosterior,
	}
	if s.Prior.learned() {
		c.Prior = s.Prior
	}
	c.Columns = slices.Clone(s.Columns)
	for p := range c.parts() {
		if p.form.configure == nil {
			continue
		}
		configured := c
		p.form.configure(&configured, s)
		if c.Columns != nil {
			configured.Levels = 0 // each column has its own
		}
		c = configured
	}
	return c
}

// start prepares a run.
func start[T kernel.Float](c Config, train, valid *mat.Dense, s Settings, seed uint64) (training, error) {
	perColumn := c.Sigma.source == fromNetwork || c.Sigma.source == fromPerDim
	of := momentsOf(train, s.Weights)
	for j, v := range of.mean {
		if v != v {
			return nil, fmt.Errorf("vae: column %d of the training rows has no value: %w; leave it out", j+1, density.ErrNonFinite)
		}
	}
	obs := newObservation(&c)
	scale, err := obs.transform(of, perColumn)
	if err != nil {
		return nil, err
	}
	floor := floors(&c, s.Floor, of)
	if obs.network && floor != nil {
		// In the units of training until the networks are folded.
		c.Floor = make([]float64, len(floor))
		obs.eachScale(func(k, j int) { c.Floor[k] = floor[k] / (scale.Scale[j] * scale.Scale[j]) })
	}
	inputs := obs.inputs(of, scale)
	if s.Missing {
		c.Fill, c.Mask = obs.means(train, s.Weights, of), hasGaps(train)
	}
	t := newTrainState(newNetwork[T](c), s, train, floor, inputs, scale, seed)
	return newRun(t, train, valid, floor, inputs, scale), nil
}
