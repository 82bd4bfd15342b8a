package eval_test

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/elbo"
	"likely/eval"
)

// Rows of a code of one dimension are integrated over: each log p is the closed form, or
// that of a grid, to the tolerance, of kind quadrature, at about the cost of draws, and
// with the same bits for any chunk and number of cores.
func TestCodesOfOneDimensionAreIntegrated(t *testing.T) {
	m := linear(3, 1, 1)
	x := rows(m, 20, 1)
	run := func(x *mat.Dense, s eval.Settings) *eval.Result {
		r, err := eval.LogProb(t.Context(), hidden{m}, elbo.Adaptive(hidden{m}, density.PriorProposal(m)), x, s)
		require.NoError(t, err)
		return r
	}
	r := run(x, eval.Settings{})
	require.Equal(t, density.Quadrature, r.Kind)
	require.Zero(t, r.Samples)
	require.Empty(t, r.Untrusted())
	for i, want := range m.LogProb(nil, x) {
		near(t, want, r.LogProb[i], 1e-6)
		require.Equal(t, elbo.Integrated, r.Rungs[i])
		require.LessOrEqual(t, r.StdErr[i], 1e-4)
		require.Less(t, r.Costs[i], int64(4000))
		require.Equal(t, r.LogProb[i], r.Smoothed[i])
		require.Equal(t, r.LogProb[i], r.Debiased[i])
	}
	require.Contains(t, r.RungTable()[0].String(), "quadrature: 20 rows")
	c := curve(4, 1, 0.05, 1)
	y := rows(c, 10, 1)
	q, err := eval.LogProb(t.Context(), c, elbo.Adaptive(c, density.PriorProposal(c)), y, eval.Settings{Quadrature: 1e-7})
	require.NoError(t, err)
	for i, want := range c.Evidence(y, 2001) {
		near(t, want, q.LogProb[i], 1e-6)
		require.LessOrEqual(t, q.StdErr[i], 1e-7)
	}
	require.Equal(t, density.Consistent, run(x, eval.Settings{Samples: 999}).Kind)
	require.Equal(t, density.Consistent, run(x, eval.Settings{Quadrature: -1}).Kind)
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	require.Equal(t, r.LogProb[:5], run(density.Rows(x, 0, 5), eval.Settings{Chunk: 256}).LogProb)
}

// A proposal that was not made for the size of the code is drawn from.
func TestOnlyTheDefaultIsIntegrated(t *testing.T) {
	m := linear(3, 1, 1)
	x := rows(m, 3, 1)
	r, err := eval.LogProb(t.Context(), hidden{m}, density.PriorProposal(m), x, eval.Settings{})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, r.Kind)
	require.NotContains(t, r.Rungs, elbo.Integrated)
}

// In two dimensions rules may both miss a thin ridge between their nodes: such codes are
// drawn, as others are.
func TestCodesOfTwoDimensionsAreDrawn(t *testing.T) {
	m := linear(3, 2, 1)
	r, err := eval.LogProb(t.Context(), hidden{m}, elbo.Adaptive(hidden{m}, density.PriorProposal(m)), rows(m, 3, 1), eval.Settings{})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, r.Kind)
	require.Equal(t, []elbo.Rung{elbo.Kernels, elbo.Kernels, elbo.Kernels}, r.Rungs)
}

// far has no number for codes above a place.
type far struct {
	density.LatentGradient
	from float64
}

func (m far) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	dst = m.LatentGradient.LogLik(dst, x, z)
	for i := range dst {
		if z.At(i, 0) > m.from {
			dst[i] = math.NaN()
		}
	}
	return dst
}

// Where the decoder overflows far from the prior there is no integral: the rows have the
// draws that they would have had, and say why. No mean is NaN.
func TestQuadratureThatFailsFallsBack(t *testing.T) {
	m := linear(3, 1, 1)
	x := rows(m, 4, 1)
	broken := far{m, 9}
	q := elbo.Adaptive(broken, density.PriorProposal(m))
	r, err := eval.LogProb(t.Context(), broken, q, x, eval.Settings{})
	require.NoError(t, err)
	plain, err := eval.LogProb(t.Context(), broken, q, x, eval.Settings{Quadrature: -1})
	require.NoError(t, err)
	require.Equal(t, plain.LogProb, r.LogProb)
	require.Equal(t, density.Consistent, r.Kind)
	for i, back := range r.Back {
		require.Contains(t, back, "quadrature was given up: ")
		require.Greater(t, r.Costs[i], plain.Costs[i])
	}
	require.False(t, math.IsNaN(r.Estimate().Value+r.Estimate().SampleErr))
}

// A tolerance that no arithmetic reaches leaves rows to their draws.
func TestToleranceThatIsOutOfReach(t *testing.T) {
	m := linear(3, 1, 1)
	x := rows(m, 2, 1)
	r, err := eval.LogProb(t.Context(), hidden{m}, elbo.Adaptive(hidden{m}, density.PriorProposal(m)), x, eval.Settings{Quadrature: 1e-19})
	require.NoError(t, err)
	require.Equal(t, density.Consistent, r.Kind)
	require.Contains(t, r.Back[0], "quadrature was given up: it is known to")
}

// square is x = z² + ε with ε ~ N(0, v), whose p(x) nears that of a χ² with one degree of
// freedom as v falls.
type square struct{ v float64 }

func (m square) Dim() int { return 1 }

func (m square) LatentDim() int { return 1 }

func (m square) Rand(*mat.Dense, rand.Source) { panic("not drawn from") }

func (m square) RandPrior(z *mat.Dense, src rand.Source) { density.StandardNormal(1).Rand(z, src) }

func (m square) LogPrior(dst []float64, z *mat.Dense) []float64 {
	return density.StandardNormal(1).LogProb(dst, z)
}

func (m square) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	n, _ := z.Dims()
	s := density.Draws(x, z)
	dst = density.Resize(dst, n)
	for i := range n {
		r := x.At(i/s, 0) - z.At(i, 0)*z.At(i, 0)
		dst[i] = -0.5 * (r*r/m.v + math.Log(2*math.Pi*m.v))
	}
	return dst
}

// evidence is p(x) but for O(v).
func (m square) evidence(x float64) float64 { return distuv.ChiSquared{K: 1}.LogProb(x) }

// around is a proposal that knows one place, to 1e-4.
type around float64

func (q around) LatentDim() int { return 1 }

func (q around) Rand(z, x *mat.Dense, src rand.Source) {
	density.StandardNormal(1).Rand(z, src)
	z.Apply(func(_, _ int, e float64) float64 { return float64(q) + 1e-4*e }, z)
}

func (q around) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	for i := range n {
		dst[i] = distuv.Normal{Mu: float64(q), Sigma: 1e-4}.LogProb(z.At(i, 0))
	}
	return dst
}

// Two peaks that are thousands of times narrower than the prior are both found though the
// proposal knows of one alone, and no node of the first grid sees the other: it lies
// where the logarithm of the integrand can rise far between two nodes.
func TestPeaksBetweenNodesAreFound(t *testing.T) {
	m := square{1e-9}
	for i := range 20 {
		x := mat.NewDense(1, 1, []float64{0.3 + 0.137*float64(i)})
		r, err := eval.LogProb(t.Context(), m, elbo.Adaptive(m, around(math.Sqrt(x.At(0, 0)))), x, eval.Settings{})
		require.NoError(t, err)
		require.Equal(t, density.Quadrature, r.Kind, "row %d: %v", i, r.Back)
		near(t, m.evidence(x.At(0, 0)), r.LogProb[0], 1e-3)
	}
}
