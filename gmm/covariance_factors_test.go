package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Probabilistic PCA has its maximum in closed form (Tipping & Bishop 1999, eq. 7):
// with eigenvalues λ of the covariance (divisor N), σ² is the mean of those left
// out. iris: −470.669458 with σ² .11413908 for one factor; three of four columns
// are the full Gaussian, −379.914630.
func TestProbabilisticPCAIsClosedForm(t *testing.T) {
	x := open(t, "iris")
	one, r := fit(t, x, Settings{Components: 1, Covariance: ProbabilisticPCA(1), Tolerance: 1e-13}, 1)
	require.True(t, r.Converged)
	near(t, -470.669458, total(one, x), 2e-6)
	_, noise := one.Factors(0)
	near(t, .11413908, noise[2], 1e-7)
	three, _ := fit(t, x, Settings{Components: 1, Covariance: ProbabilisticPCA(3), Tolerance: 1e-13}, 1)
	near(t, -379.914630, total(three, x), 2e-5)
}

// Woodbury against the dense formula: the mixture with the same covariances.
func TestFactorsAgainstFull(t *testing.T) {
	x := blobs(300, 3, 6, 2)
	for _, family := range []Covariance{FactorAnalyzers(2), ProbabilisticPCA(2)} {
		m, r := fit(t, x, Settings{Components: 3, Covariance: family, Starts: 2, Iterations: 200}, 1)
		covs := make([]mat.Symmetric, 3)
		for k := range covs {
			covs[k] = m.Covariance(k)
			w, noise := m.Factors(k)
			var dense mat.Dense
			dense.Mul(w, w.T())
			for j := range 6 {
				near(t, dense.At(j, j)+noise[j], covs[k].At(j, j), 1e-12)
			}
		}
		full, err := New(m.Weights(), m.Means(), covs)
		require.NoError(t, err)
		got := m.LogProb(nil, x)
		for i, v := range full.LogProb(nil, x) {
			near(t, v, got[i], 1e-10*math.Abs(v))
		}
		for i := 1; i < len(r.History); i++ {
			require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-11*math.Abs(r.History[i]))
		}
		back, err := FromTensors(m.Config(), m.Tensors())
		require.NoError(t, err)
		require.Equal(t, got, back.LogProb(nil, x))
		require.Equal(t, m.NumParameters(), back.NumParameters())
		// The marginal distribution of one row by its code is the component's.
		z := mat.NewDense(300, 1, nil)
		lik := m.LogLik(nil, x, z)
		near(t, full.LogLik(nil, x, z)[7], lik[7], 1e-9*math.Abs(lik[7]))
	}
	// D=6, L=2: 6·2 − 1 loadings that differ under no rotation, and the noise.
	require.Equal(t, 3*(11+6), FactorAnalyzers(2).NumParameters(3, 6))
	require.Equal(t, 3*(11+1), ProbabilisticPCA(2).NumParameters(3, 6))
}

// At its maximum factor analysis reproduces the variances, diag Σ = diag S, and
// the scores β(S−Σ) vanish: the conditions of a stationary point (Lawley 1940).
func TestFactorAnalysisIsStationary(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 1))
	x := mat.NewDense(500, 4, nil)
	for i := range 500 {
		z := random.NormFloat64()
		for j := range 4 {
			x.Set(i, j, float64(j+1)*z*0.4+(1+0.2*float64(j))*random.NormFloat64())
		}
	}
	m, r := fit(t, x, Settings{Components: 1, Covariance: FactorAnalyzers(1), Tolerance: 1e-14, Iterations: 50000}, 1)
	require.True(t, r.Converged)
	full, _ := fit(t, x, Settings{Components: 1}, 1)
	s, sigma := full.Covariance(0), m.Covariance(0)
	w, _ := m.Factors(0)
	for j := range 4 {
		near(t, s.At(j, j), sigma.At(j, j), 1e-5*s.At(j, j))
	}
	var inverse, score mat.Dense
	require.NoError(t, inverse.Inverse(sigma))
	difference := mat.NewDense(4, 4, nil)
	difference.Sub(s, sigma)
	score.Product(w.T(), &inverse, difference)
	require.Less(t, mat.Norm(&score, 2), 1e-4)
}

// Draws have the covariance: 5 standard errors of its elements, with false alarms
// of 6e-7 each.
func TestFactorsRand(t *testing.T) {
	m, _ := fit(t, blobs(300, 1, 5, 2), Settings{Components: 1, Covariance: FactorAnalyzers(2), Iterations: 50}, 1)
	const n = 40000
	x := mat.NewDense(n, 5, nil)
	m.Rand(x, density.NewSource(1, "factors"))
	full, _ := fit(t, x, Settings{Components: 1}, 1)
	want, got := m.Covariance(0), full.Covariance(0)
	for i := range 5 {
		for j := range 5 {
			spread := math.Sqrt((want.At(i, i)*want.At(j, j) + want.At(i, j)*want.At(i, j)) / n)
			near(t, want.At(i, j), got.At(i, j), 5*spread)
		}
	}
}

func TestFactorsNeedRoom(t *testing.T) {
	x := open(t, "faithful")
	for _, l := range []int{0, 2, 3} {
		_, _, err := Fit(context.Background(), x, Settings{Components: 2, Covariance: FactorAnalyzers(l)}, density.NewSource(1, "t"))
		require.ErrorIs(t, err, ErrSettings)
	}
	for _, name := range []string{"factors:10", "ppca:3"} {
		f, err := ParseCovariance(name)
		require.NoError(t, err)
		require.Equal(t, name, f.String())
	}
	for _, name := range []string{"factors:", "factors:0", "factors:-1", "factors:2x", "ppca"} {
		_, err := ParseCovariance(name)
		require.Error(t, err, name)
	}
}

// Units do not matter to factor analysis, and neither path of the scatter.
func TestFactorsScale(t *testing.T) {
	x := open(t, "iris")
	y := mat.DenseCopyOf(x)
	for i := range 150 {
		y.Set(i, 2, 1024*y.At(i, 2))
	}
	s := Settings{Components: 2, Covariance: FactorAnalyzers(1), Starts: 1, Iterations: 100}
	a, _ := fit(t, x, s, 1)
	b, _ := fit(t, y, s, 1)
	near(t, -math.Log(1024), (total(b, y)-total(a, x))/150, 1e-9)
	m := newMoments(200, 2, 4, false, 1)
	dense := newScatterView(m, 1, m.squares())
	dense.dense = m.scatter(1)
	for i := range dense.dense {
		dense.dense[i] /= m.count[1]
	}
	thin := newScatterView(m, 1, m.squares())
	matrix := []float64{1, 2, -1, 3, 0.5, 1, 2, 2}
	require.InDeltaSlice(t, dense.times(matrix, 2), thin.times(matrix, 2), 1e-10)
}

// Factor analysis of four correlated columns reaches its maximum in a few steps, where
// an EM over the factors creeps towards noise of 0 for thousands.
func TestFactorsConverge(t *testing.T) {
	x := open(t, "iris")
	for _, l := range []int{1, 2} {
		for _, k := range []int{1, 2, 3} {
			_, r := fit(t, x, Settings{Components: k, Covariance: FactorAnalyzers(l), Starts: 3}, 1)
			require.True(t, r.Converged)
			require.Less(t, r.Iterations, 200)
			for i := 1; i < len(r.History); i++ {
				require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-11, "L=%d K=%d", l, k)
			}
		}
	}
	// One factor takes the whole of a column of iris: the covariance is not narrow.
	_, r := fit(t, x, Settings{Components: 1, Covariance: FactorAnalyzers(1)}, 1)
	require.True(t, r.FloorActive)
	require.False(t, r.Degenerate)
	require.Contains(t, r.Warnings[0].String(), "column 3 whole (a Heywood case)")
}

// Rows of more columns than scatters are formed for: the closed form of probabilistic
// PCA from the eigenvalues of the covariance, and the same likelihood for factors as
// from a scatter at hand.
func TestWideFactors(t *testing.T) {
	const n, d, l = 400, 150, 3
	random := rand.New(rand.NewPCG(5, 5))
	loadings := mat.NewDense(l, d, nil)
	loadings.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, loadings)
	z, x := mat.NewDense(n, l, nil), mat.NewDense(n, d, nil)
	z.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, z)
	x.Mul(z, loadings)
	x.Apply(func(_, j int, v float64) float64 { return v + (0.5+float64(j%3))*random.NormFloat64() }, x)
	require.True(t, factorFamily{l: l}.needs(d) == needProducts)

	m, r := fit(t, x, Settings{Components: 1, Covariance: ProbabilisticPCA(l), Tolerance: 1e-12}, 1)
	require.True(t, r.Converged)
	full, _ := fit(t, x, Settings{Components: 1}, 1)
	var eigen mat.EigenSym
	require.True(t, eigen.Factorize(full.Covariance(0), false))
	values := eigen.Values(nil)
	rest := sum(values[:d-l]) / (d - l)
	want := d*math.Log(2*math.Pi) + d + (d-l)*math.Log(rest)
	for _, v := range values[d-l:] {
		want += math.Log(v)
	}
	near(t, -0.5*n*want, total(m, x), 1e-6*n)

	// With gaps, the objective is that of the observed values and rises.
	y := punched(x, 0.1, 3)
	for _, family := range []Covariance{FactorAnalyzers(l), ProbabilisticPCA(l)} {
		m, r = fit(t, y, Settings{Components: 2, Covariance: family, Missing: true, Starts: 1, Iterations: 15}, 1)
		for i := 1; i < len(r.History); i++ {
			require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-10*math.Abs(r.History[i]))
		}
		var observed float64
		for _, v := range m.LogProbObserved(nil, y) {
			observed += v
		}
		near(t, observed/n, r.History[len(r.History)-1], 1e-9*d)
	}
	// Under a prior, whose scale joins the products, it rises too.
	_, r = fit(t, x, Settings{Components: 2, Covariance: FactorAnalyzers(l), Prior: &Prior{}, Starts: 1, Iterations: 8}, 1)
	for i := 1; i < len(r.History); i++ {
		require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-10*math.Abs(r.History[i]))
	}
}

// Parameters so narrow that they are singular are refused, not evaluated here and a
// panic there.
func TestSingularFactorsAreRefused(t *testing.T) {
	m, _ := fit(t, blobs(100, 1, 3, 1), Settings{Components: 1, Covariance: FactorAnalyzers(1)}, 1)
	tensors := m.Tensors()
	for j := range 3 {
		tensors[2].Data[2*j+1] = 1e-18
	}
	_, err := FromTensors(m.Config(), tensors)
	require.ErrorIs(t, err, ErrCollapsed)
}
