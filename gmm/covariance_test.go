package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"likely/dataset"
)

func TestFamiliesReachReferenceLikelihood(t *testing.T) {
	for _, c := range []struct {
		data   string
		family Covariance
		k      int
		loglik float64
	}{
		{"iris", Tied, 1, -379.914630}, {"iris", Tied, 2, -296.447575}, {"iris", Tied, 3, -256.354043},
		{"faithful", Tied, 1, -1289.796745}, {"faithful", Tied, 2, -1140.186759}, {"faithful", Tied, 3, -1126.315928},
		{"iris", Diagonal, 1, -741.017535}, {"faithful", Diagonal, 1, -1516.705827},
		{"iris", Spherical, 1, -889.516131}, {"faithful", Spherical, 1, -2003.952037},
		{"acidity", TiedSpherical, 2, -185.949264}, {"acidity", Tied, 2, -185.949264},
	} {
		x := open(t, c.data)
		m, r := fit(t, x, Settings{Components: c.k, Covariance: c.family, Starts: 20}, 1)
		near(t, c.loglik, total(m, x), 2e-6, "%s %v K=%d", c.data, c.family, c.k)
		require.True(t, r.Converged)
	}
	d, err := dataset.Open("iris")
	require.NoError(t, err)
	m, _ := fit(t, d.X, Settings{Components: 3, Covariance: Tied, Starts: 20}, 1)
	near(t, .9410123, adjustedRand(d.Labels, m.Assign(nil, d.X)), 5e-8)
}

// BIC as mclust's vignette prints it, 2·ll − p·ln N. mclust stops at a relative
// step of 1e-5, so EM run to the end may be above by the given slack, never below.
func TestFamiliesReachPublishedBIC(t *testing.T) {
	for _, c := range []struct {
		data   string
		family Covariance
		k      int
		bic    float64
		slack  float64
	}{
		{"faithful", Tied, 3, -2314.316, 0.05}, {"faithful", VVE, 2, -2320.433, 0.2}, {"faithful", VEE, 3, -2322.103, 0.2},
		{"iris", VEV, 2, -561.7285, 1e-3}, {"iris", VEV, 3, -562.552, 5e-3}, {"iris", Full, 2, -574.018, 1e-3},
		{"acidity", TiedSpherical, 2, -392.0723, 1e-3},
		{"diabetes", VVE, 5, -4750.758, 1.05}, // 1.03 above: another optimum of common axes
	} {
		x := open(t, c.data)
		if c.data == "diabetes" {
			x = published(t)
		}
		n, _ := x.Dims()
		m, _ := fit(t, x, Settings{Components: c.k, Covariance: c.family, Starts: 20}, 1)
		bic := 2*total(m, x) - float64(m.NumParameters())*math.Log(float64(n))
		require.GreaterOrEqual(t, bic, c.bic-5e-4, "%s %v %d", c.data, c.family, c.k)
		require.LessOrEqual(t, bic, c.bic+c.slack, "%s %v %d", c.data, c.family, c.k)
	}
}

// The parameter counts of mclust's documentation for G=3, d=4.
func TestParameterCountsOfFamilies(t *testing.T) {
	want := map[string]int{
		"EII": 1, "VII": 3, "EEI": 4, "VEI": 6, "EVI": 10, "VVI": 12, "EEE": 10, "VEE": 12,
		"EVE": 16, "VVE": 18, "EEV": 22, "VEV": 24, "EVV": 28, "VVV": 30,
	}
	require.Len(t, covariances, len(want))
	for _, c := range covariances {
		require.Equal(t, want[Geometry(c)], c.NumParameters(3, 4), Geometry(c))
		for _, name := range []string{c.String(), Geometry(c)} {
			parsed, err := ParseCovariance(name)
			require.NoError(t, err)
			require.True(t, c == parsed, name)
		}
	}
	_, err := ParseCovariance("VVX")
	require.ErrorContains(t, err, "VVX")
	for name, p := range map[string]int{"spherical": 13, "diag": 21, "tied": 26, "full": 41} {
		c, err := ParseCovariance(name)
		require.NoError(t, err)
		require.Equal(t, p, 1+2*5+c.NumParameters(2, 5), name)
	}
}

// newMoments returns moments of random rows and responsibilities.
func newMoments(n, k, d int, weights bool, seed uint64) *moments {
	random := rand.New(rand.NewPCG(seed, 5))
	m := &moments{
		n: n, k: k, d: d, total: float64(n), x: blobs(n, k, d, seed).RawMatrix().Data,
		resp: make([]float64, n*k), count: make([]float64, k), mean: make([]float64, k*d), ctx: context.Background(),
	}
	if weights {
		m.weight, m.total = make([]float64, n), 0
	}
	for i := range n {
		w := 1.0
		if weights {
			w = 0.2 + random.Float64()
			m.weight[i] = w
			m.total += w
		}
		row := m.resp[i*k : (i+1)*k]
		for c := range row {
			row[c] = random.ExpFloat64()
		}
		s := sum(row)
		for c := range row {
			row[c] *= w / s
		}
	}
	m.collect()
	return m
}

// expected is the part of the expected log-likelihood that covariances change,
// −½ Σₖ [Nₖ ln|Σₖ| + tr(Σₖ⁻¹Wₖ)], or −Inf.
func (m *moments) expected(sigma []*mat.SymDense) float64 {
	var total float64
	for k, s := range sigma {
		var chol mat.Cholesky
		if !chol.Factorize(s) {
			return math.Inf(-1)
		}
		var solved mat.Dense
		if err := chol.SolveTo(&solved, mat.NewDense(m.d, m.d, m.scatter(k))); err != nil {
			return math.Inf(-1)
		}
		total -= 0.5 * (m.count[k]*chol.LogDet() + mat.Trace(&solved))
	}
	return total
}

// Every M-step must be at the maximum that an optimiser finds within the family,
// parametrised as λₖ, Aₖ and axes by their definition: three columns, axes as
// products of plane rotations.
func TestMStepsAreMaxima(t *testing.T) {
	const k, d = 2, 3
	m := newMoments(80, k, d, false, 3)
	type trial struct {
		family Covariance
		floor  float64
	}
	var trials []trial
	for _, family := range covariances {
		s, err := family.maximize(m, 0, nil)
		require.NoError(t, err)
		// Floors that hold up one eigenvalue, or most of them.
		trials = append(trials, trial{family, 0}, trial{family, 1.4 * narrowestOf(t, s, k, d)}, trial{family, 6 * narrowestOf(t, s, k, d)})
	}
	for i, c := range trials {
		family, floor := c.family, c.floor
		if testing.Short() && i%3 == 1 {
			continue
		}
		g := Geometry(family)
		s, err := family.maximize(m, floor, nil)
		require.NoError(t, err)
		if floor > 0 {
			require.GreaterOrEqual(t, narrowestOf(t, s, k, d), floor*(1-1e-6), g)
			held := false
			for c := range k {
				held = held || s.floored(c)
			}
			require.True(t, held, g)
		}
		got := make([]*mat.SymDense, k)
		for c := range got {
			got[c] = mat.NewSymDense(d, nil)
			for i := range d {
				for j := range i + 1 {
					got[c].SetSym(i, j, s.at(c, i, j))
				}
			}
		}
		build := func(p []float64) []*mat.SymDense {
			out := make([]*mat.SymDense, k)
			for c := range out {
				pick := func(letter byte, size, at int) []float64 {
					if letter == 'V' {
						return p[at+c*size : at+(c+1)*size]
					}
					return p[at : at+size]
				}
				volume, shape := pick(g[0], 1, 0)[0], []float64{0, 0}
				if g[1] != 'I' {
					shape = pick(g[1], 2, 2)
				}
				angles := []float64{0, 0, 0}
				if g[2] != 'I' {
					angles = pick(g[2], 3, 6)
				}
				logs := []float64{shape[0], shape[1], -shape[0] - shape[1]}
				values := make([]float64, d)
				for j := range values {
					values[j] = math.Exp(volume + logs[j])
				}
				axes := mat.NewDense(d, d, []float64{1, 0, 0, 0, 1, 0, 0, 0, 1})
				for q, plane := range [][2]int{{0, 1}, {0, 2}, {1, 2}} {
					sin, cos := math.Sincos(angles[q])
					for row := range d {
						a, b := axes.At(row, plane[0]), axes.At(row, plane[1])
						axes.Set(row, plane[0], cos*a+sin*b)
						axes.Set(row, plane[1], cos*b-sin*a)
					}
				}
				out[c] = mat.NewSymDense(d, nil)
				compose(out[c], axes, values)
			}
			return out
		}
		best := math.Inf(-1)
		random := rand.New(rand.NewPCG(9, 9))
		restarts := 6
		if testing.Short() || floor > 0 {
			restarts = 2
		}
		for range restarts {
			p := make([]float64, 12)
			for i := range p {
				p[i] = random.NormFloat64()
			}
			_, err := optimize.Minimize(optimize.Problem{Func: func(p []float64) float64 {
				sigmas := build(p)
				least := math.Inf(1)
				for _, sigma := range sigmas {
					var eigen mat.EigenSym
					require.True(t, eigen.Factorize(sigma, false))
					least = min(least, eigen.Values(nil)[0])
				}
				v := m.expected(sigmas)
				if least < floor {
					return -v + 1e3*(1-least/floor) // leads back; not counted
				}
				best = max(best, v)
				return -v
			}}, p, &optimize.Settings{FuncEvaluations: 6000}, &optimize.NelderMead{})
			require.NoError(t, err)
		}
		value := m.expected(got)
		require.GreaterOrEqual(t, value, best-1e-7*math.Abs(best), g)
		near(t, best, value, 1e-3*math.Abs(best), g) // a family larger than its name would exceed it
	}
}

// The pooled scatter is the sum of the components' ones, also with weights.
func TestPooledScatter(t *testing.T) {
	for _, weights := range []bool{false, true} {
		m := newMoments(700, 4, 3, weights, 2)
		want := make([]float64, 9)
		squares := m.squares()
		for k := range 4 {
			for i, v := range m.scatter(k) {
				want[i] += v
			}
			for j := range 3 {
				near(t, m.scatter(k)[j*4], squares[k*3+j], 1e-10*squares[k*3+j])
			}
		}
		for i, v := range m.pooled() {
			near(t, want[i], v, 1e-11*want[i/3*4])
		}
	}
}

// In one dimension the families that differ in shape and axes alone coincide.
func TestFamiliesCoincideInOneDimension(t *testing.T) {
	x := column(open(t, "faithful"), 1)
	for _, family := range covariances {
		want := -1034.001750
		if Geometry(family)[0] == 'E' {
			tied, _ := fit(t, x, Settings{Components: 2, Covariance: Tied}, 1)
			want = total(tied, x)
		}
		m, _ := fit(t, x, Settings{Components: 2, Covariance: family}, 1)
		near(t, want, total(m, x), 2e-6, family)
	}
}

// With one component the families that differ in how components vary coincide.
func TestFamiliesCoincideForOneComponent(t *testing.T) {
	x := open(t, "iris")
	for _, family := range covariances {
		want := map[byte]float64{'I': -741.017535, 'E': -379.914630, 'V': -379.914630}[Geometry(family)[2]]
		if Geometry(family)[1] == 'I' {
			want = -889.516131
		}
		m, _ := fit(t, x, Settings{Components: 1, Covariance: family, Starts: 1}, 1)
		near(t, want, total(m, x), 2e-6, family)
	}
}

func TestFamiliesRoundTrip(t *testing.T) {
	x := blobs(300, 3, 4, 2)
	for _, family := range covariances {
		m, _ := fit(t, x, Settings{Components: 3, Covariance: family, Starts: 1, Iterations: 5}, 1)
		back, err := FromTensors(m.Config(), m.Tensors())
		require.NoError(t, err, family)
		require.Equal(t, m.LogProb(nil, x), back.LogProb(nil, x), family)
		require.Equal(t, m.NumParameters(), back.NumParameters())
	}
}

// narrowestOf returns the smallest eigenvalue of any of the covariances.
func narrowestOf(t *testing.T, s shapes, k, d int) float64 {
	t.Helper()
	least := math.Inf(1)
	for c := range k {
		sigma := mat.NewSymDense(d, nil)
		for i := range d {
			for j := range i + 1 {
				sigma.SetSym(i, j, s.at(c, i, j))
			}
		}
		var eigen mat.EigenSym
		require.True(t, eigen.Factorize(sigma, false))
		least = min(least, eigen.Values(nil)[0])
	}
	return least
}
