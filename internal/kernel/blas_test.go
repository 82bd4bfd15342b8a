package kernel

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/mat"
)

// wellConditioned makes the n×n matrix a good triangle: its solutions do not
// grow.
func wellConditioned[T Float](n int, a []T, lda int) {
	for i := range n {
		for j := range n {
			a[i*lda+j] /= T(n)
		}
		a[i*lda+i] = T(1.5 + float64(i%3))
	}
}

func requireClose[T Float](t *testing.T, want, got []T, tolerance float64, message ...any) {
	t.Helper()
	require.Len(t, got, len(want))
	for i, w := range want {
		if e := math.Abs(float64(got[i] - w)); !(e <= tolerance*(1+math.Abs(float64(w)))) {
			require.Failf(t, "too far off", "%v: element %d is %v, want %v", message, i, got[i], w)
		}
	}
}

func TestBLASAgreesWithGonum(t *testing.T) {
	theirs := gonum.Implementation{}
	eachSetting(t, func(t *testing.T) {
		r := rand.New(rand.NewPCG(8, 9))
		for _, size := range [][2]int{{1, 1}, {5, 70}, {64, 64}, {131, 17}, {200, 97}, {300, 40}} {
			m, n := size[0], size[1]
			for form := range 16 {
				side, uplo, trans, diag := blas.Left, blas.Upper, blas.NoTrans, blas.NonUnit
				order := m
				if form&1 != 0 {
					side, order = blas.Right, n
				}
				if form&2 != 0 {
					uplo = blas.Lower
				}
				if form&4 != 0 {
					trans = blas.Trans
				}
				if form&8 != 0 {
					diag = blas.Unit
				}
				lda, ldb := order+form%3, n+form%2
				a, b := random[float64](r, order*lda), random[float64](r, m*ldb)
				wellConditioned(order, a, lda)
				want, got := append([]float64(nil), b...), append([]float64(nil), b...)
				theirs.Dtrsm(side, uplo, trans, diag, m, n, 1.5, a, lda, want, ldb)
				BLAS{}.Dtrsm(side, uplo, trans, diag, m, n, 1.5, a, lda, got, ldb)
				requireClose(t, want, got, 1e-12, "Dtrsm", size, form)
				a32, b32 := make([]float32, len(a)), make([]float32, len(b))
				for i, v := range a {
					a32[i] = float32(v)
				}
				for i, v := range b {
					b32[i] = float32(v)
				}
				want32, got32 := append([]float32(nil), b32...), append([]float32(nil), b32...)
				theirs.Strsm(side, uplo, trans, diag, m, n, 1.5, a32, lda, want32, ldb)
				BLAS{}.Strsm(side, uplo, trans, diag, m, n, 1.5, a32, lda, got32, ldb)
				requireClose(t, want32, got32, 1e-4, "Strsm", size, form)

				ldx := n + 1
				if trans == blas.Trans {
					ldx = m + 1
				}
				x, c := random[float64](r, max(m, n)*ldx), random[float64](r, m*(m+2))
				beta := float64(form%3) - 1
				want, got = append([]float64(nil), c...), append([]float64(nil), c...)
				theirs.Dsyrk(uplo, trans, m, n, -0.5, x, ldx, beta, want, m+2)
				BLAS{}.Dsyrk(uplo, trans, m, n, -0.5, x, ldx, beta, got, m+2)
				requireClose(t, want, got, 1e-12, "Dsyrk", size, form)
				x32, c32 := make([]float32, len(x)), make([]float32, len(c))
				for i, v := range x {
					x32[i] = float32(v)
				}
				want32, got32 = append([]float32(nil), c32...), append([]float32(nil), c32...)
				theirs.Ssyrk(uplo, trans, m, n, -0.5, x32, ldx, float32(beta), want32, m+2)
				BLAS{}.Ssyrk(uplo, trans, m, n, -0.5, x32, ldx, float32(beta), got32, m+2)
				requireClose(t, want32, got32, 1e-4, "Ssyrk", size, form)
			}
		}
	})
}

func TestGonumUsesTheKernels(t *testing.T) {
	before := blas64.Implementation()
	defer blas64.Use(before)
	r := rand.New(rand.NewPCG(10, 11))
	const n = 150
	x := mat.NewDense(2*n, n, random[float64](r, 2*n*n))
	var s mat.SymDense
	s.SymOuterK(1, x.T())
	var theirs, ours mat.Cholesky
	require.True(t, theirs.Factorize(&s))
	blas64.Use(BLAS{})
	require.True(t, ours.Factorize(&s))
	require.InEpsilon(t, theirs.LogDet(), ours.LogDet(), 1e-12)
	var a, b, product mat.Dense
	require.NoError(t, theirs.SolveTo(&a, mat.NewDense(n, 3, x.RawMatrix().Data[:3*n])))
	require.NoError(t, ours.SolveTo(&b, mat.NewDense(n, 3, x.RawMatrix().Data[:3*n])))
	require.True(t, mat.EqualApprox(&a, &b, 1e-10))
	product.Mul(&s, &b)
	require.True(t, mat.EqualApprox(&product, mat.NewDense(n, 3, x.RawMatrix().Data[:3*n]), 1e-9))
}

func TestBLASPanics(t *testing.T) {
	x := make([]float64, 100)
	require.PanicsWithValue(t, badTranspose, func() { BLAS{}.Dgemm('x', blas.NoTrans, 1, 1, 1, 1, x, 1, x, 1, 0, x, 1) })
	require.PanicsWithValue(t, badUplo, func() { BLAS{}.Dsyrk('x', blas.NoTrans, 1, 1, 1, x, 1, 0, x, 1) })
	require.PanicsWithValue(t, badSide, func() { BLAS{}.Dtrsm('x', blas.Upper, blas.NoTrans, blas.Unit, 1, 1, 1, x, 1, x, 1) })
	require.PanicsWithValue(t, badDiag, func() { BLAS{}.Dtrsm(blas.Left, blas.Upper, blas.NoTrans, 'x', 1, 1, 1, x, 1, x, 1) })
	require.PanicsWithValue(t, shortB, func() { BLAS{}.Dtrsm(blas.Left, blas.Upper, blas.NoTrans, blas.Unit, 3, 4, 1, x, 3, x[:11], 4) })
}
