package kernel

const (
	badShape      = "kernel: negative dimension"
	badLdA        = "kernel: bad leading dimension of A"
	badLdB        = "kernel: bad leading dimension of B"
	badLdC        = "kernel: bad leading dimension of C"
	shortA        = "kernel: insufficient length of A"
	shortB        = "kernel: insufficient length of B"
	shortC        = "kernel: insufficient length of C"
	badLength     = "kernel: slice length mismatch"
	badActivation = "kernel: unknown activation"
)

// Gemm computes
//
//	C ← α·op(A)·op(B) + β·C
//
// for row-major matrices, where op(A) is m×k (A itself is k×m if transA),
// op(B) is k×n (B itself is n×k if transB) and C is m×n. With β = 0, C is
// overwritten without being read; with α = 0, A and B are not read. The cost
// is 2mnk operations.
//
// Each element of C is accumulated in an order that depends on k alone.
func Gemm[T Float](transA, transB bool, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	if m < 0 || n < 0 || k < 0 {
		panic(badShape)
	}
	rows, cols := m, k
	if transA {
		rows, cols = k, m
	}
	if m == 0 || n == 0 { // an empty C needs no operands, whatever k is
		rows = 0
	}
	checkMatrix(rows, cols, len(a), lda, badLdA, shortA)
	rows, cols = k, n
	if transB {
		rows, cols = n, k
	}
	if m == 0 || n == 0 {
		rows = 0
	}
	checkMatrix(rows, cols, len(b), ldb, badLdB, shortB)
	checkMatrix(m, n, len(c), ldc, badLdC, shortC)
	if m == 0 || n == 0 {
		return
	}
	if k == 0 || alpha == 0 {
		scaleRows(m, n, beta, c, ldc)
		return
	}
	p := getProduct[T]()
	p.rows, p.cols, p.inner = m, n, k
	p.transA, p.a, p.lda = transA, a, lda
	p.transB, p.b, p.ldb = transB, b, ldb
	p.alpha, p.beta, p.c, p.ldc = alpha, beta, c, ldc
	p.run()
	putProduct(p)
}

// checkMatrix panics unless length elements hold a rows×cols matrix of
// leading dimension ld.
func checkMatrix(rows, cols, length, ld int, badLd, short string) {
	if ld < max(1, cols) {
		panic(badLd)
	}
	// (rows−1)·ld + cols > length, without overflow
	if rows > 0 && cols > 0 && (cols > length || rows-1 > (length-cols)/ld) {
		panic(short)
	}
}

// scaleRows computes C ← β·C, writing zeros without reading C when β = 0.
func scaleRows[T Float](m, n int, beta T, c []T, ldc int) {
	if beta == 1 {
		return
	}
	for i := range m {
		row := c[i*ldc : i*ldc+n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
}
