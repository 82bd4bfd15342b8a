package kernel

import (
	"math"
	"testing"
	"unsafe"
)

// The elementwise functions beside the loop that they replace.
func benchmarkFunctions[T Float](b *testing.B) {
	x := samples[T](4096, 20)
	for i := range x {
		x[i] = max(x[i], -x[i])
	}
	dst := make([]T, len(x))
	loop := func(name string, f func(float64) float64) {
		b.Run(name+" loop", func(b *testing.B) {
			b.SetBytes(int64(unsafe.Sizeof(x[0])) * int64(len(x)))
			for b.Loop() {
				for i, v := range x {
					dst[i] = T(f(float64(v)))
				}
			}
		})
	}
	for _, name := range []string{"exp", "log", "tanh", "elu", "gelu", "softplus", "sigmoid", "gelu slope"} {
		f := functionsUnderTest[T]()[name]
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(unsafe.Sizeof(x[0])) * int64(len(x)))
			for b.Loop() {
				f(dst, x)
			}
		})
	}
	loop("exp", math.Exp)
	loop("tanh", math.Tanh)
}

func BenchmarkFunctions(b *testing.B) {
	b.Run("float32", benchmarkFunctions[float32])
	b.Run("float64", benchmarkFunctions[float64])
}
