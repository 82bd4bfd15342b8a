package vae

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// curvatureCases are small networks of every likelihood and source of the scale.
var curvatureCases = []struct {
	name string
	c    Config
}{
	{"gaussian, network", Config{Likelihood: Gaussian}},
	{"gaussian, fixed", Config{Likelihood: Gaussian, Sigma: Fixed(0.7)}},
	{"gaussian, shared", Config{Likelihood: Gaussian, Sigma: Shared}},
	{"gaussian, per-dim, normalised", Config{Likelihood: Gaussian, Sigma: PerDim, Norm: LayerNorm}},
	{"gaussian, optimal", Config{Likelihood: Gaussian, Sigma: Optimal}},
	{"gaussian, linear", Config{Likelihood: Gaussian, Sigma: Shared, Hidden: []int{}}},
	{"bernoulli, gelu", Config{Likelihood: Bernoulli, Activation: GELU}},
	{"student-t", Config{Likelihood: StudentT, Freedom: 5}},
	{"student-t, shared", Config{Likelihood: StudentT, Freedom: 3, Sigma: Shared}},
	{"continuous-bernoulli, elu", Config{Likelihood: ContinuousBernoulli, Activation: ELU}},
	{"discretized-logistic", Config{Likelihood: DiscretizedLogistic, Levels: 6}},
	{"poisson", Config{Likelihood: Poisson}},
	{"negative-binomial", Config{Likelihood: NegativeBinomial}},
	{"negative-binomial, shared", Config{Likelihood: NegativeBinomial, Sigma: Shared}},
	{"discretized-logistic, fine", Config{Likelihood: DiscretizedLogistic, Levels: 200}},
	{"poisson", Config{Likelihood: Poisson}},
	{"negative-binomial", Config{Likelihood: NegativeBinomial}},
	{"categorical", Config{Likelihood: Categorical, Levels: 3}},
	{"by column", Config{Likelihood: ByColumn, Columns: fourColumns}},
	{"by column, per-dim", Config{Likelihood: ByColumn, Columns: fourColumns, Sigma: PerDim}},
	{"negative-binomial, per-dim", Config{Likelihood: NegativeBinomial, Sigma: PerDim}},
}

// bentModel returns a model with random weights, in float64.
func bentModel(t testing.TB, c Config, seed uint64) *Model {
	t.Helper()
	c.Dim, c.Latent, c.Precision = 4, 3, Float64
	if c.Hidden == nil {
		c.Hidden = []int{5, 6}
	}
	n := newNetwork[float64](c)
	theta := n.start(source(seed))
	for i, v := range normals(1, len(theta), seed+1).RawRowView(0) {
		theta[i] += 0.4 * v
	}
	if c.Likelihood == DiscretizedLogistic { // a location amid the levels, and a scale of a few
		d := n.decoder.Layers[len(n.decoder.Layers)-1]
		bias := theta[d.Bias.From : d.Bias.From+d.Bias.Len]
		for j := range c.Dim {
			bias[j] += float64(c.Levels-1) * []float64{0.1, 0.5, 0.5, 1}[j]
			bias[c.Dim+j] += 2 * math.Log(float64(c.Levels)/12)
		}
	}
	m, err := newModel(newCoder(n, theta))
	require.NoError(t, err)
	return m
}

// JᵀWJ is the Fisher information of x on z: the mean of the outer products of
// ∇ log p(x|z) over x drawn from p(x|z). With 20,000 draws each element is within
// six standard errors, of 12·6 elements, but for the tails of their squares: a
// false alarm has a probability below 1e-6.
func TestCurvatureIsTheInformationOnTheCode(t *testing.T) {
	const draws = 20000
	for i, c := range curvatureCases {
		m := bentModel(t, c.c, uint64(10+i))
		l := m.LatentDim()
		one := normals(1, l, uint64(i))
		curvature, grad := mat.NewDense(1, l*l, nil), mat.NewDense(1, l, nil)
		codes := mat.NewDense(draws, l, nil)
		for r := range draws {
			codes.SetRow(r, one.RawRowView(0))
		}
		x := mat.NewDense(draws, m.Dim(), nil)
		m.RandGiven(x, codes, source(uint64(50+i)))
		m.LogLikCurvature(nil, grad, curvature, density.Rows(x, 0, 1), one)
		scores := mat.NewDense(draws, l, nil)
		m.LogLikGrad(nil, scores, x, codes)
		for a := range l {
			for b := range a + 1 {
				var mean, squares float64
				for r := range draws {
					v := scores.At(r, a) * scores.At(r, b)
					mean += v / draws
					squares += v * v / draws
				}
				se := math.Sqrt((squares - mean*mean) / draws)
				near(t, mean, curvature.At(0, a*l+b), 6*se+2e-3*math.Sqrt(curvature.At(0, a*l+a)*curvature.At(0, b*l+b)), "%s: %d, %d", c.name, a, b)
				require.Equal(t, curvature.At(0, a*l+b), curvature.At(0, b*l+a))
			}
		}
	}
}

// Values and gradients are those of LogLikGrad, and rows do not see each other.
func TestCurvatureComesWithTheGradient(t *testing.T) {
	for i, c := range curvatureCases {
		m := bentModel(t, c.c, uint64(10+i))
		l := m.LatentDim()
		z := normals(6, l, 7)
		x := mat.NewDense(2, m.Dim(), nil)
		m.Rand(x, source(3))
		grad, same, curvature := mat.NewDense(6, l, nil), mat.NewDense(6, l, nil), mat.NewDense(6, l*l, nil)
		got, want := m.LogLikCurvature(nil, grad, curvature, x, z), m.LogLikGrad(nil, same, x, z)
		require.Equal(t, want, got)
		require.Equal(t, same, grad)
		one := mat.NewDense(1, l*l, nil)
		m.LogLikCurvature(nil, mat.NewDense(1, l, nil), one, density.Rows(x, 1, 2), density.Rows(z, 4, 5))
		require.Equal(t, curvature.RawRowView(4), one.RawRowView(0))
	}
}

// Where the scale is at its floor it does not move with the code.
func TestCurvatureAtTheFloor(t *testing.T) {
	c := Config{Likelihood: Gaussian, Floor: []float64{1e6, 1e6, 1e6, 1e6}}
	m := bentModel(t, c, 3)
	l := m.LatentDim()
	z, x := normals(1, l, 1), normals(1, 4, 2)
	curvature := mat.NewDense(1, l*l, nil)
	m.LogLikCurvature(nil, mat.NewDense(1, l, nil), curvature, x, z)
	// What is left is JᵀJ/σ² of the means, by central differences.
	const h = 1e-5
	up, down := mat.NewDense(1, 4, nil), mat.NewDense(1, 4, nil)
	jacobian := mat.NewDense(4, l, nil)
	for k := range l {
		v := z.At(0, k)
		z.Set(0, k, v+h)
		m.Decode(up, nil, z)
		z.Set(0, k, v-h)
		m.Decode(down, nil, z)
		z.Set(0, k, v)
		for j := range 4 {
			jacobian.Set(j, k, (up.At(0, j)-down.At(0, j))/(2*h))
		}
	}
	var want mat.Dense
	want.Mul(jacobian.T(), jacobian)
	for a := range l {
		for b := range l {
			near(t, want.At(a, b)/1e6, curvature.At(0, a*l+b), 1e-8*want.At(a, a)/1e6+1e-14)
		}
	}
}

// The curvature of N(0, I) is I. That of a mixture far out on one component's side is
// minus the second derivative there, by differences of the gradient.
func TestPriorCurvature(t *testing.T) {
	m := bentModel(t, Config{Likelihood: Bernoulli}, 1)
	curvature, grad := mat.NewDense(2, 9, nil), mat.NewDense(2, 3, nil)
	m.LogPriorCurvature(nil, grad, curvature, normals(2, 3, 1))
	require.Equal(t, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1}, curvature.RawRowView(1))

	m = bentModel(t, Config{Likelihood: Bernoulli, Prior: LearnedMixture(3)}, 1)
	far := m.Prior().Means()
	z := mat.NewDense(1, 3, nil)
	one, slope := mat.NewDense(1, 9, nil), mat.NewDense(1, 3, nil)
	for j := range 3 {
		z.Set(0, j, far.At(0, j)+40*(far.At(0, j)-far.At(1, j)))
	}
	want := m.LogPriorGrad(nil, slope, z)
	require.Equal(t, want, m.LogPriorCurvature(nil, slope, one, z))
	const h = 1e-4
	up, down := mat.NewDense(1, 3, nil), mat.NewDense(1, 3, nil)
	for k := range 3 {
		v := z.At(0, k)
		z.Set(0, k, v+h)
		m.LogPriorGrad(nil, up, z)
		z.Set(0, k, v-h)
		m.LogPriorGrad(nil, down, z)
		z.Set(0, k, v)
		for j := range 3 {
			near(t, -(up.At(0, j)-down.At(0, j))/(2*h), one.At(0, 3*k+j), 1e-5*(1+one.At(0, 4*j)))
		}
	}
}

// 3-6-5-4: 3·(6·5 + 5·4) products for the Jacobian, 4·3·4 for JᵀWJ, and two passes of
// 3·6 + 6·5 + 5·4, over those of one: 4.9.
func TestCurvatureCost(t *testing.T) {
	m := bentModel(t, Config{Likelihood: Bernoulli}, 1)
	require.Equal(t, 5, m.CurvatureCost())
}
