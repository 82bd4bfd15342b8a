package eval_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// With 1000 draws rows are trusted up to k̂ = 1 − 1/log₁₀ 1000 = ⅔, and with 10⁶ up to
// 0.7; the trusted mean is that of the others, with their errors and weights.
func TestTrustedRows(t *testing.T) {
	r := &eval.Result{
		LogProb: []float64{-1, -2, -4, -8}, StdErr: []float64{0.3, 0.1, 0.4, 0.1}, KHat: []float64{0.6, 0.68, 0.66, math.Inf(1)},
		Samples: 1000, Kind: density.Consistent,
	}
	require.Equal(t, []int{1, 3}, r.Untrusted())
	e, ok := r.Trusted()
	require.True(t, ok)
	near(t, -2.5, e.Value, 1e-15)
	near(t, 0.25, e.SampleErr, 1e-15)
	require.Equal(t, 2, e.Rows)
	r.Samples = 1_000_000
	require.Equal(t, []int{3}, r.Untrusted())
	r.KHat = []float64{0.8, 0.9, 1, 2}
	require.Len(t, r.Untrusted(), 4, "also below 1")
	_, ok = r.Trusted()
	require.False(t, ok)
}

// Differences are a − b, row by row; the draws of both are in the error, and it is
// significant beyond twice the error of both kinds together.
func TestCompareByHand(t *testing.T) {
	a := &eval.Result{LogProb: []float64{1, 2, 4, 1}, StdErr: []float64{0.3, 0.3, 0.3, 0.3}, Kind: density.LowerBound}
	b := &eval.Result{LogProb: []float64{0, 1, 1, 2}, StdErr: []float64{0.4, 0.4, 0.4, 0.4}, Kind: density.UpperBound}
	d, err := eval.Compare(a, b)
	require.NoError(t, err)
	near(t, 1, d.Mean, 1e-15) // of 1, 1, 3, −1, whose variance is 8/3
	near(t, 0.25, d.SampleErr, 1e-15)
	near(t, math.Sqrt(8./3/4-0.0625), d.DataErr, 1e-15)
	near(t, math.Sqrt(8./3/4), d.StdErr(), 1e-15)
	require.False(t, d.Significant(), "1 is less than 2·0.816")
	low, high := d.Interval(0.95)
	near(t, 1-3.182446*math.Sqrt(2./3), low, 1e-6) // Student's t of three degrees, from tables
	near(t, 1+3.182446*math.Sqrt(2./3), high, 1e-6)

	for _, c := range []struct {
		mean  float64
		kinds [2]density.Kind
		want  bool
	}{
		{1, [2]density.Kind{density.LowerBound, density.UpperBound}, true},
		{-1, [2]density.Kind{density.LowerBound, density.UpperBound}, false},
		{1, [2]density.Kind{density.ExactValue, density.LowerBound}, false},
		{-1, [2]density.Kind{density.ExactValue, density.LowerBound}, true},
		{1, [2]density.Kind{density.ExactValue, density.ExactValue}, true},
		{1, [2]density.Kind{density.UpperBound, density.ExactValue}, false},
	} {
		require.Equal(t, c.want, eval.Difference{Mean: c.mean, Kinds: c.kinds}.Certified(), "%v", c)
	}
	require.True(t, eval.Difference{Mean: -2.1, DataErr: 1, Rows: 1000}.Significant())
	require.False(t, eval.Difference{Mean: -1.9, DataErr: 1, Rows: 1000}.Significant())
	b.Weights, a.Weights = []float64{1, 1, 1, 1}, []float64{1, 1, 1, 2}
	_, err = eval.Compare(a, b)
	require.ErrorIs(t, err, eval.ErrMismatch)
}

// The error of CUBO is that of its scatter over seeds: the standard deviation of 300
// values of one row is known to 4 %, and the delta method is good to some percent where
// weights are light; together 20 %, which is five standard errors.
func TestErrorOfCUBO(t *testing.T) {
	m := linear(4, 2, 1)
	x := rows(m, 1, 1)
	for _, order := range []float64{1, 2} {
		const seeds = 300
		values := make([]float64, seeds)
		var stated float64
		for i := range values {
			r, err := eval.CUBO(t.Context(), hidden{m}, m.Scaled(1.2), x, order, eval.Settings{Samples: 400, Seed: uint64(i)})
			require.NoError(t, err)
			values[i] = r.LogProb[0]
			stated += r.StdErr[0] / seeds
		}
		_, variance := density.Moments(mat.NewDense(seeds, 1, values))
		require.InEpsilon(t, math.Sqrt(variance[0]), stated, 0.2, "order %v", order)
	}
}

// The energy distance of {0, 2} from {4, 6} is 2·4 − 1 − 1 = 6, in units of the
// standard deviation √5 of all four; under all arrangements only this one and its
// mirror image are so far apart, 2 of 6.
func TestEnergyTestByHand(t *testing.T) {
	r, err := eval.EnergyTest(t.Context(), mat.NewDense(2, 1, []float64{0, 2}), mat.NewDense(2, 1, []float64{4, 6}), 999, 1)
	require.NoError(t, err)
	near(t, 6/math.Sqrt(5), r.Statistic, 1e-12)
	near(t, 1./3, r.PValue, 5*math.Sqrt(2./9/999))
	far := mat.NewDense(30, 1, nil)
	for i := range 30 {
		far.Set(i, 0, 100+float64(i))
	}
	close := mat.NewDense(30, 1, nil)
	close.Apply(func(i, _ int, _ float64) float64 { return float64(i) }, close)
	r, err = eval.EnergyTest(t.Context(), close, far, 99, 1)
	require.NoError(t, err)
	require.Equal(t, 0.01, r.PValue, "the smallest that 99 permutations can show, never 0")
}

// Parts of a gap are differences of what is known of each row, with both errors.
func TestGapByHand(t *testing.T) {
	logp := &eval.Result{LogProb: []float64{-1, -2}, StdErr: []float64{0.3, 0}, Samples: 10}
	refined := &elbo.Bound{PerRow: []float64{-1.5, -2.25}, StdErr: []float64{0.4, 0.5}}
	amortized := &elbo.Bound{PerRow: []float64{-3, -4}, StdErr: []float64{1.2, 1.2}}
	g, err := eval.NewGap(logp, refined, amortized)
	require.NoError(t, err)
	require.Equal(t, []float64{2, 2}, g.Total)
	require.Equal(t, []float64{0.5, 0.25}, g.Approximation)
	require.Equal(t, []float64{1.5, 1.75}, g.Amortization)
	require.InDeltaSlice(t, []float64{0.5, 0.5}, g.ApproximationErr, 1e-15)
	require.InDeltaSlice(t, []float64{math.Sqrt(1.6), 1.3}, g.AmortizationErr, 1e-15)
	require.InDeltaSlice(t, []float64{math.Sqrt(1.53), 1.2}, g.TotalErr, 1e-15)
	d := eval.Overfitting(density.Estimate{Value: -3, DataErr: 0.3, SampleErr: 0.6, Rows: 4}, density.Estimate{Value: -1, DataErr: 0.4, SampleErr: 0.8, Rows: 5})
	require.Equal(t, eval.Difference{Mean: -2, DataErr: 0.5, SampleErr: 1, Rows: 9, Freedom: 3}, d)
}

// Half of the weight is on one draw of four, and each bin has its share of the draws
// and of the weight.
func TestHistogramByHand(t *testing.T) {
	h := eval.NewHistogram([]float64{math.Log(6), math.Log(3), math.Log(2), math.Log(1)}, 2, 2)
	require.Equal(t, []int{2, 2}, h.Counts) // 2 is ln 3 = 1.10 below the highest
	require.InDeltaSlice(t, []float64{0.25, 0.75}, h.Mass, 1e-15)
	require.Zero(t, h.Below)
	require.Equal(t, 2, eval.NewHistogram([]float64{0, -3, -4}, 2, 2).Below)
}

// The statistic is Σ (n − N/(R+1))²·(R+1)/N, and of R = 4 ranks among 5 cells its tail
// is that of χ² with 4 degrees of freedom, e^(−x/2)(1 + x/2).
func TestCalibrationByHand(t *testing.T) {
	m := linear(4, 2, 1)
	c, err := eval.Calibrate(t.Context(), m, m.Scaled(1.1), eval.CalibrationSettings{Rows: 300, Ranks: 4, Seed: 1})
	require.NoError(t, err)
	for j, counts := range c.Counts {
		require.Len(t, counts, 5)
		var want float64
		for _, n := range counts {
			want += float64((n-60)*(n-60)) / 60
		}
		require.Positive(t, want)
		near(t, want, c.ChiSquare[j], 1e-12)
		near(t, math.Exp(-want/2)*(1+want/2), c.PValue[j], 1e-12)
	}
}

// Sets of codes of one size are one set: log p is the logarithm of the mean over all
// codes, and its error is that of the sets' means.
func TestSetsOfCodesAreOneSet(t *testing.T) {
	m := linear(3, 2, 1)
	x := rows(m, 5, 1)
	sets := make([]*mat.Dense, 3)
	all := mat.NewDense(12, 2, nil)
	for k := range sets {
		sets[k] = mat.NewDense(4, 2, nil)
		m.RandPrior(sets[k], density.NewSource(uint64(k), "codes"))
		all.Slice(4*k, 4*k+4, 0, 2).(*mat.Dense).Copy(sets[k])
	}
	r, err := eval.LogProbAt(t.Context(), m, x, sets, eval.Settings{})
	require.NoError(t, err)
	for i, got := range r.LogProb {
		row := density.Rows(x, i, i+1)
		near(t, density.LogMeanExp(m.LogLik(nil, row, all)), got, 1e-12)
		var square float64
		for _, z := range sets {
			e := math.Exp(density.LogMeanExp(m.LogLik(nil, row, z))-got) - 1
			square += e * e
		}
		near(t, math.Sqrt(square/6), r.StdErr[i], 1e-12)
	}
}

// With a single temperature nothing moves: the upper bound of a simulated row is
// log p(x|z) at the code that it came from. With more, the chains are those of the seed.
func TestReverseChains(t *testing.T) {
	m := linear(3, 2, 1)
	s, err := eval.Bidirectional(t.Context(), m, 6, eval.AnnealSettings{Temperatures: 1, Chains: 2, Seed: 1})
	require.NoError(t, err)
	require.InDeltaSlice(t, m.LogLik(nil, s.X, s.Z), s.Upper, 1e-12)
	still, err := eval.BidirectionalAt(t.Context(), m, s.X, s.Z, eval.AnnealSettings{Temperatures: 4, Chains: 2, Step: 1e-12, Seed: 1})
	require.NoError(t, err)
	require.InDeltaSlice(t, m.LogLik(nil, s.X, s.Z), still.Upper, 1e-6, "steps of nothing go nowhere, whatever the temperatures")
	upper := func(seed uint64) []float64 {
		r, err := eval.BidirectionalAt(t.Context(), m, s.X, s.Z, eval.AnnealSettings{Temperatures: 4, Chains: 2, Seed: seed})
		require.NoError(t, err)
		return r.Upper
	}
	require.Equal(t, upper(1), upper(1))
	require.NotEqual(t, upper(1), upper(2))
}

// A tolerance that no arithmetic reaches makes an integral an estimate, with a warning.
func TestQuadratureOutOfReach(t *testing.T) {
	m := linear(3, 1, 1)
	x := rows(m, 2, 1)
	q, err := eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{Tolerance: 1e-19, Evaluations: 1})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, q.Kind)
	require.Contains(t, q.Warnings[0], "did not reach")
	q, err = eval.Quadrate(t.Context(), m, x, eval.QuadratureSettings{})
	require.NoError(t, err)
	require.Equal(t, density.ExactValue, q.Kind)
	require.InDeltaSlice(t, m.LogProb(nil, x), q.LogProb, 1e-6)
}
