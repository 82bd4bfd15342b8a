package vae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

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
func (a *Autoencoder) Density(ctx context.Context, x *mat.Dense, sigma float64, s gmm.Settings, src rand.Source) (*Model, *gmm.Report, error) {
	if err := checkSome(x, "fit a density to"); err != nil {
		return nil, nil, err
	}
	if err := ended(ctx); err != nil {
		return nil, nil, fmt.Errorf("vae: a density of an autoencoder: %w", err)
	}
	if a.config.Likelihood.Scaled() != (sigma > 0) || math.IsNaN(sigma) || math.IsInf(sigma, 0) {
		return nil, nil, fmt.Errorf("vae: a decoder of likelihood %v with sigma %v: %w; declare a positive one for gaussian, 0 for others", a.config.Likelihood, sigma, ErrSigma)
	}
	codes := a.Encode(nil, x)
	prior, report, err := gmm.Fit(ctx, codes, s, src)
	if err != nil {
		return nil, report, fmt.Errorf("vae: a mixture on the codes of an autoencoder: %w", err)
	}
	_, variance := density.Moments(codes)
	m, err := a.around(sigma, variance)
	if err != nil {
		return nil, report, err
	}
	if m, err = a.around(sigma, m.posteriorVariance(x, codes, variance)); err != nil {
		return nil, report, err
	}
	return m.WithPrior(prior), report, nil
}

// around returns the model with the autoencoder's networks whose q(z|x) has the
// given variances.
func (a *Autoencoder) around(sigma float64, variance []float64) (*Model, error) {
	c := a.config
	c.Kind, c.Autoencoder = Variational, true
	tensors, last := a.Tensors(), c.Dim
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
	if c.Likelihood.Scaled() {
		c.Sigma = Fixed(sigma)
		tensors = append(tensors, safetensors.Tensor{Name: "decoder.logvar", Shape: []int{1}, Data: []float64{2 * math.Log(sigma)}})
	}
	return FromTensors(c, tensors)
}

// posteriorVariance returns, for each dimension of the code, the inverse of the
// mean over the rows of
//
//	−∂² log p(x|z)/∂z² + 1/Var z
//
// at their codes, from differences of the gradient over a tenth of a standard
// deviation of the codes. Where the curvature has the wrong sign only the
// variance of the codes is left.
func (m *Model) posteriorVariance(x, codes *mat.Dense, variance []float64) []float64 {
	n, l := codes.Dims()
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
			curvature += (down.At(i, j) - up.At(i, j)) / (2 * h * float64(n))
		}
		out[j] = 1 / (max(curvature, 0) + 1/variance[j])
	}
	return out
}

// ResidualSigma returns the root of the mean squared residual over all entries
// of x (N×D), in the units of x: the σ of [Autoencoder.Density] under which x is
// most likely if each row is explained by its own code alone.
func (a *Autoencoder) ResidualSigma(x *mat.Dense) float64 {
	var total float64
	errs := a.ReconstructionError(nil, x)
	for _, v := range errs {
		total += v / float64(len(errs))
	}
	return math.Sqrt(total)
}
