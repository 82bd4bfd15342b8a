package course

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/vae"
)

func TestJudgeGap(t *testing.T) {
	for name, c := range map[string]struct {
		change func(l []ladder)
		want   Verdict
	}{
		"as found":              {func([]ladder) {}, Holds},
		"draws stay off":        {func(l []ladder) { l[1].draws[1] = mean{0.4, 0.02} }, Corrected},
		"annealing stays off":   {func(l []ladder) { l[1].anneal = mean{0.4, 0.02} }, Corrected},
		"above log p":           {func(l []ladder) { l[1].draws[1] = mean{-0.4, 0.02} }, Fails},
		"annealed above log p":  {func(l []ladder) { l[1].anneal = mean{-0.4, 0.02} }, Fails},
		"draws are noisy":       {func(l []ladder) { l[1].draws[1] = mean{0.2, 0.2} }, Undecided},
		"annealing is noisy":    {func(l []ladder) { l[1].anneal = mean{0.01, 0.05} }, Undecided},
		"no gap":                {func(l []ladder) { l[1].draws[0] = mean{0.02, 0.02} }, Undecided},
		"an estimate may be so": {func(l []ladder) { l[2].draws[1] = mean{-0.4, 0.02} }, Holds},
		"a mixture that leaks":  {func(l []ladder) { l[0].draws[0] = mean{-0.4, 0.02} }, Fails},
	} {
		l := []ladder{
			{exact: true, without: true, draws: []mean{{0, 1e-16}}},
			{exact: true, draws: []mean{{1, 0.1}, {0.02, 0.02}}, anneal: mean{0.01, 0.02}},
			{draws: []mean{{2, 0.1}, {0.5, 0.02}}, anneal: mean{0.01, 0.02}},
		}
		c.change(l)
		got, reason := judgeGap(l)
		require.Equal(t, c.want, got, name)
		require.NotContains(t, reason.EN+reason.ZH, "%!")
	}
}

// The best that is known of log p is the closed form, then quadrature, then an estimate.
func TestBestKnown(t *testing.T) {
	x := mat.NewDense(40, 4, nil)
	density.StandardNormal(4).Rand(x, density.NewSource(1, "best known"))
	rows := density.Rows(x, 0, 3)
	fit := func(latent int, hidden []int) *vae.Model {
		m, _, err := vae.Fit(t.Context(), x, nil, vae.Settings{Latent: latent, Hidden: hidden, Sigma: vae.Shared, Epochs: 5, Precision: vae.Float64}, density.NewSource(2, "best known"))
		require.NoError(t, err)
		return m
	}
	linear := fit(2, []int{})
	closed, exact, err := bestKnown(t.Context(), linear, rows, Settings{Quick: true})
	require.NoError(t, err)
	require.True(t, exact)
	p, _ := newCodePlane().logProb(linear, rows)
	require.InDeltaSlice(t, p, closed, 1e-6)
	curved := fit(2, []int{5})
	integral, exact, err := bestKnown(t.Context(), curved, rows, Settings{Quick: true})
	require.NoError(t, err)
	require.True(t, exact)
	p, _ = newCodePlane().logProb(curved, rows)
	require.InDeltaSlice(t, p, integral, 1e-4)
	_, exact, err = bestKnown(t.Context(), fit(4, []int{5}), rows, Settings{Quick: true})
	require.NoError(t, err)
	require.False(t, exact)
}
