package sobol

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
)

func source(seed uint64) rand.Source { return rand.NewPCG(seed, 5) }

// Of 2^m points every coordinate has one in each of 2^m equal intervals, and so has
// every box of the first two coordinates of volume 2^−m: they are a (0, m, 2)-net
// (Sobol 1967). Scrambling keeps both.
func TestPointsAreEven(t *testing.T) {
	const m = 8
	x := mat.NewDense(1<<m, MaxDim, nil)
	for seed := range uint64(5) {
		Points(x, source(seed))
		for j := range MaxDim {
			var seen [1 << m]bool
			for i := range 1 << m {
				v := x.At(i, j)
				require.True(t, v > 0 && v < 1)
				seen[int(v*(1<<m))] = true
			}
			for _, ok := range seen {
				require.True(t, ok, "coordinate %d", j+1)
			}
		}
		for a := range m + 1 {
			boxes := map[[2]int]bool{}
			for i := range 1 << m {
				boxes[[2]int{int(x.At(i, 0) * float64(int(1)<<a)), int(x.At(i, 1) * float64(int(1)<<(m-a)))}] = true
			}
			require.Len(t, boxes, 1<<m, "2^%d columns", a)
		}
	}
}

// Without scrambling the first points are those of Sobol's sequence as printed, in
// Gray's order: 0, 1/2, 3/4, 1/4, 3/8, … for the first coordinate, and by hand from
// the polynomial x² + x + 1 with 1, 3 for the third.
func TestMatrices(t *testing.T) {
	first, third := matrix(0), matrix(2)
	require.Equal(t, []uint32{1 << 31, 1 << 30, 1 << 29}, first[:3])
	// m₃ = 2·m₂ ⊕ 4·m₁ ⊕ m₁ = 6 ⊕ 4 ⊕ 1 = 3, and m₄ = 2·3 ⊕ 4·3 ⊕ 3 = 9.
	require.Equal(t, []uint32{1 << 31, 3 << 30, 3 << 29, 9 << 28}, third[:4])
	// The polynomials are primitive: over GF(2), x has the order 2^s − 1.
	for j, d := range directions {
		s := len(d.m)
		polynomial := uint32(1)<<s | d.a<<1 | 1
		order, x := 0, uint32(1)
		for {
			x <<= 1
			if x>>s&1 == 1 {
				x ^= polynomial
			}
			order++
			if x == 1 || order > 100 {
				break
			}
		}
		require.Equal(t, 1<<s-1, order, "coordinate %d", j+2)
		for k, m := range d.m {
			require.True(t, m%2 == 1 && m < 2<<k, "coordinate %d", j+2)
		}
	}
}

// A point of a scrambled sequence is uniform: means of x and x² over 4000 sources are
// within five standard errors, 0.0046 and 0.0047, for the first and the seventh point.
func TestPointsAreUniform(t *testing.T) {
	const sources = 4000
	for _, i := range []int{0, 6} {
		var mean, square, product float64
		x := mat.NewDense(7, 3, nil)
		for s := range uint64(sources) {
			Points(x, source(s))
			mean += x.At(i, 2) / sources
			square += x.At(i, 1) * x.At(i, 1) / sources
			product += x.At(i, 0) * x.At(i, 2) / sources
		}
		require.InDelta(t, 0.5, mean, 0.023)
		require.InDelta(t, 1.0/3, square, 0.024)
		require.InDelta(t, 0.25, product, 0.018)
	}
}

// The root mean square error of the mean of a smooth function in three dimensions falls
// by 8 or more from 64 points to 1024, where independent draws give 4.
func TestErrorFallsFast(t *testing.T) {
	errorOf := func(n int) float64 {
		var squares float64
		x := mat.NewDense(n, 3, nil)
		for s := range uint64(100) {
			Points(x, source(s))
			var mean float64
			for i := range n {
				mean += math.Exp(x.At(i, 0)+x.At(i, 1)*x.At(i, 2)) / float64(n)
			}
			squares += (mean - 1.7182818284590452*1.3179021514544039) * (mean - 1.7182818284590452*1.3179021514544039) / 100
		}
		return math.Sqrt(squares)
	}
	few, many := errorOf(64), errorOf(1024)
	require.Greater(t, few/many, 8.0)
	require.Panics(t, func() { Points(mat.NewDense(1, MaxDim+1, nil), source(1)) })
}

// Every point lies in the middle of a cell of the finest grid, so that none is 0 or 1.
func TestPointsAreInTheMiddle(t *testing.T) {
	x := mat.NewDense(1000, 3, nil)
	Points(x, source(1))
	for _, v := range x.RawMatrix().Data {
		cell := v * (1 << bits)
		require.Equal(t, math.Floor(cell)+0.5, cell)
	}
}
