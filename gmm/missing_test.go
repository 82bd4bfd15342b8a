package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"likely/density"
	"likely/internal/em"
)

// punched returns x with a share of its cells missing, but no row empty.
func punched(x *mat.Dense, share float64, seed uint64) *mat.Dense {
	random := rand.New(rand.NewPCG(seed, 1))
	y := mat.DenseCopyOf(x)
	n, d := y.Dims()
	for i := range n {
		spare := random.IntN(d)
		for j := range d {
			if random.Float64() < share && j != spare {
				y.Set(i, j, math.NaN())
			}
		}
	}
	return y
}

// The fit at 20 % missing completely at random against direct maximisation of the
// observed-data likelihood by BFGS, over an unconstrained parametrisation with
// numerical gradients and densities from Cholesky factors of the observed blocks.
func TestMissingEqualsDirectMaximisation(t *testing.T) {
	for _, c := range []struct {
		data string
		k    int
	}{{"faithful", 2}, {"iris", 1}, {"iris", 2}} {
		if testing.Short() && c.data == "iris" && c.k > 1 {
			continue
		}
		x := punched(open(t, c.data), 0.2, 1)
		n, d := x.Dims()
		m, r := fit(t, x, Settings{Components: c.k, Missing: true, Tolerance: 1e-13, Starts: 5}, 1)
		require.True(t, r.Converged)
		var want float64
		for _, v := range m.LogProbObserved(nil, x) {
			want += v
		}
		near(t, want, r.History[len(r.History)-1]*float64(n), 1e-8*math.Abs(want))

		// ln π (first 0), means, Cholesky factors with logarithmic diagonal.
		per := d + d*(d+1)/2
		p0 := make([]float64, c.k-1+c.k*per)
		random := rand.New(rand.NewPCG(1, 1))
		for k := range c.k {
			if k > 0 {
				p0[k-1] = math.Log(m.Weights()[k] / m.Weights()[0])
			}
			var chol mat.Cholesky
			require.True(t, chol.Factorize(m.Covariance(k)))
			var l mat.TriDense
			chol.LTo(&l)
			at := c.k - 1 + k*per
			for i := range d {
				p0[at+i] = m.Means().At(k, i)
				for j := range i + 1 {
					q := at + d + i*(i+1)/2 + j
					p0[q] = l.At(i, j)
					if i == j {
						p0[q] = math.Log(l.At(i, j))
					}
				}
			}
		}
		negative := func(p []float64) float64 {
			logw := make([]float64, c.k)
			copy(logw[1:], p[:c.k-1])
			norm := density.LogSumExp(logw)
			mean := make([][]float64, c.k)
			cov := make([]*mat.SymDense, c.k)
			for k := range c.k {
				at := c.k - 1 + k*per
				mean[k] = p[at : at+d]
				l := mat.NewTriDense(d, mat.Lower, nil)
				for i := range d {
					for j := range i + 1 {
						v := p[at+d+i*(i+1)/2+j]
						if i == j {
							v = math.Exp(v)
						}
						l.SetTri(i, j, v)
					}
				}
				var full mat.Dense
				full.Mul(l, l.T())
				cov[k] = mat.NewSymDense(d, nil)
				for i := range d {
					for j := range i + 1 {
						cov[k].SetSym(i, j, full.At(i, j))
					}
				}
			}
			var value float64
			joint := make([]float64, c.k)
			for i := range n {
				var o []int
				for j := range d {
					if !math.IsNaN(x.At(i, j)) {
						o = append(o, j)
					}
				}
				for k := range c.k {
					block := mat.NewSymDense(len(o), nil)
					e := mat.NewVecDense(len(o), nil)
					for a := range o {
						e.SetVec(a, x.At(i, o[a])-mean[k][o[a]])
						for b := range a + 1 {
							block.SetSym(a, b, cov[k].At(o[a], o[b]))
						}
					}
					var chol mat.Cholesky
					if !chol.Factorize(block) {
						return math.Inf(1)
					}
					var s mat.VecDense
					if chol.SolveVecTo(&s, e) != nil {
						return math.Inf(1)
					}
					joint[k] = logw[k] - norm - 0.5*(float64(len(o))*math.Log(2*math.Pi)+chol.LogDet()+mat.Dot(e, &s))
				}
				value -= density.LogSumExp(joint)
			}
			return value
		}
		near(t, -want, negative(p0), 1e-9*math.Abs(want))
		for i := range p0 {
			p0[i] += 0.02 * random.NormFloat64() // so that it has something to climb
		}
		gradient := func(g, p []float64) {
			q := append([]float64{}, p...)
			for i := range p {
				h := 1e-5 * max(1, math.Abs(p[i]))
				q[i] = p[i] + h
				up := negative(q)
				q[i] = p[i] - h
				g[i] = (up - negative(q)) / (2 * h)
				q[i] = p[i]
			}
		}
		result, err := optimize.Minimize(optimize.Problem{Func: negative, Grad: gradient}, p0, &optimize.Settings{GradientThreshold: 1e-4, MajorIterations: 60}, &optimize.BFGS{})
		if err != nil {
			require.ErrorContains(t, err, "linesearch") // at the optimum, where noise of the differences ends it
		}
		near(t, want, -result.F, 1e-5, "%s K=%d", c.data, c.k)
	}
}

func TestNothingMissingChangesNothing(t *testing.T) {
	x := open(t, "iris")
	for _, family := range covariances {
		s := Settings{Components: 3, Covariance: family, Starts: 2, Iterations: 50}
		a, ra := fit(t, x, s, 1)
		s.Missing = true
		b, rb := fit(t, x, s, 1)
		require.Equal(t, a.Tensors(), b.Tensors())
		require.Equal(t, ra, rb)
	}
}

// Every family climbs monotonically, and the path for missing values agrees with
// the ordinary one when the only missing row adds nothing.
func TestMissingIsMonotoneInEveryFamily(t *testing.T) {
	x := punched(blobs(150, 2, 3, 4), 0.3, 2)
	for _, family := range covariances {
		m, r := fit(t, x, Settings{Components: 2, Covariance: family, Missing: true, Starts: 1, Iterations: 100}, 1)
		for i := 1; i < len(r.History); i++ {
			require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-11*math.Abs(r.History[i]), "%v", family)
		}
		var v float64
		for _, l := range m.LogProbObserved(nil, x) {
			v += l
		}
		near(t, v/150, r.History[len(r.History)-1], 1e-9)
	}
}

// What is observed has the responsibilities of the marginal mixture.
func TestResponsibilitiesObserved(t *testing.T) {
	m := diagonalModel(4, 3)
	x := mat.NewDense(3, 3, []float64{0.3, math.NaN(), -1, math.NaN(), math.NaN(), math.NaN(), 1, 2, 0.5})
	got := m.ResponsibilitiesObserved(nil, x)
	marginal := m.Marginal(0, 2).Responsibilities(nil, mat.NewDense(1, 2, []float64{0.3, -1}))
	whole := m.Responsibilities(nil, mat.NewDense(1, 3, []float64{1, 2, 0.5}))
	for k := range 4 {
		near(t, marginal.At(0, k), got.At(0, k), 1e-13)
		near(t, m.weights[k], got.At(1, k), 1e-13)
		near(t, whole.At(0, k), got.At(2, k), 1e-13)
	}
}

// A model that was fitted to rows with gaps can be saved: its covariances are
// symmetric to the last bit.
func TestMissingCovariancesAreSymmetric(t *testing.T) {
	x := blobs(60, 2, 4, 3)
	for i := range 60 {
		x.Set(i, i%4, math.NaN())
	}
	m, _, err := Fit(context.Background(), x, Settings{Components: 2, Starts: 1, Iterations: 5, Missing: true}, density.NewSource(1, "test"))
	require.NoError(t, err)
	for k := range 2 {
		for i := range 4 {
			for j := range i {
				require.Equal(t, m.shapes.at(k, i, j), m.shapes.at(k, j, i))
			}
		}
	}
}

func TestLogProbObserved(t *testing.T) {
	m := randomModel(3, 3, 1)
	x := blobs(20, 3, 3, 1)
	for i, v := range m.LogProb(nil, x) {
		near(t, v, m.LogProbObserved(nil, x)[i], 1e-11*math.Abs(v))
	}
	// ∫ p(x₁, x₂, x₃) dx₃ by the trapezoidal rule.
	y := mat.NewDense(1, 3, []float64{0.3, -0.2, math.NaN()})
	const step = 0.05
	var sum, first float64
	for q := -800; q <= 800; q++ {
		z := mat.NewDense(1, 3, []float64{0.3, -0.2, float64(q) * step})
		p := math.Exp(m.LogProb(nil, z)[0]) * step
		sum += p
		first += p * z.At(0, 2)
	}
	near(t, math.Log(sum), m.LogProbObserved(nil, y)[0], 1e-9)
	near(t, first/sum, m.Impute(nil, y).At(0, 2), 1e-9)
	require.Equal(t, 0.3, m.Impute(nil, y).At(0, 0))
	y.SetRow(0, []float64{math.NaN(), math.NaN(), math.NaN()})
	near(t, 0, m.LogProbObserved(nil, y)[0], 1e-15)
}

func TestMissingAtTheDoor(t *testing.T) {
	nan := math.NaN()
	for text, x := range map[string]*mat.Dense{
		"column 2 has no values": mat.NewDense(3, 2, []float64{1, nan, 2, nan, 3, nan}),
		"row 1, column 2":        mat.NewDense(3, 2, []float64{1, math.Inf(1), 2, nan, 3, nan}),
	} {
		_, _, err := Fit(context.Background(), x, Settings{Components: 1, Missing: true}, rand.NewPCG(1, 1))
		require.ErrorIs(t, err, density.ErrNonFinite)
		require.ErrorContains(t, err, text)
	}
}

// Rows without any value change nothing, to the last bit: they are no data.
func TestRowsWithoutValues(t *testing.T) {
	x := punched(open(t, "faithful"), 0.2, 5)
	n, d := x.Dims()
	hollow := mat.NewDense(1, d, []float64{math.NaN(), math.NaN()})
	var some, all mat.Dense
	weights, without := []float64{}, []float64{}
	for i := range n {
		row := x.Slice(i, i+1, 0, d)
		if !em.HoldsValue(x.RawRowView(i)) {
			continue
		}
		if i%7 == 0 {
			all = *stacked(&all, hollow)
			weights = append(weights, 1)
		}
		all, some = *stacked(&all, row), *stacked(&some, row)
		weights, without = append(weights, float64(1+i%3)), append(without, float64(1+i%3))
	}
	for _, w := range [][2][]float64{{nil, nil}, {weights, without}} {
		s := Settings{Components: 2, Starts: 2, Missing: true, Weights: w[1]}
		want, report, err := Fit(context.Background(), &some, s, rand.NewPCG(1, 1))
		require.NoError(t, err)
		s.Weights = w[0]
		got, again, err := Fit(context.Background(), &all, s, rand.NewPCG(1, 1))
		require.NoError(t, err)
		require.Equal(t, want.Means().RawMatrix().Data, got.Means().RawMatrix().Data)
		require.Equal(t, report.History, again.History)
		s.Starts, s.Weights = 0, nil
		want, _, err = FitStream(context.Background(), streamOf(&some, w[1], 50), want, s)
		require.NoError(t, err)
		got, _, err = FitStream(context.Background(), streamOf(&all, w[0], 50), got, s)
		require.NoError(t, err)
		require.Equal(t, want.Means().RawMatrix().Data, got.Means().RawMatrix().Data)
	}
	_, _, err := Fit(context.Background(), hollow, Settings{Components: 1, Missing: true}, rand.NewPCG(1, 1))
	require.ErrorIs(t, err, density.ErrNonFinite)
}

// stacked returns the rows of a above those of b.
func stacked(a *mat.Dense, b mat.Matrix) *mat.Dense {
	if a.IsEmpty() {
		return mat.DenseCopyOf(b)
	}
	var out mat.Dense
	out.Stack(a, b)
	return &out
}

// A start from a model is completed by that model: one iteration from a converged
// fit does not lose what it had.
func TestWarmStartWithMissingValues(t *testing.T) {
	for _, name := range []string{"iris", "faithful"} {
		x := punched(open(t, name), 0.2, 5)
		for _, family := range []Covariance{Full, Diagonal, VEV, FactorAnalyzers(1)} {
			s := Settings{Components: 2, Covariance: family, Missing: true, Starts: 2, Iterations: 300}
			m, _, err := Fit(context.Background(), x, s, density.NewSource(1, "warm"))
			require.NoError(t, err)
			before := 0.0
			for _, v := range m.LogProbObserved(nil, x) {
				before += v
			}
			s.Start, s.Iterations = From(m), 1
			m, _, err = Fit(context.Background(), x, s, density.NewSource(1, "warm"))
			require.NoError(t, err)
			after := 0.0
			for _, v := range m.LogProbObserved(nil, x) {
				after += v
			}
			require.Greater(t, after, before-1e-6*math.Abs(before), "%s %v", name, family)
		}
	}
}
