package bayes

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/gmm"
)

var families = []gmm.Covariance{gmm.Full, gmm.Tied, gmm.Diagonal, gmm.Spherical, gmm.TiedDiagonal, gmm.TiedSpherical}

// posteriorOf returns the posterior of the rows of x with known components.
func posteriorOf(t *testing.T, x *mat.Dense, component []int, s Settings) *Posterior {
	t.Helper()
	_, d := x.Dims()
	s, err := s.resolve(d)
	require.NoError(t, err)
	rows, err := newRows(x, s.RowWeights)
	require.NoError(t, err)
	p, err := newPosterior(rows, s)
	require.NoError(t, err)
	r := mat.NewDense(rows.n, s.Components, nil)
	for i, k := range component[:rows.n] {
		r.Set(i, k, 1)
	}
	require.NoError(t, p.update(newMoments(rows, s.Components), r))
	return p
}

// few returns n rows, the components they are from, and a prior for them.
func few(n int) (*mat.Dense, []int, Settings) {
	random := rand.New(rand.NewPCG(3, 3))
	x, z := mat.NewDense(n, 2, nil), make([]int, n)
	for i := range n {
		z[i] = random.IntN(2)
		x.SetRow(i, []float64{random.NormFloat64() + 2*float64(z[i]) + 7, 0.5 * random.NormFloat64()})
	}
	return x, z, Settings{
		Components: 2, Concentration: 0.7, Shrinkage: 0.5, DegreesOfFreedom: 3.5,
		Mean: []float64{7, 0.3}, Covariance: mat.NewSymDense(2, []float64{1.5, 0.4, 0.4, 0.8}),
	}
}

// With known components q(θ) is exact, and the bound is ln p(X, z) = Σ ln p(xₙ, zₙ |
// x₁ z₁ … xₙ₋₁ zₙ₋₁) by the chain rule, of predictive weights and Student's t that are
// computed in another way.
func TestBoundIsTheEvidenceOfCompletedRows(t *testing.T) {
	x, z, s := few(12)
	for _, family := range families {
		for _, kind := range []Weights{Dirichlet, DirichletProcess} {
			s.Family, s.Weights = family, kind
			var want float64
			for i := range z {
				// Before any row: a posterior of rows of no weight.
				past := s
				past.RowWeights = make([]float64, max(i, 1))
				rows := mat.DenseCopyOf(x.Slice(0, max(i, 1), 0, 2))
				for q := range past.RowWeights {
					past.RowWeights[q] = 1
					if i == 0 {
						past.RowWeights[q] = 1e-300
					}
				}
				p := posteriorOf(t, rows, z, past)
				want += math.Log(p.Weights()[z[i]]) + p.students(nil)[z[i]].LogProb(x.RawRowView(i), make([]float64, 2))
			}
			p := posteriorOf(t, x, z, s)
			near(t, want, p.bound, 1e-9*math.Abs(want))
		}
	}
}

// Over all 2⁶ assignments of six rows the evidence is a sum; no bound is above it, and
// that of a fit is near.
func TestBoundIsBelowTheEvidence(t *testing.T) {
	x, z, s := few(6)
	for _, family := range families {
		s.Family = family
		var all []float64
		for code := range 1 << len(z) {
			for i := range z {
				z[i] = code >> i & 1
			}
			all = append(all, posteriorOf(t, x, z, s).bound)
		}
		evidence := density.LogSumExp(all)
		p, r := fit(t, x, s)
		require.True(t, r.Converged)
		require.Less(t, p.bound, evidence)
		require.Greater(t, p.bound, evidence-3)
	}
}

func TestEveryFamilyIsMonotone(t *testing.T) {
	x := open(t, "iris")
	for _, family := range families {
		_, r := fit(t, x, Settings{Components: 4, Family: family, Starts: 3, Iterations: 300})
		require.Len(t, r.Bounds, 3)
		require.Equal(t, r.Bounds[r.Start], r.History[len(r.History)-1])
		for i := 1; i < len(r.History); i++ {
			require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-11*math.Abs(r.History[i]), "%v %d", family, i)
		}
		for _, b := range r.Bounds {
			require.LessOrEqual(t, b, r.Bounds[r.Start])
		}
	}
}

// In one column there is one family of covariances for each component, and one shared.
func TestFamiliesAgreeInOneColumn(t *testing.T) {
	x := mat.DenseCopyOf(open(t, "faithful").Slice(0, 272, 1, 2))
	bound := func(f gmm.Covariance) float64 {
		p, _ := fit(t, x, Settings{Components: 3, Family: f, Starts: 2})
		return p.bound
	}
	own, shared := bound(gmm.Full), bound(gmm.Tied)
	for _, f := range []gmm.Covariance{gmm.Diagonal, gmm.Spherical} {
		near(t, own, bound(f), 1e-6)
	}
	for _, f := range []gmm.Covariance{gmm.TiedDiagonal, gmm.TiedSpherical} {
		near(t, shared, bound(f), 1e-6)
	}
}

// A row of weight 2 is there twice, one of weight 0 is absent, in every family; where
// the data lie does not matter; nor does the number of cores.
func TestWeightsPlacesAndCores(t *testing.T) {
	x := open(t, "faithful")
	var data []float64
	weights := make([]float64, 272)
	for i := range weights {
		weights[i] = float64(i % 3)
		for range i % 3 {
			data = append(data, x.RawRowView(i)...)
		}
	}
	twice := mat.NewDense(len(data)/2, 2, data)
	start, _, err := gmm.Fit(context.Background(), twice, gmm.Settings{Components: 2}, density.NewSource(1, "w"))
	require.NoError(t, err)
	far := mat.DenseCopyOf(x)
	far.Apply(func(_, j int, v float64) float64 { return v + 1e6 }, far)
	for _, family := range families {
		s := Settings{Components: 2, Family: family, Start: start, Iterations: 30}
		a, _ := fit(t, twice, s)
		s.RowWeights = weights
		b, _ := fit(t, x, s)
		near(t, a.bound, b.bound, 1e-10*math.Abs(a.bound))
		for k, v := range a.means() {
			near(t, v, b.means()[k], 1e-9*math.Abs(v))
		}
		one, _ := fit(t, x, Settings{Components: 3, Family: family, Starts: 2, Iterations: 50})
		two, _ := fit(t, far, Settings{Components: 3, Family: family, Starts: 2, Iterations: 50})
		near(t, one.bound, two.bound, 1e-6*math.Abs(one.bound))
		old := runtime.GOMAXPROCS(1)
		again, _ := fit(t, x, Settings{Components: 3, Family: family, Starts: 2, Iterations: 50})
		runtime.GOMAXPROCS(old)
		require.Equal(t, one.bound, again.bound)
		require.Equal(t, one.mean, again.mean)
	}
}

// Draws of codes are from the densities that they are given: E_p[q/p] = 1 for draws
// from the prior (50000; within 5 standard errors, 6e-7 each).
func TestCodes(t *testing.T) {
	x, z, s := few(2)
	for _, family := range families {
		for _, kind := range []Weights{Dirichlet, DirichletProcess} {
			s.Family, s.Weights = family, kind
			p := posteriorOf(t, x, z, s)
			e := p.Evidence(2)
			codes := mat.NewDense(50000, e.LatentDim(), nil)
			e.RandPrior(codes, density.NewSource(1, "codes"))
			prior := e.LogPrior(nil, codes)
			var sum, squares float64
			for i, q := range p.Proposal().LogProb(nil, codes, nil) {
				w := math.Exp(q - prior[i])
				sum += w
				squares += w * w
			}
			n := float64(len(prior))
			mean := sum / n
			near(t, 1, mean, 5*math.Sqrt((squares/n-mean*mean)/n))
		}
	}
}

// The densities of codes integrate to 1, by a Student's t about draws of q(θ) (20000;
// within 5 standard errors, 6e-7 each).
func TestDensitiesOfCodesAreNormalised(t *testing.T) {
	const n = 20000
	x, z, s := few(40)
	for _, family := range families {
		for _, kind := range []Weights{Dirichlet, DirichletProcess} {
			s.Family, s.Weights = family, kind
			p := posteriorOf(t, x, z, s)
			l := p.latentDim()
			codes := mat.NewDense(n, l, nil)
			p.fill(codes, false, density.NewSource(1, "codes"))
			var sigma mat.SymDense
			stat.CovarianceMatrix(&sigma, codes, nil)
			mean := make([]float64, l)
			for j := range mean {
				mean[j] = stat.Mean(mat.Col(nil, j, codes), nil)
			}
			about, ok := distmv.NewStudentsT(mean, &sigma, 10, rand.NewPCG(5, 5))
			require.True(t, ok)
			for i := range n {
				about.Rand(codes.RawRowView(i))
			}
			w := make([]float64, n)
			for i, q := range p.Proposal().LogProb(nil, codes, nil) {
				w[i] = math.Exp(q - about.LogProb(codes.RawRowView(i)))
			}
			near(t, 1, stat.Mean(w, nil), 5*stat.StdDev(w, nil)/math.Sqrt(n))
			require.Less(t, stat.StdDev(w, nil), 3.0) // or the test would see nothing
		}
	}
}

// Rows that cannot be clustered, of a constant column or fewer than components, have a
// posterior under a prior that is given.
func TestFewAndConstantRows(t *testing.T) {
	x := mat.NewDense(5, 2, []float64{1, 7, 2, 7, 3, 7, 4, 7, 9, 7})
	for _, family := range families {
		p, r := fit(t, x, Settings{Components: 10, Family: family, Covariance: mat.NewSymDense(2, []float64{1, 0, 0, 1})})
		require.True(t, r.Converged)
		require.False(t, math.IsNaN(p.LogProb(nil, x)[0]))
		near(t, 5, floats.Sum(p.Counts()), 1e-9)
	}
	for text, s := range map[string]Settings{
		"Settings.Mean in column 1": {Mean: []float64{math.NaN(), 0}},
		"Dirichlet":                 {Weights: 7},
		"Concentration":             {Concentration: 1e9},
	} {
		_, _, err := Fit(context.Background(), x, s, density.NewSource(1, "few"))
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorContains(t, err, text)
	}
}

// Student's t against gonum's, near and far.
func TestStudents(t *testing.T) {
	scale := mat.NewSymDense(3, []float64{2, .5, -.3, .5, 1, .2, -.3, .2, .7})
	mean := []float64{1, -2, 3}
	want, ok := distmv.NewStudentsT(mean, scale, 4.5, nil)
	require.True(t, ok)
	got := newElliptic(mean, scale, 4.5, nil)
	g := &gammas{k: 1, d: 3, byComponent: true, byColumn: true, shape: []float64{2, 3, 4}, rate: []float64{1, 5, 2}}
	product := g.predictive(0, mean, 2, nil)
	for _, x := range [][]float64{mean, {0, 0, 0}, {1e3, -5, 2}, {1e150, 1, 1}} {
		near(t, want.LogProb(x), got.LogProb(x, make([]float64, 3)), 1e-10)
		var sum float64
		for j, v := range x {
			sum += distuv.StudentsT{Mu: mean[j], Sigma: math.Sqrt(g.rate[j] / g.shape[j] * 1.5), Nu: 2 * g.shape[j]}.LogProb(v)
		}
		near(t, sum, product.LogProb(x, nil), 1e-10)
	}
}

func TestFamiliesAtTheDoor(t *testing.T) {
	x := open(t, "faithful")
	start, _, err := gmm.Fit(context.Background(), x, gmm.Settings{Components: 2}, density.NewSource(1, "w"))
	require.NoError(t, err)
	negative := make([]float64, 272)
	negative[7] = -1
	for text, s := range map[string]Settings{
		"VEV":                      {Family: gmm.VEV},
		"2 components":             {Start: start, Components: 3},
		"RowWeights, row 8":        {RowWeights: negative},
		"sum to 0":                 {RowWeights: make([]float64, 272)},
		"Settings.Starts is -1":    {Starts: -1},
		"DegreesOfFreedom is -0.1": {Family: gmm.Diagonal, DegreesOfFreedom: -0.1},
	} {
		_, _, err := Fit(context.Background(), x, s, density.NewSource(1, "t"))
		require.ErrorIs(t, err, ErrSettings)
		require.ErrorContains(t, err, text)
	}
	constant := mat.DenseCopyOf(x)
	for i := range 272 {
		constant.Set(i, 1, 3)
	}
	for _, f := range families[:3] {
		_, _, err = Fit(context.Background(), constant, Settings{Family: f}, density.NewSource(1, "t"))
		require.ErrorIs(t, err, ErrSingular)
	}
}
