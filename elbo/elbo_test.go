package elbo_test

import (
	"context"
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
)

// A mixture's bound is log p at the exact responsibilities, and at others lower
// by exactly the divergence from them.
func TestFiniteBoundIsExact(t *testing.T) {
	m := mixture(t)
	x := rows(m, 40, 1)
	exact, err := elbo.ELBO(t.Context(), m, m.Posterior(), x, elbo.Settings{})
	require.NoError(t, err)
	require.Zero(t, exact.Samples)
	require.Nil(t, exact.StdErr)
	q := densitytest.Softmax{Mixture: m, Power: 0.4}
	other, err := elbo.ELBO(t.Context(), m, q, x, elbo.Settings{})
	require.NoError(t, err)
	for i, logp := range m.LogProb(nil, x) {
		near(t, logp, exact.PerRow[i], 1e-12)
		near(t, 0, exact.Divergence[i], 1e-12)
		var kl, rate, distortion float64
		row := density.Rows(x, i, i+1)
		posterior := densitytest.Softmax{Mixture: m, Power: 1}.Logs(row)
		for k, lq := range q.Logs(row) {
			z := mat.NewDense(1, 1, []float64{float64(k)})
			kl += math.Exp(lq) * (lq - posterior[k])
			rate += math.Exp(lq) * (lq - m.LogPrior(nil, z)[0])
			distortion -= math.Exp(lq) * m.LogLik(nil, row, z)[0]
		}
		near(t, kl, other.Divergence[i], 1e-12)
		near(t, rate, other.Rate[i], 1e-12)
		near(t, distortion, other.Distortion[i], 1e-12)
		near(t, logp-kl, other.PerRow[i], 1e-12)
	}
	require.Equal(t, density.LowerBound, exact.Estimate().Kind)
	require.Zero(t, exact.Estimate().SampleErr)
}

// With the exact posterior every draw gives log p, whatever the model.
func TestPosteriorHasNoGap(t *testing.T) {
	m := densitytest.RandomLinear(4, 2, 0.3, density.NewSource(1, "w"))
	x := rows(m, 10, 2)
	b, err := elbo.ELBO(t.Context(), sampled{m}, noDivergence{m.Posterior()}, x, elbo.Settings{Samples: 7})
	require.NoError(t, err)
	require.Nil(t, b.Evidence)
	for i, logp := range m.LogProb(nil, x) {
		near(t, logp, b.PerRow[i], 1e-10)
		near(t, 0, b.StdErr[i], 1e-10)
		near(t, -b.Distortion[i]-b.Rate[i], b.PerRow[i], 1e-12)
	}
}

// sampled hides what else a model knows.
type sampled struct{ density.Latent }

// noDivergence hides what else a proposal knows.
type noDivergence struct{ density.Proposal }

// Both splits of a normal q for a linear model have closed forms. 40 rows × 4
// figures at 5 standard errors: a correct program fails with probability 1e-4 for
// a new seed.
func TestSplitsAgreeWithClosedForms(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.5, density.NewSource(3, "w"))
	x := rows(m, 40, 3)
	gain := mat.NewDense(2, 3, []float64{0.2, -0.1, 0.3, 0, 0.4, -0.2})
	cov := mat.NewSymDense(2, []float64{0.3, 0.1, 0.1, 0.2})
	q := newNormalProposal(t, gain, cov)
	b, err := elbo.ELBO(t.Context(), m, q, x, elbo.Settings{Samples: 4000, Seed: 1})
	require.NoError(t, err)
	require.Equal(t, 4000, b.Samples)
	for i := range b.PerRow {
		mean := q.mean(x.RawRowView(i))
		// KL(N(m, C) ‖ N(0, I)).
		var chol mat.Cholesky
		require.True(t, chol.Factorize(cov))
		rate := 0.5 * (mat.Trace(cov) + mean[0]*mean[0] + mean[1]*mean[1] - 2 - chol.LogDet())
		// E log p(x|z): the quadratic function of z at the mean, and half the
		// trace of covariance times curvature, by exact second differences.
		row := density.Rows(x, i, i+1)
		at := func(a, b float64) float64 {
			return m.LogLik(nil, row, mat.NewDense(1, 2, []float64{mean[0] + a, mean[1] + b}))[0]
		}
		h00 := at(1, 0) - 2*at(0, 0) + at(-1, 0)
		h11 := at(0, 1) - 2*at(0, 0) + at(0, -1)
		h01 := (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
		distortion := -(at(0, 0) + 0.5*(h00*cov.At(0, 0)+h11*cov.At(1, 1)) + h01*cov.At(0, 1))
		near(t, -rate-distortion, b.PerRow[i], 5*b.StdErr[i])
		near(t, b.Evidence[i]-b.PerRow[i], b.Divergence[i], 1e-12)
		near(t, rate+distortion+b.Evidence[i], b.Divergence[i], 5*b.StdErr[i])
		require.Less(t, b.PerRow[i]-5*b.StdErr[i], b.Evidence[i])
	}
}

// The closed form of the rate is used where there is one, and the estimate is
// sharper for it; both agree. 20 rows at 5 standard errors.
func TestClosedFormOfTheRate(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.5, density.NewSource(3, "w"))
	other := densitytest.RandomLinear(3, 2, 0.9, density.NewSource(4, "w"))
	x := rows(m, 20, 5)
	q := other.Posterior().(density.PriorDivergence)
	closed, err := elbo.ELBO(t.Context(), m, q, x, elbo.Settings{Samples: 2000, Seed: 1})
	require.NoError(t, err)
	drawn, err := elbo.ELBO(t.Context(), m, noDivergence{q}, x, elbo.Settings{Samples: 2000, Seed: 1})
	require.NoError(t, err)
	for i, want := range q.KLPrior(nil, x) {
		require.Equal(t, want, closed.Rate[i])
		near(t, want, drawn.Rate[i], 5*math.Hypot(closed.StdErr[i], drawn.StdErr[i]))
		near(t, closed.PerRow[i], drawn.PerRow[i], 5*math.Hypot(closed.StdErr[i], drawn.StdErr[i]))
	}
}

func TestMultiSampleIsNondecreasing(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.05, density.NewSource(1, "w"))
	x := rows(m, 5, 1)
	rapid.Check(t, func(t *rapid.T) {
		samples := rapid.IntRange(1, 60).Draw(t, "S")
		var ks []int
		for k := 1; k <= samples; k++ {
			if rapid.IntRange(0, 9).Draw(t, "take") == 0 {
				ks = append(ks, k)
			}
		}
		if len(ks) > 3 { // groups of more numbers that do not divide each other go around too often
			ks = ks[:3]
		}
		if len(ks) == 0 {
			ks = []int{samples}
		}
		bounds, err := elbo.MultiSample(context.Background(), m, density.PriorProposal(m), x, ks, elbo.Settings{Samples: samples, Seed: rapid.Uint64().Draw(t, "seed")})
		require.NoError(t, err)
		for j := 1; j < len(bounds); j++ {
			for i := range bounds[j].PerRow {
				require.GreaterOrEqual(t, bounds[j].PerRow[i], bounds[j-1].PerRow[i]-1e-9)
			}
		}
	})
}

// Numbers that do not divide each other make groups go around; too often is
// refused before any work.
func TestMultiSampleRounds(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.05, density.NewSource(1, "w"))
	x, q := rows(m, 2, 1), density.PriorProposal(m)
	_, err := elbo.MultiSample(context.Background(), m, q, x, []int{79, 83, 89, 97}, elbo.Settings{Samples: 100})
	require.ErrorIs(t, err, elbo.ErrSettings)
	require.ErrorContains(t, err, "divides the next")
	_, err = elbo.MultiSample(context.Background(), m, q, x, []int{4, 6, 100}, elbo.Settings{Samples: 100})
	require.NoError(t, err)
}

// log p − L_K falls as Var(w)/(2p²)/K. The proposal is a posterior whose standard
// deviation is 1.3 times too large; the variance of its weights is taken from
// other draws.
func TestSlopeOfTheMultiSampleBound(t *testing.T) {
	m := densitytest.RandomLinear(2, 1, 0.5, density.NewSource(8, "w"))
	x := rows(m, 1, 8)
	q := m.Scaled(1.3)
	logp := m.LogProb(nil, x)[0]
	const samples = 1 << 19
	bounds, err := elbo.MultiSample(t.Context(), m, q, x, []int{64, 128, samples}, elbo.Settings{Samples: samples, Seed: 2})
	require.NoError(t, err)
	var variance float64
	require.NoError(t, elbo.EachRow(t.Context(), m, q, x, "variance", elbo.Settings{Samples: samples, Seed: 3}, func(_ int, w *elbo.Weights) {
		for _, l := range w.Log(nil) {
			d := math.Expm1(l - logp)
			variance += d * d / samples
		}
	}))
	for _, b := range bounds[:2] {
		slope := (logp - b.PerRow[0]) * float64(b.K)
		// Five standard errors, and 5 % for the next order in 1/K.
		near(t, variance/2, slope, 5*b.StdErr[0]*float64(b.K)+0.05*variance)
		require.Greater(t, slope, 10*b.StdErr[0])
	}
	near(t, logp, bounds[2].PerRow[0], 5*math.Sqrt(variance/samples))
}

func TestDebiasedIsCloser(t *testing.T) {
	m := densitytest.RandomLinear(2, 1, 0.5, density.NewSource(8, "w"))
	x := rows(m, 1, 8)
	many := mat.NewDense(4000, 2, nil)
	for i := range 4000 {
		many.SetRow(i, x.RawRowView(0))
	}
	q := m.Scaled(1.3)
	logp := m.LogProb(nil, x)[0]
	const k = 10
	plain, err := elbo.MultiSample(t.Context(), m, q, many, []int{k}, elbo.Settings{Samples: k, Seed: 2})
	require.NoError(t, err)
	b, e, err := elbo.Debiased(t.Context(), m, q, many, elbo.Settings{Samples: k, Seed: 2})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, e.Kind)
	bias := plain[0].Estimate().Value - logp
	require.Less(t, bias, 0.0)
	require.Less(t, math.Abs(e.Value-logp), 0.3*math.Abs(bias))
	// Its standard errors are those of its scatter: 4000 repetitions know a
	// standard deviation to 1.1 %, the jackknife at 10 draws to about 10 %.
	var squares, errs float64
	for i, v := range b.PerRow {
		squares += (v - e.Value) * (v - e.Value) / 4000
		errs += b.StdErr[i] * b.StdErr[i] / 4000
	}
	require.InEpsilon(t, squares, errs, 0.3)
}

func TestJackknifeEdges(t *testing.T) {
	value, err := elbo.Jackknife([]float64{2, 2, 2})
	near(t, 2, value, 1e-12)
	near(t, 0, err, 1e-12)
	inf := math.Inf(-1)
	value, err = elbo.Jackknife([]float64{inf, inf})
	require.Equal(t, inf, value)
	require.True(t, math.IsInf(err, 1))
	value, _ = elbo.Jackknife([]float64{1})
	require.True(t, math.IsNaN(value))
	// Against the definition, with one weight that carries nearly all.
	logs := []float64{50, 1, 0, -1}
	want := 4 * density.LogMeanExp(logs)
	for k := range logs {
		rest := append(append([]float64{}, logs[:k]...), logs[k+1:]...)
		want -= 3.0 / 4 * density.LogMeanExp(rest)
	}
	value, _ = elbo.Jackknife(logs)
	near(t, want, value, 1e-9)
}

func TestBitsDoNotDependOnChunksOrCores(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.05, density.NewSource(1, "w"))
	x := rows(m, 9, 1)
	q := elbo.Adaptive(m, density.PriorProposal(m))
	run := func(s elbo.Settings) []float64 {
		s.Samples, s.Seed = 1000, 5
		b, err := elbo.ELBO(t.Context(), m, q, x, s)
		require.NoError(t, err)
		multi, err := elbo.MultiSample(t.Context(), m, q, x, []int{3, 100}, s)
		require.NoError(t, err)
		return append(append(b.PerRow, b.StdErr...), multi[0].PerRow...)
	}
	want := run(elbo.Settings{})
	for _, chunk := range []int{1, 256, 700, 5000} {
		require.Equal(t, want, run(elbo.Settings{Chunk: chunk}))
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want, run(elbo.Settings{}))
}

// A row's draws are its own: other rows, and more draws, do not change them.
func TestRowsDoNotDependOnTheirNumber(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.05, density.NewSource(1, "w"))
	x := rows(m, 9, 1)
	all, err := elbo.ELBO(t.Context(), m, density.PriorProposal(m), x, elbo.Settings{Seed: 5})
	require.NoError(t, err)
	head, err := elbo.ELBO(t.Context(), m, density.PriorProposal(m), density.Rows(x, 0, 4), elbo.Settings{Seed: 5})
	require.NoError(t, err)
	require.Equal(t, all.PerRow[:4], head.PerRow)
}

func TestErrors(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.05, density.NewSource(1, "w"))
	x := rows(m, 6, 1)
	q := density.PriorProposal(m)
	_, err := elbo.ELBO(t.Context(), m, q, x, elbo.Settings{Samples: -1})
	require.ErrorIs(t, err, elbo.ErrSettings)
	_, err = elbo.ELBO(t.Context(), m, q, x, elbo.Settings{Chunk: -1})
	require.ErrorIs(t, err, elbo.ErrSettings)
	for _, ks := range [][]int{nil, {0}, {3, 2}, {2, 2}, {101}} {
		_, err = elbo.MultiSample(t.Context(), m, q, x, ks, elbo.Settings{})
		require.ErrorIs(t, err, elbo.ErrSettings)
	}
	for _, i := range []int{3, 0} {
		broken := brokenDecoder{m, x.At(i, 0)}
		_, err = elbo.ELBO(t.Context(), broken, q, x, elbo.Settings{})
		require.ErrorIs(t, err, elbo.ErrNotANumber)
		require.ErrorContains(t, err, []string{"row 1", "", "", "row 4"}[i])
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = elbo.ELBO(ctx, m, q, x, elbo.Settings{})
	require.ErrorIs(t, err, context.Canceled)
	mix := mixture(t)
	_, err = elbo.ELBO(ctx, mix, mix.Posterior(), rows(mix, 2, 1), elbo.Settings{})
	require.ErrorIs(t, err, context.Canceled)
	require.Panics(t, func() {
		elbo.ELBO(t.Context(), m, density.PriorProposal(densitytest.NewCurve(3, 1, 0.1, density.NewSource(1, "w"))), x, elbo.Settings{})
	})
	require.Panics(t, func() { elbo.ELBO(t.Context(), m, q, rows(mix, 2, 1), elbo.Settings{}) })
}

func TestProgressCountsRows(t *testing.T) {
	m := densitytest.NewCurve(3, 1, 0.05, density.NewSource(1, "w"))
	seen := make(chan int, 6)
	_, err := elbo.ELBO(t.Context(), m, density.PriorProposal(m), rows(m, 6, 1), elbo.Settings{Progress: func(done, total int) {
		if total == 6 {
			seen <- done
		}
	}})
	require.NoError(t, err)
	var sum int
	for range 6 {
		sum += <-seen
	}
	require.Equal(t, 21, sum)
}
