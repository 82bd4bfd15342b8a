package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"

	"likely/density"
	"likely/eval"
	"likely/vae"
)

func TestJudgeRateDistortion(t *testing.T) {
	found := rateMeasure{apart: 1.2, least: 2, most: 2.000001, fall: mean{10, 0.1}, best: 1, next: 0.5, units: 10}
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

// Where β is small the encoder is narrower than the posterior, and log p by its draws is
// too low, here by 0.4 nats. What the study measures agrees with the closed form.
func TestNarrowEncoderIsNoProposal(t *testing.T) {
	x := mat.NewDense(300, 4, nil)
	density.StandardNormal(4).Rand(x, density.NewSource(1, "narrow encoder"))
	for i := range 300 {
		for j := range 4 {
			x.Set(i, j, x.At(i, j)+2*x.At(i, 0))
		}
	}
	m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: 2, Hidden: []int{}, Sigma: vae.Shared, Epochs: 60, Beta: 0.01, Precision: vae.Float64}, density.NewSource(2, "narrow encoder"))
	require.NoError(t, err)
	exact, ok, err := m.Marginal()
	require.NoError(t, err)
	require.True(t, ok)
	rows := density.Rows(x, 0, 40)
	want := average(exact.LogProb(nil, rows))
	raw, err := eval.LogProb(t.Context(), m, m.Encoder(), rows, eval.Settings{Samples: 100, Seed: 1})
	require.NoError(t, err)
	require.Less(t, average(raw.LogProb), want-0.2)
	b, err := measureBeta(t.Context(), m, 0.01, rows, &rateMeasure{least: math.Inf(1)}, Settings{Quick: true, Seed: 1})
	require.NoError(t, err)
	require.InDelta(t, want, b.logp.value, 0.05)
	require.Less(t, b.bad, badShare(raw))
}

// The share of bad rows is that of k̂ above the limit, 0.5 for 100 draws.
func TestBadShare(t *testing.T) {
	r := &eval.Result{LogProb: make([]float64, 4), KHat: []float64{0.1, 0.6, 0.2, -0.3}, Samples: 100}
	require.InDelta(t, 0.25, badShare(r), 1e-15)
}
