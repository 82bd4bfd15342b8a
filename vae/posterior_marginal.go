package vae

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// Marginal returns p(x) in closed form, as a mixture with a component for each
// one of the prior, where there is one: for a Gaussian p(x|z) whose mean is
// linear in z and whose variance does not depend on z, the model is
//
//	p(x) = Σ π_k N(x; Wμ_k + b, WΣ_kWᵀ + diag(σ²))
//
// which for p(z) = N(0, I) is probabilistic PCA with a shared σ (Tipping & Bishop
// 1999, eq. 4), factor analysis with one σ per column. ok is false for any other
// model. An error is that of a covariance that is not positive definite.
func (m *Model) Marginal() (marginal *gmm.Model, ok bool, err error) {
	c := m.config
	if len(c.Hidden) > 0 || !c.normal() || m.obs.network {
		return nil, false, nil
	}
	// The decoder at the origin and at the unit vectors gives b and W.
	l, d := c.Latent, c.Dim
	z := mat.NewDense(l+1, l, nil)
	for i := range l {
		z.Set(i+1, i, 1)
	}
	means, logvar := mat.NewDense(l+1, d, nil), mat.NewDense(l+1, d, nil)
	m.Decode(means, logvar, z)
	origin, w := means.RawRowView(0), mat.NewDense(d, l, nil)
	for i := range l {
		for j, v := range means.RawRowView(i + 1) {
			w.Set(j, i, v-origin[j])
		}
	}
	prior := m.Prior()
	k, codes := prior.Components(), prior.Means()
	locations, covariances := mat.NewDense(k, d, nil), make([]mat.Symmetric, k)
	locations.Mul(codes, w.T())
	for i := range k {
		row := locations.RawRowView(i)
		for j, v := range origin {
			row[j] += v
		}
		var spread, covariance mat.Dense
		spread.Mul(w, prior.Covariance(i))
		covariance.Mul(&spread, w.T())
		symmetric := mat.NewSymDense(d, nil)
		for a := range d {
			for b := range a + 1 {
				symmetric.SetSym(a, b, 0.5*(covariance.At(a, b)+covariance.At(b, a)))
			}
			symmetric.SetSym(a, a, symmetric.At(a, a)+math.Exp(logvar.At(0, a)))
		}
		covariances[i] = symmetric
	}
	marginal, err = gmm.New(prior.Weights(), locations, covariances)
	return marginal, true, err
}
