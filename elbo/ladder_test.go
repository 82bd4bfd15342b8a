package elbo_test

import (
	"math"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
	"likely/internal/pareto"
)

// climbed returns what the ladder makes of row i of x.
func climbed(m density.Curved, q density.Proposal, x *mat.Dense, i int, s elbo.LadderSettings) elbo.Adaptation {
	return elbo.NewLadder(m, q, s).(elbo.Adapter).Adapt(density.Rows(x, i, i+1), density.NewSource(1, "climb", uint64(i)))
}

// Of a linear model the proposal is the posterior, whatever it starts from: weights
// of relative variance 0, and all of them p(x).
func TestLadderOfLinearModels(t *testing.T) {
	for _, l := range []int{1, 7, 50} {
		m := densitytest.RandomLinear(l+5, l, 0.4, density.NewSource(1, "w"))
		x := rows(m, 3, 1)
		logp := m.LogProb(nil, x)
		for _, q := range []density.Proposal{density.PriorProposal(m), m.Scaled(0.3)} {
			err := elbo.EachRow(t.Context(), m, elbo.NewLadder(m, q, elbo.LadderSettings{}), x, "test", elbo.Settings{Samples: 500}, func(i int, w *elbo.Weights) {
				require.Equal(t, elbo.Posterior, w.Rung)
				require.Empty(t, w.Back)
				for _, v := range w.Log(nil) {
					near(t, logp[i], v, 1e-8)
				}
			})
			require.NoError(t, err)
		}
	}
}

// What the ladder returns draws from its density, whichever rung it ends on.
func TestClimbedPassesTheSuite(t *testing.T) {
	seen := map[elbo.Rung]bool{}
	for _, seed := range []uint64{2, 5} {
		m := densitytest.NewCurve(3, 2, 0.05, density.NewSource(seed, "w"))
		x := rows(m, 2, 2)
		for _, s := range []elbo.LadderSettings{{Goal: 2}, {Goal: -5}, {Goal: -5, Budget: 1500}} {
			a := climbed(m, density.PriorProposal(m), x, 0, s)
			seen[a.Rung] = true
			densitytest.Proposal(t, a.Proposal, x, densitytest.Config{Tolerance: 3e-3, Draws: 1000})
		}
	}
	require.True(t, seen[elbo.Mode] && seen[elbo.Refined] && seen[elbo.Moments], "%v", seen)
}

// The gradient of a split normal is that of finite differences, and its halves have
// the stated spreads: of 20,000 draws along an axis of up : down = 2 : ½ four in five
// lie above, ± 0.0028; six of these.
func TestOrthants(t *testing.T) {
	q := elbo.OrthantsForTest([]float64{1, -1}, []float64{2, 1, 0, 1}, []float64{0.5, -0.5, 0, 1}, []float64{2, 1}, []float64{0.5, 1}, math.Log(2))
	x := mat.NewDense(2, 1, nil)
	densitytest.Proposal(t, q, x, densitytest.Config{Tolerance: 1e-3})
	z := mat.NewDense(20000, 2, nil)
	q.Rand(z, density.Rows(x, 0, 1), density.NewSource(1, "z"))
	var above float64
	for i := range 20000 {
		if (z.At(i, 0)-1)*0.5-(z.At(i, 1)+1)*0.5 > 0 {
			above++
		}
	}
	near(t, 0.8, above/20000, 0.017)
}

// Estimates from the ladder agree with a grid on curved models of one and two
// dimensions, within five standard errors, at the effective samples it reaches.
func TestLadderAgreesWithAGrid(t *testing.T) {
	for seed := range uint64(3) {
		m := densitytest.NewCurve(4, 2, 0.1, density.NewSource(seed, "w"))
		x := rows(m, 2, seed)
		truth := m.Evidence(x, 301)
		q := elbo.NewLadder(m, density.PriorProposal(m), elbo.LadderSettings{})
		err := elbo.EachRow(t.Context(), m, q, x, "test", elbo.Settings{Samples: 4000}, func(i int, w *elbo.Weights) {
			logs := w.Log(nil)
			value, se := elbo.Jackknife(logs)
			require.Less(t, se, 0.3)
			near(t, truth[i], value, 5*se+1e-3, "seed %d row %d, rung %v", seed, i+1, w.Rung)
		})
		require.NoError(t, err)
	}
}

// The k̂ of the kept rung is the best of those tried, and a rung that was tried in
// vain is said to be.
func TestLadderSaysWhenItWentBack(t *testing.T) {
	m := densitytest.NewCurve(4, 2, 0.05, density.NewSource(3, "w"))
	x := rows(m, 20, 3)
	back := 0
	for i := range 20 {
		low := climbed(m, density.PriorProposal(m), x, i, elbo.LadderSettings{Goal: 5})
		require.Contains(t, []elbo.Rung{elbo.Mode, elbo.Modes}, low.Rung)
		high := climbed(m, density.PriorProposal(m), x, i, elbo.LadderSettings{Goal: -5, Budget: 1 << 20})
		require.LessOrEqual(t, high.KHat, low.KHat+0.3) // each of three rungs may be 0.1 worse, the noise of a fit
		require.GreaterOrEqual(t, high.Spent, low.Spent)
		if high.Back != "" {
			require.Regexp(t, "had a k̂ of", high.Back)
			back++
		}
	}
	require.Positive(t, back)
}

// Draws that show that their proposal was misjudged teach the next one and are made
// again: with a goal that no pilot misses, rows stop at the mode, and those whose k̂ is
// too large then come from matched moments, with a smaller one, at the price of both.
func TestMisjudgedProposalsAreDrawnAgain(t *testing.T) {
	m := densitytest.NewCurve(20, 7, 0.5, density.NewSource(6, "w"))
	x := rows(m, 25, 6)
	khats, again, single := make([]float64, 25), make([]bool, 25), make([]bool, 25)
	q := elbo.NewLadder(m, density.PriorProposal(m), elbo.LadderSettings{Goal: math.Inf(1)})
	run := func(samples int, f func(i int, w *elbo.Weights)) {
		require.NoError(t, elbo.EachRow(t.Context(), m, q, x, "test", elbo.Settings{Samples: samples, Chunk: 256}, f))
	}
	run(1000, func(i int, w *elbo.Weights) {
		khats[i] = pareto.Fit(w.Log(nil)).KHat
		again[i] = w.Rung == elbo.Moments || strings.HasPrefix(w.Back, "moments of all draws")
		single[i] = w.Rung != elbo.Modes
		require.True(t, !again[i] || w.Pilot > 2000)
	})
	run(999, func(i int, w *elbo.Weights) { // too few to tell
		require.NotEqual(t, elbo.Moments, w.Rung)
	})
	var redrawn, bad int
	for i, v := range again {
		if v {
			redrawn++
		}
		if khats[i] > pareto.Threshold(1000) && single[i] {
			require.True(t, v)
			bad++
		}
	}
	t.Logf("%d of 25 rows were drawn again, %d kept a large k̂", redrawn, bad)
	require.Greater(t, redrawn, 3)
	require.Less(t, bad, redrawn)
}

// A budget ends the climb, at a rung below, and is named.
func TestLadderKeepsItsBudget(t *testing.T) {
	m := densitytest.NewCurve(4, 2, 0.05, density.NewSource(3, "w"))
	x := rows(m, 5, 3)
	for i := range 5 {
		a := climbed(m, density.PriorProposal(m), x, i, elbo.LadderSettings{Goal: -5, Budget: 1600})
		require.LessOrEqual(t, a.Spent, 1600)
		require.Equal(t, elbo.Mode, a.Rung)
		require.Regexp(t, "the budget of 1600 evaluations", a.Back)
	}
}

// spoiled gives something that is not finite in the place of one quantity.
type spoiled struct {
	*densitytest.Curve
	lik, grad, curvature bool
	value                float64
	from                 float64 // codes whose first coordinate is above
}

func (s spoiled) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	dst = s.Curve.LogLik(dst, x, z)
	for i := range dst {
		if s.lik && z.At(i, 0) > s.from {
			dst[i] = s.value
		}
	}
	return dst
}

func (s spoiled) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	dst = s.Curve.LogLikGrad(dst, grad, x, z)
	for i := range dst {
		if s.grad && z.At(i, 0) > s.from {
			grad.Set(i, 0, s.value)
		}
	}
	return dst
}

func (s spoiled) LogLikCurvature(dst []float64, grad, curvature, x, z *mat.Dense) []float64 {
	dst = s.Curve.LogLikCurvature(dst, grad, curvature, x, z)
	for i := range dst {
		if s.curvature && z.At(i, 0) > s.from {
			curvature.Set(i, 0, s.value)
		}
	}
	return dst
}

// Where the decoder, its gradient or its Jacobian is not finite, everywhere or in a
// half space, or the precision is not positive definite, the row falls back to what
// holds, with numbers.
func TestLadderFallsBack(t *testing.T) {
	m := densitytest.NewCurve(4, 2, 0.05, density.NewSource(5, "w"))
	x := rows(m, 6, 5)
	for _, value := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), -1e9} {
		for _, from := range []float64{math.Inf(-1), 0, 0.3} {
			for _, s := range []spoiled{{curvature: true}, {grad: true}, {lik: true}} {
				s.Curve, s.value, s.from = m, value, from
				for i := range 6 {
					a := climbed(s, density.PriorProposal(m), x, i, elbo.LadderSettings{})
					z := mat.NewDense(100, 2, nil)
					a.Proposal.Rand(z, density.Rows(x, i, i+1), density.NewSource(2, "z"))
					logs := a.Proposal.LogProb(nil, z, density.Rows(x, i, i+1))
					for k, v := range logs {
						require.False(t, math.IsNaN(v) || math.IsInf(v, 0), "%+v draw %d", s, k)
					}
					if s.curvature && math.IsInf(from, -1) {
						require.Equal(t, elbo.Given, a.Rung)
						require.NotEmpty(t, a.Back)
					}
				}
			}
		}
	}
}

// Results have the same bits for any chunk, number of cores, and company of rows.
func TestLadderBits(t *testing.T) {
	m := densitytest.NewCurve(6, 8, 0.1, density.NewSource(2, "w"))
	x := rows(m, 7, 2)
	run := func(x *mat.Dense, chunk int) [][]float64 {
		n, _ := x.Dims()
		out := make([][]float64, n)
		require.NoError(t, elbo.EachRow(t.Context(), m, elbo.Adaptive(m, density.PriorProposal(m)), x, "test", elbo.Settings{Samples: 600, Chunk: chunk}, func(i int, w *elbo.Weights) {
			require.NotEqual(t, elbo.Given, w.Rung)
			out[i] = append(slices.Clone(w.Log(nil)), float64(w.Pilot), float64(w.Rung))
		}))
		return out
	}
	want := run(x, 0)
	require.Equal(t, want, run(x, 256))
	require.Equal(t, want[:3], run(density.Rows(x, 0, 3), 600))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, want, run(x, 512))
}

// A code of 1000 dimensions: the ladder finds the posterior of a linear model, and all that
// it allocates on the way, most of it freed at once, stays below a gigabyte.
func TestLadderOfAThousandDimensions(t *testing.T) {
	if testing.Short() {
		t.Skip("factorises matrices of a thousand rows")
	}
	m := densitytest.RandomLinear(20, 1000, 0.4, density.NewSource(1, "w"))
	x := rows(m, 1, 1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := climbed(m, density.PriorProposal(m), x, 0, elbo.LadderSettings{})
	runtime.ReadMemStats(&after)
	require.Equal(t, elbo.Posterior, a.Rung)
	z := mat.NewDense(20, 1000, nil)
	a.Proposal.Rand(z, x, density.NewSource(1, "z"))
	lik, prior, own := m.LogLik(nil, x, z), m.LogPrior(nil, z), a.Proposal.LogProb(nil, z, x)
	logp := m.LogProb(nil, x)[0]
	for i := range lik {
		near(t, logp, lik[i]+prior[i]-own[i], 1e-7)
	}
	t.Logf("%d MB allocated", (after.TotalAlloc-before.TotalAlloc)>>20)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1)<<30)
}
