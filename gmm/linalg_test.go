package gmm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

// Products with the covariances of every family, and with their inverses, against the
// elements of the matrices.
func TestProductsOfAllFamilies(t *testing.T) {
	x := blobs(200, 2, 5, 4)
	random := rand.New(rand.NewPCG(1, 7))
	for _, family := range append(Covariances(), FactorAnalyzers(2), ProbabilisticPCA(1)) {
		m, _ := fit(t, x, Settings{Components: 2, Covariance: family, Starts: 1, Iterations: 20}, 1)
		for k := range 2 {
			v := make([]float64, 5)
			for j := range v {
				v[j] = random.NormFloat64()
			}
			var want mat.VecDense
			want.MulVec(m.Covariance(k), mat.NewVecDense(5, v))
			got := m.shapes.times(k, v)
			require.InDeltaSlice(t, want.RawVector().Data, got, 1e-12, "%v", family)
			require.InDeltaSlice(t, v, m.shapes.solve(k, got), 1e-8, "%v", family)
		}
	}
}

// Directions found by products are those of the matrix.
func TestDominantDirection(t *testing.T) {
	m := randomModel(1, 6, 3)
	_, vectors, err := eigen([]*mat.SymDense{m.Covariance(0)})
	require.NoError(t, err)
	got, value := dominant(6, func(v []float64) []float64 { return m.shapes.times(0, v) })
	want := mat.Col(nil, 5, vectors[0])
	var cosine float64
	for j, v := range want {
		cosine += v * got[j]
	}
	near(t, 1, cosine*cosine, 1e-6)
	var sigma mat.VecDense
	sigma.MulVec(m.Covariance(0), mat.NewVecDense(6, want))
	near(t, mat.Norm(&sigma, 2), value, 1e-6*value)
}
