package kernel

import "sync"

// The portable product keeps a tile of tileRows×tileCols sums in registers.
const (
	tileRows = 4
	tileCols = 2
)

// scratch holds the packed operands of one product.
type scratch[T Float] struct {
	a, b []T
}

var (
	scratch32 = sync.Pool{New: func() any { return new(scratch[float32]) }}
	scratch64 = sync.Pool{New: func() any { return new(scratch[float64]) }}
)

func getScratch[T Float]() *scratch[T] {
	var zero T
	if _, ok := any(zero).(float32); ok {
		return scratch32.Get().(*scratch[T])
	}
	return scratch64.Get().(*scratch[T])
}

func putScratch[T Float](s *scratch[T]) {
	var zero T
	if _, ok := any(zero).(float32); ok {
		scratch32.Put(s)
		return
	}
	scratch64.Put(s)
}

// grow returns a slice of length n, reusing s when it is long enough.
func grow[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	return s[:n]
}

func (s *scratch[T]) pack(trans bool, k, n int, b []T, ldb int) {
	s.b = packPanels(s.b, trans, k, n, b, ldb)
}

// packPanels lays op(B), k×n, out in panels of tileCols columns, each with its
// rows one after the other, the last panel filled up with zeros.
func packPanels[T Float](dst []T, trans bool, k, n int, b []T, ldb int) []T {
	panels := (n + tileCols - 1) / tileCols
	dst = grow(dst, panels*tileCols*k)
	for p := range panels {
		panel := dst[p*tileCols*k : (p+1)*tileCols*k]
		for c := range tileCols {
			j := p*tileCols + c
			switch {
			case j >= n:
				for l := range k {
					panel[l*tileCols+c] = 0
				}
			case trans:
				for l, v := range b[j*ldb : j*ldb+k] {
					panel[l*tileCols+c] = v
				}
			default:
				for l := range k {
					panel[l*tileCols+c] = b[l*ldb+j]
				}
			}
		}
	}
	return dst
}

// packRows lays rows i to i+tileRows of op(A) out column by column, rows past
// m filled up with zeros.
func packRows[T Float](dst []T, trans bool, i, m, k int, a []T, lda int) {
	for r := range tileRows {
		row := i + r
		switch {
		case row >= m:
			for l := range k {
				dst[l*tileRows+r] = 0
			}
		case trans:
			for l := range k {
				dst[l*tileRows+r] = a[l*lda+row]
			}
		default:
			for l, v := range a[row*lda : row*lda+k] {
				dst[l*tileRows+r] = v
			}
		}
	}
}

// multiply computes C ← α·op(A)·B + β·C for a packed B.
func (s *scratch[T]) multiply(transA bool, m, n, k int, alpha T, a []T, lda int, panels []T, beta T, c []T, ldc int) {
	s.a = grow(s.a, tileRows*k)
	var sum [tileRows * tileCols]T
	for i := 0; i < m; i += tileRows {
		packRows(s.a, transA, i, m, k, a, lda)
		rows := min(tileRows, m-i)
		for j := 0; j < n; j += tileCols {
			tile(&sum, s.a, panels[j*k:(j+tileCols)*k])
			cols := min(tileCols, n-j)
			for r := range rows {
				row := c[(i+r)*ldc+j : (i+r)*ldc+j+cols]
				for q := range row {
					v := T(alpha * sum[r*tileCols+q])
					if beta != 0 {
						v += T(beta * row[q])
					}
					row[q] = v
				}
			}
		}
	}
}

// tile sums the products of a packed block of rows and a packed panel.
func tile[T Float](sum *[tileRows * tileCols]T, a, b []T) {
	var s00, s01, s10, s11, s20, s21, s30, s31 T
	b = b[:len(a)/2]
	for len(a) >= 4 && len(b) >= 2 {
		b0, b1 := b[0], b[1]
		a0 := a[0]
		s00 += a0 * b0
		s01 += a0 * b1
		a1 := a[1]
		s10 += a1 * b0
		s11 += a1 * b1
		a2 := a[2]
		s20 += a2 * b0
		s21 += a2 * b1
		a3 := a[3]
		s30 += a3 * b0
		s31 += a3 * b1
		a, b = a[4:], b[2:]
	}
	*sum = [...]T{s00, s01, s10, s11, s20, s21, s30, s31}
}
