package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// BenchmarkIteration times an iteration of EM: 60000 rows, 50 columns, 20
// components.
func BenchmarkIteration(b *testing.B) {
	const n, d, k = 60000, 50, 20
	x := blobs(n, k, d, 1)
	r := mat.NewDense(n, k, nil)
	for i := range n {
		r.Set(i, i%k, 0.5)
		r.Set(i, (i+1)%k, 0.5)
	}
	for _, family := range []Covariance{Full, Tied, Diagonal, Spherical, FactorAnalyzers(5)} {
		b.Run(family.String(), func(b *testing.B) {
			e, err := NewEM(x, r, Settings{Covariance: family})
			require.NoError(b, err)
			require.NoError(b, e.Step(context.Background()))
			b.ReportAllocs()
			for b.Loop() {
				if err := e.Step(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkLeaps times whole fits, ten starts and a round of moves, with leaps and by
// steps of EM alone.
func BenchmarkLeaps(b *testing.B) {
	for _, c := range []struct {
		name string
		x    *mat.Dense
		k    int
	}{
		{"faithful", open(b, "faithful"), 3}, {"faithful", open(b, "faithful"), 5},
		{"iris", open(b, "iris"), 4}, {"rows=2000", blobs(2000, 4, 3, 3), 5},
	} {
		for _, plain := range []bool{true, false} {
			b.Run(fmt.Sprintf("%s/K=%d/plain=%v", c.name, c.k, plain), func(b *testing.B) {
				iterations := 0
				for b.Loop() {
					_, r := fit(b, c.x, Settings{Components: c.k, Plain: plain}, 1)
					iterations = r.TotalIterations
				}
				b.ReportMetric(float64(iterations), "iterations")
			})
		}
	}
}

// BenchmarkLogProb times the density of 5000 rows of 20 columns under 1000
// diagonal components.
func BenchmarkLogProb(b *testing.B) {
	m := diagonalModel(1000, 20)
	x := blobs(5000, 3, 20, 1)
	dst := make([]float64, 5000)
	b.ReportAllocs()
	for b.Loop() {
		m.LogProb(dst, x)
	}
}

// BenchmarkMissing times an iteration on 4000 rows of 40 columns, 5 components:
// complete, with a fifth of the cells missing anywhere, and with the same ten
// columns missing in every second row.
func BenchmarkMissing(b *testing.B) {
	const n, d, k = 4000, 40, 5
	complete := blobs(n, k, d, 1)
	same := mat.DenseCopyOf(complete)
	for i := 0; i < n; i += 2 {
		for j := range d / 4 {
			same.Set(i, j, math.NaN())
		}
	}
	r := mat.NewDense(n, k, nil)
	for i := range n {
		r.Set(i, i%k, 0.5)
		r.Set(i, (i+1)%k, 0.5)
	}
	for _, family := range []Covariance{Full, Diagonal, FactorAnalyzers(5)} {
		for _, c := range []struct {
			name string
			x    *mat.Dense
		}{{"complete", complete}, {"anywhere", punched(complete, 0.2, 1)}, {"same", same}} {
			b.Run(family.String()+"/"+c.name, func(b *testing.B) {
				e, err := NewEM(c.x, r, Settings{Covariance: family, Missing: true})
				require.NoError(b, err)
				require.NoError(b, e.Step(context.Background()))
				b.ReportAllocs()
				for b.Loop() {
					if err := e.Step(context.Background()); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkWideFactors times an iteration of factor analysers on 4000 rows of 784
// columns: 10 components far apart, 10 factors.
func BenchmarkWideFactors(b *testing.B) {
	const n, d, k, l = 4000, 784, 10, 10
	random := rand.New(rand.NewPCG(1, 1))
	centres := mat.NewDense(k, d, nil)
	centres.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, centres)
	x, r := mat.NewDense(n, d, nil), mat.NewDense(n, k, nil)
	for i := range n {
		for j := range d {
			x.Set(i, j, centres.At(i%k, j)+random.NormFloat64())
		}
		r.Set(i, i%k, 1)
	}
	e, err := NewEM(x, r, Settings{Covariance: FactorAnalyzers(l)})
	require.NoError(b, err)
	require.NoError(b, e.Step(context.Background()))
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Step(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
