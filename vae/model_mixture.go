package vae

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// ErrNotGaussian reports a p(x|z) that is not normal, so that no mixture of
// Gaussians can be made of it.
var ErrNotGaussian = errors.New("vae: p(x|z) is not Gaussian; a mixture of Gaussians needs Likelihood Gaussian")

// Mixture returns the model with its integral over z replaced by the mean over
// s draws from the prior: the mixture of s Gaussians of equal weight,
//
//	p(x) ≈ (1/S) Σ p(x|z_s),  z_s ~ p(z)
//
// Its LogProb is the importance-sampling estimate with the prior as proposal
// and these draws, and tends to log p(x), from below in the mean, as s grows.
func (m *Model) Mixture(s int, src rand.Source) (*gmm.Model, error) {
	if s < 1 {
		return nil, fmt.Errorf("vae: a mixture of %d components: %w; want 1 or more", s, ErrRows)
	}
	const copies = 4 // codes, means and variances, here and in the mixture
	if need, free := copies*8*float64(s)*float64(m.config.Dim+m.config.Latent), freeMemory(); need > free {
		return nil, fmt.Errorf("vae: a mixture of %d components takes about %.3g GB and %.3g GB are free: %w; take fewer draws", s, need/1e9, free/1e9, ErrMemory)
	}
	z := mat.NewDense(s, m.config.Latent, nil)
	m.RandPrior(z, src)
	return m.MixtureAt(z)
}

// MixtureAt returns the mixture of Gaussians of equal weight whose components
// are p(x|z) at each row of z (S×L), with diagonal covariances. The error
// wraps [ErrNotGaussian] for other likelihoods.
func (m *Model) MixtureAt(z *mat.Dense) (*gmm.Model, error) {
	if err := checkSome(z, "place components at"); err != nil {
		return nil, err
	}
	if !m.config.normal() {
		return nil, ErrNotGaussian
	}
	s, _ := z.Dims()
	means := mat.NewDense(s, m.config.Dim, nil)
	variances := mat.NewDense(s, m.config.Dim, nil)
	m.Decode(means, variances, z)
	weights := make([]float64, s)
	for i := range weights {
		weights[i] = 1 / float64(s)
		row := variances.RawRowView(i)
		for j, v := range row {
			row[j] = math.Exp(v)
		}
	}
	return gmm.NewDiagonal(weights, means, variances)
}
