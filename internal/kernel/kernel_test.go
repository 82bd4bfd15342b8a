package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func random[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

func testGemm[T Float](t *testing.T, unit float64) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		m, n, k := r.IntN(40), r.IntN(40), r.IntN(60)
		ta, tb := r.IntN(2) == 1, r.IntN(2) == 1
		ar, ac, br, bc := m, k, k, n
		if ta {
			ar, ac = k, m
		}
		if tb {
			br, bc = n, k
		}
		lda, ldb, ldc := ac+1+r.IntN(3), bc+1+r.IntN(3), n+1+r.IntN(3)
		a, b, c := random[T](r, ar*lda), random[T](r, br*ldb), random[T](r, m*ldc)
		alpha, beta := T(r.IntN(3))-0.5, T(r.IntN(3))-0.5
		want := append([]T(nil), c...)
		Gemm(ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
		for i := range m {
			for j := range ldc {
				if j >= n {
					require.Equal(t, want[i*ldc+j], c[i*ldc+j])
					continue
				}
				var sum, size float64
				for l := range k {
					var x, y T
					if ta {
						x = a[l*lda+i]
					} else {
						x = a[i*lda+l]
					}
					if tb {
						y = b[j*ldb+l]
					} else {
						y = b[l*ldb+j]
					}
					sum += float64(x) * float64(y)
					size += math.Abs(float64(x) * float64(y))
				}
				exact := float64(alpha)*sum + float64(beta)*float64(want[i*ldc+j])
				bound := unit * float64(k+4) * (math.Abs(float64(alpha))*size + math.Abs(float64(beta*want[i*ldc+j])))
				require.LessOrEqual(t, math.Abs(exact-float64(c[i*ldc+j])), bound)
			}
		}
	}
}

func TestGemmAgreesWithNaive(t *testing.T) {
	t.Run("float32", func(t *testing.T) { testGemm[float32](t, 0x1p-24) })
	t.Run("float64", func(t *testing.T) { testGemm[float64](t, 0x1p-52) })
}
