package vae

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/elbo"
)

// Poisson probabilities against another implementation, and both sums against 1, the
// mean and the variance that are promised.
func TestCountProbabilities(t *testing.T) {
	row := func(v float64) []float64 { return []float64{v} }
	for _, loc := range []float64{-3, 0, 1.3, 4} {
		p := distuv.Poisson{Lambda: math.Exp(loc)}
		for k := range 400 {
			relative(t, p.LogProb(float64(k)), poisson{}.logProb(row(float64(k)), row(loc), nil, nil, nil), 1e-11)
		}
		for _, s := range []float64{math.Log(1e-6), -3, 0, 1} {
			mean := math.Exp(loc)
			variance := mean + math.Exp(s)*mean*mean
			var total, first, second float64
			for k := range 1 << 12 {
				logp, _, _ := negativeBinomial{}.mass(float64(k), loc, s, math.Exp(-s))
				require.LessOrEqual(t, logp, 1e-9)
				total += math.Exp(logp)
				first += float64(k) * math.Exp(logp)
				second += float64(k*k) * math.Exp(logp)
			}
			near(t, 1, total, 1e-8, "loc %v, s %v", loc, s)
			relative(t, mean, first, 1e-7)
			relative(t, variance, second-first*first, 1e-6)
		}
		// At the floor of the dispersion α the two are one, but for α/2·((x−μ)² − x).
		logp, _, _ := negativeBinomial{}.mass(3, loc, math.Log(1e-6), 1e6)
		near(t, p.LogProb(3)+0.5e-6*(math.Pow(3-p.Lambda, 2)-3), logp, 1e-7)
	}
}

// A negative binomial is a Poisson distribution whose rate follows a gamma
// distribution, by quadrature.
func TestNegativeBinomialIsAGammaMixture(t *testing.T) {
	for _, loc := range []float64{-1, 0.7, 2} {
		for _, s := range []float64{-1.5, 0, 0.5} {
			r := math.Exp(-s)
			gamma := distuv.Gamma{Alpha: r, Beta: r / math.Exp(loc)}
			for _, k := range []float64{0, 1, 4, 11} {
				// The rate is u², which takes the pole away.
				want := quad.Fixed(func(u float64) float64 {
					return 2 * u * distuv.Poisson{Lambda: u * u}.Prob(k) * gamma.Prob(u*u)
				}, 0, 15, 2000, nil, 0)
				logp, _, _ := negativeBinomial{}.mass(k, loc, s, r)
				relative(t, want, math.Exp(logp), 1e-6, "loc %v, s %v, k %v", loc, s, k)
			}
		}
	}
}

// Nothing is lost at the ends: no rate, a rate beyond counting, counts by the million.
func TestCountExtremes(t *testing.T) {
	require.Zero(t, poisson{}.countAt(0.999, -50))
	require.Equal(t, float64(maxCount), poisson{}.countAt(0.5, 800))
	require.Equal(t, float64(maxCount), negativeBinomial{}.countAt(0.5, 50, 1))
	near(t, 1e6, poisson{}.countAt(0.5, math.Log(1e6)), 1)
	near(t, 1e6+1e3*distuv.UnitNormal.Quantile(0.9), poisson{}.countAt(0.9, math.Log(1e6)), 3)
	for _, loc := range []float64{-700, 700} {
		logp, dloc, ds := negativeBinomial{}.mass(5, loc, 0.3, math.Exp(-0.3))
		for _, v := range []float64{logp, dloc, ds} {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%v: %v %v %v", loc, logp, dloc, ds)
		}
	}
	for _, v := range []float64{-1, 0.5, math.NaN(), math.Inf(1), 1e300} {
		_, _, err := Fit(context.Background(), mat.NewDense(3, 1, []float64{0, 1, v}), nil, Settings{Likelihood: Poisson}, source(1))
		require.ErrorIs(t, err, density.ErrSupport)
		require.ErrorContains(t, err, "row 3, column 1")
	}
}

// countTable returns counts of three columns that depend on one normal factor: Poisson
// or, for a positive dispersion, negative binomial. Their means differ a hundredfold.
func countTable(n int, dispersion float64, seed uint64) *mat.Dense {
	x := mat.NewDense(n, 3, nil)
	src := source(seed)
	random := rand.New(src)
	for i := range n {
		z := random.NormFloat64()
		for j, loc := range []float64{0.5 + 0.8*z, 3 - 0.6*z, 5.5 + 0.3*z} {
			rate := math.Exp(loc)
			if dispersion > 0 {
				rate = distuv.Gamma{Alpha: 1 / dispersion, Beta: 1 / (dispersion * rate), Src: src}.Rand()
			}
			x.Set(i, j, distuv.Poisson{Lambda: rate, Src: src}.Rand())
		}
	}
	return x
}

// On counts with a common factor the bound is above the likelihood of independent
// columns and below that of the truth; where counts are overdispersed the negative
// binomial has the better bound. A linear decoder holds the truth, so that the bound
// comes near it; log p of the truth is by quadrature over the factor.
func TestCountsAreFitted(t *testing.T) {
	const dispersion = 0.3
	train, valid := countTable(600, dispersion, 1), countTable(300, dispersion, 2)
	truth := make([]float64, 300)
	for i := range truth {
		truth[i] = math.Log(quad.Fixed(func(z float64) float64 {
			sum := distuv.UnitNormal.LogProb(z)
			for j, loc := range []float64{0.5 + 0.8*z, 3 - 0.6*z, 5.5 + 0.3*z} {
				logp, _, _ := negativeBinomial{}.mass(valid.At(i, j), loc, math.Log(dispersion), 1/dispersion)
				sum += logp
			}
			return math.Exp(sum)
		}, -7, 7, 200, nil, 0))
	}
	bounds := make(map[Likelihood]float64)
	for _, l := range []Likelihood{Poisson, NegativeBinomial} {
		m, report, err := Fit(context.Background(), train, valid, Settings{
			Latent: 1, Hidden: []int{16}, Likelihood: l, Sigma: PerDim, Epochs: 120, Rate: 5e-3,
		}, source(1))
		require.NoError(t, err)
		require.Equal(t, []density.Measure{density.Discrete}, m.Measures())
		bounds[l] = report.History[report.BestEpoch-1].Valid
		// The model, which takes counts as they are, has the bound that training saw
		// through its own units.
		bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), valid, elbo.Settings{Samples: 50, Seed: 3})
		require.NoError(t, err)
		near(t, bounds[l], sum(bound.PerRow)/300, 0.15, "%v", l)
	}
	best := sum(truth) / 300
	t.Logf("bounds: Poisson %.3f, negative binomial %.3f; log p of the truth %.3f", bounds[Poisson], bounds[NegativeBinomial], best)
	require.Greater(t, bounds[NegativeBinomial], bounds[Poisson]+1)
	near(t, best, bounds[NegativeBinomial], 0.35)
}

// What the encoder saw in units of its own it sees in the data afterwards, pseudo-inputs
// of a VampPrior included; what it is given does not depend on the units.
func TestEncoderUnitsAreFolded(t *testing.T) {
	x := countTable(40, 0, 3)
	for _, prior := range []Prior{StandardNormal, Vamp(3)} {
		for _, corruption := range []float64{0, 0.5} {
			c := Config{Dim: 3, Latent: 2, Hidden: []int{5}, Likelihood: Poisson, Prior: prior, Precision: Float64}
			s := Settings{Batch: 40, Samples: 1, Corruption: corruption}
			in := standardizingInputs(momentsOf(x, nil))
			tr := newTrainState(newNetwork[float64](c), s, x, nil, in, density.NewIdentity(3), 1)
			t.Cleanup(tr.close)
			tr.shuffle(0)
			tr.bound(0, 40)
			theta := append([]float64{}, tr.theta...)
			fold(tr.net, theta, in, density.NewIdentity(3))
			m, err := newModel(newCoder(tr.net, theta))
			require.NoError(t, err)
			mean, _ := m.Encoder().Moments(x)
			for i, row := range tr.order {
				require.Equal(t, x.RawRowView(row), tr.target[i*3:(i+1)*3])
				for j := range 2 {
					if corruption == 0 {
						relative(t, tr.encoder.Output()[i*4+j], mean.At(row, j), 1e-9)
					}
				}
				for j := range 3 {
					noise := tr.encoder.Input[i*3+j] - (x.At(row, j)-in.Shift[j])/in.Scale[j]
					if corruption == 0 {
						near(t, 0, noise, 1e-12)
					} else {
						require.NotZero(t, noise)
						near(t, 0, noise, 5*corruption)
					}
				}
			}
			if prior != StandardNormal {
				chosen := rand.New(density.NewSource(1, "vae pseudo-inputs")).Perm(40)
				inputs := tensor(t, m.coder, "prior.inputs")
				for k := range 3 {
					for j := range 3 {
						near(t, x.At(chosen[k], j), inputs.At(k, j), 1e-9)
					}
				}
			}
		}
	}
}
