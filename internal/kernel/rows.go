package kernel

import (
	"math"
	"unsafe"
)

// LogSumExpRows computes dst[i] ← log Σⱼ exp(xᵢⱼ) for each row of X (m×n),
// subtracting the row's maximum first. An empty row gives −Inf.
func LogSumExpRows[T Float](dst []T, m, n int, x []T, ldx int) {
	if m < 0 || n < 0 {
		panic(badShape)
	}
	checkMatrix(m, n, len(x), ldx, badLdA, shortA)
	if len(dst) != m {
		panic(badLength)
	}
	c := current[T]()
	for i := range dst {
		if n == 0 {
			dst[i] = T(math.Inf(-1))
			continue
		}
		row := &x[i*ldx]
		peak := c.maximum(row, n)
		if math.IsInf(float64(peak), 0) {
			dst[i] = infiniteLogSumExp(peak, x[i*ldx:i*ldx+n])
			continue
		}
		dst[i] = peak + T(math.Log(float64(c.sumExp(row, peak, n))))
	}
}

// infiniteLogSumExp is for a row whose largest number, NaN aside, is peak.
func infiniteLogSumExp[T Float](peak T, row []T) T {
	for _, v := range row {
		if v != v {
			return v
		}
	}
	return peak
}

// ColumnSums computes dst[j] ← Σᵢ xᵢⱼ over the rows of X (m×n), in row order.
func ColumnSums[T Float](dst []T, m, n int, x []T, ldx int) {
	if m < 0 || n < 0 {
		panic(badShape)
	}
	checkMatrix(m, n, len(x), ldx, badLdA, shortA)
	if len(dst) != n {
		panic(badLength)
	}
	clear(dst)
	if n == 0 {
		return
	}
	c := current[T]()
	for i := range m {
		c.axpy(&x[i*ldx], unsafe.SliceData(dst), 1, n)
	}
}
