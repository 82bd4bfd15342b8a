package course

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/vae"
)

func TestJudgeInfinite(t *testing.T) {
	for _, c := range []struct {
		m    converging
		want Verdict
	}{
		{converging{1e6, mean{0.001, 0.002}, -0.5}, Holds},
		{converging{1e6, mean{-0.008, 0.002}, -0.5}, Holds},
		{converging{1e6, mean{0.001, 0.002}, -0.1}, Undecided},
		{converging{1e6, mean{0.02, 0.002}, -0.5}, Undecided},
		{converging{1e6, mean{-0.3, 0.002}, -0.5}, Fails},
	} {
		got, _ := judgeInfinite(c.m)
		require.Equal(t, c.want, got, "%v", c.m)
	}
}

// The mixture of blocks is that of all codes at once.
func TestMixtureLogs(t *testing.T) {
	x := mat.NewDense(40, 2, nil)
	density.StandardNormal(2).Rand(x, density.NewSource(1, "mixture logs"))
	m, _, err := vae.Fit(context.Background(), x, nil, vae.Settings{Hidden: []int{4}, Epochs: 2}, density.NewSource(2, "mixture logs"))
	require.NoError(t, err)
	codes := mat.NewDense(2500, 2, nil)
	m.RandPrior(codes, density.NewSource(3, "mixture logs"))
	sizes := []int{1, 7, 2500}
	logs, err := mixtureLogs(context.Background(), m, x, codes, sizes)
	require.NoError(t, err)
	for j, size := range sizes {
		g, err := m.MixtureAt(density.Rows(codes, 0, size))
		require.NoError(t, err)
		require.InDeltaSlice(t, g.LogProb(nil, x), logs[j], 1e-9)
	}
	// The first code alone, by the formula of the normal.
	mu, logvar := mat.NewDense(1, 2, nil), mat.NewDense(1, 2, nil)
	m.Decode(mu, logvar, density.Rows(codes, 0, 1))
	want := 0.0
	for j := range 2 {
		d := x.At(3, j) - mu.At(0, j)
		want -= (math.Log(2*math.Pi) + logvar.At(0, j) + d*d/math.Exp(logvar.At(0, j))) / 2
	}
	require.InDelta(t, want, logs[0][3], 1e-9)
}
