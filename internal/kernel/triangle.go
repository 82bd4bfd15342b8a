package kernel

import (
	"runtime"
	"sync"
)

// triangleBlock is the size of the diagonal blocks of a triangular matrix that
// are worked on element by element; the rest is products.
const triangleBlock = 32

// Syrk computes the symmetric rank-k update
//
//	C ← α·A·Aᵀ + β·C   (A is n×k), or
//	C ← α·Aᵀ·A + β·C   (A is k×n) if trans.
//
// C is n×n and symmetric: its lower triangle is read, if β is not zero, and
// both triangles are written. The cost is little more than n²k operations.
func Syrk[T Float](trans bool, n, k int, alpha T, a []T, lda int, beta T, c []T, ldc int) {
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
	for i := 0; i < n; i += block {
		height := min(block, n-i)
		left := a
		switch {
		case k == 0:
		case trans:
			left = a[i:]
		default:
			left = a[i*lda:]
		}
		Gemm(trans, !trans, height, i+height, k, alpha, left, lda, a, lda, beta, c[i*ldc:], ldc)
	}
	for i := range n {
		for j := range i {
			c[j*ldc+i] = c[i*ldc+j]
		}
	}
}

// TrsmRows replaces each row x of X (m×n) by L⁻¹x, where L is n×n and lower
// triangular; that is, X ← X·L⁻ᵀ. What stands above the diagonal of L is not
// read. A zero on the diagonal gives infinities or NaN. The cost is mn²
// operations.
func TrsmRows[T Float](m, n int, l []T, ldl int, x []T, ldx int) {
	if m < 0 || n < 0 {
		panic(badShape)
	}
	checkMatrix(m, n, len(x), ldx, badLdB, shortB)
	if m == 0 || n == 0 {
		return
	}
	checkMatrix(n, n, len(l), ldl, badLdA, shortA)
	pool := &solutions64
	if isSingle[T]() {
		pool = &solutions32
	}
	s := pool.Get().(*solution[T])
	*s = solution[T]{m: m, n: n, l: l, ldl: ldl, x: x, ldx: ldx}
	workers := 1
	if m*n*n/2 >= serialWork {
		workers = runtime.GOMAXPROCS(0)
	}
	workersDo(s, ceilDiv(m, solutionRows), workers)
	*s = solution[T]{}
	pool.Put(s)
}

// solution is a triangular solve on its way.
type solution[T Float] struct {
	m, n, ldl, ldx int
	l, x           []T
}

var (
	solutions32 = sync.Pool{New: func() any { return new(solution[float32]) }}
	solutions64 = sync.Pool{New: func() any { return new(solution[float64]) }}
)

// solutionRows is the number of rows of a task.
const solutionRows = 64

// task solves for some of the rows. Each block of columns first loses what the
// columns before it account for, as a product; then the block itself is
// solved, one unknown at a time but for all rows at once.
func (s *solution[T]) task(i int) {
	c := current[T]()
	rows := min(solutionRows, s.m-i*solutionRows)
	x := s.x[i*solutionRows*s.ldx:]
	work := getScratch[T]()
	work.c = grow(work.c, triangleBlock*solutionRows)
	turned := work.c
	for j := 0; j < s.n; j += triangleBlock {
		cols := min(triangleBlock, s.n-j)
		if j > 0 {
			Gemm(false, true, rows, cols, j, -1, x, s.ldx, s.l[j*s.ldl:], s.ldl, 1, x[j:], s.ldx)
		}
		for r := range rows {
			for q, v := range x[r*s.ldx+j:][:cols] {
				turned[q*rows+r] = v
			}
		}
		for q := range cols {
			row := s.l[(j+q)*s.ldl+j:][:q+1]
			unknown := turned[q*rows:][:rows]
			for p, v := range row[:q] {
				c.axpy(&turned[p*rows], &unknown[0], -v, rows)
			}
			for r := range unknown {
				unknown[r] /= row[q]
			}
		}
		for r := range rows {
			for q := range cols {
				x[r*s.ldx+j+q] = turned[q*rows+r]
			}
		}
	}
	putScratch(work)
}
