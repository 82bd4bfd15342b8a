package course

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"

	"likely/density"
)

func TestJudgeRateDistortion(t *testing.T) {
	found := rateMeasure{apart: 1.2, least: 2, most: 2.000001, fall: mean{10, 0.1}, best: 1, units: 10}
	for _, c := range []struct {
		change func(*rateMeasure)
		want   Verdict
	}{
		{func(*rateMeasure) {}, Corrected},
		{func(m *rateMeasure) { m.least, m.most = 1, 1 }, Holds},
		{func(m *rateMeasure) { m.least = 1.5 }, Fails},
		{func(m *rateMeasure) { m.apart = 5 }, Fails},
		{func(m *rateMeasure) { m.fall = mean{0.2, 0.1} }, Undecided},
	} {
		m := found
		c.change(&m)
		got, reason := judgeRateDistortion(m)
		require.Equal(t, c.want, got, "%+v", m)
		require.NotContains(t, reason.EN+reason.ZH, "%!")
	}
}

// With σ the log-variance the penalty is twice the divergence of q from N(0, I), which
// gonum knows by itself.
func TestPenaltyIsTwiceTheDivergence(t *testing.T) {
	mean, logvar := mat.NewDense(1, 2, []float64{0.7, -1.2}), mat.NewDense(1, 2, []float64{-0.5, 0.3})
	q, ok := distmv.NewNormal([]float64{0.7, -1.2}, mat.NewDiagDense(2, []float64{0.6065306597126334, 1.3498588075760032}), density.NewSource(1, "penalty"))
	require.True(t, ok)
	p, ok := distmv.NewNormal([]float64{0, 0}, mat.NewDiagDense(2, []float64{1, 1}), density.NewSource(2, "penalty"))
	require.True(t, ok)
	require.InDelta(t, 2*distmv.KullbackLeibler{}.DistNormal(q, p), penaltyOf(mean, logvar)[0], 1e-12)
}
