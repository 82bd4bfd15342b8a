package vae

import (
	"fmt"
	"math"
	"slices"

	"likely/density"
)

// Settings says what to fit and how. The zero value works.
type Settings struct {
	// Latent is L, the number of dimensions of the code; 0: 2.
	Latent int
	// Hidden lists the widths of the hidden layers from the data to the code;
	// the decoder mirrors them. nil: 200, 200. Empty but not nil: none, which
	// makes encoder and decoder linear.
	Hidden []int
	// Activation is the nonlinearity of the hidden layers; zero: Tanh.
	Activation Activation
	// Norm is how the hidden layers are normalised; zero: not.
	Norm Norm
	// Likelihood is the form of p(x|z); zero: Gaussian.
	Likelihood Likelihood
	// Freedom is the number of degrees of freedom of Likelihood StudentT; 0:
	// 4.
	Freedom float64
	// Levels is the number of levels of Likelihood DiscretizedLogistic; 0: 256.
	Levels int
	// Sigma says where the standard deviation of a Gaussian p(x|z) comes
	// from, or the scale of a likelihood that has one; zero: Network. Others ignore it.
	Sigma Sigma
	// Floor is the smallest variance that p(x|z) may have in a column,
	// relative to the variance of the column (of their mean, for a shared σ)
	// in the training data; 0: density.DefaultFloor. DiscretizedLogistic has a
	// floor of its own, e⁻⁷ of half the range for the scale. Negative: no floor, and
	// the bound may then grow without limit.
	Floor float64

	// Epochs is the largest number of passes over the training rows; 0: as
	// many as make 6000 steps, but at least 30.
	Epochs int
	// Batch is the number of rows in a minibatch; 0: 64 (or all, if fewer).
	Batch int
	// Rate is the first learning rate; 0: 0.001.
	Rate float64
	// Schedule is its course; zero: Descend.
	Schedule Schedule
	// FullPosterior gives q(z|x) a full covariance instead of a diagonal one.
	FullPosterior bool
	// Prior is p(z); zero: StandardNormal.
	Prior Prior
	// Samples is the number of codes drawn for each row in the bound while
	// training, in pairs with opposite noise; 0: 1.
	Samples int
	// Without hidden layers, where a step costs next to nothing and the
	// optimum is known exactly, the zero values mean 256 for Batch, 0.01 for
	// Rate and 4 for Samples.

	// Patience is the number of epochs without gain on the validation bound
	// after which it counts as no longer rising, with the consequence that
	// Schedule names; 0: a sixth of Epochs, but at least 10. Without
	// validation rows it is not used.
	Patience int

	// Optimizer moves the weights; zero: Adam.
	Optimizer Optimizer
	// Beta1, Beta2 and Epsilon are those of Adam; 0: 0.9, 0.999 and 1e-8. The
	// gradient is that of the mean over the minibatch.
	Beta1, Beta2, Epsilon float64
	// Momentum is that of SGD; 0: none.
	Momentum float64
	// Decay is the share of each weight taken off a step, per unit of the
	// learning rate (AdamW, Loshchilov & Hutter 2019); 0: none.
	Decay float64
	// Clip is the Euclidean length that the gradient of a minibatch is cut
	// to; 0: no limit.
	Clip float64

	// Objective is what training raises; zero: ELBO.
	Objective Objective
	// Beta is the weight of the divergence from the prior while training
	// (Higgins et al. 2017); 0: 1.
	Beta float64
	// Warmup is the number of epochs over which that weight rises linearly
	// from zero (Sønderby et al. 2016); 0: none.
	Warmup int
	// FreeNats is the divergence that each dimension of the code of each row
	// may have without a price (Kingma et al. 2016, there for minibatches);
	// for the objective ELBO only; 0: none.
	FreeNats float64
	// Dynamic says that the training rows are probabilities, each of which is
	// replaced by a fresh bit whenever the row enters a minibatch. For
	// Likelihood Bernoulli. The validation rows are binary.
	Dynamic bool

	// Corruption is the standard deviation of Gaussian noise added to what the
	// encoder sees, relative to the columns' scale, while the target stays
	// clean: with it a plain autoencoder is a denoising one (Vincent et al.
	// 2008). 0: none. Evaluation is always without.
	Corruption float64

	// Precision is the arithmetic of the networks; zero: Float32.
	Precision Precision
	// Progress, if not nil, is called after each epoch with the mean bound
	// on the training rows (while the weights were moving) and on the
	// validation rows (NaN if there are none), in nats per row.
	Progress func(epoch int, train, valid float64)
}

// The defaults behind the zero values of Settings.
const (
	defaultLatent = 2
	defaultWidth  = 200
	defaultSteps  = 6000
	minEpochs     = 30
	minPatience   = 10
)

// resolve returns the settings with zero values replaced for n training rows,
// or an error for values that make no sense.
func (s Settings) resolve(n int) (Settings, error) {
	if s.Latent == 0 {
		s.Latent = defaultLatent
	}
	if s.Hidden == nil {
		s.Hidden = []int{defaultWidth, defaultWidth}
	}
	s.Hidden = slices.Clone(s.Hidden)
	if s.Floor == 0 {
		s.Floor = density.DefaultFloor
	}
	batch, rate, samples := 64, 1e-3, 1
	if len(s.Hidden) == 0 {
		batch, rate, samples = 256, 1e-2, 4
	}
	if s.Batch == 0 {
		s.Batch = batch
	}
	s.Batch = min(s.Batch, n)
	if s.Rate == 0 {
		s.Rate = rate
	}
	if s.Samples == 0 {
		s.Samples = samples
	}
	if s.Epochs == 0 && s.Batch > 0 {
		s.Epochs = s.DefaultEpochs(n)
	}
	if s.Freedom == 0 {
		s.Freedom = 4
	}
	if s.Levels == 0 {
		s.Levels = 256
	}
	if s.Beta == 0 {
		s.Beta = 1
	}
	for _, d := range []struct {
		value    *float64
		standard float64
	}{{&s.Beta1, 0.9}, {&s.Beta2, 0.999}, {&s.Epsilon, 1e-8}} {
		if *d.value == 0 {
			*d.value = d.standard
		}
	}
	if s.Patience == 0 {
		s.Patience = max(s.Epochs/6, minPatience)
	}
	if err := s.check(); err != nil {
		return s, err
	}
	return s, s.Prior.checkTraining(&s, n)
}

// DefaultEpochs returns what Epochs 0 means for n training rows.
func (s Settings) DefaultEpochs(n int) int {
	batch := s.Batch
	if batch == 0 {
		batch = 64
		if s.Hidden != nil && len(s.Hidden) == 0 {
			batch = 256
		}
	}
	batch = max(min(batch, n), 1)
	perEpoch := (n + batch - 1) / batch
	return max((defaultSteps+perEpoch-1)/perEpoch, minEpochs)
}

func (s Settings) check() error {
	for _, c := range []struct {
		name  string
		value int
	}{
		{"Latent", s.Latent}, {"Batch", s.Batch}, {"Samples", s.Samples},
		{"Epochs", s.Epochs}, {"Patience", s.Patience},
	} {
		if c.value < 1 {
			return fmt.Errorf("vae: Settings.%s is %d; want 1 or more, or 0 for the default", c.name, c.value)
		}
	}
	for _, h := range s.Hidden {
		if h < 1 {
			return fmt.Errorf("vae: a hidden layer of width %d; want 1 or more", h)
		}
	}
	if !(s.Rate > 0) || math.IsInf(s.Rate, 0) {
		return fmt.Errorf("vae: Settings.Rate is %v; want a positive number, or 0 for the default", s.Rate)
	}
	if math.IsNaN(s.Floor) || s.Floor >= 1 {
		return fmt.Errorf("vae: Settings.Floor is %v; it is relative to the variance of a column, so want less than 1", s.Floor)
	}
	switch {
	case !(s.Beta > 0) || math.IsInf(s.Beta, 0):
		return fmt.Errorf("vae: Settings.Beta is %v; want a positive number, or 0 for 1", s.Beta)
	case !(s.Beta1 > 0 && s.Beta1 < 1 && s.Beta2 > 0 && s.Beta2 < 1 && s.Epsilon > 0):
		return fmt.Errorf("vae: Adam with Beta1 %v, Beta2 %v, Epsilon %v; want the first two between 0 and 1, the last positive", s.Beta1, s.Beta2, s.Epsilon)
	case !(s.Momentum >= 0 && s.Momentum < 1):
		return fmt.Errorf("vae: Settings.Momentum is %v; want 0 or more, and less than 1", s.Momentum)
	case !(s.Decay >= 0) || !(s.Clip >= 0):
		return fmt.Errorf("vae: Settings.Decay %v and Settings.Clip %v; want 0 or more", s.Decay, s.Clip)
	case !(s.Corruption >= 0) || math.IsInf(s.Corruption, 0):
		return fmt.Errorf("vae: Settings.Corruption is %v; want 0 or more", s.Corruption)
	case s.Warmup < 0:
		return fmt.Errorf("vae: Settings.Warmup is %d epochs; want 0 or more", s.Warmup)
	case !(s.FreeNats >= 0) || s.FreeNats > 0 && s.Objective != ELBO:
		return fmt.Errorf("vae: Settings.FreeNats is %v with objective %v; want 0 or more, with elbo", s.FreeNats, s.Objective)
	case s.Objective == ScoreBaseline && s.Samples < 2:
		return fmt.Errorf("vae: objective %v with %d sample; want Settings.Samples 2 or more", s.Objective, s.Samples)
	case s.Sigma == Optimal && (s.Likelihood == StudentT || s.Likelihood == DiscretizedLogistic):
		return fmt.Errorf("vae: sigma optimal with likelihood %v; it needs gaussian", s.Likelihood)
	case s.Dynamic && s.Likelihood != Bernoulli:
		return fmt.Errorf("vae: Settings.Dynamic with likelihood %v; fresh bits need bernoulli", s.Likelihood)
	}
	if _, err := s.Objective.MarshalText(); err != nil {
		return err
	}
	if _, err := s.Schedule.MarshalText(); err != nil {
		return err
	}
	if _, err := s.Optimizer.MarshalText(); err != nil {
		return err
	}
	if _, err := s.Activation.MarshalText(); err != nil {
		return err
	}
	if _, err := s.Norm.MarshalText(); err != nil {
		return err
	}
	if _, err := s.Likelihood.MarshalText(); err != nil {
		return err
	}
	if _, err := s.Precision.MarshalText(); err != nil {
		return err
	}
	return s.Sigma.check()
}
