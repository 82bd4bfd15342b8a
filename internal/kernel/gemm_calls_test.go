package kernel

import (
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestGemmPanics(t *testing.T) {
	x := make([]float64, 100)
	for message, call := range map[string]func(){
		badShape: func() { Gemm(false, false, -1, 2, 2, 1, x, 2, x, 2, 0, x, 2) },
		badLdA:   func() { Gemm(false, false, 2, 3, 4, 1, x, 3, x, 3, 0, x, 3) },
		badLdB:   func() { Gemm(false, false, 2, 3, 4, 1, x, 4, x, 2, 0, x, 3) },
		badLdC:   func() { Gemm(false, false, 2, 3, 4, 1, x, 4, x, 3, 0, x, 2) },
		shortA:   func() { Gemm(false, false, 2, 3, 4, 1, x[:7], 4, x, 3, 0, x, 3) },
		shortB:   func() { Gemm(false, true, 2, 3, 4, 1, x, 4, x[:11], 4, 0, x, 3) },
		shortC:   func() { Gemm(false, false, 2, 3, 4, 1, x, 4, x, 3, 0, x[:5], 3) },
	} {
		require.PanicsWithValue(t, message, call)
	}
	require.PanicsWithValue(t, badLdA, func() { Gemm(true, false, 5, 3, 4, 1, x, 4, x, 3, 0, x, 3) })
	require.PanicsWithValue(t, badLength, func() { Exp(x[:2], x[:3]) })
	require.PanicsWithValue(t, badLength, func() { ActivateGrad(GELU, x[:2], x[:2], nil, x[:2]) })
	require.PanicsWithValue(t, badActivation, func() { Activate(Activation(17), x, x) })
	require.PanicsWithValue(t, badStep, func() { Adam(AdamParams{}, x, x, x, x) })
	// Strides so long that their products overflow.
	require.PanicsWithValue(t, shortA, func() { Gemm(false, false, 3, 3, 1, 1, x[:3], 1<<62, x, 3, 0, x, 3) })
	require.PanicsWithValue(t, shortA, func() { Gemm(false, false, 1000, 3, 1, 1, x, 1<<54, x, 3, 0, make([]float64, 3000), 3) })
	require.PanicsWithValue(t, shortC, func() { Gemm(false, false, 5, 3, 1, 1, x, 1, x, 3, 0, x, 1<<62) })
	Gemm(false, false, 0, 0, 0, 1, nil, 1, nil, 1, 1, []float32(nil), 1)
	// An empty result asks for no operands, as in gonum.
	Gemm(false, false, 0, 3, 2, 1, nil, 2, nil, 3, 0, []float64(nil), 3)
	Gemm(false, false, 2, 0, 3, 1, nil, 3, nil, 1, 0, []float64(nil), 1)
	TrsmRows(0, 3, nil, 3, []float64(nil), 3)
	Gemm(true, true, 0, 5, 3, 1, nil, 1, x, 3, 1, nil, 5)
}

func TestChoiceOfSetting(t *testing.T) {
	_, err := choose("avx1024")
	require.ErrorContains(t, err, "portable, avx2 or avx512")
	fastest, err := choose("")
	require.NoError(t, err)
	for _, s := range settings() {
		got, err := choose(s.name)
		if !s.supported {
			require.ErrorContains(t, err, "this processor")
			continue
		}
		require.NoError(t, err)
		require.Equal(t, s.name, got.name)
		require.NotNil(t, got.single)
		if s.name == "avx512" {
			require.Equal(t, s.name, fastest.name)
		}
	}
}

func TestProductsDoNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools at random")
	}
	r := rand.New(rand.NewPCG(5, 6))
	g := newGemmCase[float32](r, false, true, 64, 96, 200, 0, 1, 0)
	c := make([]float32, len(g.c))
	var p Packed[float32]
	p.Pack(true, g.k, g.n, g.b, g.ldb)
	bias := make([]float32, g.n)
	sums := make([]float32, g.m)
	long := make([]float32, 100_000)
	for name, call := range map[string]func(){
		"Gemm":       func() { Gemm(false, true, g.m, g.n, g.k, 1, g.a, g.lda, g.b, g.ldb, 0, c, g.ldc) },
		"Affine":     func() { p.Affine(Tanh, g.m, g.a, g.lda, bias, c, g.ldc) },
		"SumSquares": func() { p.SumSquares(sums, g.m, g.a, g.lda, bias) },
		"Activate":   func() { Activate(Sigmoid, long, long) },
		"Axpy":       func() { Axpy(2, bias, c[:g.n]) },
		"Adam":       func() { Adam(AdamParams{Step: 1}, long, long, long, long) },
		"Syrk":       func() { Syrk(true, g.k, g.m, 1, g.a, g.lda, 0, long, g.k) },
	} {
		// A collection may empty the pools in between.
		require.Less(t, testing.AllocsPerRun(50, call), 1.0, name)
	}
}

// With helpers at work, which testing.AllocsPerRun does without.
func TestSharedProductsDoNotAllocate(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector empties pools at random")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	r := rand.New(rand.NewPCG(7, 8))
	g := newGemmCase[float32](r, false, true, 200, 200, 200, 0, 1, 0)
	c := make([]float32, len(g.c))
	long := make([]float32, 100_000)
	call := func() {
		Gemm(false, true, g.m, g.n, g.k, 1, g.a, g.lda, g.b, g.ldb, 0, c, g.ldc)
		Activate(Sigmoid, long, long)
	}
	// A collection empties the pools, and what the scheduler keeps for itself.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	for range 20 {
		call()
	}
	goroutines := runtime.NumGoroutine()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const calls = 100
	for range calls {
		call()
	}
	runtime.ReadMemStats(&after)
	// Less than one a call: a goroutine that has changed its processor may find
	// that one's pool, or its list of waiters, empty.
	require.Less(t, after.Mallocs-before.Mallocs, uint64(calls), "allocations in %d calls", calls)
	require.Equal(t, goroutines, runtime.NumGoroutine(), "the helpers stay")
}

// After GOMAXPROCS has fallen, sleepers of higher number must not keep those of
// lower number from being woken.
func TestHelpersAfterFewerProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(8))
	r := rand.New(rand.NewPCG(9, 10))
	g := newGemmCase[float64](r, false, false, 400, 400, 400, 0, 1, 0)
	want := g.run()
	runtime.GOMAXPROCS(2)
	for range 20 {
		time.Sleep(2 * time.Millisecond) // until the helpers sleep
		require.Equal(t, want, g.run())
	}
	for range 2000 { // no token is left to go round
		if len(helpers.wake) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatal("helpers keep waking each other")
}

// Several callers at once; one of them has the helpers.
func TestConcurrentCallers(t *testing.T) {
	r := rand.New(rand.NewPCG(24, 25))
	g := newGemmCase[float64](r, false, true, 150, 160, 120, 0, 1, 0)
	want := g.run()
	results := make(chan []float64)
	const callers, calls = 4, 10
	for range callers {
		go func() {
			for range calls {
				results <- g.run()
			}
		}()
	}
	for range callers * calls {
		require.Equal(t, want, <-results)
	}
}
