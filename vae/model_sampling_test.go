package vae

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// KL(q ‖ p) in closed form against the mean of log q − log p over draws. The
// difference stays within 5 standard errors for 12 rows of each of a dozen
// models except with probability 1e-4; the seed is fixed.
func TestDivergenceAgreesWithSampling(t *testing.T) {
	for _, c := range variants {
		divergenceAgreesWithSampling(t, c)
	}
}

func divergenceAgreesWithSampling(t *testing.T, c Config) {
	m := randomModel(t, c, 81)
	const rows, draws = 12, 4000
	x := normals(rows, 3, 82)
	q := m.Encoder()
	z := mat.NewDense(rows*draws, c.Latent, nil)
	q.Rand(z, x, source(83))
	logq, logp, kl := q.LogProb(nil, z, x), m.LogPrior(nil, z), q.KLPrior(nil, x)
	for i := range rows {
		var mean, square float64
		for r := i * draws; r < (i+1)*draws; r++ {
			mean += (logq[r] - logp[r]) / draws
		}
		for r := i * draws; r < (i+1)*draws; r++ {
			d := logq[r] - logp[r] - mean
			square += d * d / (draws - 1)
		}
		near(t, kl[i], mean, 5*math.Sqrt(square/draws))
		require.Greater(t, kl[i], 0.0)
	}
}

// Draws from the linear model have its covariance: every element within 5
// standard errors, which 10 elements leave with probability 6e-6.
func TestRandHasTheMomentsOfTheModel(t *testing.T) {
	iris := readTable(t, "iris.csv")
	m := optimalLinear(t, iris, covariance(iris, 150), 2)
	const n = 40000
	x := mat.NewDense(n, 4, nil)
	m.Rand(x, source(91))
	w, variance := tensor(t, m.coder, "decoder.mean.weight"), math.Exp(tensor(t, m.coder, "decoder.logvar").At(0, 0))
	var want mat.Dense
	want.Mul(w, w.T())
	got := covariance(x, n)
	for i := range 4 {
		want.Set(i, i, want.At(i, i)+variance)
	}
	for i := range 4 {
		for j := range 4 {
			se := math.Sqrt((want.At(i, j)*want.At(i, j) + want.At(i, i)*want.At(j, j)) / n)
			near(t, want.At(i, j), got.At(i, j), 5*se)
		}
	}
}

// Frequencies of 0 and 1 against the mean of the decoder's probabilities.
func TestRandBernoulli(t *testing.T) {
	m := randomModel(t, Config{Dim: 3, Latent: 1, Hidden: []int{4}, Likelihood: Bernoulli}, 95)
	const n = 40000
	x := mat.NewDense(n, 3, nil)
	m.Rand(x, source(96))
	require.NoError(t, density.CheckBinary(x))
	z, p := mat.NewDense(n, 1, nil), mat.NewDense(n, 3, nil)
	m.RandPrior(z, source(97))
	m.Decode(p, nil, z)
	got, _ := density.Moments(x)
	want, _ := density.Moments(p)
	for j := range got {
		near(t, want[j], got[j], 5*math.Sqrt(2*0.25/n))
	}
}

func TestDecodeOfPlainRows(t *testing.T) {
	m := randomModel(t, variants[0], 98)
	x := normals(6, 3, 99)
	mean, _ := m.Encoder().Moments(x)
	want := mat.NewDense(6, 3, nil)
	m.Decode(want, nil, mean)
	got := m.Reconstruct(nil, x)
	require.True(t, mat.Equal(want, got))
	for i, v := range m.ReconstructionError(nil, x) {
		var sum float64
		for j := range 3 {
			sum += math.Pow(x.At(i, j)-got.At(i, j), 2)
		}
		near(t, sum/3, v, 1e-12)
	}
}

func TestWrongWidthsPanic(t *testing.T) {
	m := randomModel(t, variants[0], 3)
	x, z := normals(4, 3, 1), normals(4, 2, 1)
	for name, f := range map[string]func(){
		"x":         func() { m.LogLik(nil, z, z) },
		"z":         func() { m.LogLik(nil, x, x) },
		"draws":     func() { m.LogLik(nil, x, normals(5, 2, 1)) },
		"dst":       func() { m.LogLik(make([]float64, 3), x, z) },
		"prior":     func() { m.LogPrior(nil, x) },
		"encoder":   func() { m.Encoder().LogProb(nil, x, x) },
		"variances": func() { randomModel(t, variants[5], 3).Decode(x, normals(4, 3, 1), z) },
	} {
		require.Panics(t, f, name)
	}
}
