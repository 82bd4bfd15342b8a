package gmm

import (
	"context"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
)

// open returns the rows of an embedded dataset.
func open(t testing.TB, name string) *mat.Dense {
	t.Helper()
	d, err := dataset.Open(name)
	require.NoError(t, err)
	return d.X
}

// column returns column j of x as an N×1 matrix.
func column(x *mat.Dense, j int) *mat.Dense {
	n, _ := x.Dims()
	return mat.NewDense(n, 1, mat.Col(nil, j, x))
}

// fit fits a mixture that is expected to work.
func fit(t testing.TB, x *mat.Dense, s Settings, seed uint64) (*Model, *Report) {
	t.Helper()
	m, r, err := Fit(context.Background(), x, s, density.NewSource(seed, "test"))
	require.NoError(t, err)
	return m, r
}

// total returns the log-likelihood of the rows of x, in nats.
func total(m density.Exact, x *mat.Dense) float64 {
	var sum float64
	for _, v := range m.LogProb(nil, x) {
		sum += v
	}
	return sum
}

// near requires a finite value within delta of want.
func near(t testing.TB, want, got, delta float64, args ...any) {
	t.Helper()
	require.False(t, math.IsNaN(got) || math.IsInf(got, 0), args...)
	require.InDelta(t, want, got, delta, args...)
}

// blobs draws n rows from k well-formed Gaussians in d dimensions.
func blobs(n, k, d int, seed uint64) *mat.Dense {
	m := randomModel(k, d, seed)
	x := mat.NewDense(n, d, nil)
	m.Rand(x, density.NewSource(seed, "blobs"))
	return x
}

// randomModel returns a mixture with random parameters and covariances of
// moderate condition.
func randomModel(k, d int, seed uint64) *Model {
	random := rand.New(density.NewSource(seed, "random model"))
	weights := make([]float64, k)
	var sum float64
	for i := range weights {
		weights[i] = 0.5 + random.Float64()
		sum += weights[i]
	}
	means := mat.NewDense(k, d, nil)
	covs := make([]mat.Symmetric, k)
	for i := range k {
		weights[i] /= sum
		for j := range d {
			means.Set(i, j, 4*random.NormFloat64())
		}
		a := mat.NewDense(d, d, nil)
		for p := range d {
			for q := range d {
				a.Set(p, q, 0.4*random.NormFloat64())
			}
		}
		c := mat.NewSymDense(d, nil)
		c.SymOuterK(1, a)
		for p := range d {
			c.SetSym(p, p, c.At(p, p)+0.3)
		}
		covs[i] = c
	}
	m, err := New(weights, means, covs)
	if err != nil {
		panic(err)
	}
	return m
}

// warned returns the warnings of a report, a line each.
func warned(r *Report) string {
	var lines []string
	for _, w := range r.Warnings {
		lines = append(lines, w.String())
	}
	return strings.Join(lines, "\n")
}
