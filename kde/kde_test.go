package kde

import (
	"context"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"

	"likely/density"
	"likely/density/densitytest"
	"likely/gmm"
)

// near requires two finite numbers to be close; InDelta accepts NaN.
func near(t require.TestingT, want, got, delta float64) {
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, delta)
}

// rows returns draws from two clusters whose columns are correlated and of unlike scale.
func rows(n, d int, seed uint64) *mat.Dense {
	random := rand.New(density.NewSource(seed, "rows"))
	x := mat.NewDense(n, d, nil)
	for i := range n {
		common, side := random.NormFloat64(), float64(random.IntN(2))
		for j := range d {
			x.Set(i, j, 100+math.Pow(3, float64(j))*(4*side+common+0.7*random.NormFloat64()))
		}
	}
	return x
}

// random returns a density of n kernels with arbitrary counts and covariance.
func random(t *testing.T, n, d int, shape Shape, seed uint64) *Model {
	random := rand.New(density.NewSource(seed, "model"))
	points, counts := mat.NewDense(n, d, nil), make([]float64, n)
	for i := range n {
		counts[i] = 0.5 + 2*random.Float64()
		for j := range d {
			points.Set(i, j, 2*random.NormFloat64())
		}
	}
	lower := make([]float64, d)
	if shape == Full {
		lower = make([]float64, d*d)
	}
	for i := range d {
		if shape == Diagonal {
			lower[i] = 0.6 + random.Float64()
			continue
		}
		for j := range i {
			lower[i*d+j] = 0.5 * random.NormFloat64()
		}
		lower[i*(d+1)] = 0.6 + random.Float64()
	}
	m, err := New(shape, points, counts, lower)
	require.NoError(t, err)
	return m
}

func fit(t *testing.T, x *mat.Dense, s Settings) (*Model, *Report) {
	m, r, err := Fit(context.Background(), x, s, density.NewSource(1, "fit"))
	require.NoError(t, err)
	return m, r
}

func mean(v []float64) float64 {
	return density.MeanEstimate(v, nil, density.ExactValue, 0).Value
}

func TestSuite(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		for d := 1; d <= 3; d++ {
			m := random(t, 7, d, shape, uint64(d))
			densitytest.Exact(t, m, densitytest.Config{})
			densitytest.Latent(t, m, densitytest.Config{})
		}
		fitted, _ := fit(t, rows(20, 2, 3), Settings{Shape: shape})
		densitytest.Exact(t, fitted, densitytest.Config{Points: 301, Tolerance: 1e-4})
	}
}

// A kernel density is a mixture with as many components as rows: gonum's normal, and
// gmm's tied family, say the same.
func TestIsAMixture(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		m := random(t, 40, 3, shape, 5)
		x := mat.NewDense(30, 3, nil)
		m.Rand(x, density.NewSource(1, "x"))
		x.SetRow(0, []float64{900, -900, 900}) // far out
		covs := make([]mat.Symmetric, 40)
		for k := range covs {
			covs[k] = m.Covariance()
		}
		mixture, err := gmm.New(m.Weights(), m.Points(), covs)
		require.NoError(t, err)
		got, want := m.LogProb(nil, x), mixture.LogProb(nil, x)
		for i := range got {
			near(t, want[i], got[i], 1e-11*(1+math.Abs(want[i])))
			var logs []float64
			for k, w := range m.Weights() {
				normal, ok := distmv.NewNormal(m.Points().RawRowView(k), m.Covariance(), nil)
				require.True(t, ok)
				logs = append(logs, math.Log(w)+normal.LogProb(x.RawRowView(i)))
			}
			near(t, density.LogSumExp(logs), got[i], 1e-11*(1+math.Abs(want[i])))
		}
	}
}

// Left out means gone: the density of all other rows, and of one copy less of a row that
// counts more than once.
func TestLeaveOneOut(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		m := random(t, 30, 2, shape, 7)
		m.counts[3], m.counts[4] = 3, 1
		m, err := New(shape, m.Points(), m.counts, m.lower)
		require.NoError(t, err)
		got := m.LeaveOneOut(nil)
		for k := range 30 {
			var points, counts []float64
			for i := range 30 {
				c := m.counts[i]
				if i == k {
					c = max(c-1, 0)
				}
				if c > 0 {
					points, counts = append(points, m.Points().RawRowView(i)...), append(counts, c)
				}
			}
			others, err := New(shape, mat.NewDense(len(counts), 2, points), counts, m.lower)
			require.NoError(t, err)
			near(t, others.LogProb(nil, density.Rows(m.Points(), k, k+1))[0], got[k], 1e-12)
		}
	}
}

// Rows that are kernels are left out of their own density, equal ones one at a time;
// others are not.
func TestLeftOut(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		m := random(t, 80, 2, shape, 7)
		points := m.Points()
		points.SetRow(9, points.RawRowView(8))
		points.Set(5, 0, 0)
		m.counts[3], m.counts[4], m.counts[8], m.counts[9] = 3, 1, 1, 2
		m, err := New(shape, points, m.counts, m.lower)
		require.NoError(t, err)
		view := m.LeftOut()
		others := rows(100, 2, 9)
		for i, v := range m.LogProb(nil, others) {
			near(t, v, view.LogProb(nil, others)[i], 1e-13)
		}
		order := rand.New(rand.NewPCG(1, 1)).Perm(80)
		shuffled := mat.NewDense(80, 2, nil)
		for to, from := range order {
			shuffled.SetRow(to, points.RawRowView(from))
		}
		shuffled.Set(slices.Index(order, 5), 0, math.Copysign(0, -1))
		want, got := m.LeaveOneOut(nil), view.LogProb(nil, shuffled)
		for to, from := range order {
			near(t, want[from], got[to], 1e-12)
		}
		require.Equal(t, map[Shape]int{Diagonal: 2, Full: 3}[shape], m.NumParameters())
	}
}

// No other bandwidths have a higher leave-one-out likelihood: neither each of them
// changed alone, nor all elements of the factor at random.
func TestFitIsTheMaximum(t *testing.T) {
	x := rows(120, 3, 1)
	for _, shape := range []Shape{Diagonal, Full} {
		m, r := fit(t, x, Settings{Shape: shape, Tolerance: 1e-12, Iterations: 5000})
		require.True(t, r.Converged)
		require.Empty(t, r.Warnings)
		require.False(t, r.FloorActive)
		best := mean(m.LeaveOneOut(nil))
		near(t, best, r.History[len(r.History)-1], 1e-10)
		for i := 1; i < len(r.History); i++ {
			require.GreaterOrEqual(t, r.History[i], r.History[i-1]-1e-12)
		}
		for i := range m.lower {
			if shape == Full && i%3 > i/3 {
				continue
			}
			for _, step := range []float64{0.01, -0.01} {
				lower := append([]float64{}, m.lower...)
				lower[i] += step * m.deviation(i%3) // i/3 ≥ i%3
				other, err := New(shape, x, nil, lower)
				require.NoError(t, err)
				require.Less(t, mean(other.LeaveOneOut(nil)), best)
			}
		}
		// A hundred times wider and narrower starts lead to the same place.
		transform, err := density.NewStandardizing(x)
		require.NoError(t, err)
		for _, factor := range []float64{0.1, 10} {
			s, err := Settings{Shape: shape, Tolerance: 1e-10}.resolve()
			require.NoError(t, err)
			e := newSearch(transform.Apply(nil, x), m.counts, s)
			for i := range e.lower {
				e.lower[i] *= factor
			}
			other := new(Report)
			require.NoError(t, e.run(context.Background(), other, transform.LogJacobian()))
			near(t, best, other.History[len(other.History)-1], 1e-7)
		}
	}
}

// In one column the maximum is found by trying bandwidths, with sums written out here.
func TestBandwidthByTrial(t *testing.T) {
	x := rows(50, 1, 9)
	score := func(h float64) float64 {
		var sum float64
		for i := range 50 {
			var p float64
			for k := range 50 {
				if k != i {
					u := (x.At(i, 0) - x.At(k, 0)) / h
					p += math.Exp(-u*u/2) / (h * math.Sqrt(2*math.Pi)) / 49
				}
			}
			sum += math.Log(p) / 50
		}
		return sum
	}
	best, at := math.Inf(-1), 0.0
	for h := 0.05; h < 5; h *= 1.002 {
		if v := score(h); v > best {
			best, at = v, h
		}
	}
	m, r := fit(t, x, Settings{Tolerance: 1e-12})
	near(t, best, r.History[len(r.History)-1], 1e-5)
	near(t, at, m.Bandwidths()[0], 0.003*at)
}

// A row of weight 2 is there twice, one of weight 0 not at all, whatever it holds.
func TestWeights(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		x := rows(40, 2, 11)
		var twice []float64
		weights, y := make([]float64, 41), mat.NewDense(41, 2, nil)
		for i := range 40 {
			weights[i] = 1
			y.SetRow(i, x.RawRowView(i))
			if i%10 == 3 {
				weights[i] = 2
				twice = append(twice, x.RawRowView(i)...)
			}
			twice = append(twice, x.RawRowView(i)...)
		}
		y.SetRow(40, []float64{math.NaN(), math.Inf(1)})
		a, ra := fit(t, y, Settings{Shape: shape, Weights: weights})
		b, rb := fit(t, mat.NewDense(len(twice)/2, 2, twice), Settings{Shape: shape})
		// Silverman's rule counts rows, so the search starts a little apart.
		near(t, rb.History[len(rb.History)-1], ra.History[len(ra.History)-1], 1e-5)
		require.Equal(t, 8, rb.Twins)
		require.Equal(t, 4, ra.Twins)
		for i, v := range b.LogProb(nil, x) {
			near(t, v, a.LogProb(nil, x)[i], 0.01)
		}
		near(t, a.total, 44, 0)
	}
}

// Rows that all stand twice would be most likely at no bandwidth at all: the floor holds.
func TestFloor(t *testing.T) {
	x := rows(30, 2, 13)
	twice := mat.NewDense(60, 2, nil)
	for i := range 60 {
		twice.SetRow(i, x.RawRowView(i/2))
	}
	_, variance := density.Moments(twice)
	for _, shape := range []Shape{Diagonal, Full} {
		m, r := fit(t, twice, Settings{Shape: shape, Floor: 1e-4, Iterations: 5000})
		require.True(t, r.FloorActive)
		require.Equal(t, 60, r.Twins)
		require.NotEmpty(t, r.Warnings)
		for j, h := range m.Bandwidths() {
			near(t, 0.01*math.Sqrt(variance[j]), h, 1e-9*math.Sqrt(variance[j]))
		}
		for _, v := range m.LogProb(nil, twice) {
			require.False(t, math.IsNaN(v) || math.IsInf(v, 0))
		}
	}
	// Rounded to few values a column tells of its rounding.
	rounded := rows(200, 1, 13)
	for i := range 200 {
		rounded.Set(i, 0, math.Round(rounded.At(i, 0)))
	}
	_, r := fit(t, rounded, Settings{Iterations: 5000})
	require.True(t, r.FloorActive)
	require.Len(t, r.Warnings, 2)
	require.Contains(t, r.Warnings[1].String(), "column 1")
}

func TestScaling(t *testing.T) {
	for _, shape := range []Shape{Diagonal, Full} {
		densitytest.Scaling(t, func(x *mat.Dense) density.Exact {
			m, _ := fit(t, x, Settings{Shape: shape})
			return m
		}, rows(50, 3, 15), 1e-7)
	}
}

// More rows than kernels: a subsample, by the seed, which the report names.
func TestSubsample(t *testing.T) {
	x := rows(300, 2, 17)
	m, r := fit(t, x, Settings{Kernels: 100})
	require.Equal(t, 100, m.Kernels())
	require.Equal(t, 300, r.Rows)
	require.Len(t, r.Kernels, 100)
	require.Contains(t, r.Warnings[0].String(), "100 rows drawn from 300")
	for k, i := range r.Kernels {
		require.Equal(t, x.RawRowView(i), m.Points().RawRowView(k))
		require.True(t, k == 0 || r.Kernels[k-1] < i)
	}
	again, _ := fit(t, x, Settings{Kernels: 100})
	require.Equal(t, m.points, again.points)
	_, other, err := Fit(context.Background(), x, Settings{Kernels: 100}, density.NewSource(2, "fit"))
	require.NoError(t, err)
	require.NotEqual(t, r.Kernels, other.Kernels)
}

func TestSameBitsOnAnyNumberOfCores(t *testing.T) {
	x := rows(500, 3, 19)
	for _, shape := range []Shape{Diagonal, Full} {
		a, _ := fit(t, x, Settings{Shape: shape})
		old := runtime.GOMAXPROCS(1)
		b, _ := fit(t, x, Settings{Shape: shape})
		runtime.GOMAXPROCS(old)
		require.Equal(t, a.lower, b.lower)
		require.Equal(t, a.LeaveOneOut(nil), b.LeaveOneOut(nil))
	}
}

// Two kernels that stand on one place, so far from all others that everything but
// themselves has no probability, and rows far beyond the range of squares.
func TestExtremes(t *testing.T) {
	m, err := New(Diagonal, mat.NewDense(3, 1, []float64{0, 1e9, 1e9}), nil, []float64{1})
	require.NoError(t, err)
	loo := m.LeaveOneOut(nil)
	near(t, -0.5*math.Log(2*math.Pi)-math.Ln2, loo[1], 1e-12)
	near(t, -0.5e18, loo[0], 1e3)
	require.True(t, math.IsInf(m.LogProb(nil, mat.NewDense(1, 1, []float64{1e200}))[0], -1))

	full, err := New(Full, mat.NewDense(1, 3, nil), []float64{1}, []float64{1e-9, 0, 0, 1, 1e-9, 0, 1, 1, 1e-9})
	require.NoError(t, err)
	got := full.LogProb(nil, mat.NewDense(2, 3, []float64{1e300, 1e300, -1e300, math.NaN(), 0, 0}))
	require.True(t, math.IsInf(got[0], -1), "whatever infinities cancel on the way")
	require.True(t, math.IsNaN(got[1]))
	_, err = New(Full, mat.NewDense(2, 2, []float64{0, 0, 1, 1}), []float64{1, 1}, []float64{5e-324, 0, 0, 1})
	require.ErrorIs(t, err, ErrParameters)
	require.True(t, math.IsNaN(m.LogProb(nil, mat.NewDense(1, 1, []float64{math.NaN()}))[0]))
	one, err := New(Diagonal, mat.NewDense(1, 1, []float64{0}), nil, []float64{1})
	require.NoError(t, err)
	require.True(t, math.IsInf(one.LeaveOneOut(nil)[0], -1))
}

// The divergence from the prior is the sum over all kernels that it is.
func TestKLPrior(t *testing.T) {
	m := random(t, 9, 2, Full, 23)
	q := m.Posterior().(density.PriorDivergence)
	x := mat.NewDense(5, 2, nil)
	m.Rand(x, density.NewSource(1, "x"))
	prior := m.LogPrior(nil, m.States())
	for i, got := range q.KLPrior(nil, x) {
		var want float64
		for k, l := range q.LogProb(nil, m.States(), density.Rows(x, i, i+1)) {
			want += math.Exp(l) * (l - prior[k])
		}
		near(t, want, got, 1e-12)
		require.Positive(t, got)
	}
}
