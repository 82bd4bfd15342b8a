package gmm

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
)

// A single Gaussian is the sample mean and covariance (divisor N), with
// log p = −N/2 [D ln 2π + ln|S| + D].
func TestSingleGaussianIsClosedForm(t *testing.T) {
	for _, name := range []string{"iris", "faithful", "diabetes"} {
		x := open(t, name)
		n, d := x.Dims()
		m, _ := fit(t, x, Settings{Components: 1, Starts: 1}, 1)
		mean, _ := density.Moments(x)
		s := mat.NewSymDense(d, nil)
		for i := range n {
			e := mat.NewVecDense(d, nil)
			for j := range d {
				e.SetVec(j, x.At(i, j)-mean[j])
			}
			s.SymRankOne(s, 1/float64(n), e)
		}
		var chol mat.Cholesky
		require.True(t, chol.Factorize(s))
		want := -0.5 * float64(n) * (float64(d)*math.Log(2*math.Pi) + chol.LogDet() + float64(d))
		near(t, want, total(m, x), 1e-10*math.Abs(want), name)
		for a := range d {
			near(t, mean[a], m.Means().At(0, a), 1e-10*math.Abs(mean[a]))
			for b := range d {
				near(t, s.At(a, b), m.Covariance(0).At(a, b), 1e-10*math.Sqrt(s.At(a, a)*s.At(b, b)))
			}
		}
	}
}

// No step of any family lowers the likelihood, with the floor active or not.
func TestLikelihoodIsMonotone(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		seed := rapid.Uint64().Draw(rt, "seed")
		k := rapid.IntRange(1, 5).Draw(rt, "k")
		d := rapid.IntRange(1, 4).Draw(rt, "d")
		x := blobs(rapid.IntRange(30, 150).Draw(rt, "n"), 3, d, seed)
		for _, family := range covariances {
			s := Settings{Components: k, Covariance: family, Starts: 2, Iterations: 40}
			if seed%2 == 1 {
				s.Floor = 0.2 // which is active more often than not
			}
			m, r, err := Fit(context.Background(), x, s, rand.NewPCG(seed, 1))
			require.NoError(rt, err)
			rounding := 1e-11
			if r.FloorActive {
				rounding = 1e-9 // eigenvalues at the floor beside large ones lose digits
			}
			for i := 1; i < len(r.History); i++ {
				require.GreaterOrEqual(rt, r.History[i], r.History[i-1]-rounding*math.Abs(r.History[i]), "iteration %d of %v", i, family)
			}
			n, _ := x.Dims()
			near(t, r.History[len(r.History)-1], total(m, x)/float64(n), 1e-6) // near-singular covariances lose digits in other units
			w := m.Weights()
			for c := 1; c < k; c++ {
				require.LessOrEqual(rt, w[c], w[c-1])
			}
		}
	})
}

// With A diagonal the fit of x·A + b is the image of the fit of x, and log p falls
// by ln|A|: nothing in it depends on the units.
func TestScalingShiftsLogProb(t *testing.T) {
	x := open(t, "iris")
	y := mat.DenseCopyOf(x)
	n, _ := x.Dims()
	for i := range n {
		y.Set(i, 2, y.At(i, 2)*1024)
	}
	for _, family := range covariances {
		s := Settings{Components: 3, Covariance: family, Starts: 3}
		a, _ := fit(t, x, s, 1)
		b, _ := fit(t, y, s, 1)
		if family.scales() {
			near(t, -math.Log(1024), (total(b, y)-total(a, x))/float64(n), 1e-9, family)
			continue
		}
		z := mat.DenseCopyOf(x)
		z.Scale(1024, x)
		b, _ = fit(t, z, s, 1)
		near(t, -4*math.Log(1024), (total(b, z)-total(a, x))/float64(n), 1e-9, family)
	}
	for i := range n {
		y.Set(i, 1, y.At(i, 1)*1e-9+1e-3)
	}
	s := Settings{Components: 3, Starts: 3}
	a, _ := fit(t, x, s, 1)
	b, _ := fit(t, y, s, 1)
	near(t, -math.Log(1024)+9*math.Log(10), (total(b, y)-total(a, x))/float64(n), 1e-6)
}

func TestPermutedRowsGiveTheSameFit(t *testing.T) {
	x := open(t, "iris")
	n, d := x.Dims()
	y := mat.NewDense(n, d, nil)
	for i, j := range rand.New(rand.NewPCG(1, 2)).Perm(n) {
		y.SetRow(i, x.RawRowView(j))
	}
	a, _ := fit(t, x, Settings{Components: 3}, 1)
	b, _ := fit(t, y, Settings{Components: 3}, 1)
	near(t, total(a, x), total(b, y), 1e-6)
}

func TestSameBitsForAnyNumberOfCores(t *testing.T) {
	x := blobs(1500, 4, 5, 1)
	for _, family := range covariances {
		run := func(procs int) (*Model, *Report) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(procs))
			return fit(t, x, Settings{Components: 4, Covariance: family, Starts: 3, Iterations: 30}, 7)
		}
		a, ra := run(1)
		b, rb := run(4)
		require.Equal(t, ra, rb)
		require.Equal(t, a.Tensors(), b.Tensors())
		require.Equal(t, a.LogProb(nil, x), b.LogProb(nil, x))
	}
}

func TestOtherSeedsGiveOtherStarts(t *testing.T) {
	x := blobs(300, 6, 2, 3)
	_, a := fit(t, x, Settings{Components: 6, Starts: 4, Iterations: 3}, 1)
	_, b := fit(t, x, Settings{Components: 6, Starts: 4, Iterations: 3}, 2)
	require.NotEqual(t, a.StartLogLik, b.StartLogLik)
	require.NotEqual(t, a.Seed, b.Seed)
}

// The floor is the constrained maximum: with the variance of one column bounded
// below it is exactly the bound there and untouched elsewhere.
func TestFloorIsTheConstrainedMaximum(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const n = 400
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		// Two lines of slope 0: wide in column 1, of no width in column 2.
		x.SetRow(i, []float64{random.NormFloat64(), float64(i % 2)})
	}
	m, r := fit(t, x, Settings{Components: 2, Floor: 1e-4}, 1)
	require.True(t, r.FloorActive)
	require.NotEmpty(t, r.Warnings)
	require.Contains(t, r.Warnings[0].String(), "floor")
	for k := range 2 {
		near(t, 1e-4*0.25, m.Covariance(k).At(1, 1), 1e-12) // the column has variance ¼
	}
	// Raising one eigenvalue and no other: against the likelihood of other
	// covariances that satisfy the bound.
	sigma := []float64{2, 0.3, 0.3, 0.5}
	raised := append([]float64{}, sigma...)
	require.True(t, raise(2, raised, 0.6))
	best := expectedLogLik(t, sigma, raised)
	for range 300 {
		angle := math.Pi * random.Float64()
		c, s := math.Cos(angle), math.Sin(angle)
		a, b := 0.6+3*random.Float64()*random.Float64(), 0.6+3*random.Float64()
		other := []float64{a*c*c + b*s*s, (a - b) * c * s, (a - b) * c * s, a*s*s + b*c*c}
		require.LessOrEqual(t, expectedLogLik(t, sigma, other), best+1e-12)
	}
	require.False(t, raise(2, append([]float64{}, sigma...), 0.4))
}

// expectedLogLik is −½[ln|Σ| + tr(Σ⁻¹S)].
func expectedLogLik(t *testing.T, s, sigma []float64) float64 {
	var chol mat.Cholesky
	require.True(t, chol.Factorize(mat.NewSymDense(2, append([]float64{}, sigma...))))
	var solved mat.Dense
	require.NoError(t, chol.SolveTo(&solved, mat.NewDense(2, 2, append([]float64{}, s...))))
	return -0.5 * (chol.LogDet() + mat.Trace(&solved))
}

func TestInactiveFloorChangesNothing(t *testing.T) {
	x := open(t, "iris")
	a, _ := fit(t, x, Settings{Components: 3, Starts: 2}, 1)
	b, _ := fit(t, x, Settings{Components: 3, Starts: 2, Floor: -1}, 1)
	require.Equal(t, a.Tensors(), b.Tensors())
}

func TestDuplicatesNeedAFloor(t *testing.T) {
	x := mat.NewDense(64, 2, nil) // of mean 0 and variance 1, so that nothing is rounded
	for i := range 64 {
		x.SetRow(i, []float64{float64(i%2*2 - 1), float64(i/2%2*2 - 1)})
	}
	for _, family := range append(Covariances(), FactorAnalyzers(1), ProbabilisticPCA(1)) {
		_, _, err := Fit(context.Background(), x, Settings{Components: 4, Covariance: family, Floor: -1}, rand.NewPCG(1, 1))
		require.ErrorIs(t, err, ErrCollapsed)
		require.ErrorContains(t, err, "component")
		require.ErrorContains(t, err, "Settings.Floor")
		// A component for each distinct row: all families agree that its covariance
		// is the floor, relative to each column or to all.
		m, r := fit(t, x, Settings{Components: 4, Covariance: family}, 1)
		require.True(t, r.FloorActive)
		require.True(t, r.Degenerate)
		near(t, 0, m.Covariance(0).At(0, 1), 1e-12)
		_, v := density.Moments(x)
		if !family.scales() {
			v[0], v[1] = (v[0]+v[1])/2, (v[0]+v[1])/2
		}
		for j := range v {
			require.InEpsilon(t, density.DefaultFloor*v[j], m.Covariance(0).At(j, j), 1e-6, "%v", family)
		}
	}
	_, _, err := Fit(context.Background(), x, Settings{Components: 5}, rand.NewPCG(1, 1))
	require.ErrorIs(t, err, ErrTooFewRows)
	require.ErrorContains(t, err, "5 components for 4 distinct rows")
}

// Fewer rows than columns: a single component has the covariance of the rows with its
// zeros raised to the floor, in every family of free axes; and common axes do not look
// for digits that there are none of.
func TestSingularScatters(t *testing.T) {
	x := blobs(5, 2, 8, 1)
	for _, group := range [][]Covariance{{Full, Tied, VEE, EVV}, {EVE, VVE, EEV, VEV}} {
		one, _ := fit(t, x, Settings{Components: 1, Covariance: group[0]}, 1)
		for _, family := range group {
			m, r := fit(t, x, Settings{Components: 1, Covariance: family}, 1)
			require.True(t, r.FloorActive)
			near(t, total(one, x), total(m, x), 1e-6, "%v", family)
			for seed := range uint64(5) {
				_, r = fit(t, blobs(5, 2, 8, seed), Settings{Components: 2, Covariance: family, Starts: 2}, 1)
				require.True(t, r.Converged, "%v", family)
				require.NotContains(t, warned(r), "fell")
			}
		}
	}
}

func TestFewRows(t *testing.T) {
	m, r := fit(t, mat.NewDense(3, 2, []float64{0, 0, 1, 0, 0, 1}), Settings{Components: 1}, 1)
	require.False(t, r.FloorActive)
	near(t, 2./9, m.Covariance(0).At(0, 0), 1e-12)
	near(t, -1./9, m.Covariance(0).At(0, 1), 1e-12)
	_, _, err := Fit(context.Background(), mat.NewDense(3, 2, []float64{0, 0, 1, 0, 0, 1}), Settings{Components: 4}, rand.NewPCG(1, 1))
	require.ErrorIs(t, err, ErrTooFewRows)
	m, r = fit(t, mat.NewDense(3, 2, []float64{0, 0, 1, 0, 0, 1}), Settings{Components: 3}, 1)
	require.True(t, r.FloorActive)
	require.False(t, math.IsNaN(m.LogProb(nil, mat.NewDense(1, 2, nil))[0]))
}

func TestRankDeficientData(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	x := mat.NewDense(200, 3, nil)
	for i := range 200 {
		a, b := random.NormFloat64(), random.NormFloat64()+float64(i%2)*8
		x.SetRow(i, []float64{a, b, a + b})
	}
	m, r := fit(t, x, Settings{Components: 2}, 1)
	require.True(t, r.FloorActive)
	require.False(t, math.IsNaN(total(m, x)))
	_, _, err := Fit(context.Background(), x, Settings{Components: 2, Floor: -1, Starts: 2}, rand.NewPCG(1, 1))
	if err != nil { // rounding decides whether a Cholesky factor exists
		require.ErrorIs(t, err, ErrCollapsed)
	}
}

func TestBadData(t *testing.T) {
	for _, c := range []struct {
		x    *mat.Dense
		want error
		text string
	}{
		{mat.NewDense(2, 2, []float64{1, 2, 3, math.NaN()}), density.ErrNonFinite, "row 2, column 2"},
		{mat.NewDense(2, 2, []float64{1, 2, math.Inf(1), 3}), density.ErrNonFinite, "row 2, column 1"},
		{mat.NewDense(2, 2, []float64{1, 2, 3, 2}), density.ErrConstant, "column 2"},
		{mat.NewDense(1, 2, []float64{1, 2}), density.ErrConstant, "column 1"},
	} {
		_, _, err := Fit(context.Background(), c.x, Settings{Components: 1}, rand.NewPCG(1, 1))
		require.ErrorIs(t, err, c.want)
		require.ErrorContains(t, err, c.text)
	}
	for _, s := range []Settings{{Components: -1}, {Starts: -1}, {Iterations: -2}, {Tolerance: -1}, {Tolerance: math.NaN()}, {Floor: 2}, {Floor: math.NaN()}} {
		_, _, err := Fit(context.Background(), blobs(30, 2, 2, 1), s, rand.NewPCG(1, 1))
		require.ErrorIs(t, err, ErrSettings)
	}
}

func TestUnfinishedFitSaysSo(t *testing.T) {
	_, r := fit(t, open(t, "iris"), Settings{Components: 3, Iterations: 2, Starts: 1}, 1)
	require.False(t, r.Converged)
	require.Equal(t, 2, r.Iterations)
	require.Contains(t, warned(r), "stopped after 2 iterations")
}

func TestCancellation(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	x := blobs(4000, 5, 10, 1)
	calls := 0
	began := time.Now()
	_, _, err := Fit(ctx, x, Settings{Components: 20, Starts: 1, Tolerance: exhaustive, Progress: func(_, iteration int, v float64) {
		calls++
		if iteration == 3 {
			cancel()
		}
	}}, rand.NewPCG(1, 1))
	require.True(t, errors.Is(err, context.Canceled))
	require.Equal(t, 4, calls)
	t.Logf("stopped after %v", time.Since(began))
}

func TestCancelledBeforeTheStart(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for _, s := range []Start{KMeans, Hierarchical, RandomResponsibilities} {
		_, _, err := Fit(ctx, blobs(100, 2, 2, 1), Settings{Components: 2, Start: s}, rand.NewPCG(1, 1))
		require.ErrorIs(t, err, context.Canceled)
	}
}

// Steps by hand are the steps of Fit.
func TestSteppableRun(t *testing.T) {
	x := open(t, "faithful")
	n, _ := x.Dims()
	r := mat.NewDense(n, 2, nil)
	for i := range n {
		r.SetRow(i, []float64{0.3, 0.7})
		if x.At(i, 0) > 3 {
			r.SetRow(i, []float64{0.9, 0.1})
		}
	}
	e, err := NewEM(x, r, Settings{})
	require.NoError(t, err)
	for !e.Done() {
		require.NoError(t, e.Step(context.Background()))
		near(t, total(e.Model(), x)/float64(n), e.LogLik(), 1e-12*4)
	}
	near(t, -1130.263960, total(e.Model(), x), 2e-6)
	r.Set(3, 1, 0.4)
	_, err = NewEM(x, r, Settings{})
	require.ErrorIs(t, err, ErrParameters)
	require.ErrorContains(t, err, "row 4")
}
