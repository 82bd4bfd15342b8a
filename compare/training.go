package compare

import (
	"math"

	"likely/vae"
)

// TrainingConfig says how the networks are trained. Zero values leave the
// choice to package vae.
type TrainingConfig struct {
	Optimizer    string // adam, adamw or sgd
	Beta1, Beta2 float64
	Epsilon      float64
	Momentum     float64
	Decay        float64
	Schedule     vae.Schedule
	Patience     int
	Clip         float64
	FreeNats     float64
	Corruption   float64 // of what the plain autoencoder sees
}

// adamWDecay is the decay of AdamW where no flag gives one, that of its authors'
// program.
const adamWDecay = 0.01

// check reports the first setting that makes no sense, naming its flag.
func (c *TrainingConfig) check(config *Config) error {
	number := func(flag string, v float64) error {
		if !(v >= 0) || math.IsInf(v, 0) {
			return usagef("--%s %v: want a positive number, or 0 for the default", flag, v)
		}
		return nil
	}
	below1 := func(flag string, v float64) error {
		if !(v >= 0 && v < 1) {
			return usagef("--%s %v: want a number from 0, for the default, up to, but not including, 1", flag, v)
		}
		return nil
	}
	for _, err := range []error{
		below1("vae-beta1", c.Beta1), below1("vae-beta2", c.Beta2), below1("vae-momentum", c.Momentum),
		number("vae-epsilon", c.Epsilon), number("vae-decay", c.Decay), number("vae-clip", c.Clip),
		number("vae-free-nats", c.FreeNats), number("ae-corruption", c.Corruption),
	} {
		if err != nil {
			return err
		}
	}
	adaptive := c.Beta1 > 0 || c.Beta2 > 0 || c.Epsilon > 0
	switch {
	case c.Optimizer != "" && c.Optimizer != "adam" && c.Optimizer != "adamw" && c.Optimizer != "sgd":
		return usagef("--vae-optimizer %q: want one of adam, adamw, sgd", c.Optimizer)
	case c.Optimizer == "sgd" && adaptive:
		return usagef("--vae-beta1, --vae-beta2 and --vae-epsilon are those of adam: leave them out with --vae-optimizer sgd")
	case c.Optimizer != "sgd" && c.Momentum > 0:
		return usagef("--vae-momentum %v: add --vae-optimizer sgd; adam has --vae-beta1 for that", c.Momentum)
	case c.Optimizer != "sgd" && c.Optimizer != "adamw" && c.Decay > 0:
		return usagef("--vae-decay %v: add --vae-optimizer adamw or sgd; adam takes nothing off the weights", c.Decay)
	case c.Patience < 0:
		return usagef("--vae-patience %d: want a number of epochs, or 0 for the default", c.Patience)
	case c.FreeNats > 0 && config.VAE.Objective != vae.ELBO:
		return usagef("--vae-free-nats %v: it takes the divergence in closed form; use --vae-objective elbo", c.FreeNats)
	case c.Schedule == vae.Plateau && config.Valid == 0:
		return usagef("--vae-schedule plateau: it follows the bound on validation rows; give a --valid above 0")
	}
	return nil
}

// apply sets the settings of a training.
func (c *TrainingConfig) apply(s *vae.Settings) {
	s.Beta1, s.Beta2, s.Epsilon = c.Beta1, c.Beta2, c.Epsilon
	s.Momentum, s.Decay, s.Clip = c.Momentum, c.Decay, c.Clip
	s.Schedule, s.Patience, s.FreeNats = c.Schedule, c.Patience, c.FreeNats
	switch c.Optimizer {
	case "sgd":
		s.Optimizer = vae.SGD
	case "adamw":
		if s.Decay == 0 {
			s.Decay = adamWDecay
		}
	}
}
