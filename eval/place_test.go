package eval

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
	"likely/elbo"
)

// In the units of a place log p(x, u) is that of z = Mean + Root·u and ln |Root|, and its
// gradient that of central differences.
func TestBridgeInTheUnitsOfAPlace(t *testing.T) {
	m := densitytest.NewCurve(4, 2, 0.3, density.NewSource(1, "w"))
	x := mat.NewDense(1, 4, []float64{0.3, -0.2, 1, 0.5})
	place := &elbo.Place{Mean: []float64{0.4, -0.3}, Root: mat.NewDense(2, 2, []float64{0.5, 0.1, -0.2, 0.7}), LogDet: -0.9942522733438669}
	b := &bridge{m: m, x: x, start: wideNormal{2, 1.3}, place: place}
	at := func(u []float64) *chains {
		c := newChains(1, 2)
		c.z.SetRow(0, u)
		b.evaluate(c, mat.NewDense(1, 2, nil))
		return c
	}
	u := []float64{0.7, -0.4}
	c := at(u)
	z := mat.NewDense(1, 2, []float64{0.4 + 0.5*0.7 - 0.1*0.4, -0.3 - 0.2*0.7 - 0.7*0.4})
	require.InDelta(t, m.LogLik(nil, x, z)[0]+m.LogPrior(nil, z)[0]-0.9942522733438669, c.f1[0], 1e-12)
	const h = 1e-5
	for j := range u {
		up, down := append([]float64{}, u...), append([]float64{}, u...)
		up[j], down[j] = up[j]+h, down[j]-h
		a, d := at(up), at(down)
		require.InDelta(t, (a.f1[0]-d.f1[0])/(2*h), c.g1.At(0, j), 1e-6)
		require.InDelta(t, (a.f0[0]-d.f0[0])/(2*h), c.g0.At(0, j), 1e-6)
	}
	densitytest.Proposal(t, wideNormal{2, 1.3}, mat.NewDense(2, 1, nil), densitytest.Config{})
}

// What annealing costs is what is stated, and no more than its budget.
func TestCostOfAnnealing(t *testing.T) {
	for _, budget := range []int{100, 5000, 20_000, 100_000} {
		n := rungTemperatures(budget)
		require.LessOrEqual(t, rungCost(n), max(budget, rungCost(1)))
		require.Greater(t, rungCost(n+1), budget)
	}
	m := densitytest.RandomLinear(3, 2, 0.4, density.NewSource(1, "w"))
	x := mat.NewDense(1, 3, nil)
	_, spent, reason := annealedWeights(t.Context(), m, x, &elbo.Weights{Proposal: m.Posterior()}, 0, Settings{Annealing: 20_000})
	require.Empty(t, reason)
	require.EqualValues(t, rungCost(rungTemperatures(20_000)), spent)
}

// Chains below the estimate of the draws by more than both errors have missed something.
func TestChainsThatMissWhatDrawsFound(t *testing.T) {
	r := &Result{LogProb: []float64{0}, StdErr: []float64{0.1}}
	logs := make([]float64, rungChains)
	for k := range logs {
		logs[k] = -0.03 * math.Sqrt(float64(k)) // a bounded tail
	}
	require.Empty(t, r.doubt(0, logs))
	for k := range logs {
		logs[k] -= 0.5
	}
	require.Contains(t, r.doubt(0, logs), "missed")
	logs[3] = 5
	require.Contains(t, r.doubt(0, logs), "k̂")
}

// A row whose weight lies on a few chains stays untrusted, whatever their k̂.
func TestFewChainsAreNotTrusted(t *testing.T) {
	one := func() []float64 { return make([]float64, 1) }
	for _, heavy := range []int{10, 60} {
		r := &Result{LogProb: one(), StdErr: one(), ESS: one(), KHat: one(), Smoothed: one(), Debiased: one(), Rungs: make([]elbo.Rung, 1), Back: make([]string, 1)}
		logs := make([]float64, rungChains)
		for k := heavy; k < rungChains; k++ {
			logs[k] = -50
		}
		r.settle(0, logs)
		require.Equal(t, elbo.Annealed, r.Rungs[0])
		require.Equal(t, heavy < leastChains, math.IsInf(r.KHat[0], 1))
		require.Equal(t, heavy < leastChains, r.Back[0] != "")
	}
}
