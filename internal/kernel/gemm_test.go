package kernel

import (
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// gemmCase is a random product with operands in larger arrays.
type gemmCase[T Float] struct {
	transA, transB bool
	m, n, k        int
	alpha, beta    T
	a, b, c        []T
	lda, ldb, ldc  int
}

func newGemmCase[T Float](r *rand.Rand, transA, transB bool, m, n, k, slack int, alpha, beta T) *gemmCase[T] {
	g := &gemmCase[T]{transA: transA, transB: transB, m: m, n: n, k: k, alpha: alpha, beta: beta}
	ar, ac, br, bc := m, k, k, n
	if transA {
		ar, ac = k, m
	}
	if transB {
		br, bc = n, k
	}
	g.lda, g.ldb, g.ldc = max(1, ac+slack), max(1, bc+slack), max(1, n+slack)
	g.a, g.b, g.c = tight[T](r, ar, ac, g.lda), tight[T](r, br, bc, g.ldb), tight[T](r, m, n, g.ldc)
	return g
}

// tight draws a matrix that ends with its last element, not with its last row.
func tight[T Float](r *rand.Rand, rows, cols, ld int) []T {
	n := 0
	if rows > 0 && cols > 0 {
		n = (rows-1)*ld + cols
	}
	return random[T](r, n)
}

func random[T Float](r *rand.Rand, n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = T(r.NormFloat64())
	}
	return x
}

func (g *gemmCase[T]) atA(i, l int) float64 {
	if g.transA {
		i, l = l, i
	}
	return float64(g.a[i*g.lda+l])
}

func (g *gemmCase[T]) atB(l, j int) float64 {
	if g.transB {
		l, j = j, l
	}
	return float64(g.b[l*g.ldb+j])
}

// unit is half the distance from 1 to the next number.
func unit[T Float]() float64 {
	if isSingle[T]() {
		return 0x1p-24
	}
	return 0x1p-53
}

// check compares got, computed from g, with a loop in float64, or in twice the working
// precision for T = float64. The bound is the forward error bound of Higham, Accuracy
// and Stability, §3.5. It also looks for writes between rows.
func (g *gemmCase[T]) check(t require.TestingT, got []T) {
	for i := range g.m {
		for j := range g.n {
			g.checkElement(t, got, i, j)
		}
		for j := g.n; j < g.ldc && i*g.ldc+j < len(got); j++ {
			require.Equal(t, g.c[i*g.ldc+j], got[i*g.ldc+j], "written past a row")
		}
	}
}

// checkSome is check for some elements of a large result.
func (g *gemmCase[T]) checkSome(t require.TestingT, got []T, r *rand.Rand) {
	for range 2000 {
		g.checkElement(t, got, r.IntN(g.m), r.IntN(g.n))
	}
}

func (g *gemmCase[T]) checkElement(t require.TestingT, got []T, i, j int) {
	var sum, low, size float64
	for l := range g.k {
		x, y := g.atA(i, l), g.atB(l, j)
		p := x * y
		s := sum + p
		v := s - sum
		low += (sum - (s - v)) + (p - v) + math.FMA(x, y, -p)
		sum = s
		size += math.Abs(p)
	}
	old := 0.0
	if g.beta != 0 {
		old = float64(g.beta) * float64(g.c[i*g.ldc+j])
	}
	want := float64(g.alpha)*(sum+low) + old
	size = math.Abs(float64(g.alpha))*size + math.Abs(old)
	bound := float64(g.k+3) * unit[T]() * size * 1.01
	if e := math.Abs(float64(got[i*g.ldc+j]) - want); !(e <= bound) {
		require.Failf(t, "outside the bound", "element %d,%d of %d×%d×%d (%v,%v): %v, want %v ± %v",
			i, j, g.m, g.k, g.n, g.transA, g.transB, got[i*g.ldc+j], want, bound)
	}
}

func (g *gemmCase[T]) run() []T {
	c := append([]T(nil), g.c...)
	Gemm(g.transA, g.transB, g.m, g.n, g.k, g.alpha, g.a, g.lda, g.b, g.ldb, g.beta, c, g.ldc)
	return c
}

func (g *gemmCase[T]) runPacked() []T {
	c := append([]T(nil), g.c...)
	var p Packed[T]
	p.Pack(g.transB, g.k, g.n, g.b, g.ldb)
	p.Mul(g.m, g.alpha, g.a, g.lda, g.beta, c, g.ldc)
	return c
}

func drawGemmCase[T Float](t *rapid.T) *gemmCase[T] {
	size := rapid.IntRange(0, 130)
	scalar := rapid.SampledFrom([]float64{0, 1, -1, 0.37})
	r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
	return newGemmCase[T](r, rapid.Bool().Draw(t, "transA"), rapid.Bool().Draw(t, "transB"),
		size.Draw(t, "m"), size.Draw(t, "n"), size.Draw(t, "k"), rapid.IntRange(0, 9).Draw(t, "slack"),
		T(scalar.Draw(t, "alpha")), T(scalar.Draw(t, "beta")))
}

func testGemmProperty[T Float](t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := drawGemmCase[T](t)
		got := g.run()
		g.check(t, got)
		if !g.transA {
			require.Equal(t, got, g.runPacked())
		}
	})
}

func TestGemmIsWithinItsErrorBound(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testGemmProperty[float32])
		t.Run("float64", testGemmProperty[float64])
	})
}

func FuzzGemm(f *testing.F) {
	f.Add(uint8(20), uint8(50), uint8(33), uint8(0), uint64(1))
	f.Add(uint8(129), uint8(1), uint8(130), uint8(255), uint64(2))
	f.Fuzz(func(t *testing.T, m, n, k, options uint8, seed uint64) {
		scalars := [...]float64{0, 1, -1, 0.37}
		r := rand.New(rand.NewPCG(seed, 0))
		before := active
		defer func() { active = before }()
		for _, s := range settings() {
			if !s.supported {
				continue
			}
			active = s
			g := newGemmCase(r, options&1 != 0, options&2 != 0, int(m)%131, int(n)%131, int(k)%131,
				int(options>>2&3), float32(scalars[options>>4&3]), float32(scalars[options>>6]))
			g.check(t, g.run())
			d := newGemmCase(r, options&1 != 0, options&2 != 0, int(m)%131, int(n)%131, int(k)%131,
				int(options>>2&3), scalars[options>>4&3], scalars[options>>6])
			d.check(t, d.run())
		}
	})
}

// Shapes that are cut into tasks and blocks in every way there is.
var largeShapes = [][3]int{
	{20, 784, 200}, {47, 700, 130}, {100, 300, 515}, {700, 60, 33}, {61, 1100, 1030}, {1000, 41, 50}, {3, 2100, 70},
}

func testGemmLarge[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, s := range largeShapes {
		if testing.Short() && s[0]*s[1]*s[2] > 10_000_000 {
			continue
		}
		for form := range 4 {
			g := newGemmCase[T](r, form&2 != 0, form&1 != 0, s[0], s[2], s[1], form, -0.5, 0.25)
			got := g.run()
			if s[0]*s[1]*s[2] < 30_000_000 {
				g.check(t, got)
			} else {
				g.checkSome(t, got, r)
			}
			for _, procs := range []int{1, 2, 5} {
				before := runtime.GOMAXPROCS(procs)
				again := g.run()
				runtime.GOMAXPROCS(before)
				require.Equal(t, got, again, "%v with GOMAXPROCS=%d", s, procs)
			}
			// Any piece of C, computed alone, has the same bits.
			for range 6 {
				i0, j0 := r.IntN(g.m), r.IntN(g.n)
				i1, j1 := i0+1+r.IntN(g.m-i0), j0+1+r.IntN(g.n-j0)
				startA, startB := i0*g.lda, j0
				if g.transA {
					startA = i0
				}
				if g.transB {
					startB = j0 * g.ldb
				}
				a, b := g.a[startA:], g.b[startB:]
				piece := append([]T(nil), g.c[i0*g.ldc+j0:]...)
				Gemm(g.transA, g.transB, i1-i0, j1-j0, g.k, g.alpha, a, g.lda, b, g.ldb, g.beta, piece, g.ldc)
				for i := range i1 - i0 {
					require.Equal(t, got[(i0+i)*g.ldc+j0:][:j1-j0], piece[i*g.ldc:][:j1-j0], "%v: rows %d to %d, columns %d to %d", s, i0, i1, j0, j1)
				}
			}
		}
	}
}

func TestGemmDoesNotDependOnTheCut(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testGemmLarge[float32])
		t.Run("float64", testGemmLarge[float64])
	})
}

// A zero does not hide a NaN or an infinity, in any form.
func testGemmSpecial[T Float](t *testing.T) {
	nan, inf := T(math.NaN()), T(math.Inf(1))
	for _, n := range []int{1, 5, 40} {
		for form := range 4 {
			for _, bad := range []T{nan, inf, -inf} {
				for _, inA := range []bool{false, true} {
					zeros, poison := make([]T, n*n), make([]T, n*n)
					poison[(n/2)*n+n/2] = bad
					a, b := zeros, poison
					if inA {
						a, b = poison, zeros
					}
					c := make([]T, n*n)
					Gemm(form&2 != 0, form&1 != 0, n, n, n, 1, a, n, b, n, 0, c, n)
					for i := range n {
						for j := range n {
							struck := j == n/2
							if inA {
								struck = i == n/2
							}
							require.Equal(t, struck, c[i*n+j] != c[i*n+j], "n = %d, form %d, %v in A: %v", n, form, bad, inA)
						}
					}
				}
			}
		}
	}
	// β = 0 does not read C, α = 0 does not read A and B.
	c := []T{nan, nan}
	Gemm(false, false, 1, 2, 1, 1, []T{1}, 1, []T{2, 3}, 2, 0, c, 2)
	require.Equal(t, []T{2, 3}, c)
	Gemm(false, false, 1, 2, 1, 0, []T{nan}, 1, []T{nan, nan}, 2, 2, c, 2)
	require.Equal(t, []T{4, 6}, c)
}

func TestGemmSpreadsNaN(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testGemmSpecial[float32])
		t.Run("float64", testGemmSpecial[float64])
	})
}
