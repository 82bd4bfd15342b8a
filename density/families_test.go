package density_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"pgregory.net/rapid"

	"likely/density"
	"likely/density/densitytest"
)

func TestFamiliesPassTheSuite(t *testing.T) {
	full, err := density.NewNormal([]float64{1, -1}, mat.NewSymDense(2, []float64{1, 0.9, 0.9, 1}))
	require.NoError(t, err)
	diagonal, err := density.NewDiagonalNormal([]float64{5, -1}, []float64{4, 1e-4})
	require.NoError(t, err)
	bernoulli, err := density.NewBernoulli([]float64{0, 0.3, 1, 0.99})
	require.NoError(t, err)
	densitytest.Exact(t, full, densitytest.Config{})
	densitytest.Exact(t, diagonal, densitytest.Config{})
	densitytest.Exact(t, density.StandardNormal(6), densitytest.Config{})
	densitytest.Exact(t, bernoulli, densitytest.Config{Binary: true})
	require.Equal(t, 5, full.NumParameters())
	require.Equal(t, 4, diagonal.NumParameters())
	require.Equal(t, 4, bernoulli.NumParameters())
}

// randomCovariance draws a covariance AAᵀ + εI of d dimensions.
func randomCovariance(t *rapid.T, d int) *mat.SymDense {
	a := mat.NewDense(d, d, rapid.SliceOfN(rapid.Float64Range(-2, 2), d*d, d*d).Draw(t, "a"))
	cov := mat.NewSymDense(d, nil)
	cov.SymOuterK(1, a)
	for i := range d {
		cov.SetSym(i, i, cov.At(i, i)+0.1)
	}
	return cov
}

// gonum's own normal is the independent reference.
func TestNormalAgreesWithGonum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.IntRange(1, 6).Draw(t, "d")
		mean := rapid.SliceOfN(rapid.Float64Range(-3, 3), d, d).Draw(t, "mean")
		cov := randomCovariance(t, d)
		x := rapid.SliceOfN(rapid.Float64Range(-10, 10), d, d).Draw(t, "x")
		m, err := density.NewNormal(mean, cov)
		require.NoError(t, err)
		reference, ok := distmv.NewNormal(mean, cov, nil)
		require.True(t, ok)
		want := reference.LogProb(x)
		near(t, want, m.LogProb(nil, mat.NewDense(1, d, x))[0], 1e-8*(1+math.Abs(want)))
	})
}

func TestDiagonalIsFull(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := rapid.IntRange(1, 6).Draw(t, "d")
		mean := rapid.SliceOfN(rapid.Float64Range(-3, 3), d, d).Draw(t, "mean")
		variance := rapid.SliceOfN(rapid.Float64Range(0.01, 9), d, d).Draw(t, "variance")
		x := mat.NewDense(1, d, rapid.SliceOfN(rapid.Float64Range(-10, 10), d, d).Draw(t, "x"))
		diagonal, err := density.NewDiagonalNormal(mean, variance)
		require.NoError(t, err)
		full, err := density.NewNormal(mean, mat.NewDiagDense(d, variance))
		require.NoError(t, err)
		want := full.LogProb(nil, x)[0]
		near(t, want, diagonal.LogProb(nil, x)[0], 1e-9*(1+math.Abs(want)))
	})
}

// At its mean a normal of variance v has log p = −½ ln 2πv: v is a variance,
// neither a standard deviation nor a logarithm.
func TestVarianceIsAVariance(t *testing.T) {
	m, err := density.NewDiagonalNormal([]float64{2}, []float64{9})
	require.NoError(t, err)
	near(t, -0.5*math.Log(2*math.Pi*9), m.LogProb(nil, mat.NewDense(1, 1, []float64{2}))[0], 1e-15)
	near(t, -0.5*math.Log(2*math.Pi*9)-0.5, m.LogProb(nil, mat.NewDense(1, 1, []float64{5}))[0], 1e-15)
}

func TestBernoulliRefusesGreyValues(t *testing.T) {
	m, err := density.NewBernoulli([]float64{0.25, 0.5})
	require.NoError(t, err)
	got := m.LogProb(nil, mat.NewDense(3, 2, []float64{1, 0, 0.5, 0, 0, 1}))
	near(t, math.Log(0.125), got[0], 1e-15)
	require.Equal(t, math.Inf(-1), got[1])
	near(t, math.Log(0.375), got[2], 1e-15)
}

func TestBadFamilies(t *testing.T) {
	_, err := density.NewNormal([]float64{0, 0}, mat.NewSymDense(2, []float64{1, 2, 2, 1}))
	require.ErrorIs(t, err, density.ErrNotPositiveDefinite)
	_, err = density.NewNormal([]float64{0}, mat.NewSymDense(1, []float64{math.NaN()}))
	require.ErrorIs(t, err, density.ErrNotPositiveDefinite)
	for _, v := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, err = density.NewDiagonalNormal([]float64{0, 0}, []float64{1, v})
		require.ErrorIs(t, err, density.ErrNotPositiveDefinite)
		require.ErrorContains(t, err, "column 2")
	}
	for _, p := range []float64{-0.1, 1.1, math.NaN()} {
		_, err = density.NewBernoulli([]float64{0.5, p})
		require.ErrorIs(t, err, density.ErrSupport)
		require.ErrorContains(t, err, "column 2")
	}
	require.Panics(t, func() { density.NewNormal([]float64{0}, mat.NewSymDense(2, nil)) })
	require.Panics(t, func() { density.NewDiagonalNormal([]float64{0}, nil) })
	require.Panics(t, func() { density.NewBernoulli(nil) })
}

func TestPriorProposal(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.3, density.NewSource(1, "w"))
	x := mat.NewDense(4, 3, nil)
	m.Rand(x, density.NewSource(1, "x"))
	q := density.PriorProposal(m)
	densitytest.Proposal(t, q, x, densitytest.Config{})
	densitytest.Divergence(t, m, q, x, densitytest.Config{})
	require.Equal(t, []float64{0, 0, 0, 0}, q.KLPrior([]float64{1, 2, 3, 4}, x))
}
