package eval_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/eval"
	"likely/internal/sobol"
)

// For a linear model, whose log p is known, the distance of a mixture at prior draws falls
// as S^−½ and that at even codes faster; the last points are within four standard errors
// of log p, the bias of a logarithm aside. Rates over three points, from four sets of 20
// rows each, are known to about ± 0.15.
func TestMixturesNearLogP(t *testing.T) {
	m := linear(3, 2, 1)
	x := rows(m, 20, 1)
	truth := m.LogProb(nil, x)
	draws := func(s int, src rand.Source) (*mat.Dense, error) {
		z := mat.NewDense(s, 2, nil)
		m.RandPrior(z, src)
		return z, nil
	}
	even := func(s int, src rand.Source) (*mat.Dense, error) {
		z := mat.NewDense(s, 2, nil)
		sobol.Points(z, src)
		z.Apply(func(_, _ int, u float64) float64 { return distuv.UnitNormal.Quantile(u) }, z)
		return z, nil
	}
	curves := map[string]*eval.MixtureCurve{}
	for name, codes := range map[string]func(int, rand.Source) (*mat.Dense, error){"draws": draws, "even": even} {
		c, err := eval.Mixtures(t.Context(), m, codes, x, truth, 4096, "test."+name, eval.Settings{Seed: 1})
		require.NoError(t, err)
		require.Len(t, c.Points, 5)
		require.EqualValues(t, 20*4*(16+64+256+1024+4096), c.Spent)
		curves[name] = c
		t.Logf("%s: %+v, rate %.2f", name, c.Points, c.Rate)
	}
	near(t, -0.5, curves["draws"].Rate, 0.2)
	require.Less(t, curves["even"].Rate, -0.75)
	var mean float64
	for _, v := range truth {
		mean += v / 20
	}
	last := curves["even"].Points[4]
	near(t, mean, last.Nats, 4*last.SE+1e-3)
	require.Less(t, last.Distance, curves["draws"].Points[4].Distance/3)
}

func TestMixturesErrors(t *testing.T) {
	m := linear(3, 2, 1)
	x := rows(m, 3, 1)
	codes := func(s int, src rand.Source) (*mat.Dense, error) { return mat.NewDense(s, 2, nil), nil }
	_, err := eval.Mixtures(t.Context(), m, codes, x, make([]float64, 3), 15, "test", eval.Settings{})
	require.ErrorIs(t, err, eval.ErrSettings)
	_, err = eval.Mixtures(t.Context(), brokenDecoder{m, x.At(1, 0)}, codes, x, make([]float64, 3), 16, "test", eval.Settings{})
	require.ErrorContains(t, err, "row 2")
	c, err := eval.Mixtures(t.Context(), m, codes, x, make([]float64, 3), 17, "test", eval.Settings{})
	require.NoError(t, err)
	require.Len(t, c.Points, 2)
	require.True(t, math.IsNaN(c.Rate))
	require.Panics(t, func() { _, _ = eval.Mixtures(t.Context(), m, codes, x, nil, 16, "test", eval.Settings{}) })
}
