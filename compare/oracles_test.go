package compare

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/gmm"
	"likely/vae"
)

func standardized(t testing.TB, name string) *mat.Dense {
	d, err := dataset.Open(name)
	require.NoError(t, err)
	transform, err := density.NewStandardizing(d.X)
	require.NoError(t, err)
	return transform.Apply(nil, d.X)
}

// perturbed is a proposal over the components of a mixture that is not the
// posterior: the responsibilities of a wrong temperature.
type perturbed struct {
	m     *gmm.Model
	power float64
}

func (p perturbed) LatentDim() int { return 1 }

func (p perturbed) probabilities(x *mat.Dense) *mat.Dense {
	r := p.m.Responsibilities(nil, x)
	r.Apply(func(_, _ int, v float64) float64 { return math.Pow(v, p.power) + 1e-3 }, r)
	n, _ := r.Dims()
	for i := range n {
		row := r.RawRowView(i)
		var sum float64
		for _, v := range row {
			sum += v
		}
		for k := range row {
			row[k] /= sum
		}
	}
	return r
}

func (p perturbed) Rand(*mat.Dense, *mat.Dense, rand.Source) { panic("a finite sum draws nothing") }

func (p perturbed) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	s := density.Draws(x, z)
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	r := p.probabilities(x)
	for i := range dst {
		dst[i] = math.Log(r.At(i/s, int(z.At(i, 0))))
	}
	return dst
}

// On a trained mixture the ELBO at the exact responsibilities is log p, and at
// others it is lower by exactly the divergence from the exact ones.
func TestMixtureIsTheOracleOfELBO(t *testing.T) {
	x := standardized(t, "iris")
	m, _, err := gmm.Fit(t.Context(), x, gmm.Settings{Components: 3}, density.NewSource(1, "test"))
	require.NoError(t, err)
	logp := m.LogProb(nil, x)

	exact, err := elbo.ELBO(t.Context(), m, m.Posterior(), x, elbo.Settings{})
	require.NoError(t, err)
	q := perturbed{m, 0.3}
	other, err := elbo.ELBO(t.Context(), m, q, x, elbo.Settings{})
	require.NoError(t, err)
	r, s := m.Responsibilities(nil, x), q.probabilities(x)
	for i, want := range logp {
		require.InDelta(t, want, exact.PerRow[i], 1e-12)
		require.InDelta(t, 0, exact.Divergence[i], 1e-12)
		var divergence float64
		for k, v := range s.RawRowView(i) {
			divergence += v * math.Log(v/r.At(i, k))
		}
		require.Greater(t, divergence, 1e-5)
		require.InDelta(t, want-divergence, other.PerRow[i], 1e-11)
		require.InDelta(t, divergence, other.Divergence[i], 1e-11)
	}
	require.Equal(t, density.LowerBound, exact.Estimate().Kind)
	require.Zero(t, exact.Estimate().SampleErr)
}

func trainedVAE(t testing.TB, x *mat.Dense, precision vae.Precision) *vae.Model {
	m, _, err := vae.Fit(context.Background(), x, nil, vae.Settings{Latent: 2, Hidden: []int{20}, Epochs: 60, Precision: precision}, density.NewSource(3, "test"))
	require.NoError(t, err)
	return m
}

// quadrature integrates p(x|z) p(z) over a dense grid of the 2-D code. The
// trapezoidal rule on a smooth integrand that vanishes at the ends converges
// faster than any power of the step.
func quadrature(m *vae.Model, row *mat.Dense) float64 {
	const points, reach = 601, 6.0
	z := mat.NewDense(points*points, 2, nil)
	step := 2 * reach / (points - 1)
	for i := range points {
		for j := range points {
			z.SetRow(i*points+j, []float64{-reach + float64(i)*step, -reach + float64(j)*step})
		}
	}
	logs := m.LogLik(nil, row, z)
	for i, v := range m.LogPrior(nil, z) {
		logs[i] += v
	}
	return density.LogSumExp(logs) + 2*math.Log(step)
}

// On a VAE with a 2-D code, importance sampling agrees with quadrature within 3
// standard errors for the mean of 8 rows (false-positive rate 0.3 % for a
// random seed; this one is fixed), and the bounds stand in their order.
func TestImportanceSamplingAgreesWithQuadrature(t *testing.T) {
	x := standardized(t, "faithful")
	m := trainedVAE(t, x, vae.Float32)
	rows := density.Rows(x, 0, 8)
	exact := make([]float64, 8)
	for i := range exact {
		exact[i] = quadrature(m, density.Rows(x, i, i+1))
	}
	truth := mean(exact)
	for name, q := range map[string]density.Proposal{
		"adaptive": elbo.Adaptive(m, m.Encoder()),
		"prior":    density.PriorProposal(m),
		"mixed":    elbo.Defensive([]float64{1, 1}, m.Encoder(), density.PriorProposal(m)),
	} {
		r, err := eval.LogProb(t.Context(), m, q, rows, eval.Settings{Samples: 20000, Seed: 1})
		require.NoError(t, err)
		e := r.Estimate()
		require.Equal(t, density.Consistent, e.Kind)
		require.Equal(t, 20000, e.Samples)
		require.Greater(t, e.SampleErr, 0.0)
		require.InDelta(t, truth, e.Value, 3*e.SampleErr, name)
	}

	bound, err := elbo.ELBO(t.Context(), m, m.Encoder(), rows, elbo.Settings{Samples: 2000, Seed: 1})
	require.NoError(t, err)
	multi, err := elbo.MultiSample(t.Context(), m, m.Encoder(), rows, []int{1, 5, 25, 100}, elbo.Settings{Samples: 5000, Seed: 1})
	require.NoError(t, err)
	require.Less(t, bound.Estimate().Value, truth+3*bound.Estimate().SampleErr)
	for j, b := range multi {
		require.Less(t, b.Estimate().Value, truth+3*b.Estimate().SampleErr, "K=%d", b.K)
		if j > 0 {
			for i := range b.PerRow {
				require.GreaterOrEqual(t, b.PerRow[i], multi[j-1].PerRow[i]-1e-12, "K=%d row %d", b.K, i)
			}
		}
	}
	require.InDelta(t, bound.Estimate().Value, multi[0].Estimate().Value, 3*math.Hypot(bound.Estimate().SampleErr, multi[0].Estimate().SampleErr))
}

// The VAE with its integral replaced by S draws of the prior is a mixture of S
// Gaussians: scored by gmm it is prior importance sampling with those draws.
func TestMixtureOfDrawsIsPriorSampling(t *testing.T) {
	x := standardized(t, "faithful")
	m := trainedVAE(t, x, vae.Float64)
	rows := density.Rows(x, 0, 50)
	z := mat.NewDense(300, 2, nil)
	m.RandPrior(z, density.NewSource(7, "draws"))
	mixture, err := m.Mixture(300, density.NewSource(7, "draws"))
	require.NoError(t, err)
	got := mixture.LogProb(nil, rows)
	for i := range got {
		want := density.LogMeanExp(m.LogLik(nil, density.Rows(rows, i, i+1), z))
		require.InDelta(t, want, got[i], 1e-12*math.Max(1, math.Abs(want)))
	}
}

// A linear VAE's bound does not exceed the exact log p of its own parameters,
// row by row, beyond 4 standard errors (false-positive rate over 150 rows below
// 0.5 %; the seed is fixed), and in the mean beyond 3.
func TestLinearBoundStaysBelow(t *testing.T) {
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	x := density.NewCentering(d.X).Apply(nil, d.X)
	m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: 1, Hidden: []int{}, Sigma: vae.Shared, Epochs: 200}, density.NewSource(1, "test"))
	require.NoError(t, err)
	marginal, ok, err := m.Marginal()
	require.NoError(t, err)
	require.True(t, ok)
	exact := marginal.LogProb(nil, x)
	b, err := elbo.ELBO(t.Context(), m, m.Encoder(), x, elbo.Settings{Samples: 1000})
	require.NoError(t, err)
	for i, v := range b.PerRow {
		require.Less(t, v, exact[i]+4*b.StdErr[i], "row %d", i)
	}
	require.Less(t, b.Estimate().Value, mean(exact)+3*b.Estimate().SampleErr)
}
