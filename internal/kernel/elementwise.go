package kernel

import (
	"runtime"
	"sync"
	"unsafe"
)

// Exp computes dst[i] ← exp x[i]. dst may be x.
func Exp[T Float](dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	apply(current[T]().exp, dst, x)
}

// Log computes dst[i] ← log x[i]; the logarithm of a negative number is NaN,
// that of zero −Inf. dst may be x.
func Log[T Float](dst, x []T) {
	if len(dst) != len(x) {
		panic(badLength)
	}
	apply(current[T]().log, dst, x)
}

// Axpy computes y ← y + α·x.
func Axpy[T Float](alpha T, x, y []T) {
	if len(x) != len(y) {
		panic(badLength)
	}
	current[T]().axpy(unsafe.SliceData(x), unsafe.SliceData(y), alpha, len(x))
}

// chunk is the number of elements of a task.
const chunk = 1 << 13

// elements is a long elementwise computation on its way.
type elements[T Float] struct {
	unary   func(dst, x *T, n int)
	slope   func(dst, g, x *T, n int)
	dst     []T
	x, grad []T
}

var (
	elements32 = sync.Pool{New: func() any { return new(elements[float32]) }}
	elements64 = sync.Pool{New: func() any { return new(elements[float64]) }}
)

func (e *elements[T]) task(i int) {
	from, to := i*chunk, min((i+1)*chunk, len(e.dst))
	dst, x := e.dst[from:to], e.x[from:to]
	if e.unary != nil {
		e.unary(&dst[0], &x[0], len(dst))
		return
	}
	e.slope(&dst[0], &e.grad[from], &x[0], len(dst))
}

func apply[T Float](f func(dst, x *T, n int), dst, x []T) {
	if len(dst) <= 2*chunk {
		f(unsafe.SliceData(dst), unsafe.SliceData(x), len(dst))
		return
	}
	spread(elements[T]{unary: f, dst: dst, x: x})
}

func applySlope[T Float](f func(dst, g, x *T, n int), dst, grad, x []T) {
	if len(dst) <= 2*chunk {
		f(unsafe.SliceData(dst), unsafe.SliceData(grad), unsafe.SliceData(x), len(dst))
		return
	}
	spread(elements[T]{slope: f, dst: dst, x: x, grad: grad})
}

// spread computes e with the help of others.
func spread[T Float](e elements[T]) {
	pool := &elements64
	if isSingle[T]() {
		pool = &elements32
	}
	p := pool.Get().(*elements[T])
	*p = e
	workersDo(p, ceilDiv(len(p.dst), chunk), runtime.GOMAXPROCS(0))
	*p = elements[T]{}
	pool.Put(p)
}
