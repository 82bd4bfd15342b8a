package vae

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
)

// Likelihood is the form of p(x|z), the same in each column.
type Likelihood int

// The likelihoods. Gaussian is the zero value.
const (
	// Gaussian columns are normal with mean and (see [Sigma]) standard
	// deviation given z.
	Gaussian Likelihood = iota
	// Bernoulli columns are 0 or 1; the decoder gives the logits.
	Bernoulli
	// StudentT columns follow Student's t, for heavy tails, with the degrees
	// of freedom of Settings.Freedom. [Sigma] then stands for the scale, and
	// the log-variance of a saved model for the logarithm of its square.
	StudentT
	// ContinuousBernoulli columns lie in [0, 1]; the decoder gives the
	// natural parameters. Unlike the cross-entropy of grey values it is a
	// density.
	ContinuousBernoulli
	// DiscretizedLogistic columns hold the levels 0, 1, …, Settings.Levels−1,
	// such as bytes of grey: a logistic variable rounded to the nearest level.
	// It gives probabilities of levels, which are at most 1, and no density:
	// its nats compare with those of other probabilities of the same levels,
	// and are at least those of a density of the levels dequantised by uniform
	// noise of one step only in the mean (Theis et al. 2016). [Sigma] stands
	// for the scale, whose square has the logarithm a saved model keeps.
	DiscretizedLogistic
)

var likelihoodNames = [...]string{"gaussian", "bernoulli", "student-t", "continuous-bernoulli", "discretized-logistic"}

// String returns the name that the command and saved models use.
func (l Likelihood) String() string { return enumName(int(l), likelihoodNames[:], "Likelihood") }

// MarshalText implements encoding.TextMarshaler.
func (l Likelihood) MarshalText() ([]byte, error) {
	return enumMarshal(int(l), likelihoodNames[:], "likelihood")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Likelihood) UnmarshalText(text []byte) error {
	i, err := enumParse(text, likelihoodNames[:], "likelihood")
	*l = Likelihood(i)
	return err
}

// observation is p(x|z), one row at a time, in terms of what the decoder
// gives: a location and, where it has one, a scale. All slices have
// length D. s is the log-variance and w = exp(−s).
type observation interface {
	// scaled says whether there is a scale.
	scaled() bool
	// check returns an error that names a value outside the support.
	check(x *mat.Dense) error
	// logProb returns log p(x|z) in nats. tmp is overwritten.
	logProb(x, loc, s, w, tmp []float64) float64
	// mean stores E[x|z] in dst, which may be loc. s is nil for likelihoods
	// without a scale.
	mean(dst, loc, s []float64)
	// quantile returns the lowest value of a column at which its distribution
	// function reaches p, 0 < p < 1.
	quantile(p, loc, s float64) float64
	// noise stores draws in dst that sample turns into a draw of x.
	noise(dst []float64, random *rand.Rand)
	sample(dst, loc, s []float64)
}

// gradient is the same density as training needs it.
type gradient[T kernel.Float] interface {
	// grad returns log p(x|z) in nats and stores its derivatives by loc and
	// by s in dloc and ds. For likelihoods without a scale s and w are nil and
	// ds is overwritten.
	grad(x, loc, s, w, dloc, ds []T) float64
}

func newObservation(c *Config) observation {
	switch {
	case c.Likelihood == Bernoulli:
		return bernoulli{}
	case c.Likelihood == ContinuousBernoulli:
		return continuousBernoulli{}
	case c.Likelihood == StudentT:
		return student{c.Freedom}
	case c.Likelihood == DiscretizedLogistic:
		return newDiscretizedLogistic(c.Levels)
	case c.Family == familyAE:
		return squared{}
	default:
		return gaussian{}
	}
}

// newGradient returns the gradient in the units of the data or, for training, in
// those of [scaling].
func newGradient[T kernel.Float](c *Config, training bool) gradient[T] {
	switch {
	case c.Likelihood == Bernoulli:
		return bernoulliGradient[T]{}
	case c.Likelihood == ContinuousBernoulli:
		return continuousBernoulliGradient[T]{}
	case c.Likelihood == StudentT:
		return studentGradient[T]{student{c.Freedom}}
	case c.Likelihood == DiscretizedLogistic:
		f := newDiscretizedLogistic(c.Levels)
		if training {
			f = f.training()
		}
		return discretizedLogisticGradient[T]{f}
	case c.Family == familyAE:
		return squaredGradient[T]{}
	default:
		return gaussianGradient[T]{}
	}
}
