package kernel

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

func testFused[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(12, 13))
	for _, s := range [][3]int{{1, 1, 1}, {20, 784, 200}, {3, 0, 5}, {33, 17, 50}, {257, 40, 130}, {30, 600, 300}, {200, 90, 530}, {4, 5, 0}, {0, 4, 4}} {
		m, k, n := s[0], s[1], s[2]
		g := newGemmCase[T](r, false, false, m, n, k, 2, 1, 0)
		bias := random[T](r, n)
		var p Packed[T]
		p.Pack(false, k, n, g.b, g.ldb)
		product := make([]T, m*n)
		Gemm(false, false, m, n, k, 1, g.a, g.lda, g.b, g.ldb, 0, product, max(1, n))
		for act := Identity; act < activations; act++ {
			for _, b := range [][]T{nil, bias} {
				want := slices.Clone(product)
				if b != nil {
					for i := range m {
						Axpy(1, b, want[i*n:][:n])
					}
				}
				Activate(act, want, want)
				ldd := max(1, n) + 1
				got := make([]T, m*ldd)
				p.Affine(act, m, g.a, g.lda, b, got, ldd)
				for i := range m {
					require.Equal(t, want[i*n:][:n], got[i*ldd:][:n], "%v %v", s, act)
				}
			}
		}
		for _, b := range [][]T{nil, bias} {
			got := make([]T, m)
			p.SumSquares(got, m, g.a, g.lda, b)
			for i := range m {
				want := 0.0
				for j, v := range product[i*n:][:n] {
					d := float64(v)
					if b != nil {
						d -= float64(b[j])
					}
					want += d * d
				}
				require.InEpsilon(t, want+1, float64(got[i])+1, float64(n+4)*2*unit[T](), "%v", s)
				alone := make([]T, 1)
				p.SumSquares(alone, 1, g.a[min(i*g.lda, len(g.a)):], g.lda, b)
				require.Equal(t, got[i], alone[0])
			}
		}
	}
	for _, n := range []int{1, 16, 50, 130, 600} { // more than one block deep
		g := newGemmCase[T](r, false, false, 33, n, n, 2, 1, 0)
		for i := range n {
			clear(g.b[i*g.ldb:][:i])
		}
		var whole, upper Packed[T]
		whole.Pack(false, n, n, g.b, g.ldb)
		upper.PackUpper(false, n, g.b, g.ldb)
		want, got := make([]T, 33), make([]T, 33)
		whole.SumSquares(want, 33, g.a, g.lda, nil)
		upper.SumSquares(got, 33, g.a, g.lda, nil)
		require.Equal(t, want, got, "zeros below the diagonal change nothing")
		product, same := make([]T, 33*n), make([]T, 33*n)
		whole.Mul(33, 2, g.a, g.lda, 0, product, n)
		upper.Mul(33, 2, g.a, g.lda, 0, same, n)
		require.Equal(t, product, same)
	}
	var p Packed[T]
	p.Pack(false, 2, 3, make([]T, 6), 3)
	require.PanicsWithValue(t, badLength, func() { p.Affine(Tanh, 1, make([]T, 2), 2, make([]T, 2), make([]T, 3), 3) })
	require.PanicsWithValue(t, badActivation, func() { p.Affine(activations, 1, make([]T, 2), 2, nil, make([]T, 3), 3) })
	require.PanicsWithValue(t, badLength, func() { p.SumSquares(make([]T, 2), 1, make([]T, 2), 2, nil) })
	require.PanicsWithValue(t, shortA, func() { p.Mul(2, 1, make([]T, 3), 2, 0, make([]T, 6), 3) })
}

func TestFusedFormsAreTheirParts(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testFused[float32])
		t.Run("float64", testFused[float64])
	})
}

func testTriangles[T Float](t *testing.T, tolerance float64) {
	r := rand.New(rand.NewPCG(14, 15))
	for _, s := range [][2]int{{1, 1}, {3, 2}, {200, 50}, {65, 33}, {70, 128}, {1, 100}} {
		m, n := s[0], s[1]
		ldl, ldx := n+1, n+2
		l, x := random[T](r, n*ldl), random[T](r, m*ldx)
		wellConditioned(n, l, ldl)
		for i := range n {
			for j := i + 1; j < ldl; j++ {
				l[i*ldl+j] = T(math.NaN()) // not to be read
			}
		}
		got := append([]T(nil), x...)
		TrsmRows(m, n, l, ldl, got, ldx)
		for i := range m {
			require.Equal(t, x[i*ldx+n:(i+1)*ldx], got[i*ldx+n:(i+1)*ldx])
			for j := range n {
				sum := 0.0
				for q := range j + 1 {
					sum += float64(l[j*ldl+q]) * float64(got[i*ldx+q])
				}
				require.InDelta(t, float64(x[i*ldx+j]), sum, tolerance)
			}
			alone := append([]T(nil), x[i*ldx:][:n]...)
			TrsmRows(1, n, l, ldl, alone, ldx)
			require.Equal(t, alone, got[i*ldx:][:n], "row %d of %d", i, m)
		}

		for _, trans := range []bool{false, true} {
			lda := n
			if trans {
				lda = m
			}
			a := random[T](r, m*n)
			c := make([]T, m*m)
			for i := range m {
				for j := range i + 1 {
					c[i*m+j] = T(r.NormFloat64())
					c[j*m+i] = c[i*m+j]
				}
			}
			want := append([]T(nil), c...)
			Gemm(trans, !trans, m, m, n, 0.5, a, lda, a, lda, -1, want, m)
			Syrk(trans, m, n, 0.5, a, lda, -1, c, m)
			require.Equal(t, want, c)
		}
	}
}

func TestTriangles(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { testTriangles[float32](t, 1e-4) })
		t.Run("float64", func(t *testing.T) { testTriangles[float64](t, 1e-13) })
	})
}

func testRowSums[T Float](t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	x := []T{
		0, 0, 0,
		1000, 1000, -1000,
		T(-inf), T(-inf), T(-inf),
		T(-inf), 2, T(-inf),
		T(inf), 1, T(-inf),
		T(nan), 1, 2,
		T(inf), T(nan), 0,
		T(-inf), T(nan), T(-inf),
	}
	got := make([]T, 8)
	LogSumExpRows(got, 8, 3, x, 3)
	for i, want := range []float64{math.Log(3), 1000 + math.Ln2, -inf, 2, inf, nan, nan, nan} {
		if math.IsNaN(want) {
			require.True(t, got[i] != got[i], "row %d: %v", i, got[i])
			continue
		}
		require.Equal(t, T(want), got[i], "row %d", i)
	}
	LogSumExpRows(got[:1], 1, 0, nil, 1)
	require.Equal(t, T(-inf), got[0])

	r := rand.New(rand.NewPCG(16, 17))
	for n := 1; n < 70; n++ {
		const m = 5
		x := random[T](r, m*n)
		got, sums := make([]T, m), make([]T, n)
		LogSumExpRows(got, m, n, x, n)
		ColumnSums(sums, m, n, x, n)
		for i := range m {
			sum := 0.0
			for _, v := range x[i*n:][:n] {
				sum += math.Exp(float64(v))
			}
			require.InDelta(t, math.Log(sum), float64(got[i]), 20*unit[T]())
		}
		for j := range n {
			sum := 0.0
			for i := range m {
				sum += float64(x[i*n+j])
			}
			require.InDelta(t, sum, float64(sums[j]), 40*unit[T]())
		}
	}
}

func TestRowSums(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testRowSums[float32])
		t.Run("float64", testRowSums[float64])
	})
}

// testPlaces looks whether results depend on where an element stands.
func testPlaces[T Float](t *testing.T) {
	x := samples[T](300, 30)
	y := samples[T](301, 2)[1:]
	whole := make([]T, len(x))
	apart := make([]T, len(x))
	run := func(name string, f func(dst, x, y []T)) {
		f(whole, x, y)
		for _, n := range []int{1, 3, 7, 17, 33} {
			for i := 0; i < len(x); i += n {
				j := min(i+n, len(x))
				f(apart[i:j], x[i:j], y[i:j])
			}
			for i := range whole {
				same := whole[i] == apart[i] || whole[i] != whole[i] && apart[i] != apart[i]
				require.True(t, same, "%s: element %d is %v in the whole and %v in pieces of %d", name, i, whole[i], apart[i], n)
			}
		}
	}
	for name, f := range functionsUnderTest[T]() {
		run(name, func(dst, x, _ []T) { f(dst, x) })
	}
	for a := Identity; a < activations; a++ {
		run(a.String()+" gradient", func(dst, x, y []T) { ActivateGrad(a, dst, x, y, y) })
	}
	run("axpy", func(dst, x, y []T) { copy(dst, y); Axpy(0.3, x, dst) })
	run("adam", func(dst, x, y []T) {
		copy(dst, y)
		m, v := append([]T(nil), x...), append([]T(nil), x...)
		Exp(v, v)
		Adam(AdamParams{Rate: 0.1, Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-8, Step: 3}, dst, y, m, v)
	})
	// More than one task.
	long, short := make([]T, 5*chunk+77), make([]T, 5*chunk+77)
	for i := range long {
		long[i] = x[i%len(x)]
	}
	Activate(Tanh, short, long)
	Activate(Tanh, whole, x)
	for i := range long {
		require.Equal(t, whole[i%len(x)], short[i])
	}
}

func TestResultsDoNotDependOnThePlace(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testPlaces[float32])
		t.Run("float64", testPlaces[float64])
	})
}

func testGradients[T Float](t *testing.T, tolerance float64) {
	x := []T{-7, -3, -1.2, -0.4, 0.3, 0.9, 2, 6, -0.01, 0.02, 12, -12, 0.5, -0.5, 1, -1, 3}
	for a := Identity; a < activations; a++ {
		y, got, g := make([]T, len(x)), make([]T, len(x)), make([]T, len(x))
		for i := range g {
			g[i] = T(i) - 5
		}
		Activate(a, y, x)
		ActivateGrad(a, got, g, x, y)
		for i, v := range x {
			const h = 1e-5
			d := []float64{float64(v) + h, float64(v) - h}
			Activate(a, d, d)
			require.InDelta(t, float64(g[i])*(d[0]-d[1])/(2*h), float64(got[i]), tolerance, "%v at %v", a, v)
		}
	}
}

func TestGradientsAreDerivatives(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", func(t *testing.T) { testGradients[float32](t, 1e-4) })
		t.Run("float64", func(t *testing.T) { testGradients[float64](t, 1e-8) })
	})
}

func testAdam[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(18, 19))
	p := AdamParams{Rate: 0.01, Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, WeightDecay: 0.1}
	const n = 37
	w, m, v := random[T](r, n), make([]T, n), make([]T, n)
	w64, m64, v64 := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range w {
		w64[i] = float64(w[i])
	}
	for step := 1; step < 20; step++ {
		p.Step = step
		g := random[T](r, n)
		Adam(p, w, g, m, v)
		for i := range w64 {
			gi := float64(g[i])
			m64[i] = 0.9*m64[i] + 0.1*gi
			v64[i] = 0.999*v64[i] + 0.001*gi*gi
			mean := m64[i] / (1 - math.Pow(0.9, float64(step)))
			square := v64[i] / (1 - math.Pow(0.999, float64(step)))
			w64[i] -= 0.01 * (mean/(math.Sqrt(square)+1e-8) + 0.1*w64[i])
			require.InDelta(t, w64[i], float64(w[i]), 1000*unit[T]())
		}
	}
}

func TestAdamAgreesWithTheFormula(t *testing.T) {
	eachSetting(t, func(t *testing.T) {
		t.Run("float32", testAdam[float32])
		t.Run("float64", testAdam[float64])
	})
}
