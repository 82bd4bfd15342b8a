package eval

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
)

func draw(m density.Model, n int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(seed, "test.rows"))
	return x
}

// Following the dynamics, turning the momentum around and following them again
// leads back; and the energy error falls with the square of the step size.
func TestLeapfrog(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.3, density.NewSource(1, "weights"))
	x := draw(m, 2, 1)
	b := &bridge{m: m, x: x}
	const n = 8
	begin := func() (*chains, *mat.Dense) {
		c, p := newChains(n, 2), mat.NewDense(n, 2, nil)
		m.RandPrior(c.z, density.NewSource(1, "z"))
		m.RandPrior(p, density.NewSource(1, "p"))
		b.evaluate(c, mat.NewDense(n, 2, nil))
		return c, p
	}
	beta := []float64{0.3, 1}
	var errs []float64
	for _, size := range []float64{0.02, 0.01, 0.005} {
		c, p := begin()
		h := newHamiltonian(n, 2, int(0.2/size))
		h.momentum.Copy(p)
		h.leap(b, c, beta, []float64{size, size})
		var worst float64
		for k := range n {
			worst = max(worst, math.Abs(energy(h.proposed, h.momentum, k, beta[k/4])-energy(c, p, k, beta[k/4])))
		}
		errs = append(errs, worst)
		there := newChains(n, 2)
		there.copy(h.proposed)
		h.momentum.Scale(-1, h.momentum)
		h.leap(b, there, beta, []float64{size, size})
		require.True(t, mat.EqualApprox(c.z, h.proposed.z, 1e-9))
		h.momentum.Scale(-1, h.momentum)
		require.True(t, mat.EqualApprox(p, h.momentum, 1e-9))
	}
	for i := range 2 {
		require.Greater(t, errs[i+1], 0.0)
		require.InDelta(t, 4, errs[i]/errs[i+1], 0.6)
	}
}

// Transitions leave p_β invariant: chains that start in the posterior of a linear
// model, which is known, stay in it. 4000 chains, means and variances within five
// standard errors.
func TestTransitionsLeaveTheDensityInvariant(t *testing.T) {
	m := densitytest.RandomLinear(3, 2, 0.4, density.NewSource(2, "weights"))
	x := draw(m, 1, 1)
	const n = 4000
	c := newChains(n, 2)
	m.Posterior().Rand(c.z, x, density.NewSource(1, "z"))
	before := mat.DenseCopyOf(c.z)
	b := &bridge{m: m, x: x}
	h := newHamiltonian(n, 2, 7)
	b.evaluate(c, h.scratch)
	accepted := []float64{0}
	random := []*rand.Rand{rand.New(density.NewSource(1, "hmc"))}
	for range 5 {
		h.transition(b, c, []float64{1}, []float64{0.35}, random, accepted)
	}
	require.Greater(t, accepted[0], 0.3)
	require.Less(t, accepted[0], 0.999)
	require.False(t, mat.EqualApprox(before, c.z, 1e-3))
	wantMean, wantVar := density.Moments(func() *mat.Dense {
		z := mat.NewDense(100*n, 2, nil)
		m.Posterior().Rand(z, x, density.NewSource(2, "z"))
		return z
	}())
	mean, variance := density.Moments(c.z)
	for j := range 2 {
		require.InDelta(t, wantMean[j], mean[j], 5*math.Sqrt(wantVar[j]/n))
		require.InEpsilon(t, wantVar[j], variance[j], 5*math.Sqrt(2.0/n))
	}
	// The cache of values and gradients belongs to where the chains are.
	fresh := newChains(n, 2)
	fresh.z.Copy(c.z)
	b.evaluate(fresh, h.scratch)
	require.Equal(t, fresh.f1, c.f1)
	require.True(t, mat.Equal(fresh.g1, c.g1))
}

func TestSchedules(t *testing.T) {
	for _, s := range []Schedule{Sigmoid, LinearSchedule, AdaptiveSchedule} {
		for _, n := range []int{1, 2, 50} {
			b := s.betas(n)
			require.Len(t, b, n+1)
			require.Zero(t, b[0])
			require.Equal(t, 1.0, b[n])
			for i := range n {
				require.Greater(t, b[i+1], b[i])
			}
		}
	}
	sigmoid := Sigmoid.betas(100)
	require.Less(t, sigmoid[1], 0.004)
	require.Less(t, 1-sigmoid[99], 0.004)
	require.InDelta(t, 0.5, sigmoid[50], 1e-12)

	// A spread of 1/β from some point on makes steps that grow with β.
	old := LinearSchedule.betas(1000)
	spread := make([]float64, 1000)
	for i := range spread {
		spread[i] = 1 / (old[i] + 0.01)
	}
	got := respace(old, spread)
	require.Zero(t, got[0])
	require.Equal(t, 1.0, got[1000])
	for i := range 1000 {
		require.Greater(t, got[i+1], got[i])
	}
	require.Greater(t, got[1000]-got[999], 5*(got[100]-got[99]))
	require.Equal(t, old, respace(old, make([]float64, 1000)))
	require.Equal(t, "Schedule(7)", Schedule(7).String())
	require.Equal(t, "adaptive", AdaptiveSchedule.String())
}

// The round that is reported uses the step sizes of the round before, whatever its
// own chains do: an adaptive sampler gives no bound.
func TestStepsAreFrozen(t *testing.T) {
	m := densitytest.NewCurve(3, 2, 0.3, density.NewSource(1, "weights"))
	s, err := AnnealSettings{Temperatures: 6, Chains: 4, Leapfrogs: 3, Seed: 1, Schedule: AdaptiveSchedule}.resolve()
	require.NoError(t, err)
	w := newAnnealer(t.Context(), m, draw(m, 3, 1), 0, s)
	require.NoError(t, w.tune())
	clone := func(x [][]float64) [][]float64 {
		out := make([][]float64, len(x))
		for i := range x {
			out[i] = append(out[i], x[i]...)
		}
		return out
	}
	steps, betas := clone(w.steps), clone(w.betas)
	for i := range steps {
		require.Len(t, steps[i], 5)
		require.NotEqual(t, s.Step, steps[i][0], "tuned")
	}
	_, err = w.forward("test", make([]float64, 3))
	require.NoError(t, err)
	for i := range steps {
		require.Equal(t, steps[i][4], w.step[i])
	}
	_, err = w.reverse(mat.NewDense(3, 2, nil))
	require.NoError(t, err)
	for i := range steps {
		require.Equal(t, steps[i][0], w.step[i])
	}
	require.Equal(t, steps, w.steps)
	require.Equal(t, betas, w.betas)
}
