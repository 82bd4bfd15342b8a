package kernel

import (
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// BLAS is a gonum BLAS implementation whose matrix products, symmetric updates
// and triangular solves are the kernels of this package. What it does not
// override is gonum's. To let gonum's mat and lapack use it:
//
//	blas32.Use(kernel.BLAS{})
//	blas64.Use(kernel.BLAS{})
type BLAS struct{ gonum.Implementation }

var (
	_ blas.Float32 = BLAS{}
	_ blas.Float64 = BLAS{}
)

const (
	badTranspose = "kernel: bad Transpose"
	badUplo      = "kernel: bad Uplo"
	badSide      = "kernel: bad Side"
	badDiag      = "kernel: bad Diag"
)

// Sgemm computes C ← α·op(A)·op(B) + β·C.
func (BLAS) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	Gemm(transposed(tA), transposed(tB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Dgemm computes C ← α·op(A)·op(B) + β·C.
func (BLAS) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	Gemm(transposed(tA), transposed(tB), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Ssyrk computes one triangle of C ← α·A·Aᵀ + β·C or C ← α·Aᵀ·A + β·C.
func (BLAS) Ssyrk(ul blas.Uplo, t blas.Transpose, n, k int, alpha float32, a []float32, lda int, beta float32, c []float32, ldc int) {
	updateTriangle(ul, transposed(t), n, k, alpha, a, lda, beta, c, ldc)
}

// Dsyrk computes one triangle of C ← α·A·Aᵀ + β·C or C ← α·Aᵀ·A + β·C.
func (BLAS) Dsyrk(ul blas.Uplo, t blas.Transpose, n, k int, alpha float64, a []float64, lda int, beta float64, c []float64, ldc int) {
	updateTriangle(ul, transposed(t), n, k, alpha, a, lda, beta, c, ldc)
}

// Strsm solves op(A)·X = α·B or X·op(A) = α·B for a triangular A, in place.
func (i BLAS) Strsm(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha float32, a []float32, lda int, b []float32, ldb int) {
	t := newTriangle(s, ul, tA, d, m, n, a, lda, b, ldb)
	t.base = func(m, n int, a []float32, b []float32) {
		i.Implementation.Strsm(s, ul, tA, d, m, n, 1, a, lda, b, ldb)
	}
	t.start(m, n, alpha, a, b)
}

// Dtrsm solves op(A)·X = α·B or X·op(A) = α·B for a triangular A, in place.
func (i BLAS) Dtrsm(s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, alpha float64, a []float64, lda int, b []float64, ldb int) {
	t := newTriangle(s, ul, tA, d, m, n, a, lda, b, ldb)
	t.base = func(m, n int, a []float64, b []float64) {
		i.Implementation.Dtrsm(s, ul, tA, d, m, n, 1, a, lda, b, ldb)
	}
	t.start(m, n, alpha, a, b)
}

func transposed(t blas.Transpose) bool {
	switch t {
	case blas.NoTrans:
		return false
	case blas.Trans, blas.ConjTrans:
		return true
	}
	panic(badTranspose)
}

// updateTriangle is Syrk for one triangle. Blocks on the diagonal are computed
// whole and apart.
func updateTriangle[T Float](ul blas.Uplo, trans bool, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int) {
	if ul != blas.Upper && ul != blas.Lower {
		panic(badUplo)
	}
	if n < 0 || k < 0 {
		panic(badShape)
	}
	rows, cols := n, k
	if trans {
		rows, cols = k, n
	}
	checkMatrix(rows, cols, len(a), lda, badLdA, shortA)
	checkMatrix(n, n, len(c), ldc, badLdC, shortC)
	const block = 4 * triangleBlock
	s := getScratch[T]()
	s.c = grow(s.c, block*block)
	from := func(i int) []T {
		switch {
		case k == 0:
			return nil
		case trans:
			return a[i:]
		}
		return a[i*lda:]
	}
	for i := 0; i < n; i += block {
		size := min(block, n-i)
		Gemm(trans, !trans, size, size, k, alpha, from(i), lda, from(i), lda, 0, s.c, size)
		for r := range size {
			j0, j1 := 0, r+1
			if ul == blas.Upper {
				j0, j1 = r, size
			}
			row := c[(i+r)*ldc+i:][:size]
			for j := j0; j < j1; j++ {
				v := s.c[r*size+j]
				if beta != 0 {
					v += T(beta * row[j])
				}
				row[j] = v
			}
		}
		switch {
		case ul == blas.Lower && i > 0:
			Gemm(trans, !trans, size, i, k, alpha, from(i), lda, a, lda, beta, c[i*ldc:], ldc)
		case ul == blas.Upper && i+size < n:
			Gemm(trans, !trans, size, n-i-size, k, alpha, from(i), lda, from(i+size), lda, beta, c[i*ldc+i+size:], ldc)
		}
	}
	putScratch(s)
}

// triangle is a triangular solve with several right-hand sides: the triangle
// is halved until base can take it, and what lies off its diagonal acts
// through products.
type triangle[T Float] struct {
	left, forward  bool // forward: the first unknowns are solved for first
	trans          bool
	lda, ldb       int
	base           func(m, n int, a, b []T)
	aboveTheCorner bool // A is upper
}

func newTriangle[T Float](s blas.Side, ul blas.Uplo, tA blas.Transpose, d blas.Diag, m, n int, a []T, lda int, b []T, ldb int) *triangle[T] {
	if s != blas.Left && s != blas.Right {
		panic(badSide)
	}
	if ul != blas.Upper && ul != blas.Lower {
		panic(badUplo)
	}
	if d != blas.Unit && d != blas.NonUnit {
		panic(badDiag)
	}
	if m < 0 || n < 0 {
		panic(badShape)
	}
	t := &triangle[T]{left: s == blas.Left, trans: transposed(tA), aboveTheCorner: ul == blas.Upper, lda: lda, ldb: ldb}
	size := n
	if t.left {
		size = m
	}
	if m > 0 && n > 0 { // else A is not looked at
		checkMatrix(size, size, len(a), lda, badLdA, shortA)
	}
	checkMatrix(m, n, len(b), ldb, badLdB, shortB)
	t.forward = t.left == (t.aboveTheCorner == t.trans)
	return t
}

func (t *triangle[T]) start(m, n int, alpha T, a, b []T) {
	if m == 0 || n == 0 {
		return
	}
	scaleRows(m, n, alpha, b, t.ldb)
	if alpha != 0 {
		t.solve(m, n, a, b)
	}
}

func (t *triangle[T]) solve(m, n int, a, b []T) {
	size := n
	if t.left {
		size = m
	}
	if size <= 2*triangleBlock {
		t.base(m, n, a, b)
		return
	}
	half := roundUp(size/2, triangleBlock)
	corner := a[half*t.lda:] // below the diagonal
	if t.aboveTheCorner {
		corner = a[half:]
	}
	a2 := a[half*t.lda+half:]
	if t.left {
		b2 := b[half*t.ldb:]
		if t.forward {
			t.solve(half, n, a, b)
			Gemm(t.trans, false, m-half, n, half, -1, corner, t.lda, b, t.ldb, 1, b2, t.ldb)
			t.solve(m-half, n, a2, b2)
			return
		}
		t.solve(m-half, n, a2, b2)
		Gemm(t.trans, false, half, n, m-half, -1, corner, t.lda, b2, t.ldb, 1, b, t.ldb)
		t.solve(half, n, a, b)
		return
	}
	b2 := b[half:]
	if t.forward {
		t.solve(m, half, a, b)
		Gemm(false, t.trans, m, n-half, half, -1, b, t.ldb, corner, t.lda, 1, b2, t.ldb)
		t.solve(m, n-half, a2, b2)
		return
	}
	t.solve(m, n-half, a2, b2)
	Gemm(false, t.trans, m, half, n-half, -1, b2, t.ldb, corner, t.lda, 1, b, t.ldb)
	t.solve(m, half, a, b)
}
