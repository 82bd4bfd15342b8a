package vae

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/nn"
)

// testTrainer returns a trainer in float64 on random rows, with random weights
// behind the log-variances too, which start at zero otherwise.
func testTrainer(t testing.TB, c Config, s Settings, floor []float64) *trainState[float64] {
	t.Helper()
	const rows = 7
	x := normals(rows, c.Dim, 11)
	if c.Likelihood == DiscretizedLogistic {
		x.Apply(func(_, _ int, v float64) float64 {
			return newDiscretizedLogistic(c.Levels).round(2 + 2*v)
		}, x)
	}
	if c.Likelihood == Bernoulli || c.Likelihood == ContinuousBernoulli {
		x.Apply(func(_, _ int, v float64) float64 {
			if v > 0 {
				return 1
			}
			return 0
		}, x)
	}
	if c.Columns != nil || c.Likelihood == Categorical {
		o := newObservation(&c)
		copy(x.RawMatrix().Data, drawn(o, rows, make([]float64, o.locations()), make([]float64, o.scales()), 11).RawMatrix().Data)
	}
	if c.Fill != nil {
		for i := range rows {
			x.Set(i, (i*i+1)%c.Dim, math.NaN())
		}
	}
	if s.Batch == 0 {
		s.Batch = rows
	}
	tr := newTrainState(newNetwork[float64](c), s, x, floor, density.NewIdentity(c.Dim), density.NewIdentity(c.Dim), 1)
	random := rand.New(source(12))
	for i := range tr.theta {
		tr.theta[i] += 0.3 * random.NormFloat64()
	}
	t.Cleanup(tr.close)
	return tr
}

// meanBound returns the mean bound of the rows with the noise of a fixed seed.
func meanBound(tr *trainState[float64], rows []int) float64 {
	copy(tr.order, rows)
	tr.epochSeed = 13
	tr.bound(0, len(rows))
	var total float64
	for i := range rows {
		total += tr.weightOf(i) * tr.value[i]
	}
	return total / float64(len(rows))
}

// Minus the gradient of the mean bound against central differences with the
// same noise, extrapolated once.
func TestBoundGradient(t *testing.T) {
	for _, c := range []Config{
		{},
		{Sigma: Shared},
		{Sigma: PerDim},
		{Sigma: Fixed(0.7)},
		{Likelihood: Bernoulli},
		{Likelihood: StudentT, Freedom: 2.5},
		{Likelihood: StudentT, Freedom: 5, Sigma: PerDim},
		{Likelihood: ContinuousBernoulli},
		{Likelihood: DiscretizedLogistic, Levels: 6},
		{Likelihood: DiscretizedLogistic, Levels: 6, Sigma: PerDim},
		{Likelihood: DiscretizedLogistic, Levels: 256, Sigma: Shared},
		{Sigma: Optimal},
		{FullPosterior: true},
		{Activation: GELU},
		{Activation: Softplus},
		{Norm: LayerNorm},
		{Norm: LayerNorm, Activation: GELU, FullPosterior: true},
		{Norm: LayerNorm, Activation: Softplus, Prior: Vamp(3)},
		{Likelihood: Categorical, Levels: 3},
		{Likelihood: ByColumn, Columns: fourColumns},
		{Likelihood: ByColumn, Columns: fourColumns, Sigma: PerDim, Prior: Vamp(3)},
		{Likelihood: ByColumn, Columns: fourColumns, Fill: []float64{0.4, 0.2, 0.3, 0.5, 0.1, 2}, Mask: true},
		{Likelihood: ByColumn, Columns: fourColumns, Fill: []float64{0.4, 0.2, 0.3, 0.5, 0.1, 2}, Mask: true, Prior: Vamp(2)},
		{Sigma: PerDim, Fill: []float64{0.4, 0.2, 0.3, 0.5}, Mask: true},
		{Likelihood: Bernoulli, Fill: []float64{0.4, 0.2, 0.3, 0.5}},
		{Kind: Plain, Likelihood: ByColumn, Columns: fourPlain},
		{Kind: Plain, Norm: LayerNorm},
		{Kind: Plain},
		{Kind: Plain, Likelihood: Bernoulli},
	} {
		for _, samples := range []int{1, 2, 3} {
			if c.Kind == Plain && samples > 1 {
				continue
			}
			c.Dim, c.Latent, c.Hidden = 4, 2, []int{5, 3}
			tr := testTrainer(t, c, Settings{Samples: samples}, nil)
			rows := []int{4, 0, 6, 2, 5}
			checkGradient(t, tr, rows)
		}
	}
}

// Below the floor of σ(z) the gradient that would lead further down is zero
// and the one that leads back up is kept.
func TestFloorGradient(t *testing.T) {
	c := Config{Dim: 1, Latent: 1, Hidden: []int{}, Floor: []float64{1}}
	for _, residual := range []float64{0, 3} {
		tr := testTrainer(t, c, Settings{Samples: 1, Batch: 1}, []float64{1})
		clear(tr.theta)
		tr.x[0] = residual
		head := tr.net.decoder.Layers[0]
		raw := head.Bias.From + 1
		tr.theta[raw] = -2 // below ln 1
		meanBound(tr, []int{0})
		near(t, -0.5*(math.Log(2*math.Pi)+residual*residual), tr.loglik[0], 1e-12)
		for _, p := range tr.pieces {
			tr.gradPiece(p)
		}
		if residual == 0 {
			require.Zero(t, tr.grad[raw])
		} else {
			near(t, -0.5*(residual*residual-1), tr.grad[raw], 1e-12)
		}
	}
}

func TestLearnedVectorKeepsItsFloor(t *testing.T) {
	c := Config{Dim: 3, Latent: 1, Hidden: []int{}, Sigma: PerDim}
	tr := testTrainer(t, c, Settings{Samples: 1}, []float64{0.5, 0.25, 0.125})
	values := tr.theta[tr.net.logvar.From:][:3]
	values[0], values[1], values[2] = -5, -5, 5
	tr.clampLogvar()
	require.Equal(t, []float64{math.Log(0.5), math.Log(0.25), 5}, values)
}

// A step allocates nothing, whatever the model.
func TestStepDoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	for _, c := range []Config{{}, {Norm: LayerNorm}, {Likelihood: Bernoulli}, {Sigma: Shared}, {FullPosterior: true}, {Kind: Plain}} {
		c.Dim, c.Latent, c.Hidden = 20, 3, []int{30, 20}
		s := Settings{Batch: 16, Samples: 2}
		if c.FullPosterior {
			s.Objective = DReG
		}
		if c.Kind == Plain {
			s.Samples = 1
		}
		x := mat.NewDense(40, c.Dim, nil)
		tr := newTrainState(newNetwork[float32](c), s, x, nil, density.NewIdentity(c.Dim), density.NewIdentity(c.Dim), 1)
		tr.shuffle(0)
		allocs := testing.AllocsPerRun(20, func() {
			require.Empty(t, tr.step(0, 16, 1e-3))
		})
		require.Zero(t, allocs, "%+v", c)
		tr.close()
	}
}

// The gradients of the sampled objectives that are exact derivatives of what
// they report, against central differences with the same noise.
func TestSampledObjectiveGradient(t *testing.T) {
	for _, objective := range []Objective{SampledELBO, IWAE} {
		for _, beta := range []float64{1, 0.3} {
			for _, c := range []Config{{}, {Sigma: PerDim}, {Likelihood: Bernoulli}, {FullPosterior: true}} {
				c.Dim, c.Latent, c.Hidden = 4, 3, []int{5}
				tr := testTrainer(t, c, Settings{Samples: 3, Objective: objective}, nil)
				tr.beta = beta
				checkGradient(t, tr, []int{4, 0, 6, 2, 5})
			}
		}
	}
}

// wholeGradient returns the gradient of the mean objective by all parameters.
func wholeGradient(tr *trainState[float64], rows []int) []float64 {
	meanBound(tr, rows)
	for _, p := range tr.pieces {
		tr.gradPiece(p)
	}
	grad := make([]float64, len(tr.grad))
	for i, v := range tr.grad {
		grad[i] = -v
	}
	return grad
}

// checkGradient compares it with central differences, extrapolated once.
func checkGradient(t *testing.T, tr *trainState[float64], rows []int) {
	t.Helper()
	c := &tr.net.config
	grad := wholeGradient(tr, rows)
	for _, slot := range tr.net.slots() {
		if slot.name == "decoder.logvar" && !c.Sigma.learned() {
			continue
		}
		for k := range slot.size() {
			i := slot.place(tr.net, k)
			at, slope := tr.theta[i], [2]float64{}
			for j, h := range [...]float64{1e-3, 5e-4} {
				tr.theta[i] = at + h
				up := meanBound(tr, rows)
				tr.theta[i] = at - h
				slope[j] = (up - meanBound(tr, rows)) / (2 * h)
				tr.theta[i] = at
			}
			relative(t, (4*slope[1]-slope[0])/3, grad[i], 1e-6, "%+v samples %d: %s, element %d", c, tr.settings.Samples, slot.name, k)
		}
	}
}

// The other estimators differ from these draw by draw but have the same mean.
// Over 20,000 minibatches each element stays within 5 standard errors of the
// difference; of some 100 elements one leaves with probability 6e-5.
func TestEstimatorsHaveTheSameMean(t *testing.T) {
	if testing.Short() {
		t.Skip("40,000 minibatches for each estimator")
	}
	for _, c := range []Config{
		{Dim: 2, Latent: 1, Hidden: []int{3}},
		{Dim: 2, Latent: 2, Hidden: []int{}, FullPosterior: true},
	} {
		estimatorsHaveTheSameMean(t, c)
	}
}

func estimatorsHaveTheSameMean(t *testing.T, c Config) {
	rows := []int{1, 3}
	for _, pair := range [][2]Objective{{SampledELBO, ELBO}, {STL, ELBO}, {DReG, IWAE}, {Score, ELBO}, {ScoreBaseline, ELBO}} {
		const n = 20000
		var mean, square [2][]float64
		for side, objective := range pair {
			tr := testTrainer(t, c, Settings{Samples: 3, Objective: objective}, nil)
			// A mild model, so that the score-function estimates have a
			// variance that 20,000 draws can beat.
			for i := range tr.theta {
				tr.theta[i] *= 0.5
			}
			copy(tr.order, rows)
			mean[side], square[side] = make([]float64, len(tr.theta)), make([]float64, len(tr.theta))
			for b := range n {
				tr.epochSeed = scramble(uint64(side*n + b))
				tr.bound(0, len(rows))
				for _, p := range tr.pieces {
					tr.gradPiece(p)
				}
				for i, g := range tr.grad {
					mean[side][i] += g / n
					square[side][i] += g * g / n
				}
			}
		}
		for i := range mean[0] {
			var variance float64
			for side := range pair {
				variance += (square[side][i] - mean[side][i]*mean[side][i]) / n
			}
			near(t, mean[1][i], mean[0][i], 5*math.Sqrt(variance)+1e-12, "%v against %v, parameter %d", pair[0], pair[1], i)
		}
	}
}

// At the exact posterior the STL and DReG gradients of the encoder vanish for
// every single draw; that of the plain bound does not.
func TestPathGradientsVanishAtThePosterior(t *testing.T) {
	x := readTable(t, "iris.csv")
	m := optimalLinear(t, x, covariance(x, 150), 1)
	f := m.engine.(*frozen[float64])
	for _, objective := range []Objective{STL, DReG, SampledELBO} {
		tr := newTrainState(f.network, Settings{Batch: 150, Samples: 3, Objective: objective}, x, nil, density.NewIdentity(4), density.NewIdentity(4), 1)
		copy(tr.theta, f.theta)
		tr.shuffle(0)
		tr.bound(0, 150)
		for _, p := range tr.pieces {
			tr.gradPiece(p)
		}
		var largest float64
		for _, d := range tr.net.encoder.Layers {
			for _, span := range d.Parameters() {
				for _, g := range nn.View(tr.grad, span) {
					largest = max(largest, math.Abs(g))
				}
			}
		}
		if objective == SampledELBO {
			require.Greater(t, largest, 1e-3)
		} else {
			near(t, 0, largest, 1e-9)
		}
		// All log weights are log p(x).
		near(t, irisPPCA/150, sum(tr.value)/150, 1e-6)
		tr.close()
	}
}

func TestFreeNats(t *testing.T) {
	q := diagonal[float64]{}
	h, sd, dh := []float64{0.1, 2, 0, 0}, make([]float64, 2), make([]float64, 4)
	q.begin(h, sd)
	near(t, 0.005+2, q.kl(dh, h, sd, 1, 0.5), 1e-12)
	require.Equal(t, []float64{0, 2, 0, 0}, dh)
	q.kl(dh, h, sd, 1, 0)
	require.Equal(t, []float64{0.1, 2, 0, 0}, dh)
}

// Frequencies of fresh bits; 5 standard errors, three columns.
func TestBinarize(t *testing.T) {
	p := []float32{0, 0.2, 0.5, 0.9, 1}
	counts := make([]float64, len(p))
	src := source(1)
	const n = 40000
	for range n {
		x := slices.Clone(p)
		binarize(x, src)
		for j, v := range x {
			require.True(t, v == 0 || v == 1)
			counts[j] += float64(v) / n
		}
	}
	for j, v := range p {
		near(t, float64(v), counts[j], 5*math.Sqrt(float64(v*(1-v))/n)+1e-9)
	}
}
