package course

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/vae"
)

func TestJudgeMissing(t *testing.T) {
	good := completion{gain: mean{30, 1}, saving: mean{5, 0.5}, draws: 0.1}
	little, worse, loses, errs, noisy := good, good, good, good, good
	little.gain, worse.saving, noisy.draws = mean{2, 1}, mean{0.5, 0.5}, 2
	loses.gain, errs.saving = mean{-4, 1}, mean{-4, 1}
	same := mean{0, 0.1}
	for _, c := range []struct {
		mixture, network completion
		sharper          mean
		want             Verdict
	}{
		{good, good, same, Holds},
		{good, good, mean{-3, 0.5}, Corrected},
		{good, good, mean{-1, 0.5}, Undecided},
		{good, little, same, Undecided},
		{worse, good, same, Undecided},
		{little, worse, same, Undecided},
		{good, loses, same, Corrected},
		{errs, good, same, Corrected},
		{loses, errs, same, Fails},
		{little, loses, same, Undecided},
		{good, noisy, same, Undecided},
	} {
		got, reason := judgeMissing(c.mixture, c.network, c.sharper)
		require.Equal(t, c.want, got, "%+v", c)
		require.NotContains(t, reason.EN+reason.ZH, "%!")
	}
}

// A single Gaussian with independent halves learns nothing from one of them, and one
// with a known covariance what the formula of the conditional Gaussian says.
func TestHalvesOfAGaussian(t *testing.T) {
	const d = 2 * halfRow
	means := mat.NewDense(1, d, nil)
	covariance := mat.NewSymDense(d, nil)
	for j := range d {
		covariance.SetSym(j, j, 1)
	}
	x := mat.NewDense(3, d, nil)
	density.StandardNormal(d).Rand(x, density.NewSource(1, "halves test"))
	gains := func() []float64 {
		m, err := gmm.New([]float64{1}, means, []mat.Symmetric{covariance})
		require.NoError(t, err)
		h := mixtureHalves(m, x)
		given := h.given()
		for i := range given {
			given[i] -= h.covered[i]
		}
		return given
	}
	require.InDeltaSlice(t, []float64{0, 0, 0}, gains(), 1e-10)
	const rho = 0.8 // of the first pixels of both halves
	covariance.SetSym(0, halfRow, rho)
	for i, gain := range gains() {
		a, b := x.At(i, 0), x.At(i, halfRow)
		v := 1 - rho*rho
		require.InDelta(t, -math.Log(v)/2-(b-rho*a)*(b-rho*a)/(2*v)+b*b/2, gain, 1e-10)
	}
}

// The halves of a linear VAE are those of its exact Gaussian, within the draws' error.
// Of 4 rows and three numbers each, one is off by five errors in 100,000 seeds.
func TestHalvesOfALinearVAE(t *testing.T) {
	const d = 2 * halfRow
	x := mat.NewDense(80, d, nil)
	density.StandardNormal(d).Rand(x, density.NewSource(1, "linear halves"))
	for i := range 80 {
		for j := range d {
			x.Set(i, j, x.At(i, j)+2*x.At(i, 0))
		}
	}
	m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: 2, Hidden: []int{}, Sigma: vae.Shared, Epochs: 60, Missing: true, Precision: vae.Float64}, density.NewSource(2, "linear halves"))
	require.NoError(t, err)
	exact, ok, err := m.Marginal()
	require.NoError(t, err)
	require.True(t, ok)
	rows := density.Rows(x, 0, 4)
	h, err := networkHalves(t.Context(), m, rows, Settings{})
	require.NoError(t, err)
	want := mixtureHalves(exact, rows)
	require.Less(t, h.draws, 0.3)
	require.InDeltaSlice(t, want.whole, h.whole, 5*h.draws+1e-6)
	require.InDeltaSlice(t, want.seen, h.seen, 5*h.draws+1e-6)
	require.InDeltaSlice(t, want.covered, h.covered, 5*h.draws+1e-6)
}
