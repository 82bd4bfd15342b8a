package vae

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval"
	"likely/gmm"
)

// logIntegral returns log ∫ p(z) p(x|z) dz of a 1-D code for one row, from
// AE's own reconstructions and gmm's density.
func logIntegral(a *Autoencoder, prior *gmm.Model, x []float64, lik func(x, mean []float64) float64) float64 {
	mean, covariance := prior.Moments()
	sd := math.Sqrt(covariance.At(0, 0))
	return math.Log(quad.Fixed(func(v float64) float64 {
		z := mat.NewDense(1, 1, []float64{v})
		return math.Exp(prior.LogProb(nil, z)[0] + lik(x, a.Decode(nil, z).RawRowView(0)))
	}, mean[0]-8*sd, mean[0]+8*sd, 3000, quad.Legendre{}, 0))
}

// Importance sampling of the density of an autoencoder with a 1-D code is the
// integral by quadrature; of 12 rows one leaves 5 standard errors with
// probability 7e-6.
func TestAutoencoderDensity(t *testing.T) {
	x := readTable(t, "faithful.csv")
	a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{Latent: 1, Hidden: []int{10}, Epochs: 200, Precision: Float64}, source(1))
	require.NoError(t, err)
	sigma := a.ResidualSigma(x, nil)
	require.InDelta(t, math.Sqrt(sum(a.ReconstructionError(nil, x))/272), sigma, 1e-12)
	m, _, err := a.Density(context.Background(), x, sigma, gmm.Settings{Components: 3}, source(2))
	require.NoError(t, err)
	require.Equal(t, a.Reconstruct(nil, x), m.Reconstruct(nil, x))
	require.True(t, m.Config().Autoencoder)
	rows := density.Rows(x, 0, 12)
	result, err := eval.LogProb(context.Background(), m, m.Encoder(), rows, eval.Settings{Samples: 4000, Seed: 1})
	require.NoError(t, err)
	for i := range 12 {
		want := logIntegral(a, m.Prior(), rows.RawRowView(i), func(x, mean []float64) float64 {
			var square float64
			for j, v := range x {
				square += (v - mean[j]) * (v - mean[j])
			}
			return -0.5*square/(sigma*sigma) - float64(len(x))*math.Log(sigma*math.Sqrt(2*math.Pi))
		})
		near(t, want, result.LogProb[i], 5*result.StdErr[i]+1e-6)
	}
	back, err := FromTensors(m.Config(), m.Tensors())
	require.NoError(t, err)
	require.Equal(t, m.LogPrior(nil, m.codesOf(x)), back.LogPrior(nil, back.codesOf(x)))
	require.Equal(t, m.Encoder().LogProb(nil, m.codesOf(x), x), back.Encoder().LogProb(nil, m.codesOf(x), x))
}

// Of more rows than curvatures are averaged over, the variances are those of some of them,
// and near those of all.
func TestPosteriorVarianceOfManyRows(t *testing.T) {
	x := readTable(t, "faithful.csv")
	a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{Latent: 1, Hidden: []int{10}, Epochs: 100, Precision: Float64}, source(1))
	require.NoError(t, err)
	m, _, err := a.Density(context.Background(), x, a.ResidualSigma(x, nil), gmm.Settings{Components: 2}, source(2))
	require.NoError(t, err)
	many, weights := mat.NewDense(2*curvatureRows, 2, nil), make([]float64, 2*curvatureRows)
	half, halfWeights := mat.NewDense(curvatureRows, 2, nil), make([]float64, curvatureRows)
	for i := range 2 * curvatureRows {
		many.SetRow(i, x.RawRowView(i*7%272))
		weights[i] = float64(1 + i%5)
		if i%2 == 0 {
			half.SetRow(i/2, many.RawRowView(i))
			halfWeights[i/2] = weights[i]
		}
	}
	codes := m.codesOf(many)
	_, variance := density.WeightedMoments(codes, nil)
	got := m.posteriorVariance(many, codes, weights, variance)
	require.Equal(t, m.posteriorVariance(half, m.codesOf(half), halfWeights, variance), got)
	all := m.posteriorVariance(x, m.codesOf(x), nil, variance)
	require.InEpsilon(t, all[0], got[0], 0.1)

	for i := range weights { // where none of them counts, all do
		weights[i] = float64(i % 2)
	}
	require.False(t, math.IsNaN(m.posteriorVariance(many, codes, weights, variance)[0]))
}

func (m *Model) codesOf(x *mat.Dense) *mat.Dense {
	codes, _ := m.Encoder().Moments(x)
	return codes
}

// Over all 2³ binary rows the density of a Bernoulli autoencoder sums to 1.
func TestAutoencoderDensityOfBits(t *testing.T) {
	x := mat.NewDense(60, 3, nil)
	x.Apply(func(i, j int, _ float64) float64 {
		if normals(60, 3, 5).At(i, j)+2*float64(i%2)-1 > 0 {
			return 1
		}
		return 0
	}, x)
	a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{Latent: 1, Hidden: []int{6}, Epochs: 50, Likelihood: Bernoulli, Precision: Float64}, source(1))
	require.NoError(t, err)
	m, _, err := a.Density(context.Background(), x, 0, gmm.Settings{Components: 2}, source(2))
	require.NoError(t, err)
	var total float64
	prior := m.Prior()
	for k, weight := range prior.Weights() {
		// Component by component: eight distinct rows have narrow ones.
		at, sd := prior.Means().At(k, 0), math.Sqrt(prior.Covariance(k).At(0, 0))
		for code := range 8 {
			row := mat.NewDense(1, 3, []float64{float64(code & 1), float64(code >> 1 & 1), float64(code >> 2)})
			total += weight * quad.Fixed(func(v float64) float64 {
				z := mat.NewDense(1, 1, []float64{at + sd*v})
				return math.Exp(-0.5*v*v+m.LogLik(nil, row, z)[0]) / math.Sqrt(2*math.Pi)
			}, -10, 10, 1000, quad.Legendre{}, 0)
		}
	}
	near(t, 1, total, 1e-6)
}

// For a linear decoder the curvature is WᵀW/σ² exactly.
func TestAutoencoderDensityProposal(t *testing.T) {
	x := readTable(t, "iris.csv")
	a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{Latent: 2, Hidden: []int{}, Epochs: 40, Precision: Float64}, source(1))
	require.NoError(t, err)
	const sigma = 0.4
	m, _, err := a.Density(context.Background(), x, sigma, gmm.Settings{Components: 2}, source(2))
	require.NoError(t, err)
	_, variance := density.Moments(a.Encode(nil, x))
	w := tensor(t, a.coder, "decoder.mean.weight")
	_, logvar := m.Encoder().Moments(x)
	for k := range 2 {
		want := 1 / (mat.Dot(w.ColView(k), w.ColView(k))/(sigma*sigma) + 1/variance[k])
		relative(t, math.Log(want), logvar.At(0, k), 1e-6)
		require.Equal(t, logvar.At(0, k), logvar.At(149, k))
	}
	marginal, ok, err := m.Marginal()
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, 2, marginal.Components())
}

func TestAutoencoderDensityRefusals(t *testing.T) {
	x := normals(40, 2, 1)
	a, _, err := FitAutoencoder(context.Background(), x, nil, Settings{Hidden: []int{4}, Epochs: 2}, source(1))
	require.NoError(t, err)
	for _, sigma := range []float64{0, -1, math.NaN(), math.Inf(1)} {
		_, _, err = a.Density(context.Background(), x, sigma, gmm.Settings{Components: 2}, source(1))
		require.ErrorIs(t, err, ErrSigma)
	}
	_, _, err = a.Density(context.Background(), x, 1, gmm.Settings{Components: 41}, source(1))
	require.Error(t, err)
}

// The bound on the validation rows, computed in training under the unfolded
// networks, is that of the finished model by package elbo, within 5 standard
// errors of both sets of draws (wrong once in 2 million).
func TestValidationBoundUnderLearnedPriors(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	for _, prior := range []Prior{LearnedMixture(3), Vamp(4)} {
		m, report, err := Fit(context.Background(), train, valid, Settings{Hidden: []int{10}, Epochs: 40, Prior: prior}, source(1))
		require.NoError(t, err)
		bound := modelBound(t, m, valid)
		training := math.Hypot(bound.SampleErr, bound.SampleErr*math.Sqrt(64.0/15))
		near(t, bound.Value, report.History[report.BestEpoch-1].Valid, 5*training+1e-3)
		require.Less(t, 5*training, 0.2)
	}
}
