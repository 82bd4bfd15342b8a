package elbo_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/density/densitytest"
)

// near requires two finite numbers to be close; InDelta accepts NaN.
func near(t require.TestingT, want, got, delta float64, args ...any) {
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), "got %v", got)
	require.InDelta(t, want, got, delta, args...)
}

// rows draws n rows from a model.
func rows(m density.Model, n int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(seed, "test.rows"))
	return x
}

func mixture(t testing.TB) *densitytest.FiniteMixture {
	part := func(mean []float64, cov ...float64) density.Exact {
		n, err := density.NewNormal(mean, mat.NewSymDense(len(mean), cov))
		require.NoError(t, err)
		return n
	}
	return densitytest.NewFiniteMixture([]float64{0.3, 0.5, 0.2}, part([]float64{0, 0}, 1, 0, 0, 1), part([]float64{1, 2}, 2, 1, 1, 2), part([]float64{-1, 1}, 0.5, 0, 0, 3))
}

// normalProposal is N(mean(x), cov) with a mean that is linear in x, possibly
// wrong.
type normalProposal struct {
	gain    *mat.Dense // L×D
	scatter *density.Normal
}

func newNormalProposal(t testing.TB, gain *mat.Dense, cov mat.Symmetric) normalProposal {
	n, err := density.NewNormal(make([]float64, cov.SymmetricDim()), cov)
	require.NoError(t, err)
	return normalProposal{gain, n}
}

func (q normalProposal) LatentDim() int { return q.scatter.Dim() }

func (q normalProposal) mean(x []float64) []float64 {
	l, d := q.gain.Dims()
	out := make([]float64, l)
	for k := range l {
		for j := range d {
			out[k] += q.gain.At(k, j) * x[j]
		}
	}
	return out
}

func (q normalProposal) Rand(z, x *mat.Dense, src rand.Source) {
	s := density.Draws(x, z)
	q.scatter.Rand(z, src)
	n, _ := z.Dims()
	for i := range n {
		for k, v := range q.mean(x.RawRowView(i / s)) {
			z.Set(i, k, z.At(i, k)+v)
		}
	}
}

func (q normalProposal) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	s := density.Draws(x, z)
	n, _ := z.Dims()
	centred := mat.DenseCopyOf(z)
	for i := range n {
		for k, v := range q.mean(x.RawRowView(i / s)) {
			centred.Set(i, k, centred.At(i, k)-v)
		}
	}
	return q.scatter.LogProb(dst, centred)
}

// brokenDecoder gives NaN for one row.
type brokenDecoder struct {
	density.Latent
	first float64 // of the row's columns
}

func (b brokenDecoder) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	dst = b.Latent.LogLik(dst, x, z)
	s := density.Draws(x, z)
	for i := range dst {
		if x.At(i/s, 0) == b.first {
			dst[i] = math.NaN()
		}
	}
	return dst
}
