package vae

import (
	"fmt"

	"likely/density"
)

// Settings says what to fit and how. The zero value works. As JSON it is complete but
// for functions: what Resolve returns can be kept, read back and fitted again.
type Settings struct {
	// Latent is L, the number of dimensions of the code; 0: 2.
	Latent int `json:"latent"`
	// Hidden lists the widths of the hidden layers from the data to the code;
	// the decoder mirrors them. nil: 200, 200. Empty but not nil: none, which
	// makes encoder and decoder linear.
	Hidden []int `json:"hidden"`
	// Activation is the nonlinearity of the hidden layers; zero: Tanh.
	Activation Activation `json:"activation"`
	// Norm is how the hidden layers are normalised; zero: not.
	Norm Norm `json:"norm"`
	// Likelihood is the form of p(x|z); zero: Gaussian.
	Likelihood Likelihood `json:"likelihood"`
	// Columns gives each of the D columns a likelihood of its own; nil: all have that
	// of Likelihood, which with them is ByColumn, as it is if left out.
	Columns []Column `json:"columns,omitempty"`
	// Freedom is the number of degrees of freedom of Likelihood StudentT; 0: 4.
	Freedom float64 `json:"freedom"`
	// Levels is the number of levels of Likelihood DiscretizedLogistic or Categorical;
	// 0: 256.
	Levels int `json:"levels"`
	// Sigma says where the standard deviation of a Gaussian p(x|z) comes
	// from, or the scale of another likelihood that has one; zero: Network.
	// Likelihoods without a scale ignore it.
	Sigma Sigma `json:"sigma"`
	// Floor is the smallest variance that p(x|z) may have in a column,
	// relative to the variance of the column (of their mean, for a shared σ)
	// in the training data; 0: density.DefaultFloor. DiscretizedLogistic has a
	// floor of its own, e⁻⁷ of half the range for the scale. Negative: no floor, and
	// the bound may then grow without limit.
	Floor float64 `json:"floor"`

	// Epochs is the largest number of passes over the training rows; 0: as
	// many as make 6000 steps, but at least 30.
	Epochs int `json:"epochs"`
	// Batch is the number of rows in a minibatch; 0: 64 (or all, if fewer).
	Batch int `json:"batch"`
	// Rate is the first learning rate; 0: 0.001.
	Rate float64 `json:"rate"`
	// Schedule is its course; zero: Descend.
	Schedule Schedule `json:"schedule"`
	// FullPosterior gives q(z|x) a full covariance instead of a diagonal one.
	FullPosterior bool `json:"full_posterior"`
	// Prior is p(z); zero: StandardNormal.
	Prior Prior `json:"prior"`
	// PriorIterations is the largest number of EM iterations of the mixture that a
	// prior ex-post:K is; 0: that of package gmm.
	PriorIterations int `json:"prior_iterations,omitempty"`
	// Samples is the number of codes drawn for each row in the bound while
	// training, in pairs with opposite noise; 0: 1.
	Samples int `json:"samples"`
	// Without hidden layers, where a step costs next to nothing and the
	// optimum is known exactly, the zero values mean 256 for Batch, 0.01 for
	// Rate and 4 for Samples.

	// Patience is the number of epochs without gain on the validation bound
	// after which it counts as no longer rising, with the consequence that
	// Schedule names; 0: a sixth of Epochs, but at least 10. Without
	// validation rows it is not used.
	Patience int `json:"patience"`

	// Optimizer is the rule by which the gradient moves the weights; zero: Adam.
	Optimizer Optimizer `json:"optimizer"`
	// Beta1, Beta2 and Epsilon are those of Adam and AdamW; 0: 0.9, 0.999 and
	// 1e-8. The gradient is that of the mean over the minibatch.
	Beta1   float64 `json:"beta1"`
	Beta2   float64 `json:"beta2"`
	Epsilon float64 `json:"epsilon"`
	// Momentum is that of SGD; 0: none.
	Momentum float64 `json:"momentum"`
	// Decay is the share of each weight taken off a step, per unit of the
	// learning rate (Loshchilov & Hutter 2019), by AdamW and SGD; 0: 0.01 for
	// AdamW, none for SGD.
	Decay float64 `json:"decay"`
	// Clip is the Euclidean length that the gradient of a minibatch is cut
	// to; 0: no limit.
	Clip float64 `json:"clip"`

	// Objective is what training raises; zero: ELBO.
	Objective Objective `json:"objective"`
	// Beta is the weight of the divergence from the prior while training
	// (Higgins et al. 2017); 0: 1.
	Beta float64 `json:"beta"`
	// Warmup is the number of epochs over which that weight rises linearly
	// from zero (Sønderby et al. 2016); 0: none.
	Warmup int `json:"warmup"`
	// FreeNats is the divergence that each dimension of the code of each row
	// may have without a price (Kingma et al. 2016, there for minibatches);
	// for the objective ELBO only; 0: none.
	FreeNats float64 `json:"free_nats"`
	// Dynamic says that the training rows are probabilities, each of which is
	// replaced by a fresh bit whenever the row enters a minibatch. For
	// Likelihood Bernoulli. The validation rows are binary.
	Dynamic bool `json:"dynamic"`

	// Corruption is the standard deviation of Gaussian noise added to what the
	// encoder sees, relative to the columns' scale, while the target stays
	// clean: with it a plain autoencoder is a denoising one (Vincent et al.
	// 2008). 0: none. Evaluation is always without.
	Corruption float64 `json:"corruption"`

	// Missing says that NaN in the data stands for a missing value. Columns are
	// independent given z, so a value that is missing is integrated out by leaving it
	// out, and training raises a bound on log p of the values that are there. The
	// encoder sees the mean of the column in its place and, if the training rows have
	// gaps, a mask. A row without any value counts 0 nats; training leaves it out.
	Missing bool `json:"missing,omitempty"`

	// Weights says how often each training row counts, and ValidWeights each
	// validation row; nil: once. A row of weight 0 is absent. Weights make the
	// mean over the rows that is trained on, and all that is derived from the
	// rows, a weighted one. Batch is a number of rows, whatever they weigh.
	Weights      []float64 `json:"-"`
	ValidWeights []float64 `json:"-"`

	// Precision is the arithmetic of the networks; zero: Float32.
	Precision Precision `json:"precision"`
	// Progress, if not nil, is called after each epoch with the mean bound
	// on the training rows (while the weights were moving) and on the
	// validation rows (NaN if there are none), in nats per row.
	Progress func(epoch int, train, valid float64) `json:"-"`
}

// The defaults behind the zero values of Settings. A linear network has its own for
// what is in defaultsOf.
const (
	defaultLatent  = 2
	defaultWidth   = 200 // of each of two hidden layers
	defaultFreedom = 4
	defaultLevels  = 256
	defaultSteps   = 6000
	minEpochs      = 30
	defaultBeta    = 1
	defaultBeta1   = 0.9
	defaultBeta2   = 0.999
	defaultEpsilon = 1e-8
	adamWDecay     = 0.01 // that of its authors' program
	patienceShare  = 6    // of the epochs
	minPatience    = 10
)

// defaultsOf returns those that depend on the network.
func defaultsOf(hidden []int) (batch int, rate float64, samples int) {
	if hidden != nil && len(hidden) == 0 {
		return 256, 1e-2, 4
	}
	return 64, 1e-3, 1
}

// Resolve returns the settings with every default in the place of its zero value,
// for n training rows. An error wraps [ErrSettings] or [ErrRows] and names the
// setting that makes no sense.
func (s Settings) Resolve(n int) (Settings, error) {
	if n < 1 {
		return s, fmt.Errorf("vae: settings for %d training rows: %w; a fit needs two or more", n, ErrRows)
	}
	if err := s.checkOptimizer(); err != nil {
		return s, err
	}
	if s.Columns != nil && s.Likelihood == (Likelihood{}) {
		s.Likelihood = ByColumn
	}
	batch, rate, samples := defaultsOf(s.Hidden)
	if s.Hidden == nil {
		s.Hidden = []int{defaultWidth, defaultWidth}
	}
	s.Hidden = append([]int{}, s.Hidden...)
	setDefault(&s.Latent, defaultLatent)
	setDefault(&s.Floor, density.DefaultFloor)
	setDefault(&s.Batch, batch)
	s.Batch = min(s.Batch, n)
	setDefault(&s.Rate, rate)
	setDefault(&s.Samples, samples)
	if s.Epochs == 0 && s.Batch > 0 {
		s.Epochs = s.DefaultEpochs(n)
	}
	setDefault(&s.Freedom, defaultFreedom)
	setDefault(&s.Levels, defaultLevels)
	setDefault(&s.Beta, defaultBeta)
	if s.Optimizer.adaptive() {
		setDefault(&s.Beta1, defaultBeta1)
		setDefault(&s.Beta2, defaultBeta2)
		setDefault(&s.Epsilon, defaultEpsilon)
	}
	if s.Optimizer == AdamW {
		setDefault(&s.Decay, adamWDecay)
	}
	setDefault(&s.Patience, max(s.Epochs/patienceShare, minPatience))
	if err := s.check(); err != nil {
		return s, err
	}
	return s, s.Prior.checkTraining(&s, n)
}

func setDefault[T int | float64](value *T, standard T) {
	if *value == 0 {
		*value = standard
	}
}

// Scaled says whether p(x|z) has a scale in some column, which Sigma and Floor are about.
func (s Settings) Scaled() bool {
	c := s.config(Variational, max(len(s.Columns), 1))
	return c.scaled()
}

// DefaultEpochs returns what Epochs 0 means for n training rows.
func (s Settings) DefaultEpochs(n int) int {
	batch, _, _ := defaultsOf(s.Hidden)
	if s.Batch != 0 {
		batch = s.Batch
	}
	batch = max(min(batch, n), 1)
	perEpoch := max((n+batch-1)/batch, 1)
	return max((defaultSteps+perEpoch-1)/perEpoch, minEpochs)
}

// plain returns the settings for a plain autoencoder, which has no q(z|x), no prior
// and no scale: what is about these has its zero value.
func (s Settings) plain() Settings {
	s.Samples, s.FullPosterior, s.Objective, s.Prior = 1, false, ELBO, StandardNormal
	s.Beta, s.Warmup, s.FreeNats = 0, 0, 0
	s.Sigma = Sigma{}
	return s
}
