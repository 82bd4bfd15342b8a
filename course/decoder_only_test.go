package course

import (
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/vae"
)

func TestJudgeDecoderOnly(t *testing.T) {
	fell, rose := change{0.5, -0.2}, change{0.5, 0.1}
	for _, c := range []struct {
		mixture, network change
		quadrature       float64
		want             Verdict
	}{
		{fell, fell, 1e-9, Holds},
		{rose, rose, 1e-9, Fails},
		{fell, rose, 1e-9, Undecided},
		{rose, fell, 1e-9, Undecided},
		{fell, fell, 1e-3, Undecided},
		{fell, change{0.5, -1e-9}, 1e-9, Undecided},
		{change{-0.1, -0.2}, change{-0.1, -0.2}, 1e-9, Fails},
	} {
		got, reason := judgeDecoderOnly(c.mixture, c.network, c.quadrature)
		require.Equal(t, c.want, got, "%+v", c)
		require.NotEmpty(t, reason.ZH)
	}
	require.Equal(t, fell, worst([]change{rose, fell, {0.1, -0.1}}))
}

// The head that the study sets is the optimum: the bound is above that of the model, and
// no small change of a weight, a bias or a σ raises it.
func TestDecoderHeadIsOptimal(t *testing.T) {
	data, err := dataset.Open("faithful")
	require.NoError(t, err)
	x := mat.DenseCopyOf(data.X.Slice(0, 20, 0, 2))
	settings := planeSettings(20)
	settings.Hidden = []int{3}
	trainer, err := vae.NewTrainer(x, nil, settings, density.NewSource(3, "head test"))
	require.NoError(t, err)
	defer trainer.Close()
	for range 20 {
		_, err = trainer.Epoch(t.Context())
		require.NoError(t, err)
	}
	m, _, err := trainer.Model()
	require.NoError(t, err)
	p := newCodePlane()
	mean, logvar := m.Encoder().Moments(x)
	bound := func(m *vae.Model) float64 {
		b, _ := p.bound(m, x, mean, logvar)
		return average(b)
	}
	best, err := decoderHead{m, 3}.best(p, x, mean, logvar)
	require.NoError(t, err)
	most := bound(best)
	require.Greater(t, most, bound(m)+1e-3)
	h := decoderHead{best, 3}
	names := []string{"decoder.mean.weight", "decoder.mean.bias", "decoder.logvar"}
	for part, name := range names {
		for i := range h.tensor(name) {
			for _, step := range []float64{-0.01, 0.01} {
				var values [3][]float64
				for k, n := range names {
					values[k] = h.tensor(n)
				}
				values[part][i] += step
				other, err := h.with(values[0], values[1], values[2])
				require.NoError(t, err)
				require.Less(t, bound(other), most, "%s %d", name, i)
			}
		}
	}
}
