package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/vae"
)

func TestJudgeSquaredError(t *testing.T) {
	found := squaredMeasure{identity: 1e-7, cost: mean{30, 0.5}, best: mean{0.1, 0.1}, learned: 2}
	for _, c := range []struct {
		change func(*squaredMeasure)
		want   Verdict
	}{
		{func(*squaredMeasure) {}, Corrected},
		{func(m *squaredMeasure) { m.cost = mean{0.1, 0.1} }, Holds},
		{func(m *squaredMeasure) { m.cost = mean{1.1, 0.1} }, Undecided},
		{func(m *squaredMeasure) { m.identity = 1e-3 }, Fails},
	} {
		m := found
		c.change(&m)
		got, reason := judgeSquaredError(m)
		require.Equal(t, c.want, got, "%+v", m)
		require.NotContains(t, reason.EN+reason.ZH, "%!")
	}
}

// The loss with the mean over columns and w times the KL is, up to a factor and a
// constant, minus the bound at σ² = w·D/2: differences between two codes agree. With
// half the sum over columns, σ is the unit of the data.
func TestSilentSigma(t *testing.T) {
	require.InDelta(t, 1, silentSigma(2.0/7, 7, 1), 1e-15)
	require.InDelta(t, 16*math.Sqrt(32), silentSigma(1, 64, 16), 1e-12)
	const w, unit, d = 0.3, 4.0, 5
	sigma := silentSigma(w, d, unit)
	loss := func(square, kl float64) float64 { return square/(unit*unit)/d + w*kl }
	bound := func(square, kl float64) float64 { return -square/(2*sigma*sigma) - kl }
	factor := (loss(10, 2) - loss(3, 2)) / (bound(3, 2) - bound(10, 2))
	require.InDelta(t, factor*(bound(10, 2)-bound(10, 5)), loss(10, 5)-loss(10, 2), 1e-12)
}

// A fixed σ makes log p(x|z) a squared error; another σ does not fit it.
func TestSquaredIdentity(t *testing.T) {
	x := mat.NewDense(60, 3, nil)
	density.StandardNormal(3).Rand(x, density.NewSource(1, "identity test"))
	m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: 2, Hidden: []int{4}, Sigma: vae.Fixed(0.7), Epochs: 2, Precision: vae.Float64}, density.NewSource(2, "identity test"))
	require.NoError(t, err)
	z := m.Encode(nil, x)
	require.Less(t, squaredIdentity(m, x, z, 0.7), 1e-12)
	require.Greater(t, squaredIdentity(m, x, z, 0.8), 1e-3)
}
