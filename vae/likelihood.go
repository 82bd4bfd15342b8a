package vae

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// Likelihood is the form of p(x|z), the same in each column. The zero value is
// [Gaussian].
type Likelihood struct{ form *likelihoodForm }

// likelihoods lists them in the order of help and messages. A new one is a file
// beside the others and a line here.
var likelihoods = []Likelihood{
	Gaussian,
	Bernoulli,
	StudentT,
	ContinuousBernoulli,
	DiscretizedLogistic,
	Poisson,
	NegativeBinomial,
}

// likelihoodForm describes a likelihood to the rest of the package, where nobody
// asks for one by name.
type likelihoodForm struct {
	// name is what the command and saved models call it.
	name string
	// measures says what p(x|z) is a density with respect to.
	measures []density.Measure
	// scaled says whether it has a scale, which [Sigma] is about: exp(s/2).
	scaled bool
	// normal says whether p(x|z) is normal, with the variance exp(s).
	normal bool
	// configure takes parameters that are not trained from the settings; nil:
	// there are none. check reports those of a file that make no sense.
	configure func(c *Config, s *Settings)
	check     func(c *Config) error
	// observe returns p(x|z), and plain what a plain autoencoder raises in its
	// place; nil: it has nothing to raise.
	observe, plain func(c *Config) observation
}

// Likelihoods returns all of them, in the order of help and messages.
func Likelihoods() []Likelihood { return slices.Clone(likelihoods) }

func (l Likelihood) describe() *likelihoodForm {
	if l.form == nil {
		return &gaussianForm
	}
	return l.form
}

// String returns the name that the command and saved models use.
func (l Likelihood) String() string { return l.describe().name }

// MarshalText implements encoding.TextMarshaler.
func (l Likelihood) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (l *Likelihood) UnmarshalText(text []byte) error {
	names := make([]string, len(likelihoods))
	for i, known := range likelihoods {
		if names[i] = known.String(); names[i] == string(text) {
			*l = known
			return nil
		}
	}
	return fmt.Errorf("vae: unknown likelihood %q; want one of %q", text, names)
}

// Measures returns what p(x|z) is a density with respect to: bits, levels, or
// numbers, as they are or dequantised.
func (l Likelihood) Measures() []density.Measure { return slices.Clone(l.describe().measures) }

// Scaled says whether p(x|z) has a scale, which Settings.Sigma and Settings.Floor
// are about.
func (l Likelihood) Scaled() bool { return l.describe().scaled }

// on says whether p(x|z) is a density with respect to m.
func (l Likelihood) on(m density.Measure) bool { return slices.Contains(l.describe().measures, m) }

// continuous marks the measure of densities, which may grow without limit where
// probabilities may not.
var continuous = []density.Measure{density.Continuous, density.Dequantized}

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
	// information stores the Fisher information of each column on its location in
	// byLoc, on s in byS, and what the two share in both. Without a scale s, w, byS
	// and both are not used.
	information(byLoc, byS, both, loc, s, w []float64)

	trainable
}

// moments are the mean and the variance of each column of the training rows.
type moments struct{ mean, variance []float64 }

func momentsOf(x *mat.Dense, weights []float64) moments {
	mean, variance := density.WeightedMoments(x, weights)
	return moments{mean, variance}
}

// trainable is what training asks of p(x|z). It sees the data through a transform
// t, x ↦ (x − shift)/scale. When it is over, locations are taken back through
// t, and scales are multiplied by those of t. So the transform of a likelihood
// that is no matter of location and scale is the identity.
type trainable interface {
	// transform returns t for training rows with these moments. perColumn says
	// whether each column may have a scale of its own; if not, one for all
	// columns keeps the model what it is.
	transform(of moments, perColumn bool) (density.Transform, error)
	// transformed returns the same likelihood of t(x).
	transformed() observation
	// inputs returns the transform under which the encoder sees the training
	// rows: t, unless that is the identity for reasons of its own and the numbers
	// may be large.
	inputs(of moments, t density.Transform) density.Transform
	// units returns the factor and the shift that take a term log p(t(x)|z)
	// to log p(x|z).
	units(t density.Transform) (factor, shift float64)
	// bias returns the location that training starts from in a column with
	// the given mean, of t(x).
	bias(mean float64) float64
	// floor returns the smallest exp(s) of each column in the units of x, or
	// nil for none. variance is that of the columns of the training rows, which
	// relative is a share of; it may be overwritten.
	floor(variance []float64, relative float64) []float64
	// gradient32 and gradient64 return the gradient in either arithmetic.
	gradient32() gradient[float32]
	gradient64() gradient[float64]
}

// gradient is the same density as training needs it.
type gradient[T kernel.Float] interface {
	// grad returns log p(x|z) in nats and stores its derivatives by loc and
	// by s in dloc and ds. For likelihoods without a scale s and w are nil and
	// ds is overwritten.
	grad(x, loc, s, w, dloc, ds []T) float64
}

// newObservation returns p(x|z) in the units of the data.
func newObservation(c *Config) observation {
	form := c.Likelihood.describe()
	if c.Kind == Plain {
		return form.plain(c)
	}
	return form.observe(c)
}

// newGradient returns the gradient of an observation.
func newGradient[T kernel.Float](o observation) gradient[T] {
	var g any = o.gradient64()
	if _, single := any(T(0)).(float32); single {
		g = o.gradient32()
	}
	return g.(gradient[T])
}

// located is what likelihoods of location and scale on the real line have in
// common: columns are brought to mean 0 and variance 1 for training.
type located struct{}

func (located) scaled() bool { return true }

func (located) check(x *mat.Dense) error { return density.CheckFinite(x) }

func (located) transform(of moments, perColumn bool) (density.Transform, error) {
	return standardizing(of, perColumn)
}

func (located) inputs(_ moments, t density.Transform) density.Transform { return t }

func (located) units(t density.Transform) (factor, shift float64) { return 1, t.LogJacobian() }

func (located) bias(float64) float64 { return 0 } // columns are centred

func (located) floor(variance []float64, relative float64) []float64 {
	if relative < 0 {
		return nil
	}
	for j := range variance {
		variance[j] *= relative
	}
	return variance
}

// bounded is what likelihoods have in common whose columns lie in [0, 1] and whose
// location is a logit: they are trained on the data as they are.
type bounded struct{}

func (bounded) scaled() bool { return false }

func (bounded) transform(of moments, _ bool) (density.Transform, error) {
	return density.NewIdentity(len(of.mean)), nil
}

func (bounded) inputs(_ moments, t density.Transform) density.Transform { return t }

func (bounded) units(density.Transform) (factor, shift float64) { return 1, 0 }

// bias returns the logit of the mean, clipped to [0.001, 0.999] (Burda et al.
// 2016).
func (bounded) bias(mean float64) float64 {
	p := min(max(mean, 0.001), 0.999)
	return math.Log(p / (1 - p))
}

func (bounded) floor([]float64, float64) []float64 { return nil }
