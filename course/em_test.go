package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/gmm"
	"likely/vae"
)

func TestJudgeEM(t *testing.T) {
	found := emMeasure{touch: 1e-15, part: 0.05, vaeGap: 0.07, quadrature: 1e-9}
	for _, c := range []struct {
		change func(*emMeasure)
		want   Verdict
	}{
		{func(*emMeasure) {}, Corrected},
		{func(m *emMeasure) { m.vaeGap = 1e-4 }, Holds},
		{func(m *emMeasure) { m.touch = 2e-12 }, Fails},
		{func(m *emMeasure) { m.fall = 2e-12 }, Fails},
		{func(m *emMeasure) { m.part = 1e-4 }, Undecided},
		{func(m *emMeasure) { m.quadrature = 1e-3 }, Undecided},
	} {
		m := found
		c.change(&m)
		got, reason := judgeEM(m)
		require.Equal(t, c.want, got, "%+v", m)
		require.NotEmpty(t, reason.ZH)
	}
}

// The measure sees a bound that does not touch, and a log p that falls.
func TestHalvesAreMeasured(t *testing.T) {
	h := halves{step: []float64{0.5, 1, 1.5, 2}, logp: []float64{-4, -4, -3, -3}, bound: []float64{-5, -4, -3.5, -3}}
	require.Equal(t, emMeasure{part: 1}, h.measure())
	h.bound[1] = -4.1
	require.InDelta(t, 0.1/4, h.measure().touch, 1e-15)
	h.logp[2], h.logp[3] = -4.5, -4.5
	require.InDelta(t, 0.5/4.5, h.measure().fall, 1e-15)
}

// The bound of a mixture is log p less the divergence of q from the posterior.
func TestMixtureBound(t *testing.T) {
	m, err := gmm.NewDiagonal([]float64{0.6, 0.4}, mat.NewDense(2, 1, []float64{0, 3}), mat.NewDense(2, 1, []float64{1, 2}))
	require.NoError(t, err)
	x, q := mat.NewDense(2, 1, []float64{0.5, 2}), mat.NewDense(2, 2, []float64{0.3, 0.7, 1, 0})
	want := 0.0
	for i := range 2 {
		p := [2]float64{0.6 * distuv.Normal{Mu: 0, Sigma: 1}.Prob(x.At(i, 0)), 0.4 * distuv.Normal{Mu: 3, Sigma: math.Sqrt2}.Prob(x.At(i, 0))}
		want += math.Log(p[0]+p[1]) / 2
		for k := range 2 {
			if w := q.At(i, k); w > 0 {
				want -= w * math.Log(w*(p[0]+p[1])/p[k]) / 2
			}
		}
	}
	require.InDelta(t, want, mixtureBound(m, x, q), 1e-13)
}

// A linear decoder makes x normal: log p, the bound and its rate have closed forms.
func TestPlaneIntegratesALinearModel(t *testing.T) {
	x := mat.NewDense(40, 3, nil)
	density.StandardNormal(3).Rand(x, density.NewSource(1, "plane test"))
	trainer, err := vae.NewTrainer(x, nil, vae.Settings{Latent: 2, Hidden: []int{}, Sigma: vae.PerDim, Epochs: 30, Floor: 0.05, Precision: vae.Float64}, density.NewSource(2, "plane test"))
	require.NoError(t, err)
	defer trainer.Close()
	_, err = trainer.Epoch(t.Context())
	require.NoError(t, err)
	m, _, err := trainer.Model()
	require.NoError(t, err)
	marginal, ok, err := m.Marginal()
	require.NoError(t, err)
	require.True(t, ok)
	p := newCodePlane()
	logp, apart := p.logProb(m, x)
	require.Less(t, apart, 1e-6) // what lies beyond the grid
	require.InDeltaSlice(t, marginal.LogProb(nil, x), logp, 1e-6)

	mean, logvar := m.Encoder().Moments(x)
	bound, rate := p.bound(m, x, mean, logvar)
	require.InDeltaSlice(t, m.Encoder().KLPrior(nil, x), rate, 1e-12)
	// E log p(x|z) of a linear decoder: the value at the mean, less the variance it spreads.
	at, lv := mat.NewDense(40, 3, nil), mat.NewDense(40, 3, nil)
	m.Decode(at, lv, mean)
	base := m.DecodeMean(nil, mat.NewDense(3, 2, []float64{0, 0, 1, 0, 0, 1}))
	for i := range 40 {
		want := -rate[i]
		for j := range 3 {
			v := math.Exp(lv.At(i, j))
			e := x.At(i, j) - at.At(i, j)
			spread := 0.0
			for l := range 2 {
				slope := base.At(l+1, j) - base.At(0, j)
				spread += slope * slope * math.Exp(logvar.At(i, l))
			}
			want -= (math.Log(2*math.Pi*v) + (e*e+spread)/v) / 2
		}
		require.InDelta(t, want, bound[i], 1e-9)
	}
}
