package density

import "gonum.org/v1/gonum/mat"

// Resize returns dst if it has length n, a new slice of length n if dst is
// nil, and panics otherwise. It is how LogProb and its relatives treat their
// first argument.
func Resize(dst []float64, n int) []float64 {
	if dst == nil {
		return make([]float64, n)
	}
	if len(dst) != n {
		panic("density: length of dst does not match the number of rows")
	}
	return dst
}

// Draws returns S, the number of rows of z for each row of x. It panics if
// the rows of z are not a positive multiple of those of x.
func Draws(x, z *mat.Dense) int {
	n, _ := x.Dims()
	m, _ := z.Dims()
	if n == 0 || m == 0 || m%n != 0 {
		panic("density: rows of z are not a multiple of rows of x")
	}
	return m / n
}

// Rows returns the view of rows [from, to) of x; it shares x's memory.
func Rows(x *mat.Dense, from, to int) *mat.Dense {
	_, d := x.Dims()
	return x.Slice(from, to, 0, d).(*mat.Dense)
}

// checkWidth returns the number of rows of x, which must have d columns.
func checkWidth(x *mat.Dense, d int) int {
	n, width := x.Dims()
	if width != d {
		panic("density: dimension mismatch")
	}
	return n
}

func checkShape(a, b *mat.Dense) {
	ra, ca := a.Dims()
	if rb, cb := b.Dims(); ra != rb || ca != cb {
		panic("density: gradient and data differ in shape")
	}
}
