package bayes

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"

	"likely/dataset"
	"likely/density"
	"likely/gmm"
)

func open(t *testing.T, name string) *mat.Dense {
	t.Helper()
	d, err := dataset.Open(name)
	require.NoError(t, err)
	return d.X
}

func fit(t *testing.T, x *mat.Dense, s Settings) (*Posterior, *Report) {
	t.Helper()
	p, r, err := Fit(context.Background(), x, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	return p, r
}

func near(t *testing.T, want, got, delta float64) {
	t.Helper()
	require.False(t, math.IsNaN(got))
	require.InDelta(t, want, got, delta)
}

// With one component the posterior is exact and the bound is the evidence, which
// the chain rule gives from predictive densities alone: Σ ln p(xₙ|x₁…xₙ₋₁), each a
// Student's t of gonum's.
func TestBoundOfOneComponentIsTheEvidence(t *testing.T) {
	x := open(t, "faithful")
	n, d := x.Dims()
	s := Settings{Components: 1, Shrinkage: 2, DegreesOfFreedom: 4, Mean: []float64{3, 60}, Covariance: mat.NewSymDense(2, []float64{1, 2, 2, 100})}
	p, r := fit(t, x, s)
	require.True(t, r.Converged)
	beta, nu := 2.0, 4.0
	mean := []float64{3, 60}
	scale := mat.NewSymDense(2, []float64{4, 8, 8, 400})
	var want float64
	for i := range n {
		row := x.RawRowView(i)
		freedom := nu + 1 - float64(d)
		var sigma mat.SymDense
		sigma.ScaleSym((1+beta)/(freedom*beta), scale)
		student, ok := distmv.NewStudentsT(mean, &sigma, freedom, nil)
		require.True(t, ok)
		want += student.LogProb(row)
		e := mat.NewVecDense(d, nil)
		for j := range d {
			e.SetVec(j, row[j]-mean[j])
			mean[j] = (beta*mean[j] + row[j]) / (beta + 1)
		}
		scale.SymRankOne(scale, beta/(beta+1), e)
		beta++
		nu++
	}
	near(t, want, p.Bound().Value*float64(n), 1e-8*math.Abs(want))
	require.Equal(t, density.LowerBound, p.Bound().Kind)
}

// The bound rises for both priors of the weights, and components that the data do
// not need are left empty.
func TestBoundIsMonotone(t *testing.T) {
	for _, name := range []string{"faithful", "iris"} {
		x := open(t, name)
		for _, w := range []Weights{Dirichlet, DirichletProcess} {
			p, r := fit(t, x, Settings{Components: 6, Weights: w, Concentration: 0.01, Iterations: 3000})
			for i := 1; i < len(r.History); i++ {
				require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-10*math.Abs(r.History[i]), "%s %d", name, i)
			}
			var sum float64
			used := 0
			for k, v := range p.Weights() {
				sum += v
				if p.Counts()[k] > 1 {
					used++
				}
			}
			near(t, 1, sum, 1e-12)
			require.Less(t, used, 6)
		}
	}
}

// With ever more rows the posterior contracts on the maximum of the likelihood.
func TestCentreIsNearMaximumLikelihood(t *testing.T) {
	truth, err := gmm.NewDiagonal([]float64{.3, .7}, mat.NewDense(2, 2, []float64{0, 0, 6, 6}), mat.NewDense(2, 2, []float64{1, 2, 2, 1}))
	require.NoError(t, err)
	x := mat.NewDense(20000, 2, nil)
	truth.Rand(x, density.NewSource(1, "x"))
	p, _ := fit(t, x, Settings{Components: 2})
	m, err := p.Model()
	require.NoError(t, err)
	best, _, err := gmm.Fit(context.Background(), x, gmm.Settings{Components: 2}, density.NewSource(1, "ml"))
	require.NoError(t, err)
	mean := func(e density.Exact) float64 {
		var s float64
		for _, v := range e.LogProb(nil, x) {
			s += v / 20000
		}
		return s
	}
	near(t, mean(best), mean(m), 1e-4)
	near(t, mean(best), mean(p), 1e-3)
	require.Less(t, p.Bound().Value, mean(best))
}

// The predictive density integrates to 1 and its draws have its moments.
func TestPredictive(t *testing.T) {
	x := mat.NewDense(30, 1, nil)
	for i := range 30 {
		x.Set(i, 0, math.Sin(float64(i)*7)+float64(i%2)*5)
	}
	p, _ := fit(t, x, Settings{Components: 2, DegreesOfFreedom: 6})
	grid := mat.NewDense(80001, 1, nil)
	for i := range 80001 {
		grid.Set(i, 0, float64(i-40000)*0.01)
	}
	var mass, mean, square float64
	for i, v := range p.LogProb(nil, grid) {
		w := 0.01 * math.Exp(v)
		mass += w
		mean += w * grid.At(i, 0)
		square += w * grid.At(i, 0) * grid.At(i, 0)
	}
	near(t, 1, mass, 1e-7)
	const n = 100000
	draws := mat.NewDense(n, 1, nil)
	p.Rand(draws, density.NewSource(1, "draws"))
	got, variance := density.Moments(draws)
	near(t, mean, got[0], 5*math.Sqrt(variance[0]/n)) // 5 standard errors: 6e-7
	near(t, square-mean*mean, variance[0], 0.05*variance[0])
}

func TestBadSettings(t *testing.T) {
	x := open(t, "faithful")
	for _, s := range []Settings{{Components: -1}, {Concentration: -1}, {Shrinkage: -1}, {DegreesOfFreedom: 0.5}, {Covariance: mat.NewSymDense(2, nil)}} {
		_, _, err := Fit(context.Background(), x, s, density.NewSource(1, "t"))
		require.ErrorIs(t, err, ErrSettings)
	}
	_, _, err := Fit(context.Background(), mat.NewDense(4, 2, []float64{1, 1, 2, 2, 3, 3, 4, 4}), Settings{Components: 2}, density.NewSource(1, "t"))
	require.ErrorIs(t, err, ErrSingular)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, _, err = Fit(ctx, x, Settings{Components: 2}, density.NewSource(1, "t"))
	require.ErrorIs(t, err, context.Canceled)
}

// BenchmarkLogProb times the predictive density of 20000 rows of 20 columns under 10
// components.
func BenchmarkLogProb(b *testing.B) {
	x := mat.NewDense(20000, 20, nil)
	random := rand.New(rand.NewPCG(1, 1))
	x.Apply(func(i, _ int, _ float64) float64 { return random.NormFloat64() + 3*float64(i%10) }, x)
	for _, family := range []gmm.Covariance{gmm.Full, gmm.Diagonal} {
		b.Run(family.String(), func(b *testing.B) {
			p, _, err := Fit(b.Context(), x, Settings{Components: 10, Family: family, Starts: 1, Iterations: 2}, density.NewSource(1, "b"))
			require.NoError(b, err)
			dst := make([]float64, 20000)
			for b.Loop() {
				p.LogProb(dst, x)
			}
		})
	}
}
