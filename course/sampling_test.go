package course

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/gmm"
)

func TestJudgeSampling(t *testing.T) {
	for _, c := range []struct {
		p, control float64
		want       Verdict
	}{
		{0.4, 1e-9, Holds},
		{2e-3, 1e-9, Holds},
		{5e-4, 1e-9, Fails},
		{0.4, 1e-3, Undecided},
		{5e-4, 1e-3, Fails},
	} {
		got, reason := judgeSampling(c.p, c.control)
		require.Equal(t, c.want, got, "%v", c)
		require.NotEmpty(t, reason.ZH)
	}
}

// The p-values of right draws are uniform: of 200 seeds, those below ½ are between 70
// and 130 for each of the three tests, but for one set of seeds in 20,000.
func TestSamplingTestsAreCalibrated(t *testing.T) {
	m, err := gmm.NewDiagonal([]float64{0.6, 0.4}, mat.NewDense(2, 2, []float64{0, 0, 3, 1}), mat.NewDense(2, 2, []float64{1, 2, 0.5, 0.3}))
	require.NoError(t, err)
	var low samplingTests
	const seeds = 200
	for seed := range seeds {
		x, from, err := ancestral(m, m.Weights(), 2000, density.NewSource(uint64(seed), "sampling test"))
		require.NoError(t, err)
		p, err := testSampling(m, x, from)
		require.NoError(t, err)
		for _, one := range []struct {
			p     float64
			count *float64
		}{{p.counts, &low.counts}, {p.mean, &low.mean}, {p.covariance, &low.covariance}} {
			if one.p < 0.5 {
				*one.count++
			}
		}
	}
	for _, count := range []float64{low.counts, low.mean, low.covariance} {
		require.InDelta(t, seeds/2, count, 30)
	}
	require.Less(t, 2*distuv.Binomial{N: seeds, P: 0.5}.CDF(69), 1.0/60_000)
}
