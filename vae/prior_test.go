package vae

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
	"likely/gmm"
)

var learnedPriors = []Config{
	{Prior: LearnedMixture(3)},
	{Prior: Vamp(3)},
	{Prior: LearnedMixture(2), Sigma: PerDim, FullPosterior: true},
	{Prior: Vamp(4), Sigma: Shared, FullPosterior: true},
	{Prior: LearnedMixture(1), Likelihood: Bernoulli},
	{Prior: Vamp(2), Likelihood: Bernoulli, Activation: GELU},
}

// Gradients by all parameters, those of the prior and, for the VampPrior, those
// that reach the encoder by way of it included, against central differences
// with the same noise.
func TestLearnedPriorGradient(t *testing.T) {
	for _, objective := range []Objective{ELBO, SampledELBO, IWAE} {
		for _, beta := range []float64{1, 0.3} {
			for _, c := range learnedPriors {
				c.Dim, c.Latent, c.Hidden = 4, 3, []int{5}
				tr := testTrainer(t, c, Settings{Samples: 2, Objective: objective}, nil)
				tr.beta = beta
				checkGradient(t, tr, []int{4, 0, 6, 2, 5})
			}
		}
	}
}

// What training takes for log p(z) and its gradient by z is what the model's
// mixture gives, which gmm computes by code of its own.
func TestLearnedPriorIsTheMixture(t *testing.T) {
	for _, c := range learnedPriors {
		c.Dim, c.Latent, c.Hidden, c.Precision = 4, 2, []int{5}, Float64
		tr := testTrainer(t, c, Settings{Samples: 2}, nil)
		meanBound(tr, []int{0, 1, 2, 3, 4})
		coder := newCoder(tr.net, tr.theta)
		m, err := newModel(coder)
		require.NoError(t, err)
		require.Equal(t, c.Prior.Components(), m.Prior().Components())
		z := mat.NewDense(10, 2, tr.decoder.Input[:20])
		slopes := mat.NewDense(10, 2, nil)
		want := m.LogPriorGrad(nil, slopes, z)
		for r := range 10 {
			got := tr.prior.value[r]
			relative(t, want[r], got, 1e-10, "%v", c.Prior)
			for j, v := range slopes.RawRowView(r) {
				relative(t, v, tr.prior.slopes[r*2+j], 1e-9)
			}
		}
		if c.Prior.kind == priorVamp {
			aggregate, err := m.AggregatePosterior(tensor(t, coder, "prior.inputs"))
			require.NoError(t, err)
			require.Equal(t, aggregate.LogProb(nil, z), m.LogPrior(nil, z))
		}
	}
}

// The other estimators have the same mean under learned priors. 5 standard
// errors of the difference for each of some 100 elements: a right one leaves
// with probability 6e-5.
func TestEstimatorsHaveTheSameMeanUnderLearnedPriors(t *testing.T) {
	if testing.Short() {
		t.Skip("40,000 minibatches for each estimator")
	}
	for _, c := range []Config{
		{Dim: 2, Latent: 1, Hidden: []int{}, Prior: LearnedMixture(2)},
		{Dim: 2, Latent: 1, Hidden: []int{}, Prior: Vamp(2)},
	} {
		estimatorsHaveTheSameMean(t, c)
	}
}

func TestLearnedPriorStepDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range learnedPriors {
		c.Dim, c.Latent, c.Hidden = 20, 3, []int{30, 20}
		x := mat.NewDense(40, c.Dim, nil)
		tr := newTrainState(newNetwork[float32](c), Settings{Batch: 16, Samples: 2}, x, nil, density.NewIdentity(c.Dim), density.NewIdentity(c.Dim), 1)
		tr.shuffle(0)
		allocs := testing.AllocsPerRun(20, func() {
			require.Empty(t, tr.step(0, 16, 1e-3))
		})
		require.Zero(t, allocs, "%+v", c)
		tr.close()
	}
}

// A linear model with a mixture as prior has a closed form: against it, the
// density integrates by quadrature over the code, importance weights average to
// it, and the sampled bound stays below.
func TestLearnedPriorMarginal(t *testing.T) {
	x := density.Rows(readTable(t, "iris.csv"), 0, 20)
	for _, prior := range []Prior{LearnedMixture(3), Vamp(3), ExPost(2)} {
		m, _, err := Fit(context.Background(), readTable(t, "iris.csv"), nil, Settings{
			Latent: 1, Hidden: []int{}, Sigma: Shared, Prior: prior, Precision: Float64, Epochs: 30,
		}, source(1))
		require.NoError(t, err)
		marginal, ok, err := m.Marginal()
		require.NoError(t, err)
		require.True(t, ok)
		require.Equal(t, prior.Components(), marginal.Components())
		exact := marginal.LogProb(nil, x)
		for i, want := range exact {
			row := density.Rows(x, i, i+1)
			integral := quad.Fixed(func(v float64) float64 {
				z := mat.NewDense(1, 1, []float64{v})
				return math.Exp(m.LogLik(nil, row, z)[0] + m.LogPrior(nil, z)[0])
			}, -12, 12, 4000, quad.Legendre{}, 0)
			near(t, math.Log(integral), want, 1e-8)
		}
		// The error is that of the bound itself: a row leaves 5 of them with
		// probability 6e-7.
		bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), x, elbo.Settings{Samples: 2000, Seed: 1})
		require.NoError(t, err)
		for i, v := range bound.PerRow {
			require.LessOrEqual(t, v, exact[i]+5*bound.StdErr[i]+1e-9)
		}
	}
}

// Data from two clumps in a 1-D code: a mixture of two as prior fits them better
// than a normal one can, with everything else alike. In closed form.
func TestLearnedPriorRaisesTheLikelihood(t *testing.T) {
	random := rand.New(source(3))
	x := mat.NewDense(400, 2, nil)
	for i := range 400 {
		z := 4*float64(i%2) - 2 + 0.3*random.NormFloat64()
		x.SetRow(i, []float64{z + 0.3*random.NormFloat64(), -z + 0.3*random.NormFloat64()})
	}
	fit := func(prior Prior) float64 {
		m, _, err := Fit(context.Background(), x, nil, Settings{
			Latent: 1, Hidden: []int{}, Sigma: Shared, Prior: prior, Batch: 400, Rate: 0.05, Epochs: 500, Precision: Float64,
		}, source(1))
		require.NoError(t, err)
		marginal, ok, err := m.Marginal()
		require.NoError(t, err)
		require.True(t, ok)
		return sum(marginal.LogProb(nil, x)) / 400
	}
	normal := fit(StandardNormal)
	// Two clumps of sd 0.37 at ±2 along the code: the best mixture gains about
	// ln(2/0.37) − ln 2 = 1 nat over the normal of sd 2.
	for _, prior := range []Prior{LearnedMixture(2), Vamp(4), ExPost(2)} {
		got := fit(prior)
		t.Logf("%v %.3f, normal %.3f", prior, got, normal)
		require.Greater(t, got, normal+0.5, "%v", prior)
		require.Less(t, got, normal+1.2, "%v", prior)
	}
}

// Whatever the prior, the model is the same after its tensors and its
// configuration have been through JSON and back.
func TestPriorRoundTrip(t *testing.T) {
	x := density.Rows(readTable(t, "faithful.csv"), 0, 60)
	for _, prior := range []Prior{StandardNormal, LearnedMixture(3), Vamp(5), ExPost(3)} {
		for _, precision := range []Precision{Float32, Float64} {
			m, _, err := Fit(context.Background(), x, nil, Settings{Hidden: []int{6}, Epochs: 3, Prior: prior, Precision: precision}, source(1))
			require.NoError(t, err)
			text, err := json.Marshal(m.Config())
			require.NoError(t, err)
			var config Config
			require.NoError(t, json.Unmarshal(text, &config))
			require.Equal(t, prior, config.Prior)
			back, err := FromTensors(config, m.Tensors())
			require.NoError(t, err)
			z := normals(20, 2, 2)
			require.Equal(t, m.LogPrior(nil, z), back.LogPrior(nil, z))
			require.Equal(t, m.NumParameters(), back.NumParameters())
			require.Equal(t, m.Tensors(), back.Tensors())
			a, b := mat.NewDense(7, 2, nil), mat.NewDense(7, 2, nil)
			m.Rand(a, source(4))
			back.Rand(b, source(4))
			require.Equal(t, a, b)
			if prior != StandardNormal {
				_, err = FromTensors(config, m.Tensors()[1:])
				require.ErrorIs(t, err, ErrTensors)
				config.PriorMixture = &gmm.Config{Dim: 3, Components: 3, Covariance: "full"}
				_, err = FromTensors(config, m.Tensors())
				require.ErrorContains(t, err, "prior")
			}
			// Replacing a prior leaves no trace of the old one.
			again := m.WithPrior(m.Prior())
			rebuilt, err := FromTensors(again.Config(), again.Tensors())
			require.NoError(t, err)
			require.Equal(t, again.LogPrior(nil, z), rebuilt.LogPrior(nil, z))
			require.Equal(t, again.NumParameters(), rebuilt.NumParameters())
		}
	}
}

// Stopped after ten random steps and resumed, a run with a learned prior gives
// the same bits; and so it does with the work cut into other parts.
func TestLearnedPriorResumes(t *testing.T) {
	train, valid := halves(readTable(t, "faithful.csv"))
	random := rand.New(source(1))
	for _, prior := range []Prior{LearnedMixture(3), Vamp(4), ExPost(2)} {
		s := Settings{Hidden: []int{8}, Epochs: 4, Batch: 32, Prior: prior, Objective: DReG, Samples: 2, Clip: 5}
		want, wantReport, err := Fit(context.Background(), train, valid, s, source(1))
		require.NoError(t, err)
		for range 10 {
			first, err := NewTrainer(train, valid, s, source(1))
			require.NoError(t, err)
			for range random.IntN(wantReport.Steps) {
				require.NoError(t, first.Step())
			}
			var file bytes.Buffer
			require.NoError(t, first.WriteCheckpoint(&file))
			first.Close()
			second, err := NewTrainer(train, valid, s, source(999))
			require.NoError(t, err)
			require.NoError(t, second.Resume(&file))
			for !second.Done() {
				require.NoError(t, second.Step())
			}
			got, report, err := second.Model()
			require.NoError(t, err)
			second.Close()
			require.Equal(t, want.Tensors(), got.Tensors())
			require.Equal(t, wantReport, report)
		}
	}
}

func TestLearnedPriorIsCutAnyhow(t *testing.T) {
	for _, c := range learnedPriors {
		c.Dim, c.Latent, c.Hidden = 4, 3, []int{5}
		tr := testTrainer(t, c, Settings{Samples: 2}, nil)
		rows := []int{4, 0, 6, 2, 5}
		want := wholeGradient(tr, rows)
		for _, parts := range []int{2, 3, 7} {
			for len(tr.scratch) < parts {
				tr.scratch = append(tr.scratch, newRowScratch[float64](c.Dim, 2))
				tr.prior.scratch = append(tr.prior.scratch, newLearnedPrior(tr.net, tr.theta, tr.grad, tr.whole, 1, 1).scratch[0])
			}
			tr.parts = parts
			require.Equal(t, want, wholeGradient(tr, rows), "%v in %d parts", c.Prior, parts)
		}
	}
}

// The suite that every latent model passes: samples, gradients, chunks.
func TestPriorsPassTheSuite(t *testing.T) {
	x := readTable(t, "faithful.csv")
	priors := []Prior{Vamp(5), LearnedMixture(3), ExPost(3)}
	if testing.Short() {
		priors = priors[:1]
	}
	for _, prior := range priors {
		m, _, err := Fit(context.Background(), x, nil, Settings{Hidden: []int{8}, Epochs: 20, Prior: prior, Precision: Float64}, source(1))
		require.NoError(t, err)
		rows := density.Rows(x, 0, 6)
		densitytest.Latent(t, m, densitytest.Config{})
		densitytest.Proposal(t, m.Encoder(), rows, densitytest.Config{})
		mixture, err := m.Mixture(200, source(2))
		require.NoError(t, err)
		z := mat.NewDense(200, 2, nil)
		m.RandPrior(z, source(2))
		got := mixture.LogProb(nil, rows)
		for i := range got {
			terms := make([]float64, 200)
			for s := range terms {
				terms[s] = m.LogLik(nil, density.Rows(rows, i, i+1), density.Rows(z, s, s+1))[0]
			}
			relative(t, density.LogMeanExp(terms), got[i], 1e-9)
		}
	}
}

func TestPriorText(t *testing.T) {
	for _, p := range []Prior{StandardNormal, LearnedMixture(7), Vamp(500), ExPost(1)} {
		text, err := p.MarshalText()
		require.NoError(t, err)
		var back Prior
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, p, back)
	}
	for _, text := range []string{"", "normal:2", "mixture", "mixture:", "mixture:0", "vamp:-1", "vamp:x", "gauss:3", "ex-post:99999999"} {
		p := Vamp(2)
		require.Error(t, p.UnmarshalText([]byte(text)), text)
		require.Equal(t, Vamp(2), p)
	}
}

func TestPriorSettings(t *testing.T) {
	x := normals(10, 2, 1)
	for text, s := range map[string]Settings{
		"vamp:10 or":    {Prior: Vamp(11)},
		"ex-post:10 or": {Prior: ExPost(11)},
		"FreeNats":      {Prior: LearnedMixture(2), FreeNats: 0.1},
		"0 components":  {Prior: LearnedMixture(0)},
	} {
		_, err := NewTrainer(x, nil, s, source(1))
		require.ErrorContains(t, err, text)
	}
	_, err := NewAutoencoderTrainer(x, nil, Settings{Prior: Vamp(50)}, source(1))
	require.NoError(t, err) // it has no prior
}

// modelBound returns the mean bound of a model with 64 draws a row.
func modelBound(t *testing.T, m *Model, x *mat.Dense) density.Estimate {
	t.Helper()
	bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), x, elbo.Settings{Samples: 64, Seed: 1})
	require.NoError(t, err)
	return bound.Estimate()
}
