// Command openblas times OpenBLAS for its parent, bench/kernel. It is a module
// of its own because it needs cgo and Debian's libopenblas-dev.
//
// Each line of input holds the precision (32 or 64), whether A and B are
// transposed (0 or 1), m, n, k, the number of calls, and the number of threads.
// It is answered with the seconds that the calls took.
package main

// #cgo LDFLAGS: -lopenblas
// #include <cblas.h>
// extern void openblas_set_num_threads(int);
import "C"

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"time"
	"unsafe"
)

func main() {
	log.SetFlags(0)
	in := bufio.NewScanner(os.Stdin)
	var single operands[float32]
	var double operands[float64]
	for in.Scan() {
		var r request
		if _, err := fmt.Sscan(in.Text(), &r.precision, &r.transA, &r.transB, &r.m, &r.n, &r.k, &r.calls, &r.threads); err != nil {
			log.Fatal(err)
		}
		C.openblas_set_num_threads(C.int(r.threads))
		var seconds float64
		if r.precision == 32 {
			seconds = single.time(r, sgemm)
		} else {
			seconds = double.time(r, dgemm)
		}
		fmt.Println(seconds)
	}
}

type request struct {
	precision, transA, transB, m, n, k, calls, threads int
}

// operands are kept from one request to the next.
type operands[T float32 | float64] struct {
	a, b, c []T
}

func (o *operands[T]) time(r request, multiply func(r request, a, b, c unsafe.Pointer)) float64 {
	o.a, o.b, o.c = fill(o.a, r.m*r.k), fill(o.b, r.k*r.n), fill(o.c, r.m*r.n)
	multiply(r, unsafe.Pointer(&o.a[0]), unsafe.Pointer(&o.b[0]), unsafe.Pointer(&o.c[0]))
	start := time.Now()
	for range r.calls {
		multiply(r, unsafe.Pointer(&o.a[0]), unsafe.Pointer(&o.b[0]), unsafe.Pointer(&o.c[0]))
	}
	return time.Since(start).Seconds()
}

// fill returns n numbers that are not all alike.
func fill[T float32 | float64](x []T, n int) []T {
	if len(x) != n {
		x = make([]T, n)
		for i := range x {
			x[i] = T(i%13-6) / 7
		}
	}
	return x
}

// form returns the transpositions and leading dimensions of A and B.
func (r request) form() (tA, tB uint32, lda, ldb C.blasint) {
	tA, tB, lda, ldb = C.CblasNoTrans, C.CblasNoTrans, C.blasint(r.k), C.blasint(r.n)
	if r.transA == 1 {
		tA, lda = C.CblasTrans, C.blasint(r.m)
	}
	if r.transB == 1 {
		tB, ldb = C.CblasTrans, C.blasint(r.k)
	}
	return tA, tB, lda, ldb
}

func sgemm(r request, a, b, c unsafe.Pointer) {
	tA, tB, lda, ldb := r.form()
	C.cblas_sgemm(C.CblasRowMajor, tA, tB, C.blasint(r.m), C.blasint(r.n), C.blasint(r.k), 1,
		(*C.float)(a), lda, (*C.float)(b), ldb, 0, (*C.float)(c), C.blasint(r.n))
}

func dgemm(r request, a, b, c unsafe.Pointer) {
	tA, tB, lda, ldb := r.form()
	C.cblas_dgemm(C.CblasRowMajor, tA, tB, C.blasint(r.m), C.blasint(r.n), C.blasint(r.k), 1,
		(*C.double)(a), lda, (*C.double)(b), ldb, 0, (*C.double)(c), C.blasint(r.n))
}
