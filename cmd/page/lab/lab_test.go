package lab

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval"
	"likely/gmm"
)

// cloud returns two bent clouds of points.
func cloud(n int) *mat.Dense {
	x := mat.NewDense(n, 2, nil)
	for i := range n {
		t := float64(i) / float64(n) * math.Pi
		noise := 0.2 * math.Sin(float64(i*i))
		if i%2 == 0 {
			x.SetRow(i, []float64{10 * (math.Cos(t) + noise), math.Sin(t) + noise})
		} else {
			x.SetRow(i, []float64{10 * (1 - math.Cos(t)), 0.5 - math.Sin(t) - noise})
		}
	}
	return x
}

func newLab(t *testing.T, s Settings) *Lab {
	l, err := New(cloud(80), s)
	require.NoError(t, err)
	t.Cleanup(l.Close)
	return l
}

// For the mixture: log p = ELBO + KL to rounding after every half step; after an E-step
// KL is 0; the ELBO never falls, nor does log p; an E-step leaves log p alone. Twenty
// whole steps are those of gmm.EM itself, and log p is that of the density in the units of
// the points.
func TestHalfStepsOfTheMixture(t *testing.T) {
	l := newLab(t, Settings{Components: 3})
	last := l.Mixture()
	require.InDelta(t, last.LogProb, last.ELBO+last.KL, 1e-12)
	l.EStep()
	resp := mat.DenseCopyOf(l.resp)
	em, err := gmm.NewEM(l.x, resp, gmm.Settings{Components: 3})
	require.NoError(t, err)
	for step := range 20 {
		l.EStep()
		now := l.Mixture()
		require.InDelta(t, now.LogProb, now.ELBO+now.KL, 1e-9)
		require.InDelta(t, 0, now.KL, 1e-12)
		require.InDelta(t, last.LogProb, now.LogProb, 1e-12)
		require.GreaterOrEqual(t, now.ELBO, last.ELBO-1e-12)
		require.NoError(t, l.MStep())
		require.NoError(t, em.Step(t.Context()))
		after := l.Mixture()
		require.InDelta(t, after.LogProb, after.ELBO+after.KL, 1e-9)
		require.GreaterOrEqual(t, after.ELBO, now.ELBO-1e-12)
		require.Greater(t, after.LogProb, now.LogProb-1e-12)
		require.InDelta(t, em.LogLik()+l.transform.LogJacobian(), after.LogProb, 1e-9, "step %d", step)
		last = after
	}
	require.InDelta(t, mean(density.Transformed(l.mixture, l.transform).LogProb(nil, l.points)), last.LogProb, 1e-12)
}

// For the network: log p = ELBO + KL though the three come from three quadratures; log p
// is that of adaptive cubature of package eval; a step of the encoder leaves log p to the
// last bit and raises the ELBO; a step of the decoder leaves q(z|x).
func TestHalfStepsOfTheNetwork(t *testing.T) {
	for _, latent := range []int{1, 2} {
		l := newLab(t, Settings{Latent: latent, Seed: 3})
		require.NoError(t, l.Train(Both, 150))
		before := l.Network()
		require.NoError(t, l.Train(Encoder, 60))
		after := l.Network()
		require.Equal(t, before.LogProb, after.LogProb)
		require.Greater(t, after.ELBO, before.ELBO)
		codes, _ := l.Codes()
		require.NoError(t, l.Train(Decoder, 30))
		now, _ := l.Codes()
		require.Equal(t, codes, now)
		for range 3 {
			require.NoError(t, l.Train(Both, 20))
			n := l.Network()
			require.InDelta(t, n.LogProb, n.ELBO+n.KL, 1e-4)
			require.Less(t, n.Error, 1e-4)
			require.Positive(t, n.KL)
		}
		cubature, err := eval.Quadrate(t.Context(), l.network, density.Rows(l.x, 0, 5), eval.QuadratureSettings{})
		require.NoError(t, err)
		logp, _ := l.grid.logProb(l.network, density.Rows(l.x, 0, 5))
		for i, v := range cubature.LogProb {
			require.InDelta(t, v, logp[i], 1e-5)
		}
	}
}

// The rungs of the ladder climb to log p, within what 2000 draws leave open.
func TestLadder(t *testing.T) {
	l := newLab(t, Settings{Latent: 2})
	require.NoError(t, l.Train(Both, 100))
	rungs, err := l.Ladder(3, []int{1, 8, 64})
	require.NoError(t, err)
	require.Len(t, rungs, 5)
	top := rungs[len(rungs)-1].Nats
	for i, r := range rungs {
		require.Less(t, r.Nats, top+0.15, r.Name)
		if i > 1 {
			require.Greater(t, r.Nats, rungs[i-1].Nats-0.15)
		}
	}
	require.InDelta(t, top, rungs[3].Nats, 0.15)
	_, err = l.Ladder(80, nil)
	require.Error(t, err)
}

// Both fields integrate to 1 over a wide frame, in the units of the points; with few
// draws the network is a mixture of so many Gaussians, which does too.
func TestFields(t *testing.T) {
	l := newLab(t, Settings{Components: 2, Sigma: "fixed:0.3"})
	f := Frame{From: [2]float64{-40, -4}, To: [2]float64{50, 5}, Nodes: 150}
	for _, s := range []int{0, 4} {
		a, b, err := l.Fields(f, s)
		require.NoError(t, err)
		for _, field := range [][]float32{a, b} {
			var mass float64
			for _, v := range field {
				mass += math.Exp(float64(v))
			}
			require.InDelta(t, 1, mass*90*9/149/149, 0.01)
		}
	}
	_, _, err := l.Fields(Frame{Nodes: 1}, 0)
	require.Error(t, err)
}

// What cannot be used is a sentence that says what to do, and the points before stay.
func TestBadInput(t *testing.T) {
	var s Server
	ask := func(r Request) *Answer {
		text, err := json.Marshal(r)
		require.NoError(t, err)
		return s.Answer(text)
	}
	require.Equal(t, "there are no points yet", ask(Request{Do: "half"}).Error)
	good := ask(Request{Do: "start", CSV: "a;b;name\n1;2;x\n2;1;y\n5;4;z\n"})
	require.Empty(t, good.Error)
	require.Equal(t, []float64{1, 2, 2, 1, 5, 4}, good.Points)
	defer s.lab.Close()
	for csv, want := range map[string]string{
		"a,b\nx,y\n1,2\n":                    "line 2 holds 0 numbers",
		"1,2\n3,four\n":                      `line 2, column 2 is "four"`,
		"1,2\n3\n":                           "line 2 has 1 columns",
		"1,2\n3,NaN\n4,5\n":                  "NaN",
		"1,2\n":                              "give at least 3",
		"1,2\n1,2\n1,2\n":                    "constant",
		"\"":                                 "it is no table",
		strings.Repeat("1,2\n2,1\n", 50_000): "more than 2000 rows",
	} {
		require.Contains(t, ask(Request{Do: "start", CSV: csv}).Error, want, "%.20q", csv)
	}
	require.Contains(t, ask(Request{Do: "start", Points: make([][2]float64, 100_000)}).Error, "at most 2000")
	require.Contains(t, ask(Request{Do: "start", Points: [][2]float64{{1, 1}, {2, 2}, {3, 3}}, Settings: Settings{Components: 99}}).Error, "99 components")
	require.Contains(t, ask(Request{Do: "fly"}).Error, "fly")
	require.Contains(t, ask(Request{Do: "half", Network: "third", Steps: 1}).Error, "third")
	require.Contains(t, s.Answer([]byte("{")).Error, "cannot be read")
	require.Empty(t, ask(Request{Do: "half", Mixture: "m", Network: Both, Steps: 2}).Error)
}
