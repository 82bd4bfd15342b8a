package eval_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
	"likely/eval"
)

// The intervals ± 1.96 standard errors of each row cover its log p in about 95 % of seeded
// repetitions with a code of 50 dimensions too: of a linear model by a q too wide, whose
// log p is a closed form, and of a nonlinear one by the ladder, whose log p is a sum of
// integrals over two dimensions. Estimates are below by what a logarithm's bias is. Of 200
// intervals a correct estimator covers fewer than 88 % with a probability of 2e-5, of 48
// fewer than 80 % with one of 4e-5.
func TestIntervalsCoverFiftyDimensions(t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of estimates with codes of 50 dimensions")
	}
	line := linear(60, 50, 3)
	bent := densitytest.NewBlocks(25, 4, 2, 0.5, density.NewSource(7, "w"))
	lineRows, bentRows := rows(line, 4, 1), rows(bent, 6, 2)
	for _, c := range []struct {
		name        string
		m           density.LatentGradient
		q           density.Proposal
		x           *mat.Dense
		truth       []float64
		repetitions int
		least       float64
	}{
		{"linear, q too wide", hidden{line}, line.Scaled(1.1), lineRows, line.LogProb(nil, lineRows), 50, 0.88},
		{"nonlinear, ladder", bent, elbo.Adaptive(bent, density.PriorProposal(bent)), bentRows, bent.Evidence(bentRows, 121), 8, 0.8},
	} {
		covered, count, bad, annealed := 0.0, 0.0, 0, 0
		var off, stated float64
		for seed := range c.repetitions {
			r, err := eval.LogProb(t.Context(), c.m, c.q, c.x, eval.Settings{Samples: 1000, Seed: uint64(seed)})
			require.NoError(t, err)
			for i, v := range c.truth {
				d := r.LogProb[i] - v
				off, stated, count = off+d, stated+r.StdErr[i], count+1
				if math.Abs(d) <= 1.96*r.StdErr[i] {
					covered++
				}
				if r.Rungs[i] == elbo.Annealed {
					annealed++
				}
			}
			bad += len(r.Untrusted())
		}
		t.Logf("%-20s covered %.1f %% of %.0f; off %+.4f, stated ± %.4f; %d with too large a k̂, %d annealed", c.name, 100*covered/count, count, off/count, stated/count, bad, annealed)
		require.GreaterOrEqual(t, covered/count, c.least, c.name)
		require.LessOrEqual(t, float64(bad)/count, 0.05)
	}
}

// On rows drawn from a nonlinear model with a code of 50 dimensions the sandwich holds log p,
// and so do the intervals of the ladder: those of the mean, up to three standard errors over
// the rows.
func TestSandwichOfFiftyDimensions(t *testing.T) {
	if testing.Short() {
		t.Skip("anneals with codes of 50 dimensions")
	}
	m := densitytest.NewBlocks(25, 4, 2, 0.5, density.NewSource(7, "w"))
	q := elbo.Adaptive(m, density.PriorProposal(m))
	s, err := eval.ImportanceSandwich(t.Context(), m, q, 8, eval.Settings{Samples: 2000, Seed: 1})
	require.NoError(t, err)
	truth := m.Evidence(s.X, 121)
	r, err := eval.LogProb(t.Context(), m, q, s.X, eval.Settings{Samples: 2000, Seed: 2})
	require.NoError(t, err)
	var lower, upper, off float64
	for i, v := range truth {
		lower, upper, off = lower+(s.Lower[i]-v)/8, upper+(s.Upper[i]-v)/8, off+(r.LogProb[i]-v)/8
	}
	e := r.Estimate()
	t.Logf("lower %+.3f, upper %+.3f, ladder %+.3f ± %.3f of log p", lower, upper, off, e.SampleErr)
	require.Less(t, lower, 3*e.SampleErr)
	require.Greater(t, upper, -3*e.SampleErr)
	require.Less(t, math.Abs(off), 3*e.SampleErr)
	require.Less(t, upper-lower, 0.5)
}
