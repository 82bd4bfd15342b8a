package gmm

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"

	"likely/density"
)

// Densities of a mixture that mlpack's test-suite lists.
func TestLogProbReference(t *testing.T) {
	m, err := New([]float64{.3, .7}, mat.NewDense(2, 2, []float64{0, 0, 3, 3}), []mat.Symmetric{
		mat.NewSymDense(2, []float64{1, 0, 0, 1}), mat.NewSymDense(2, []float64{2, 1, 1, 2}),
	})
	require.NoError(t, err)
	x := mat.NewDense(6, 2, []float64{0, 0, 1, 1, 2, 2, 3, 3, -1, 5.3, 1.4, 0})
	for i, want := range []float64{.05094887202, .03451996667, .04696302254, .06432759685, 2.503171279e-6, .02467668218} {
		near(t, want, math.Exp(m.LogProb(nil, x)[i]), 1e-9*want, "row %d", i)
	}
}

// gonum's normal is an independent implementation.
func TestLogProbAgainstGonum(t *testing.T) {
	const k, d = 4, 6
	m := randomModel(k, d, 3)
	x := blobs(50, 3, d, 9)
	got := m.LogProb(nil, x)
	for i := range 50 {
		var joint []float64
		for c := range k {
			normal, ok := distmv.NewNormal(m.Means().RawRowView(c), m.Covariance(c), nil)
			require.True(t, ok)
			joint = append(joint, math.Log(m.Weights()[c])+normal.LogProb(x.RawRowView(i)))
		}
		want := density.LogSumExp(joint)
		near(t, want, got[i], 1e-11*math.Abs(want))
		for c, r := range m.Responsibilities(nil, x).RawRowView(i) {
			near(t, math.Exp(joint[c]-want), r, 1e-11)
		}
		require.Equal(t, slices.Index(joint, slices.Max(joint)), m.Assign(nil, x)[i])
	}
}

// A diagonal mixture is the full one whose covariances are diagonal.
func TestDiagonalIsFullWithoutCorrelation(t *testing.T) {
	const k, d = 3, 5
	variances := mat.NewDense(k, d, nil)
	covs := make([]mat.Symmetric, k)
	for i := range k {
		c := mat.NewSymDense(d, nil)
		for j := range d {
			variances.Set(i, j, 0.1+float64(i*d+j))
			c.SetSym(j, j, variances.At(i, j))
		}
		covs[i] = c
	}
	full := randomModel(k, d, 1)
	a, err := New(full.Weights(), full.Means(), covs)
	require.NoError(t, err)
	b, err := NewDiagonal(full.Weights(), full.Means(), variances)
	require.NoError(t, err)
	x := blobs(40, 3, d, 9)
	for i, v := range a.LogProb(nil, x) {
		near(t, v, b.LogProb(nil, x)[i], 1e-12*math.Abs(v))
	}
	for c := range k {
		require.True(t, mat.Equal(a.Covariance(c), b.Covariance(c)))
	}
}

// ∫p = 1 by the trapezoidal rule on a grid that reaches 12 standard deviations,
// where it is exact to rounding for Gaussians of this width.
func TestIntegratesToOne(t *testing.T) {
	one := randomModel(3, 1, 2)
	var sum float64
	const step = 0.05
	x := mat.NewDense(2001, 1, nil)
	for i := range 2001 {
		x.Set(i, 0, float64(i-1000)*step)
	}
	for _, v := range one.LogProb(nil, x) {
		sum += math.Exp(v) * step
	}
	near(t, 1, sum, 1e-12)

	two := randomModel(3, 2, 2)
	sum = 0
	const side, wide = 401, 0.125
	grid := mat.NewDense(side*side, 2, nil)
	for i := range side * side {
		grid.SetRow(i, []float64{float64(i/side-side/2) * wide, float64(i%side-side/2) * wide})
	}
	for _, v := range two.LogProb(nil, grid) {
		sum += math.Exp(v) * wide * wide
	}
	near(t, 1, sum, 1e-10)
}

// Means and covariances of 200000 draws against the mixture's: each of the 2+3
// statistics deviates by more than 5 standard errors with probability 6e-7.
func TestRandMoments(t *testing.T) {
	m := randomModel(3, 2, 5)
	const n = 200000
	x := mat.NewDense(n, 2, nil)
	m.Rand(x, density.NewSource(1, "moments"))
	want, cov := momentsOf(m)
	mean, variance := density.Moments(x)
	for j := range 2 {
		near(t, want[j], mean[j], 5*math.Sqrt(cov.At(j, j)/n))
	}
	for a := range 2 {
		for b := range a + 1 {
			products := make([]float64, n)
			var sum, squares float64
			for i := range products {
				products[i] = (x.At(i, a) - mean[a]) * (x.At(i, b) - mean[b])
				sum += products[i]
			}
			for _, p := range products {
				squares += (p - sum/n) * (p - sum/n)
			}
			near(t, cov.At(a, b), sum/n, 5*math.Sqrt(squares)/n)
		}
	}
	near(t, cov.At(0, 0), variance[0], 0.05*cov.At(0, 0))
	require.Equal(t, x, func() *mat.Dense {
		y := mat.NewDense(n, 2, nil)
		m.Rand(y, density.NewSource(1, "moments"))
		return y
	}())
}

// A strongly correlated Gaussian keeps its correlation in draws: 5 standard errors
// of the covariance, false alarms of 6e-7.
func TestRandCorrelation(t *testing.T) {
	cov := mat.NewSymDense(3, []float64{4, 1.8, -1, 1.8, 1, -0.3, -1, -0.3, 2})
	m, err := New([]float64{1}, mat.NewDense(1, 3, []float64{1, 2, 3}), []mat.Symmetric{cov})
	require.NoError(t, err)
	const n = 20000
	x := mat.NewDense(n, 3, nil)
	m.Rand(x, density.NewSource(1, "correlation"))
	got, _ := fit(t, x, Settings{Components: 1}, 1)
	for i := range 3 {
		for j := range 3 {
			spread := math.Sqrt((cov.At(i, i)*cov.At(j, j) + cov.At(i, j)*cov.At(i, j)) / n)
			near(t, cov.At(i, j), got.Covariance(0).At(i, j), 5*spread)
		}
	}
}

// momentsOf returns the mean and covariance of a mixture by the law of total
// variance.
func momentsOf(m *Model) ([]float64, *mat.SymDense) {
	d := m.Dim()
	mean := make([]float64, d)
	cov := mat.NewSymDense(d, nil)
	w, mu := m.Weights(), m.Means()
	for k := range w {
		for j := range d {
			mean[j] += w[k] * mu.At(k, j)
		}
	}
	for k := range w {
		for a := range d {
			for b := range a + 1 {
				cov.SetSym(a, b, cov.At(a, b)+w[k]*(m.Covariance(k).At(a, b)+(mu.At(k, a)-mean[a])*(mu.At(k, b)-mean[b])))
			}
		}
	}
	return mean, cov
}

// Far from all components p underflows and log p must not.
func TestLogProbFarAway(t *testing.T) {
	m := randomModel(3, 2, 5)
	x := mat.NewDense(1, 2, []float64{1e6, -1e6})
	v := m.LogProb(nil, x)[0]
	require.False(t, math.IsInf(v, 0) || math.IsNaN(v))
	require.Less(t, v, -1e9)
	var sum float64
	for _, r := range m.Responsibilities(nil, x).RawRowView(0) {
		sum += r
	}
	near(t, 1, sum, 1e-12)
}

// A row's value must not depend on the rows around it.
func TestRowsAreIndependent(t *testing.T) {
	for _, m := range []*Model{randomModel(4, 7, 1), diagonalModel(5, 7)} {
		x := blobs(700, 3, 7, 2)
		all := m.LogProb(nil, x)
		r := m.Responsibilities(nil, x)
		for _, size := range []int{1, 3, 64, 257} {
			for from := 0; from < 700; from += size {
				to := min(from+size, 700)
				part := density.Rows(x, from, to)
				require.Equal(t, all[from:to], m.LogProb(nil, part))
				require.True(t, mat.Equal(density.Rows(r, from, to), m.Responsibilities(nil, part)))
			}
		}
	}
}

func diagonalModel(k, d int) *Model {
	m := randomModel(k, d, 7)
	v := mat.NewDense(k, d, nil)
	for i := range k {
		for j := range d {
			v.Set(i, j, m.Covariance(i).At(j, j))
		}
	}
	out, err := NewDiagonal(m.Weights(), m.Means(), v)
	if err != nil {
		panic(err)
	}
	return out
}

func TestLatentView(t *testing.T) {
	m := randomModel(4, 3, 1)
	x := blobs(30, 3, 3, 2)
	require.Equal(t, 1, m.LatentDim())
	states := m.States()
	// Σₖ p(k) p(x|k) = p(x), and p(k|x) = p(k) p(x|k)/p(x).
	z := mat.NewDense(30*4, 1, nil)
	for i := range 30 * 4 {
		z.Set(i, 0, states.At(i%4, 0))
	}
	lik, prior, post := m.LogLik(nil, x, z), m.LogPrior(nil, z), m.Posterior().LogProb(nil, z, x)
	logs := m.LogProb(nil, x)
	kl := m.Posterior().(density.PriorDivergence).KLPrior(nil, x)
	for i := range 30 {
		joint := make([]float64, 4)
		var divergence float64
		for k := range 4 {
			joint[k] = prior[i*4+k] + lik[i*4+k]
			near(t, joint[k]-logs[i], post[i*4+k], 1e-12*math.Abs(logs[i]))
			divergence += math.Exp(post[i*4+k]) * (post[i*4+k] - prior[i*4+k])
		}
		near(t, logs[i], density.LogSumExp(joint), 1e-12*math.Abs(logs[i]))
		near(t, divergence, kl[i], 1e-12)
	}
	none := mat.NewDense(3, 1, []float64{-1, 4, 0.5})
	for _, v := range m.LogPrior(nil, none) {
		require.True(t, math.IsInf(v, -1))
	}
}

// Draws from prior and posterior have the stated frequencies: each of the 8 is
// off by more than 5 standard errors with probability 6e-7.
func TestCodesAreDrawn(t *testing.T) {
	m := randomModel(4, 2, 1)
	const n = 40000
	check := func(p []float64, z *mat.Dense) {
		count := make([]float64, 4)
		for i := range n {
			count[int(z.At(i, 0))]++
		}
		for k, want := range p {
			near(t, want, count[k]/n, 5*math.Sqrt(want*(1-want)/n)+1e-9)
		}
	}
	z := mat.NewDense(n, 1, nil)
	m.RandPrior(z, density.NewSource(1, "prior"))
	check(m.Weights(), z)
	x := mat.NewDense(1, 2, []float64{0.5, 1})
	m.Posterior().Rand(z, x, density.NewSource(1, "posterior"))
	check(m.Responsibilities(nil, x).RawRowView(0), z)
}

func TestNewRefusesWhatIsNoMixture(t *testing.T) {
	id := mat.NewSymDense(2, []float64{1, 0, 0, 1})
	bad := mat.NewSymDense(2, []float64{1, 2, 2, 1})
	means := mat.NewDense(2, 2, nil)
	for name, c := range map[string]struct {
		weights []float64
		means   *mat.Dense
		covs    []mat.Symmetric
		want    error
	}{
		"sum":        {[]float64{.5, .6}, means, []mat.Symmetric{id, id}, ErrParameters},
		"negative":   {[]float64{-.5, 1.5}, means, []mat.Symmetric{id, id}, ErrParameters},
		"NaN weight": {[]float64{math.NaN(), 1}, means, []mat.Symmetric{id, id}, ErrParameters},
		"NaN mean":   {[]float64{.5, .5}, mat.NewDense(2, 2, []float64{0, math.NaN(), 0, 0}), []mat.Symmetric{id, id}, ErrParameters},
		"indefinite": {[]float64{.5, .5}, means, []mat.Symmetric{id, bad}, ErrCollapsed},
	} {
		_, err := New(c.weights, c.means, c.covs)
		require.ErrorIs(t, err, c.want, name)
	}
	_, err := NewDiagonal([]float64{1}, mat.NewDense(1, 2, nil), mat.NewDense(1, 2, []float64{1, 0}))
	require.ErrorIs(t, err, ErrParameters)
	require.Panics(t, func() { randomModel(2, 3, 1).LogProb(nil, mat.NewDense(4, 2, nil)) })
}

func TestTensorsRoundTrip(t *testing.T) {
	x := blobs(20, 2, 3, 1)
	for _, m := range []*Model{randomModel(3, 3, 1), diagonalModel(3, 3)} {
		back, err := FromTensors(m.Config(), m.Tensors())
		require.NoError(t, err)
		require.Equal(t, m.LogProb(nil, x), back.LogProb(nil, x))
		require.Equal(t, m.NumParameters(), back.NumParameters())
		for drop := range m.Tensors() {
			_, err := FromTensors(m.Config(), slices.Delete(m.Tensors(), drop, drop+1))
			require.ErrorIs(t, err, ErrParameters)
			damaged := m.Tensors()
			damaged[drop].Data[0] = math.NaN()
			_, err = FromTensors(m.Config(), damaged)
			require.Error(t, err)
		}
		other := m.Config()
		other.Dim++
		_, err = FromTensors(other, m.Tensors())
		require.ErrorIs(t, err, ErrParameters)
		other = m.Config()
		other.Covariance = "rhombic"
		_, err = FromTensors(other, m.Tensors())
		require.ErrorContains(t, err, "rhombic")
	}
}
