package vae

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// Marginal returns p(x) in closed form, as a mixture of one component, where
// there is one: for a Gaussian p(x|z) whose mean is linear in z and whose
// variance does not depend on z, the model is
//
//	p(x) = N(x; b, WWᵀ + diag(σ²))
//
// probabilistic PCA for a shared σ (Tipping & Bishop 1999, eq. 4), factor analysis
// for one σ per column. ok is false for any other model. An error is that of a
// covariance that is not positive definite.
func (m *Model) Marginal() (marginal *gmm.Model, ok bool, err error) {
	c := m.config
	if len(c.Hidden) > 0 || c.Likelihood != Gaussian || c.networkScale() {
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
	origin := means.RawRowView(0)
	covariance := mat.NewSymDense(d, nil)
	for a := range d {
		for b := range a + 1 {
			var sum float64
			for i := 1; i <= l; i++ {
				sum += (means.At(i, a) - origin[a]) * (means.At(i, b) - origin[b])
			}
			if a == b {
				sum += math.Exp(logvar.At(0, a))
			}
			covariance.SetSym(a, b, sum)
		}
	}
	marginal, err = gmm.New([]float64{1}, mat.NewDense(1, d, origin), []mat.Symmetric{covariance})
	return marginal, true, err
}
