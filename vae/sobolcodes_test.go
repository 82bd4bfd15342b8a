package vae

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The codes have the first two moments of the prior, a mixture's among them, with the
// error of even points: that of as many draws would be 0.016 and more.
func TestSobolCodesHaveThePriorsMoments(t *testing.T) {
	for _, prior := range []Prior{StandardNormal, LearnedMixture(3)} {
		c := Config{Likelihood: Bernoulli, Prior: prior}
		m := bentModel(t, c, 4)
		const n = 4096
		z, err := m.SobolCodes(n, source(1))
		require.NoError(t, err)
		p := m.Prior()
		for a := range 3 {
			var mean, wantMean float64
			for k, w := range p.Weights() {
				wantMean += w * p.Means().At(k, a)
			}
			for i := range n {
				mean += z.At(i, a) / n
			}
			near(t, wantMean, mean, 0.006, "%v", prior)
			for b := range 3 {
				var second, want float64
				for k, w := range p.Weights() {
					want += w * (p.Covariance(k).At(a, b) + p.Means().At(k, a)*p.Means().At(k, b))
				}
				for i := range n {
					second += z.At(i, a) * z.At(i, b) / n
				}
				near(t, want, second, 0.02*(1+want), "%v", prior)
			}
		}
	}
	c := Config{Dim: 12, Latent: 11, Hidden: []int{4}, Likelihood: Bernoulli, Precision: Float64}
	n := newNetwork[float64](c)
	m, err := newModel(newCoder(n, n.start(source(1))))
	require.NoError(t, err)
	_, err = m.SobolCodes(8, source(1))
	require.ErrorIs(t, err, ErrWideCode)
	_, err = m.MixtureSobol(8, source(1))
	require.ErrorIs(t, err, ErrWideCode)
}
