package vae

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// testTrainer returns a trainer in float64 on random rows, with random weights
// behind the log-variances too, which start at zero otherwise.
func testTrainer(t testing.TB, c Config, s Settings, floor []float64) *trainer[float64] {
	t.Helper()
	const rows = 7
	x := normals(rows, c.Dim, 11)
	if c.Likelihood == Bernoulli {
		x.Apply(func(_, _ int, v float64) float64 {
			if v > 0 {
				return 1
			}
			return 0
		}, x)
	}
	if s.Batch == 0 {
		s.Batch = rows
	}
	tr := newTrainer(newNetwork[float64](c), s, x, floor, density.NewIdentity(c.Dim), 1)
	random := rand.New(source(12))
	for i := range tr.theta {
		tr.theta[i] += 0.3 * random.NormFloat64()
	}
	t.Cleanup(tr.close)
	return tr
}

// meanBound returns the mean bound of the rows with the noise of a fixed seed.
func meanBound(tr *trainer[float64], rows []int) float64 {
	tr.bound(rows, rand.New(source(13)))
	var total float64
	for r := range len(rows) * tr.settings.Samples {
		total += tr.loglik[r] / float64(tr.settings.Samples)
	}
	for i := range rows {
		total -= tr.kl[i]
	}
	return total / float64(len(rows))
}

// Minus the gradient of the mean bound against central differences with the
// same noise, extrapolated once.
func TestBoundGradient(t *testing.T) {
	for _, c := range []Config{
		{Family: "vae"},
		{Family: "vae", Sigma: Shared},
		{Family: "vae", Sigma: PerDim},
		{Family: "vae", Sigma: Fixed(0.7)},
		{Family: "vae", Likelihood: Bernoulli},
		{Family: "vae", Activation: GELU},
		{Family: "vae", Activation: Softplus},
		{Family: "ae"},
		{Family: "ae", Likelihood: Bernoulli},
	} {
		for _, samples := range []int{1, 2, 3} {
			if c.Family == "ae" && samples > 1 {
				continue
			}
			c.Dim, c.Latent, c.Hidden = 4, 2, []int{5, 3}
			tr := testTrainer(t, c, Settings{Samples: samples}, nil)
			rows := []int{4, 0, 6, 2, 5}
			require.False(t, math.IsNaN(meanBound(tr, rows)))
			for _, p := range tr.pieces {
				tr.gradPiece(p)
			}
			grad := append([]float64(nil), tr.grad...)
			for _, slot := range tr.net.slots() {
				if slot.layer == nil && !c.Sigma.learned() {
					continue
				}
				for k := range slot.size() {
					i := slot.place(tr.net, k)
					at, slope := tr.theta[i], [2]float64{}
					for j, h := range [...]float64{1e-3, 5e-4} {
						tr.theta[i] = at + h
						up := meanBound(tr, rows)
						tr.theta[i] = at - h
						slope[j] = -(up - meanBound(tr, rows)) / (2 * h)
						tr.theta[i] = at
					}
					relative(t, (4*slope[1]-slope[0])/3, grad[i], 1e-6, "%+v samples %d: %s, element %d", c, samples, slot.name, k)
				}
			}
		}
	}
}

// Below the floor of σ(z) the gradient that would lead further down is zero
// and the one that leads back up is kept.
func TestFloorGradient(t *testing.T) {
	c := Config{Family: "vae", Dim: 1, Latent: 1, Hidden: []int{}, Floor: []float64{1}}
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
	c := Config{Family: "vae", Dim: 3, Latent: 1, Hidden: []int{}, Sigma: PerDim}
	tr := testTrainer(t, c, Settings{Samples: 1}, []float64{0.5, 0.25, 0.125})
	values := tr.theta[tr.net.logvar.From:][:3]
	values[0], values[1], values[2] = -5, -5, 5
	tr.clampLogvar()
	require.Equal(t, []float64{math.Log(0.5), math.Log(0.25), 5}, values)
}

// A step allocates nothing, whatever the model.
func TestStepDoesNotAllocate(t *testing.T) {
	for _, c := range []Config{{Family: "vae"}, {Family: "vae", Likelihood: Bernoulli}, {Family: "vae", Sigma: Shared}, {Family: "ae"}} {
		c.Dim, c.Latent, c.Hidden = 20, 3, []int{30, 20}
		s := Settings{Batch: 16, Samples: 2}
		if c.Family == "ae" {
			s.Samples = 1
		}
		x := mat.NewDense(40, c.Dim, nil)
		tr := newTrainer(newNetwork[float32](c), s, x, nil, density.NewIdentity(c.Dim), 1)
		noise := tr.shuffle(0)
		allocs := testing.AllocsPerRun(20, func() {
			require.Empty(t, tr.step(tr.order[:16], 1e-3, noise))
		})
		require.Zero(t, allocs, "%+v", c)
		tr.close()
	}
}
