package kernel

// Axpy computes y ← y + α·x.
func Axpy[T Float](alpha T, x, y []T) {
	if len(x) != len(y) {
		panic(badLength)
	}
	for i, v := range x {
		y[i] += T(alpha * v)
	}
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
	for i := range m {
		Axpy(1, x[i*ldx:i*ldx+n], dst)
	}
}
