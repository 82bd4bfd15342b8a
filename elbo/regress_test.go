package elbo

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
)

// displaced is a frame of N(0.5, 1.5²·I): near, but not, the posterior of a linear model.
func displaced(l int) *frame {
	f := &frame{l: l, mean: make([]float64, l), out: mat.NewDense(l, l, nil), in: mat.NewDense(l, l, nil), logDet: float64(l) * math.Log(1.5)}
	for j := range l {
		f.mean[j] = 0.5
		f.out.Set(j, j, 1.5)
		f.in.Set(j, j, 1/1.5)
	}
	return f
}

// A step of full share ends at the posterior of a linear model, whose gradients are linear
// in the code, but for the ridge, which counts as L/2 of 2000 pairs.
func TestRegressionFindsTheNormalOfALinearModel(t *testing.T) {
	const l = 4
	m := densitytest.RandomLinear(6, l, 0.4, density.NewSource(1, "w"))
	x := mat.NewDense(1, 6, nil)
	m.Rand(x, density.NewSource(1, "x"))
	f := displaced(l)
	for range 8 {
		require.True(t, f.regress(m, x, 2000, 1, rand.New(density.NewSource(1, "u"))))
	}
	draws := mat.NewDense(200_000, l, nil)
	m.Posterior().Rand(draws, x, density.NewSource(1, "z"))
	mean, variance := density.Moments(draws)
	var product mat.Dense
	product.Mul(f.out, f.out.T())
	for j := range l {
		require.InDelta(t, mean[j], f.mean[j], 0.01)
		require.InEpsilon(t, variance[j], product.At(j, j), 0.02)
	}
	var identity mat.Dense
	identity.Mul(f.out, f.in)
	require.InDelta(t, 1, identity.At(2, 2), 1e-9)
	require.InDelta(t, 0, identity.At(1, 2), 1e-9)
	require.InDelta(t, math.Log(math.Abs(mat.Det(f.out))), f.logDet, 1e-9)
}

// bound returns E_q log p(x, z) − log q(z) of N(m, AAᵀ), from 4000 draws.
func (f *frame) bound(m density.Latent, x *mat.Dense) float64 {
	q := f.normal(1)
	z := mat.NewDense(4000, f.l, nil)
	q.Rand(z, x, density.NewSource(9, "bound"))
	lik, prior, own := m.LogLik(nil, x, z), m.LogPrior(nil, z), q.LogProb(nil, z, x)
	var sum float64
	for i := range lik {
		sum += (lik[i] + prior[i] - own[i]) / 4000
	}
	return sum
}

// On nonlinear models the steps of a ladder raise the bound of the normal around the mode,
// on every row, to near what many more of them reach. Bounds on common draws differ by
// less than 0.05 nats by chance.
func TestRegressionRaisesTheBound(t *testing.T) {
	const l = 7
	m := densitytest.NewCurve(20, l, 0.5, density.NewSource(6, "w"))
	x := mat.NewDense(4, 20, nil)
	m.Rand(x, density.NewSource(6, "x"))
	for i := range 4 {
		row := density.Rows(x, i, i+1)
		p, ok := newClimber(m).climb(row, make([]float64, l))
		require.True(t, ok)
		f, ok := newFrame(p)
		require.True(t, ok)
		f.bend(m, row)
		up, down, _ := f.spreads(m, row, p.logJoint)
		for j := range up {
			up[j] = (up[j]*up[j] + down[j]*down[j]) / 2
		}
		f = f.scaled(up)
		start := f.bound(m, row)
		random := rand.New(density.NewSource(1, "u", uint64(i)))
		for round := range refineRounds {
			require.True(t, f.regress(m, row, refinePairs, 1/float64(round+2), random))
		}
		few := f.bound(m, row)
		for round := refineRounds; round < 30; round++ {
			require.True(t, f.regress(m, row, refinePairs, 1/float64(round+2), random))
		}
		many := f.bound(m, row)
		t.Logf("row %d: %.3f, %.3f after %d rounds, %.3f after 30", i+1, start, few, refineRounds, many)
		require.Greater(t, few, start+5)
		require.Greater(t, few, many-2)
	}
}

// A gradient that is not finite ends the search, and a regression without any draw that
// tells anything leaves the normal as it is.
func TestRegressionThatFails(t *testing.T) {
	m := densitytest.RandomLinear(6, 3, 0.4, density.NewSource(1, "w"))
	x := mat.NewDense(1, 6, nil)
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		f := displaced(3)
		require.False(t, f.regress(steep{m, v}, x, 64, 0.5, rand.New(density.NewSource(1, "u"))))
		require.Equal(t, displaced(3), f)
	}
	c := curvatureOf(mat.NewDense(8, 3, nil), mat.NewDense(8, 3, nil), 0.5)
	require.InDelta(t, 1, c.At(1, 1), 1e-12)
	require.Zero(t, c.At(2, 1))
}

// steep has a gradient of one's choice.
type steep struct {
	density.LatentGradient
	value float64
}

func (s steep) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	dst = s.LatentGradient.LogLikGrad(dst, grad, x, z)
	grad.Set(0, 1, s.value)
	return dst
}

// Effective draws of a pilot with too large a k̂ do not save it from one that can be
// trusted.
func TestTrustedPilotsAreBetter(t *testing.T) {
	heavy, light := &pilot{logs: make([]float64, 1000)}, &pilot{logs: make([]float64, 1000)}
	random := rand.New(density.NewSource(1, "pilots"))
	for i := range 1000 {
		light.logs[i] = math.Log(random.ExpFloat64()+1e-9) * 1.5
	}
	heavy.khat, light.khat = 0.9, 0.1
	_, few := light.weights()
	_, many := heavy.weights()
	require.Less(t, few, many/1.5)
	for i := range light.logs {
		light.logs[i] -= math.Log(1.33)
	}
	require.True(t, light.better(heavy))
	heavy.khat = 0.6
	require.False(t, light.better(heavy))
}

// Rows that are known have no draws, and the others the ones that they would have had.
func TestKnownRowsAreNotDrawn(t *testing.T) {
	m := densitytest.RandomLinear(6, 3, 0.4, density.NewSource(1, "w"))
	x := mat.NewDense(5, 6, nil)
	m.Rand(x, density.NewSource(1, "x"))
	run := func(known func(int) bool) [][]float64 {
		out := make([][]float64, 5)
		require.NoError(t, EachRow(t.Context(), m, m.Scaled(1.1), x, "test", Settings{Samples: 10, Known: known}, func(i int, w *Weights) {
			out[i] = w.Log(nil)
		}))
		return out
	}
	all, odd := run(nil), run(func(i int) bool { return i%2 == 0 })
	for i, v := range odd {
		if i%2 == 0 {
			require.Nil(t, v)
		} else {
			require.Equal(t, all[i], v)
		}
	}
}
