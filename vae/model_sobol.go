package vae

import (
	"errors"
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/gmm"
	"likely/internal/sobol"
)

// ErrWideCode reports a code of more dimensions than evenly spread points have.
var ErrWideCode = errors.New("too many dimensions for evenly spread codes")

// SobolCodes returns s codes (s×L) of equal weight that are spread over the prior more
// evenly than draws: the points of a randomised Sobol sequence in (0, 1)ᴸ, taken to p(z)
// by the inverse of its distribution function. Each code is a draw from p(z), but they
// are not independent, and the mean of p(x|z) over them nears p(x) faster than 1/√s:
// nearly as 1/s for codes of few dimensions, best where s is a power of 2. Sets from
// different sources measure the error; see eval.LogProbAt.
//
// A mixture as prior takes one more coordinate, which chooses the component. With it,
// more than 10 dimensions are an error that wraps [ErrWideCode].
func (m *Model) SobolCodes(s int, src rand.Source) (*mat.Dense, error) {
	l := m.config.Latent
	extra := 0
	if m.prior != nil {
		extra = 1
	}
	if l+extra > sobol.MaxDim {
		return nil, fmt.Errorf("vae: a code of %d dimensions: %w; want %d or fewer, or draws from the prior", l, ErrWideCode, sobol.MaxDim-extra)
	}
	u := mat.NewDense(s, l+extra, nil)
	sobol.Points(u, src)
	z := mat.NewDense(s, l, nil)
	z.Apply(func(i, j int, _ float64) float64 { return distuv.UnitNormal.Quantile(u.At(i, j+extra)) }, z)
	if m.prior != nil {
		return z, mixPrior(m.prior, z, u)
	}
	return z, nil
}

// mixPrior takes standard normal rows of z to the component of a mixture that the first
// column of u chooses.
func mixPrior(prior *gmm.Model, z, u *mat.Dense) error {
	n, l := z.Dims()
	weights, means := prior.Weights(), prior.Means()
	lower := make([]*mat.TriDense, len(weights))
	for k := range lower {
		var chol mat.Cholesky
		if !chol.Factorize(prior.Covariance(k)) {
			return fmt.Errorf("vae: component %d of the prior has a singular covariance", k+1)
		}
		lower[k] = mat.NewTriDense(l, mat.Lower, nil)
		chol.LTo(lower[k])
	}
	place := mat.NewVecDense(l, nil)
	for i := range n {
		k, left := 0, u.At(i, 0)
		for k < len(weights)-1 && left >= weights[k] {
			left -= weights[k]
			k++
		}
		place.MulVec(lower[k], z.RowView(i))
		row := z.RawRowView(i)
		for j := range row {
			row[j] = means.At(k, j) + place.AtVec(j)
		}
	}
	return nil
}

// MixtureSobol is [Model.Mixture] with the codes of [Model.SobolCodes] in the place of
// independent draws: a mixture of s Gaussians that is nearer to p(x) at the same s.
func (m *Model) MixtureSobol(s int, src rand.Source) (*gmm.Model, error) {
	z, err := m.SobolCodes(s, src)
	if err != nil {
		return nil, err
	}
	return m.MixtureAt(z)
}
