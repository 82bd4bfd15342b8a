package eval_test

import (
	"math"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
	"likely/eval"
)

// blocks is a nonlinear model with an 8-D code whose evidence is known, rows, and a
// ladder that stops at the mode.
func blocks(n int) (*densitytest.Blocks, *mat.Dense, density.Proposal) {
	m := densitytest.NewBlocks(4, 3, 2, 0.2, density.NewSource(3, "w"))
	return m, density.Rows(rows(m, 60, 3), 0, n), elbo.NewLadder(m, density.PriorProposal(m), elbo.LadderSettings{Goal: math.Inf(1)})
}

// Rows whose k̂ stays too large are annealed: with a k̂ below its threshold, an estimate
// within five standard errors of the grid, at no more than its budget, and the same bits
// for any chunk and number of cores. Other rows keep theirs.
func TestAnnealedRung(t *testing.T) {
	m, x, q := blocks(16)
	truth := m.Evidence(x, 121)
	run := func(x *mat.Dense, annealing, chunk int) *eval.Result {
		r, err := eval.LogProb(t.Context(), m, q, x, eval.Settings{Samples: 1000, Seed: 1, Annealing: annealing, Chunk: chunk})
		require.NoError(t, err)
		return r
	}
	plain, r := run(x, -1, 0), run(x, 0, 0)
	annealed, spent := 0, int64(0)
	var off, before float64
	for i := range truth {
		spent += r.Costs[i]
		if r.Rungs[i] != elbo.Annealed {
			require.Equal(t, plain.LogProb[i], r.LogProb[i])
			continue
		}
		annealed++
		require.Greater(t, plain.KHat[i], eval.Threshold(1000))
		require.LessOrEqual(t, r.KHat[i], eval.Threshold(100))
		near(t, truth[i], r.LogProb[i], 5*r.StdErr[i], "row %d", i+1)
		require.Greater(t, r.Costs[i], plain.Costs[i]+10_000)
		require.LessOrEqual(t, r.Costs[i], plain.Costs[i]+20_000)
		off, before = off+math.Abs(r.LogProb[i]-truth[i]), before+math.Abs(plain.LogProb[i]-truth[i])
	}
	t.Logf("%d of 16 rows annealed (%d of %d bad left): off by %.3f nats each, before by %.3f", annealed, len(r.Untrusted()), len(plain.Untrusted()), off/float64(annealed), before/float64(annealed))
	require.Greater(t, annealed, 1)
	require.Equal(t, spent, r.Spent)
	table := r.RungTable()
	last := table[len(table)-1]
	require.Equal(t, elbo.Annealed, last.Rung)
	require.Equal(t, annealed, last.Rows)
	require.Contains(t, last.String(), "evaluations each")
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, r.LogProb[:6], run(density.Rows(x, 0, 6), 0, 256).LogProb)
}

// flat has NaN for a gradient of log p(x|z) wherever chains of annealing ask for it.
type flat struct{ *densitytest.Blocks }

func (m flat) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	dst = m.Blocks.LogLikGrad(dst, grad, x, z)
	if n, _ := z.Dims(); n == 8 || n == 100 { // the chains of annealing
		for i := range n {
			grad.Set(i, 0, math.NaN())
		}
	}
	return dst
}

// Where annealing fails, or its budget is too small to begin, rows keep the estimate of
// their draws and say so; no mean is NaN.
func TestAnnealingThatFailsFallsBack(t *testing.T) {
	m, x, _ := blocks(6)
	for _, c := range []struct {
		m         density.Curved
		annealing int
		back      string
	}{
		{flat{m}, 0, "annealing was given up: its chains accepted 0 %"},
		{m, 50, "annealing was given up: 50 evaluations .* too few"},
	} {
		q := elbo.NewLadder(c.m, density.PriorProposal(m), elbo.LadderSettings{Goal: math.Inf(1)})
		s := eval.Settings{Samples: 1000, Seed: 1, Annealing: c.annealing}
		r, err := eval.LogProb(t.Context(), c.m, q, x, s)
		require.NoError(t, err)
		s.Annealing = -1
		plain, err := eval.LogProb(t.Context(), c.m, q, x, s)
		require.NoError(t, err)
		require.Equal(t, plain.LogProb, r.LogProb)
		require.NotEmpty(t, r.Untrusted())
		for _, i := range r.Untrusted() {
			require.Regexp(t, c.back, r.Back[i])
		}
		require.False(t, math.IsNaN(r.Estimate().Value+r.Estimate().SampleErr))
	}
}

// Fewer draws than tell anything, and proposals that are no ladder, anneal nothing.
func TestAnnealingIsForLaddersThatWereJudged(t *testing.T) {
	m, x, q := blocks(6)
	for _, c := range []struct {
		q       density.Proposal
		samples int
	}{{q, 900}, {density.PriorProposal(m), 1000}} {
		r, err := eval.LogProb(t.Context(), m, c.q, x, eval.Settings{Samples: c.samples, Seed: 1})
		require.NoError(t, err)
		require.NotEmpty(t, r.Untrusted())
		require.NotContains(t, r.Rungs, elbo.Annealed)
	}
}
