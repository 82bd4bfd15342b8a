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

// Likelihood is the form of p(x|z) in a column, or in all of them. The zero value is
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
	Categorical,
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
	// levels says whether the columns hold levels, whose number is Config.Levels.
	levels bool
	// width returns the number of locations of a column; nil: one. Of a column that
	// has several the value is the number of one of them, and the encoder sees a 1
	// in its place and 0 in the others.
	width func(c *Config) int
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
	if string(text) == ByColumn.String() {
		*l = ByColumn
		return nil
	}
	return fmt.Errorf("vae: unknown likelihood %q; want one of %q", text, names)
}

// Measures returns what p(x|z) is a density with respect to: bits, levels, or
// numbers, as they are or dequantised. That of ByColumn depends on the columns; see
// [MeasuresOf].
func (l Likelihood) Measures() []density.Measure { return slices.Clone(l.describe().measures) }

// Scaled says whether p(x|z) has a scale, which Settings.Sigma and Settings.Floor
// are about.
func (l Likelihood) Scaled() bool { return l.describe().scaled }

// on says whether p(x|z) is a density with respect to m.
func (l Likelihood) on(m density.Measure) bool { return slices.Contains(l.describe().measures, m) }

// continuous marks the measure of densities, which may grow without limit where
// probabilities may not.
var continuous = []density.Measure{density.Continuous, density.Dequantized}

// observation is p(x|z) of some columns of a row that stand side by side and hold
// values, in terms of what the decoder gives: a location and, where it has one, a scale.
// All slices have the length of the columns, but those of locations where a column has
// several. s is the log-variance and w = exp(−s); without a scale they are empty.
type observation interface {
	// scaled says whether there is a scale.
	scaled() bool
	// check says what is wrong with a value outside the support; nil: nothing.
	check(v float64) *complaint
	// logProb returns log p(x|z) in nats. tmp, as long as loc, is overwritten.
	logProb(x, loc, s, w, tmp []float64) float64
	// mean stores E[x|z] in dst, or of categories the most probable.
	mean(dst, loc, s []float64)
	// quantile stores the lowest values of the columns at which their distribution
	// functions reach p, 0 < p < 1, in dst.
	quantile(dst []float64, p float64, loc, s []float64)
	// distance stores in dst how far y is from x in each column, squared.
	distance(dst, x, y []float64)
	// noise stores draws in dst that sample turns into a draw of x.
	noise(dst []float64, random *rand.Rand)
	sample(dst, loc, s []float64)
	// information stores the Fisher information of each column on its location in
	// byLoc, on s in byS, and what the two share in both. Without a scale s, w, byS
	// and both are not used. Of a column with several locations it is
	// diag(byLoc) − byLoc·byLocᵀ.
	information(byLoc, byS, both, loc, s, w []float64)

	trainable
}

// moments are the mean and the variance of each column of the training rows.
type moments struct {
	mean, variance []float64
	first          int // number of the first column
}

// momentsOf returns those of the values that are there. A column without any has NaN.
func momentsOf(x *mat.Dense, weights []float64) moments {
	mean, variance := density.WeightedMoments(x, weights)
	n, _ := x.Dims()
	for j, v := range mean {
		if v == v {
			continue
		}
		var there, weight []float64
		for i := range n {
			if v := x.At(i, j); v == v {
				there = append(there, v)
				if weights != nil {
					weight = append(weight, weights[i])
				}
			}
		}
		if len(there) > 0 {
			m, s := density.WeightedMoments(mat.NewDense(len(there), 1, there), weight)
			mean[j], variance[j] = m[0], s[0]
		}
	}
	return moments{mean: mean, variance: variance}
}

// columns returns the moments of the columns [from, to).
func (m moments) columns(from, to int) moments {
	return moments{m.mean[from:to], m.variance[from:to], m.first + from}
}

// complaint says what is wrong with a value: err, with what was wanted of it and what
// can be done, both about "it".
type complaint struct {
	err          error
	want, remedy string
}

// at returns the error about the value v of row i and column j, counted from 0.
func (c *complaint) at(i, j int, v float64) error {
	return density.SettingErrorf(c.err, "row %d, column %d is %v%s: {err}; %s", i+1, j+1, v, c.want, c.remedy)
}

// squares are what likelihoods of numbers have in common: their errors are differences.
type squares struct{}

func (squares) distance(dst, x, y []float64) {
	for j, v := range x {
		dst[j] = (v - y[j]) * (v - y[j])
	}
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
	// the given mean, of t(x). For a column of several locations the mean is that of
	// being the one.
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
	// by s in dloc and ds. For likelihoods without a scale s, w and ds are empty.
	grad(x, loc, s, w, dloc, ds []T) float64
}

// located is what likelihoods of location and scale on the real line have in
// common: columns are brought to mean 0 and variance 1 for training.
type located struct{ squares }

func (located) scaled() bool { return true }

func (located) check(v float64) *complaint {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		return nil
	}
	c := &complaint{err: density.ErrNonFinite, remedy: "remove the row or fill the value in"}
	if math.IsNaN(v) {
		c.remedy += ", or set {Missing} for values that are missing"
	}
	return c
}

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
type bounded struct{ squares }

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
