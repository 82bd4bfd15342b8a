package kernel

import (
	"math/rand/v2"
	"syscall"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// guarded places copies of slices directly before a page that must not be
// touched, or directly behind one: whoever reads or writes past the end, or
// before the start, dies.
type guarded struct {
	t      *testing.T
	before bool
}

func place[T Float](g guarded, x []T) []T {
	if len(x) == 0 {
		return x
	}
	page := syscall.Getpagesize()
	size := len(x) * int(unsafe.Sizeof(x[0]))
	inner := roundUp(size, page)
	memory, err := syscall.Mmap(-1, 0, inner+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	require.NoError(g.t, err)
	g.t.Cleanup(func() { require.NoError(g.t, syscall.Munmap(memory)) })
	require.NoError(g.t, syscall.Mprotect(memory[:page], syscall.PROT_NONE))
	require.NoError(g.t, syscall.Mprotect(memory[page+inner:], syscall.PROT_NONE))
	at := page
	if !g.before {
		at += inner - size
	}
	y := unsafe.Slice((*T)(unsafe.Pointer(&memory[at])), len(x))
	copy(y, x)
	return y
}

func testGuards[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(22, 23))
	for _, before := range []bool{false, true} {
		g := guarded{t, before}
		shapes := [][3]int{{1, 1, 1}, {7, 5, 9}, {14, 33, 17}, {15, 50, 64}, {61, 41, 130}, {60, 20, 31}, {29, 8, 1}, {6, 4, 90}}
		for _, s := range shapes {
			for form := range 4 {
				c := newGemmCase[T](r, form&2 != 0, form&1 != 0, s[0], s[1], s[2], form%3, 1, T(form%2))
				c.a, c.b, c.c = place(g, c.a), place(g, c.b), place(g, c.c)
				want := c.run() // reads guarded memory, writes elsewhere
				Gemm(c.transA, c.transB, c.m, c.n, c.k, 1, c.a, c.lda, c.b, c.ldb, c.beta, c.c, c.ldc)
				require.Equal(t, want, c.c)
				if !c.transA {
					var p Packed[T]
					p.Pack(c.transB, c.k, c.n, c.b, c.ldb)
					bias := place(g, random[T](r, c.n))
					p.Affine(Tanh, c.m, c.a, c.lda, bias, c.c, c.ldc)
					p.SumSquares(place(g, random[T](r, c.m)), c.m, c.a, c.lda, bias)
				}
			}
			x := tight[T](r, s[0], s[1], s[1]+2)
			l := tight[T](r, s[1], s[1], s[1]+1)
			TrsmRows(s[0], s[1], place(g, l), s[1]+1, place(g, x), s[1]+2)
			LogSumExpRows(place(g, make([]T, s[0])), s[0], s[1], place(g, x), s[1]+2)
			ColumnSums(place(g, make([]T, s[1])), s[0], s[1], place(g, x), s[1]+2)
			Syrk(true, s[1], s[0], 1, place(g, x), s[1]+2, 0, place(g, make([]T, s[1]*s[1])), s[1])
		}
		for n := range 40 {
			w, x, y, z := place(g, random[T](r, n)), place(g, random[T](r, n)), place(g, random[T](r, n)), place(g, make([]T, n))
			for _, f := range functionsUnderTest[T]() {
				f(z, x)
			}
			for a := Identity; a < activations; a++ {
				Activate(a, z, x)
				ActivateGrad(a, z, x, y, y)
			}
			Axpy(2, x, y)
			Adam(AdamParams{Step: 1}, w, x, y, z)
		}
	}
}

func testDistanceGuards[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(24, 25))
	for _, before := range []bool{false, true} {
		g := guarded{t, before}
		for _, s := range [][3]int{{1, 1, 1}, {9, 3, 5}, {17, 20, 50}, {40, 9, 33}} {
			m, k, d := s[0], s[1], s[2]
			x, points := place(g, random[T](r, m*d)), place(g, random[T](r, k*d))
			var c Centres[T]
			c.Pack(k, d, points, place(g, random[T](r, k*d)))
			c.panels = place(g, c.panels)
			weights := place(g, random[T](r, m*k))
			c.Distances(weights, m, x, d)
			WeightedSquares(place(g, random[T](r, k*d)), k, d, points, m, x, d, weights, k)
			Centre(place(g, random[T](r, d)), x[:d], points[:d], 2)
		}
	}
}

func TestNothingIsTouchedBeyondTheSlices(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testGuards[float32])
		t.Run("float64", testGuards[float64])
		t.Run("distances float32", testDistanceGuards[float32])
		t.Run("distances float64", testDistanceGuards[float64])
	})
}
