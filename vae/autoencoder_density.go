package vae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/internal/safetensors"
)

// ErrSigma reports a standard deviation that does not go with a decoder.
var ErrSigma = errors.New("unusable sigma")

// Density turns the autoencoder into a density, after training and without
// changing a weight: a Gaussian mixture p(z) is fitted to the codes of the rows
// of x (N×D) and
//
//	p(x) = ∫ p(z) p(x|z) dz
//
// has as p(x|z) a normal of standard deviation sigma around the decoder's output
// or, for Likelihood Bernoulli or ContinuousBernoulli, that distribution at its logits
// (Ghosh et al. 2020, §3). Two things are assumed that training knew nothing
// of: σ, which the caller declares in the units of x (see
// [Autoencoder.ResidualSigma]) and which must be 0 for likelihoods without one, and
// that the codes are a sample of p(z).
//
// The result is a [Model] like any other. Its q(z|x), a normal around the code
// with one variance for each dimension, is no part of the autoencoder: it serves
// bounds and importance sampling as the proposal. The variances are the inverse
// curvatures of log p(x|z) p(z) at the codes, averaged over the rows. Errors are
// those of [gmm.Fit], or wrap [ErrSigma].
//
// Rows count as often as s.Weights says. For Likelihood ByColumn see
// [Autoencoder.DensityPerDim].
func (a *Autoencoder) Density(ctx context.Context, x *mat.Dense, sigma float64, s gmm.Settings, src rand.Source) (*Model, *gmm.Report, error) {
	c := a.decoder()
	if c.scaled() != (sigma > 0) || math.IsNaN(sigma) || math.IsInf(sigma, 0) {
		return nil, nil, fmt.Errorf("vae: a decoder of likelihood %v with sigma %v: %w; declare a positive one for gaussian, 0 for others", c.Likelihood, sigma, ErrSigma)
	}
	if c.Columns != nil && c.scaled() {
		return nil, nil, fmt.Errorf("vae: a decoder of likelihood %v with one sigma: %w; declare one for each column with DensityPerDim", c.Likelihood, ErrSigma)
	}
	var logvar []float64
	if c.scaled() {
		c.Sigma, logvar = Fixed(sigma), []float64{2 * math.Log(sigma)}
	}
	return a.density(ctx, x, c, logvar, s, src)
}

// DensityPerDim is Density with a σ of its own for each column, in the units of the
// column; 0 for columns whose likelihood has none. See [Autoencoder.ResidualSigmas].
func (a *Autoencoder) DensityPerDim(ctx context.Context, x *mat.Dense, sigma []float64, s gmm.Settings, src rand.Source) (*Model, *gmm.Report, error) {
	c := a.decoder()
	if len(sigma) != c.Dim {
		panic("vae: dimension mismatch")
	}
	var logvar []float64
	h := newObservation(&c).heads
	for j, v := range sigma {
		scaled := h.scale[j+1] > h.scale[j]
		if scaled != (v > 0) || math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, nil, fmt.Errorf("vae: column %d with sigma %v: %w; declare a positive one for gaussian columns, 0 for others", j+1, v, ErrSigma)
		}
		if scaled {
			logvar = append(logvar, 2*math.Log(v))
		}
	}
	if logvar != nil {
		c.Sigma = PerDim
	}
	return a.density(ctx, x, c, logvar, s, src)
}

// decoder returns the architecture of the density of which the decoder gives p(x|z).
func (a *Autoencoder) decoder() Config {
	c := a.config
	c.Kind, c.Autoencoder = Variational, true
	return c
}

// density makes a model of architecture c, with the log-variances of p(x|z), if any.
func (a *Autoencoder) density(ctx context.Context, x *mat.Dense, c Config, scale []float64, s gmm.Settings, src rand.Source) (*Model, *gmm.Report, error) {
	if err := checkSome(x, "fit a density to"); err != nil {
		return nil, nil, err
	}
	if err := ended(ctx); err != nil {
		return nil, nil, fmt.Errorf("vae: a density of an autoencoder: %w", err)
	}
	if c.Fill != nil {
		var err error
		if x, s.Weights, err = valued(x, s.Weights); err != nil {
			return nil, nil, err
		}
	}
	codes := a.Encode(nil, x)
	prior, report, err := gmm.Fit(ctx, codes, s, src)
	if err != nil {
		return nil, report, fmt.Errorf("vae: a mixture on the codes of an autoencoder: %w", err)
	}
	_, variance := density.WeightedMoments(codes, s.Weights)
	m, err := a.around(c, scale, variance)
	if err != nil {
		return nil, report, err
	}
	if m, err = a.around(c, scale, m.posteriorVariance(x, codes, s.Weights, variance)); err != nil {
		return nil, report, err
	}
	return m.WithPrior(prior), report, nil
}

// around returns the model of architecture c with the autoencoder's networks whose
// q(z|x) has the given variances, and whose p(x|z) the given log-variances.
func (a *Autoencoder) around(c Config, scale, variance []float64) (*Model, error) {
	tensors, last := a.Tensors(), c.encoderInputs()
	if n := len(c.Hidden); n > 0 {
		last = c.Hidden[n-1]
	}
	logvar := make([]float64, c.Latent)
	for j, v := range variance {
		logvar[j] = math.Log(v)
	}
	tensors = append(tensors,
		safetensors.Tensor{Name: "encoder.logvar.weight", Shape: []int{c.Latent, last}, Data: make([]float64, c.Latent*last)},
		safetensors.Tensor{Name: "encoder.logvar.bias", Shape: []int{c.Latent}, Data: logvar})
	if scale != nil {
		tensors = append(tensors, safetensors.Tensor{Name: "decoder.logvar", Shape: []int{len(scale)}, Data: scale})
	}
	return FromTensors(c, tensors)
}

// posteriorVariance returns, for each dimension of the code, the inverse of the
// weighted mean over the rows of
//
//	−∂² log p(x|z)/∂z² + 1/Var z
//
// at their codes, from differences of the gradient over a tenth of a standard
// deviation of the codes. Where the curvature has the wrong sign only the
// variance of the codes is left. Of many rows it is the mean over some that lie as far
// from each other as can be: it takes a gradient of each for each side of a dimension.
func (m *Model) posteriorVariance(x, codes *mat.Dense, weights, variance []float64) []float64 {
	x, codes, weights = someRows(x, codes, weights)
	n, l := codes.Dims()
	weight := relativeWeights(weights, n)
	up, down, at := mat.NewDense(n, l, nil), mat.NewDense(n, l, nil), mat.NewDense(n, l, nil)
	out := make([]float64, l)
	for j := range l {
		h := 0.1 * math.Sqrt(variance[j])
		shift := func(grad *mat.Dense, by float64) {
			at.Copy(codes)
			for i := range n {
				at.Set(i, j, at.At(i, j)+by)
			}
			m.LogLikGrad(nil, grad, x, at)
		}
		shift(up, h)
		shift(down, -h)
		var curvature float64
		for i := range n {
			curvature += weight[i] * ((down.At(i, j) - up.At(i, j)) / (2 * h * float64(n)))
		}
		out[j] = 1 / (max(curvature, 0) + 1/variance[j])
	}
	return out
}

// curvatureRows is the number of rows over which curvatures are averaged: the mean is
// known to about a fiftieth.
const curvatureRows = 2000

// someRows returns at most curvatureRows of the rows, with their codes and weights.
func someRows(x, codes *mat.Dense, weights []float64) (someX, someCodes *mat.Dense, someWeights []float64) {
	n, d := x.Dims()
	if n <= curvatureRows {
		return x, codes, weights
	}
	_, l := codes.Dims()
	someX, someCodes = mat.NewDense(curvatureRows, d, nil), mat.NewDense(curvatureRows, l, nil)
	if weights != nil {
		someWeights = make([]float64, curvatureRows)
	}
	for to := range curvatureRows {
		from := to * n / curvatureRows
		someX.SetRow(to, x.RawRowView(from))
		someCodes.SetRow(to, codes.RawRowView(from))
		if weights != nil {
			someWeights[to] = weights[from]
		}
	}
	if weights != nil && floats.Sum(someWeights) == 0 {
		return x, codes, weights
	}
	return someX, someCodes, someWeights
}

// ResidualSigma returns the root of the mean squared residual over all entries
// of x (N×D) that are there, in the units of x: the σ of [Autoencoder.Density] under
// which x is most likely if each row is explained by its own code alone. Row i counts
// weights[i] times (length N; nil: once).
func (a *Autoencoder) ResidualSigma(x *mat.Dense, weights []float64) float64 {
	var total, count float64
	errs := a.ReconstructionError(nil, x)
	weight := relativeWeights(weights, len(errs))
	for i, v := range errs {
		share := weight[i] * presentShare(x.RawRowView(i))
		total += share * v / float64(len(errs))
		count += share / float64(len(errs))
	}
	if weights == nil && !hasGaps(x) {
		return math.Sqrt(total)
	}
	return math.Sqrt(total / count)
}

// ResidualSigmas is ResidualSigma for each column (length D), 0 where p(x|z) has no σ,
// for [Autoencoder.DensityPerDim].
func (a *Autoencoder) ResidualSigmas(x *mat.Dense, weights []float64) []float64 {
	n, d := x.Dims()
	c := a.decoder()
	h := newObservation(&c).heads
	weight, y := relativeWeights(weights, n), a.Reconstruct(nil, x)
	total, count, sigma := make([]float64, d), make([]float64, d), make([]float64, d)
	for i, w := range weight {
		for j, v := range x.RawRowView(i) {
			if v == v {
				r := v - y.At(i, j)
				total[j] += w * r * r
				count[j] += w
			}
		}
	}
	h.eachScale(func(_, j int) { sigma[j] = math.Sqrt(total[j] / count[j]) })
	return sigma
}
