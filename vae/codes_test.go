package vae

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/gmm"
)

func TestActivity(t *testing.T) {
	// In the linear model at its optimum the posterior means of dimension d
	// have variance 1 − exp(s_d), as every posterior does on the average.
	x := readTable(t, "iris.csv")
	m := optimalLinear(t, x, covariance(x, 150), 3)
	a := m.Activity(x)
	require.Equal(t, 3, a.Active)
	_, logvar := m.Encoder().Moments(x)
	for j, v := range a.Variance {
		relative(t, 1-math.Exp(logvar.At(0, j)), v, 1e-9)
	}
	for _, c := range variants {
		m := randomModel(t, c, 5)
		near(t, sum(m.Encoder().KLPrior(nil, normals(40, 3, 6)))/40, sum(m.Activity(normals(40, 3, 6)).Rate), 1e-9)
	}
}

// Data without structure leave the code empty, and the report says so.
func TestCollapseIsReported(t *testing.T) {
	_, report, err := Fit(context.Background(), normals(400, 2, 3), nil, Settings{Hidden: []int{8}, Epochs: 100, Beta: 20}, source(1))
	require.NoError(t, err)
	require.Contains(t, report.Warnings[len(report.Warnings)-1].Text, "posterior collapse")
}

func TestPathsThroughCodes(t *testing.T) {
	a, b := []float64{2, 0}, []float64{0, 2}
	line, arc := Interpolate(a, b, 5), InterpolateSpherical(a, b, 5)
	for i := range 5 {
		near(t, 2, line.At(i, 0)+line.At(i, 1), 1e-12)
		near(t, 2, math.Hypot(arc.At(i, 0), arc.At(i, 1)), 1e-12)
		near(t, math.Pi/8*float64(i), math.Atan2(arc.At(i, 1), arc.At(i, 0)), 1e-12)
	}
	for _, b := range [][]float64{{4, 0}, {-2, 0}} { // no great circle, or many
		require.True(t, mat.Equal(Interpolate(a, b, 4), InterpolateSpherical(a, b, 4)))
	}
	require.Equal(t, []float64{1, 7, 3, 1, 8, 3}, Traverse([]float64{1, 2, 3}, 1, []float64{7, 8}).RawMatrix().Data)
	z := Manifold(4)
	for i := range 4 {
		for j := range 4 {
			near(t, (float64(j)+0.5)/4, distuv.UnitNormal.CDF(z.At(4*i+j, 0)), 1e-9)
			near(t, 1-(float64(i)+0.5)/4, distuv.UnitNormal.CDF(z.At(4*i+j, 1)), 1e-9)
		}
	}
}

func TestAggregatePosterior(t *testing.T) {
	for _, c := range variants {
		m := randomModel(t, c, 7)
		x, z := normals(9, 3, 8), normals(4, c.Latent, 9)
		mixture, err := m.AggregatePosterior(x)
		require.NoError(t, err)
		got := mixture.LogProb(nil, z)
		for k := range 4 {
			terms := make([]float64, 9)
			for i := range terms {
				terms[i] = m.Encoder().LogProb(nil, density.Rows(z, k, k+1), density.Rows(x, i, i+1))[0]
			}
			relative(t, density.LogMeanExp(terms), got[k], 1e-9)
		}
	}
}

// Under N(0, I) given as another prior the model is what it was; a prior
// fitted to the codes raises the bound by no less than it costs, since the
// aggregate posterior maximises it (Tomczak & Welling 2018, eq. 4).
func TestFitPrior(t *testing.T) {
	x := readTable(t, "faithful.csv")
	m, _, err := Fit(context.Background(), x, nil, Settings{Hidden: []int{20}, Epochs: 300}, source(1))
	require.NoError(t, err)
	unit, err := gmm.NewDiagonal([]float64{1}, mat.NewDense(1, 2, nil), mat.NewDense(1, 2, []float64{1, 1}))
	require.NoError(t, err)
	z := normals(50, 2, 2)
	same := m.WithPrior(unit)
	for i, v := range m.LogPrior(nil, z) {
		relative(t, v, same.LogPrior(nil, z)[i], 1e-12)
	}
	fitted, _, err := m.FitPrior(context.Background(), x, gmm.Settings{Components: 4}, source(3))
	require.NoError(t, err)
	const draws = 20
	codes := mat.NewDense(272*draws, 2, nil)
	fitted.Encoder().Rand(codes, x, source(4))
	require.Greater(t, sum(fitted.LogPrior(nil, codes)), sum(m.LogPrior(nil, codes)))
	sample := mat.NewDense(5000, 2, nil)
	fitted.Rand(sample, source(5))
	got, _ := density.Moments(sample)
	want, variance := density.Moments(x)
	for j := range got {
		near(t, want[j], got[j], 0.25*math.Sqrt(variance[j]))
	}
	require.Equal(t, m.NumParameters()+4*5+3+0, fitted.NumParameters())
	require.Nil(t, fitted.Encoder().KLPrior(nil, x))
	require.Equal(t, fitted.LogLik(nil, x, z2(x)), m.LogLik(nil, x, z2(x)))
	require.Panics(t, func() { m.WithPrior(fitted.Prior()).RandPrior(mat.NewDense(1, 3, nil), source(1)) })
	require.NotNil(t, fitted.Prior())
}

func z2(x *mat.Dense) *mat.Dense {
	n, _ := x.Dims()
	return normals(n, 2, 6)
}
