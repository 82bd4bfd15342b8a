package vae

import (
	"fmt"
	"math"

	"likely/density"
)

// wrong returns an error that wraps ErrSettings. The format has gaps for settings;
// see density.SettingError.
func wrong(format string, args ...any) error {
	return density.SettingErrorf(ErrSettings, "vae: "+format, args...)
}

// checkOptimizer reports settings that do not go with the optimiser. It sees them
// before defaults stand in the place of zeros.
func (s *Settings) checkOptimizer() error {
	for _, c := range []struct {
		setting string
		value   float64
		used    bool
		remedy  string
	}{
		{"Beta1", s.Beta1, s.Optimizer.adaptive(), "adam or adamw"},
		{"Beta2", s.Beta2, s.Optimizer.adaptive(), "adam or adamw"},
		{"Epsilon", s.Epsilon, s.Optimizer.adaptive(), "adam or adamw"},
		{"Momentum", s.Momentum, s.Optimizer == SGD, "sgd; adam has {Beta1} for that"},
		{"Decay", s.Decay, s.Optimizer != Adam, "adamw or sgd; adam takes nothing off the weights"},
	} {
		if c.value != 0 && !c.used {
			return wrong("{%s} is %v with {Optimizer=%v}: {err}; leave it out, or use %s", c.setting, c.value, s.Optimizer, c.remedy)
		}
	}
	return nil
}

// check reports the first of the resolved settings that makes no sense.
func (s *Settings) check() error {
	for _, c := range []struct {
		setting string
		value   int
	}{
		{"Latent", s.Latent}, {"Batch", s.Batch}, {"Samples", s.Samples},
		{"Epochs", s.Epochs}, {"Patience", s.Patience},
	} {
		if c.value < 1 {
			return wrong("{%s} is %d: {err}; want 1 or more, or 0 for the default", c.setting, c.value)
		}
	}
	for _, h := range s.Hidden {
		if h < 1 {
			return wrong("{Hidden} has a layer of width %d: {err}; want 1 or more", h)
		}
	}
	if err := s.checkNumbers(); err != nil {
		return err
	}
	switch {
	case s.FreeNats > 0 && s.Objective != ELBO:
		return wrong("{FreeNats} is %v with {Objective=%v}: {err}; it takes the divergence in closed form, so want elbo", s.FreeNats, s.Objective)
	case s.Objective == ScoreBaseline && s.Samples < 2:
		return wrong("{Objective=%v} with {Samples=%d}: {err}; want 2 or more", s.Objective, s.Samples)
	case s.Sigma == Optimal && s.Likelihood.Scaled() && !s.Likelihood.describe().normal:
		return wrong("{Sigma=optimal} with {Likelihood=%v}: {err}; it needs gaussian", s.Likelihood)
	case s.Dynamic && !s.Likelihood.on(density.Binary):
		return wrong("{Dynamic} with {Likelihood=%v}: {err}; fresh bits need bernoulli", s.Likelihood)
	}
	for _, c := range []interface{ MarshalText() ([]byte, error) }{s.Objective, s.Schedule, s.Optimizer, s.Activation, s.Norm, s.Precision} {
		if _, err := c.MarshalText(); err != nil {
			return fmt.Errorf("%w: %w", err, ErrSettings)
		}
	}
	if err := s.checkMixture(); err != nil {
		return err
	}
	return s.Sigma.check()
}

func (s *Settings) checkNumbers() error {
	const positive, notNegative, share = "a positive number, or 0 for the default", "0 or more", "a number between 0 and 1, or 0 for the default"
	between := func(v, low, high float64) bool { return v > low && v < high }
	inf := math.Inf(1)
	for _, c := range []struct {
		setting string
		value   float64
		ok      bool
		want    string
	}{
		{"Rate", s.Rate, between(s.Rate, 0, inf), positive},
		{"Floor", s.Floor, s.Floor < 1, "less than 1, since it is relative to the variance of a column"},
		{"Beta", s.Beta, between(s.Beta, 0, inf), positive},
		{"Beta1", s.Beta1, !s.Optimizer.adaptive() || between(s.Beta1, 0, 1), share},
		{"Beta2", s.Beta2, !s.Optimizer.adaptive() || between(s.Beta2, 0, 1), share},
		{"Epsilon", s.Epsilon, !s.Optimizer.adaptive() || between(s.Epsilon, 0, inf), positive},
		{"Momentum", s.Momentum, s.Momentum >= 0 && s.Momentum < 1, "0 or more, and less than 1"},
		{"Decay", s.Decay, s.Decay >= 0 && s.Decay < inf, notNegative},
		{"Clip", s.Clip, s.Clip >= 0 && !math.IsNaN(s.Clip), notNegative},
		{"Warmup", float64(s.Warmup), s.Warmup >= 0, notNegative},
		{"FreeNats", s.FreeNats, s.FreeNats >= 0, notNegative},
		{"Corruption", s.Corruption, s.Corruption >= 0 && s.Corruption < inf, notNegative},
	} {
		if !c.ok {
			return wrong("{%s} is %v: {err}; want %s", c.setting, c.value, c.want)
		}
	}
	return nil
}
