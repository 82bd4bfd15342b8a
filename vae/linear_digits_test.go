package vae

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
)

// ppcaMaximum returns the largest total log-likelihood that probabilistic PCA
// with q dimensions has on the rows of x,
//
//	−N/2·(D ln 2π + Σ ln λ_j + (D − q) ln σ² + D)
//
// over the q largest eigenvalues λ of the covariance with divisor N, σ² being
// the mean of the others (Tipping & Bishop 1999, §3.2 and appendix A).
func ppcaMaximum(t testing.TB, x *mat.Dense, q int) float64 {
	t.Helper()
	n, d := x.Dims()
	var eigen mat.EigenSym
	require.True(t, eigen.Factorize(covariance(x, float64(n)), false))
	values := eigen.Values(nil) // ascending
	var variance, logs float64
	for _, v := range values[:d-q] {
		variance += v / float64(d-q)
	}
	for _, v := range values[d-q:] {
		logs += math.Log(v)
	}
	return -0.5 * float64(n) * (float64(d)*math.Log(2*math.Pi) + logs + float64(d-q)*math.Log(variance) + float64(d))
}

// Trained to convergence on all rows at once, under a rate that falls to zero,
// a linear VAE reaches the maximum of probabilistic PCA and does not exceed it.
// Its bound stays below each row's log p(x), and close to it. With a diagonal q(z|x) it must turn the
// columns of W until they are orthogonal, which takes most of the steps; with a
// full one any rotation will do.
func TestLinearReachesPPCA(t *testing.T) {
	for _, c := range []struct {
		data      string
		q         int
		full      bool
		steps     int
		tolerance float64 // nats in total
		slow      bool
	}{
		{"iris", 1, false, 600, 0.1, false},
		{"iris", 2, false, 1500, 0.1, true},
		{"iris", 3, false, 3000, 0.1, true},
		{"digits", 1, false, 600, 0.5, false},
		{"digits", 2, true, 800, 0.5, true},
		{"digits", 5, true, 1000, 0.5, true},
		{"digits", 10, false, 3000, 0.5, true},
	} {
		if c.slow && testing.Short() {
			continue
		}
		d, err := dataset.Open(c.data)
		require.NoError(t, err)
		m, report, err := Fit(context.Background(), d.X, nil, Settings{
			Latent: c.q, Hidden: []int{}, Sigma: Shared, FullPosterior: c.full, Precision: Float64,
			Batch: d.Rows(), Epochs: c.steps, Samples: 2, Rate: 0.1, Beta2: 0.99, Schedule: Cosine,
		}, source(1))
		require.NoError(t, err)
		require.Equal(t, c.steps, report.Steps)
		marginal, ok, err := m.Marginal()
		require.NoError(t, err)
		require.True(t, ok)
		limit := ppcaMaximum(t, d.X, c.q)
		exact := marginal.LogProb(nil, d.X)
		t.Logf("%s, q=%d: maximum %.6f, exact below it by %.2g", c.data, c.q, limit, limit-sum(exact))
		near(t, limit, sum(exact), c.tolerance)
		require.LessOrEqual(t, sum(exact), limit+1e-6)
		if c.full {
			continue // exactBound is that of a diagonal q
		}
		bound := exactBound(t, m, d.X)
		t.Logf("  bound below it by %.2g", limit-sum(bound))
		// The noise that is left in the encoder's weights costs the bound more
		// than the decoder's costs log p(x).
		near(t, limit, sum(bound), 4*c.tolerance)
		for i, v := range bound {
			require.LessOrEqual(t, v, exact[i]+1e-9)
		}
	}
	// The maximum itself against the reference values.
	x := readTable(t, "iris.csv")
	near(t, irisPPCA, ppcaMaximum(t, x, 1), 1e-6)
	near(t, -379.914630, ppcaMaximum(t, x, 3), 1e-6)
}
