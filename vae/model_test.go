package vae

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/internal/safetensors"
)

// randomModel returns a model of the given architecture with random weights.
func randomModel(t testing.TB, c Config, seed uint64) *Model {
	t.Helper()
	random := rand.New(source(seed))
	n := newNetwork[float64](c)
	var tensors []safetensors.Tensor
	for _, s := range n.slots() {
		data := make([]float64, s.size())
		for i := range data {
			data[i] = random.NormFloat64() / math.Sqrt(float64(s.shape()[len(s.shape())-1]))
		}
		tensors = append(tensors, safetensors.Tensor{Name: s.name, Shape: s.shape(), Data: data})
	}
	m, err := FromTensors(c, tensors)
	require.NoError(t, err)
	return m
}

var variants = []Config{
	{Dim: 3, Latent: 2, Hidden: []int{6, 4}},
	{Dim: 3, Latent: 2, Hidden: []int{6, 4}, Floor: []float64{0.8, 1, 1.3}},
	{Dim: 3, Latent: 2, Hidden: []int{6, 4}, Sigma: Shared, Precision: Float64},
	{Dim: 3, Latent: 2, Hidden: []int{5}, Sigma: PerDim, Activation: ReLU},
	{Dim: 3, Latent: 2, Hidden: []int{}, Sigma: Fixed(0.4), Activation: GELU},
	{Dim: 3, Latent: 2, Hidden: []int{5}, Likelihood: Bernoulli, Activation: ELU},
	{Dim: 3, Latent: 1, Hidden: []int{5, 2}, Likelihood: Bernoulli, Activation: Softplus, Precision: Float64},
	{Dim: 3, Latent: 2, Hidden: []int{5}, Sigma: Optimal, Precision: Float64},
	{Dim: 3, Latent: 3, Hidden: []int{5}, FullPosterior: true, Precision: Float64},
	{Dim: 3, Latent: 1, Hidden: []int{5}, FullPosterior: true},
	{Dim: 3, Latent: 2, Hidden: []int{5}, Likelihood: StudentT, Freedom: 3, Precision: Float64},
	{Dim: 3, Latent: 2, Hidden: []int{5}, Likelihood: ContinuousBernoulli, Precision: Float64},
}

// layer is one affine map with an activation, in plain loops over the tensors
// of a saved model.
func layer(t testing.TB, m *Model, name string, x []float64, act func(float64) float64) []float64 {
	w, b := tensor(t, m.coder, name+".weight"), tensor(t, m.coder, name+".bias")
	out, _ := w.Dims()
	y := make([]float64, out)
	for i := range y {
		y[i] = b.At(0, i)
		for j, v := range x {
			y[i] += w.At(i, j) * v
		}
		y[i] = act(y[i])
	}
	return y
}

func identity(v float64) float64 { return v }

var plainActivations = map[Activation]func(float64) float64{
	Tanh:     math.Tanh,
	ReLU:     func(v float64) float64 { return max(v, 0) },
	ELU:      func(v float64) float64 { return max(v, 0) + math.Expm1(min(v, 0)) },
	GELU:     func(v float64) float64 { return v * 0.5 * (1 + math.Erf(v/math.Sqrt2)) },
	Softplus: func(v float64) float64 { return math.Log(1 + math.Exp(v)) },
}

// A reader that knows only the names and shapes of the tensors and the
// configuration gets the same densities.
func TestTensorsDefineTheModel(t *testing.T) {
	for _, c := range variants {
		m := randomModel(t, c, 21)
		act := plainActivations[c.Activation]
		x, z := normals(5, c.Dim, 22), normals(5, c.Latent, 23)
		if c.Likelihood == Bernoulli {
			x.Apply(func(_, _ int, v float64) float64 { return math.Round(1 / (1 + math.Exp(-v))) }, x)
		}
		lik := m.LogLik(nil, x, z)
		mean, logvar := m.Encoder().Moments(x)
		for i := range 5 {
			h := z.RawRowView(i)
			for k := range c.Hidden {
				h = layer(t, m, "decoder."+string(rune('0'+k)), h, act)
			}
			loc := layer(t, m, "decoder.mean", h, identity)
			var want float64
			for j, v := range x.RawRowView(i) {
				if c.Likelihood == ContinuousBernoulli {
					want += v*loc[j] - math.Log((math.Exp(loc[j])-1)/loc[j])
					continue
				}
				if c.Likelihood == Bernoulli {
					p := 1 / (1 + math.Exp(-loc[j]))
					want += math.Log(v*p + (1-v)*(1-p))
					continue
				}
				var s float64
				switch c.Sigma {
				case Network:
					s = layer(t, m, "decoder.logvar", h, identity)[j]
					if c.Floor != nil {
						s = math.Log(max(math.Exp(s), c.Floor[j]))
					}
				default:
					vector := tensor(t, m.coder, "decoder.logvar")
					_, width := vector.Dims()
					s = vector.At(0, min(j, width-1))
				}
				sd := math.Exp(s / 2)
				if c.Likelihood == StudentT {
					want += distuv.StudentsT{Mu: loc[j], Sigma: sd, Nu: 3}.LogProb(v)
					continue
				}
				want -= math.Log(sd*math.Sqrt(2*math.Pi)) + (v-loc[j])*(v-loc[j])/(2*sd*sd)
			}
			tolerance := 1e-4
			if c.Precision == Float64 {
				tolerance = 1e-12
			}
			relative(t, want, lik[i], tolerance, "%+v", c)

			h = x.RawRowView(i)
			for k := range c.Hidden {
				h = layer(t, m, "encoder."+string(rune('0'+k)), h, act)
			}
			for j, v := range layer(t, m, "encoder.mean", h, identity) {
				relative(t, v, mean.At(i, j), tolerance)
			}
			below := 0
			for j, v := range layer(t, m, "encoder.logvar", h, identity) {
				variance := math.Exp(v)
				for range j {
					if c.FullPosterior {
						variance += math.Pow(layer(t, m, "encoder.cholesky", h, identity)[below], 2)
						below++
					}
				}
				relative(t, math.Log(variance), logvar.At(i, j), tolerance)
			}
		}
	}
}

func TestTensorsRoundTrip(t *testing.T) {
	for _, c := range variants {
		m := randomModel(t, c, 31)
		back, err := FromTensors(m.Config(), m.Tensors())
		require.NoError(t, err)
		x, z := normals(300, c.Dim, 32), normals(900, c.Latent, 33)
		require.Equal(t, m.LogLik(nil, x, z), back.LogLik(nil, x, z))
		require.Equal(t, m.Encoder().LogProb(nil, z, x), back.Encoder().LogProb(nil, z, x))
		require.Equal(t, m.NumParameters(), back.NumParameters())
	}
}

func TestDamagedTensors(t *testing.T) {
	m := randomModel(t, variants[0], 41)
	damage := map[string]func(ts []safetensors.Tensor) []safetensors.Tensor{
		"missing":   func(ts []safetensors.Tensor) []safetensors.Tensor { return ts[1:] },
		"extra":     func(ts []safetensors.Tensor) []safetensors.Tensor { return append(ts, ts[0]) },
		"renamed":   func(ts []safetensors.Tensor) []safetensors.Tensor { ts[2].Name = "x"; return ts },
		"transpose": func(ts []safetensors.Tensor) []safetensors.Tensor { ts[0].Shape = []int{3, 6}; return ts },
		"nan": func(ts []safetensors.Tensor) []safetensors.Tensor {
			ts[3].Data[0] = math.NaN()
			return ts
		},
		"beyond float32": func(ts []safetensors.Tensor) []safetensors.Tensor { ts[3].Data[0] = 1e300; return ts },
	}
	for name, f := range damage {
		_, err := FromTensors(m.Config(), f(m.Tensors()))
		require.ErrorIs(t, err, ErrTensors, name)
	}
	for name, f := range map[string]func(c *Config){
		"family":   func(c *Config) { c.Kind = 9 },
		"ae":       func(c *Config) { c.Kind = Plain },
		"width":    func(c *Config) { c.Dim = 0 },
		"huge":     func(c *Config) { c.Hidden = []int{1 << 40} },
		"negative": func(c *Config) { c.Latent = -1 },
		"floor":    func(c *Config) { c.Floor = []float64{1, -1, 1} },
		"floors":   func(c *Config) { c.Floor = []float64{1} },
		"enum":     func(c *Config) { c.Activation = 99 },
	} {
		c := m.Config()
		f(&c)
		_, err := FromTensors(c, m.Tensors())
		require.Error(t, err, name)
	}
}

// The result for a row depends on that row alone: not on how rows are cut into
// batches, nor on the number of processors.
func TestChunksChangeNothing(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, c := range variants {
		m := randomModel(t, c, 51)
		const n, draws = 211, 3
		x, z := normals(n, c.Dim, 52), normals(n*draws, c.Latent, 53)
		encoder := m.Encoder()
		runtime.GOMAXPROCS(1)
		lik, q, kl := m.LogLik(nil, x, z), encoder.LogProb(nil, z, x), encoder.KLPrior(nil, x)
		sample := mat.NewDense(n, c.Dim, nil)
		m.Rand(sample, source(1))
		for _, procs := range []int{1, 2, 7} {
			runtime.GOMAXPROCS(procs)
			require.Equal(t, lik, m.LogLik(nil, x, z))
			again := mat.NewDense(n, c.Dim, nil)
			src := source(1)
			for from := 0; from < n; {
				to := min(from+1+from%37, n)
				part, codes := density.Rows(x, from, to), density.Rows(z, from*draws, to*draws)
				require.Equal(t, lik[from*draws:to*draws], m.LogLik(nil, part, codes))
				require.Equal(t, q[from*draws:to*draws], encoder.LogProb(nil, codes, part))
				require.Equal(t, kl[from:to], encoder.KLPrior(nil, part))
				m.Rand(density.Rows(again, from, to), src)
				from = to
			}
			require.True(t, mat.Equal(sample, again))
		}
	}
}

// ∫∫ p(x|z) p(z) dz dx = 1 by the trapezoidal rule, which is exact to rounding
// for such integrands; Σ over all 2^D rows for binary data.
func TestIntegratesToOne(t *testing.T) {
	grid := func(d int, bound, step float64) *mat.Dense {
		var axis []float64
		for v := -bound; v <= bound+1e-9; v += step {
			axis = append(axis, v)
		}
		if d == 1 {
			return mat.NewDense(len(axis), 1, axis)
		}
		g := mat.NewDense(len(axis)*len(axis), 2, nil)
		for i, a := range axis {
			for j, b := range axis {
				g.SetRow(i*len(axis)+j, []float64{a, b})
			}
		}
		return g
	}
	total := func(m *Model, x, z *mat.Dense, cellZ float64) float64 {
		n, _ := x.Dims()
		prior := m.LogPrior(nil, z)
		var sum float64
		for i := range n {
			// One row of x against all codes.
			for k, v := range m.LogLik(nil, density.Rows(x, i, i+1), z) {
				sum += math.Exp(v+prior[k]) * cellZ
			}
		}
		return sum
	}
	for _, sigma := range []Sigma{Network, Shared, PerDim, Fixed(0.6)} {
		m := randomModel(t, Config{Dim: 1, Latent: 1, Hidden: []int{5}, Sigma: sigma, Precision: Float64, Floor: floorFor(sigma, 1)}, 61)
		near(t, 1, total(m, grid(1, 12, 0.05), grid(1, 8, 0.1), 0.1)*0.05, 1e-6)
		m = randomModel(t, Config{Dim: 2, Latent: 1, Hidden: []int{5}, Sigma: sigma, Precision: Float64, Floor: floorFor(sigma, 2)}, 62)
		near(t, 1, total(m, grid(2, 16, 0.25), grid(1, 8, 0.2), 0.2)*0.0625, 1e-5)
	}
	// The tails of Student's t beyond ±4000 hold 3·10⁻⁹ at three degrees of
	// freedom; x = sinh u reaches them in equal steps of u.
	heavy := randomModel(t, Config{Dim: 1, Latent: 1, Hidden: []int{5}, Likelihood: StudentT, Freedom: 3, Precision: Float64}, 64)
	u := grid(1, 9, 0.02)
	var mass float64
	for i, v := range u.RawMatrix().Data {
		at := mat.NewDense(1, 1, []float64{math.Sinh(v)})
		mass += total(heavy, at, grid(1, 8, 0.1), 0.1) * math.Cosh(u.At(i, 0)) * 0.02
	}
	near(t, 1, mass, 1e-6)
	unit := randomModel(t, Config{Dim: 1, Latent: 1, Hidden: []int{5}, Likelihood: ContinuousBernoulli, Precision: Float64}, 65)
	mass = 0
	for v := 0.0005; v < 1; v += 0.001 { // midpoints
		mass += total(unit, mat.NewDense(1, 1, []float64{v}), grid(1, 8, 0.1), 0.1) * 0.001
	}
	near(t, 1, mass, 1e-6)
	const d = 6
	m := randomModel(t, Config{Dim: d, Latent: 2, Hidden: []int{5}, Likelihood: Bernoulli, Precision: Float64}, 63)
	x := mat.NewDense(1<<d, d, nil)
	for i := range 1 << d {
		for j := range d {
			x.Set(i, j, float64(i>>j&1))
		}
	}
	near(t, 1, total(m, x, grid(2, 8, 0.2), 0.04), 1e-9)
}

func floorFor(s Sigma, d int) []float64 {
	if s != Network {
		return nil
	}
	floor := make([]float64, d)
	for j := range floor {
		floor[j] = 0.1
	}
	return floor
}

// log p(x) under a 2-D code by quadrature, against importance sampling with
// the prior and with a broad proposal. Each of the 40 comparisons lies beyond
// 3.5 standard errors with probability 5e-4 or so; the seed is fixed.
func TestQuadratureAgreesWithSampling(t *testing.T) {
	m := randomModel(t, Config{Dim: 4, Latent: 2, Hidden: []int{8}, Sigma: Fixed(0.8), Precision: Float64}, 71)
	const rows, draws = 20, 20000
	x := mat.NewDense(rows, 4, nil)
	m.Rand(x, source(72))
	var grid []float64
	const step = 0.05
	for a := -7.0; a <= 7; a += step {
		for b := -7.0; b <= 7; b += step {
			grid = append(grid, a, b)
		}
	}
	z := mat.NewDense(len(grid)/2, 2, grid)
	prior := m.LogPrior(nil, z)
	for i := range rows {
		row := density.Rows(x, i, i+1)
		terms := m.LogLik(nil, row, z)
		for k := range terms {
			terms[k] += prior[k] + 2*math.Log(step)
		}
		exact := density.LogSumExp(terms)
		for _, proposal := range []density.Proposal{density.PriorProposal(m), wide{m.Encoder()}} {
			codes := mat.NewDense(draws, 2, nil)
			proposal.Rand(codes, row, source(uint64(73+i)))
			w, p, q := m.LogLik(nil, row, codes), m.LogPrior(nil, codes), proposal.LogProb(nil, codes, row)
			var mean, square float64
			for k := range w {
				w[k] = math.Exp(w[k] + p[k] - q[k] - exact)
				mean += w[k] / draws
			}
			for _, v := range w {
				square += (v - mean) * (v - mean) / (draws - 1)
			}
			near(t, 1, mean, 3.5*math.Sqrt(square/draws), "row %d", i)
		}
	}
}

// wide is an encoder with its draws moved away from the mean by a factor of
// three, which makes it a safe proposal for a decoder it does not belong to.
type wide struct{ *Encoder }

func (w wide) Rand(z, x *mat.Dense, src rand.Source) {
	mean, logvar := w.Moments(x)
	fillNormals(z, src)
	z.Apply(func(i, j int, e float64) float64 {
		return mean.At(0, j) + 3*math.Exp(logvar.At(0, j)/2)*e
	}, z)
}

func (w wide) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	mean, logvar := w.Moments(x)
	n, l := z.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		dst[i] = -0.5 * float64(l) * math.Log(2*math.Pi)
		for j := range l {
			sd := 3 * math.Exp(logvar.At(0, j)/2)
			u := (z.At(i, j) - mean.At(0, j)) / sd
			dst[i] -= math.Log(sd) + u*u/2
		}
	}
	return dst
}
