package lcm

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

var all = []Column{
	{Kind: Normal}, {Kind: Bernoulli}, {Kind: Categorical, Levels: 3}, {Kind: Poisson},
	{Kind: NegativeBinomial}, {Kind: Bernoulli}, {Kind: Normal}, {Kind: Categorical, Levels: 2},
}

// randomModel returns a mixture of k classes whose parameters are drawn from a seed.
func randomModel(t testing.TB, k int, columns []Column, seed uint64) *Model {
	t.Helper()
	random := rand.New(density.NewSource(seed, "model"))
	l := newLayout(columns)
	p := newParameters(k, l)
	weights := make([]float64, k)
	for c := range weights {
		weights[c] = 0.3 + random.Float64()
	}
	total := sum(weights)
	for c := range k {
		weights[c] /= total
		for q, j := range l.linear {
			v := 0.1 + 0.8*random.Float64()
			if l.columns[j].Kind == Poisson {
				v *= 6
			}
			p.linear[c*len(l.linear)+q] = v
		}
		for q := range l.tables {
			levels := row(p.level, c, l.levels())[l.first[q]:l.first[q+1]]
			for i := range levels {
				levels[i] = 0.1 + random.Float64()
			}
			s := sum(levels)
			for i := range levels {
				levels[i] /= s
			}
		}
		for q := range l.counts {
			at := c*len(l.counts) + q
			p.mean[at], p.size[at] = 0.5+5*random.Float64(), 0.5+3*random.Float64()
		}
		for q := range l.normals {
			at := c*len(l.normals) + q
			p.centre[at], p.variance[at] = 3*random.NormFloat64(), 0.2+random.Float64()
		}
	}
	return newModel(l, p, weights)
}

func drawn(m *Model, n int, seed uint64) *mat.Dense {
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(seed, "rows"))
	return x
}

// withGaps removes a share of the cells, but never all of a row.
func withGaps(x *mat.Dense, share float64, seed uint64) *mat.Dense {
	random := rand.New(density.NewSource(seed, "gaps"))
	out := mat.DenseCopyOf(x)
	n, d := x.Dims()
	for i := range n {
		keep := random.IntN(d)
		for j := range d {
			if j != keep && random.Float64() < share {
				out.Set(i, j, math.NaN())
			}
		}
	}
	return out
}

func fit(t testing.TB, x *mat.Dense, s Settings) (*Model, *Report) {
	t.Helper()
	m, r, err := Fit(context.Background(), x, s, density.NewSource(1, "fit"))
	require.NoError(t, err)
	return m, r
}

// near is InDelta that NaN does not pass.
func near(t testing.TB, want, got, tolerance float64, what ...any) {
	t.Helper()
	require.False(t, math.IsNaN(got) || math.IsNaN(want), what...)
	if want == got {
		return
	}
	require.InDelta(t, want, got, tolerance, what...)
}

// sameModels requires that two mixtures have the same parameters but for a tolerance.
func sameModels(t testing.TB, want, got *Model, tolerance float64) {
	t.Helper()
	require.Equal(t, want.Config(), got.Config())
	a, b := want.Tensors(), got.Tensors()
	for i := range a {
		require.Equal(t, a[i].Name, b[i].Name)
		for q, v := range a[i].Data {
			near(t, v, b[i].Data[q], tolerance*(1+math.Abs(v)), a[i].Name, q)
		}
	}
}
