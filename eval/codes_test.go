package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval"
	"likely/vae"
)

// planeModel is a linear model with a 2-D code, in closed form and as a latent-variable
// model.
func planeModel(t *testing.T) (*vae.Model, density.Exact, *mat.Dense) {
	t.Helper()
	x := rows(linear(4, 2, 3), 300, 1)
	m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Hidden: []int{}, Sigma: vae.Fixed(0.8), Epochs: 20, Precision: vae.Float64}, rand.NewPCG(1, 1))
	require.NoError(t, err)
	exact, ok, err := m.Marginal()
	require.NoError(t, err)
	require.True(t, ok)
	return m, exact, density.Rows(x, 0, 4)
}

// codeSets returns sets of Sobol codes, or of independent draws.
func codeSets(t *testing.T, m *vae.Model, sets, size int, seed uint64, even bool) []*mat.Dense {
	out := make([]*mat.Dense, sets)
	for r := range out {
		src := density.NewSource(seed, "sets", uint64(r))
		if even {
			var err error
			out[r], err = m.SobolCodes(size, src)
			require.NoError(t, err)
			continue
		}
		out[r] = mat.NewDense(size, m.LatentDim(), nil)
		m.RandPrior(out[r], src)
	}
	return out
}

// On a 2-D code the error of Sobol's points falls from 64 to 4096 a set by far more than
// the 8 of independent draws, whose own ratio lies between 5 and 13 (five standard
// errors of a root mean square over 40 repetitions of 8 sets).
func TestEvenCodesConvergeFaster(t *testing.T) {
	m, exact, x := planeModel(t)
	truth := exact.LogProb(nil, x)
	rms := func(size int, even bool) float64 {
		var squares float64
		for seed := range uint64(40) {
			r, err := eval.LogProbAt(t.Context(), m, x, codeSets(t, m, 2, size, seed, even), eval.Settings{})
			require.NoError(t, err)
			for i, v := range r.LogProb {
				squares += math.Pow(math.Expm1(v-truth[i]), 2) / 160
			}
		}
		return math.Sqrt(squares)
	}
	even, plain := rms(64, true)/rms(4096, true), rms(64, false)/rms(4096, false)
	t.Logf("64 to 4096 codes: error divided by %.1f for Sobol points (rate S^−%.2f), %.1f for draws (S^−%.2f)", even, math.Log(even)/math.Log(64), plain, math.Log(plain)/math.Log(64))
	require.Greater(t, even, 20.0)
	require.True(t, plain > 5 && plain < 13, "%v", plain)
}

// ± 2.13 standard errors, the t quantile of 15 degrees of freedom, of the mean over rows
// cover the closed form in 95 % of 200 repetitions with 16 sets: fewer than 88 % have a
// probability of 2e-5. The rows share their codes, and errors taken for independent
// would be too small.
func TestErrorsOfEvenCodesCover(t *testing.T) {
	m, exact, x := planeModel(t)
	var truth float64
	for _, v := range exact.LogProb(nil, x) {
		truth += v / 4
	}
	for _, even := range []bool{true, false} {
		covered, repetitions := 0.0, 200.0
		for seed := range uint64(200) {
			r, err := eval.LogProbAt(t.Context(), m, x, codeSets(t, m, 16, 128, 1000+seed, even), eval.Settings{})
			require.NoError(t, err)
			if math.Abs(r.Mean.Value-truth) <= 2.13*r.Mean.SampleErr {
				covered++
			}
		}
		t.Logf("Sobol %v: covered %.1f %%", even, 100*covered/repetitions)
		require.GreaterOrEqual(t, covered/repetitions, 0.88)
	}
}

// One set, as a mixture of package gmm, has the same log p.
func TestEvenCodesAreAMixture(t *testing.T) {
	m, _, x := planeModel(t)
	mixture, err := m.MixtureSobol(256, density.NewSource(7, "sets", 0))
	require.NoError(t, err)
	sets := codeSets(t, m, 2, 256, 7, true)
	r, err := eval.LogProbAt(t.Context(), m, x, []*mat.Dense{sets[0], sets[0]}, eval.Settings{})
	require.NoError(t, err)
	require.EqualValues(t, 4*512, r.Spent)
	for i, v := range mixture.LogProb(nil, x) {
		near(t, v, r.LogProb[i], 1e-11)
		near(t, 0, r.StdErr[i], 1e-12)
	}
	_, err = eval.LogProbAt(t.Context(), m, x, sets[:1], eval.Settings{})
	require.ErrorIs(t, err, eval.ErrSettings)
}
