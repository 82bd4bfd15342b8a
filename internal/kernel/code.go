package kernel

import (
	"fmt"
	"os"
	"unsafe"
)

// Float is the set of element types the kernels are written for.
type Float interface{ float32 | float64 }

// code is what one setting computes one precision with.
type code[T Float] struct {
	// A product is built from tiles of at most rows×(2·lanes) elements, whose
	// sums run over at most depth products before they go to memory.
	rows, lanes, depth int

	// tiles holds the assembly by form of A, edge and rows; nil where there is
	// none.
	tiles *[2][5][]func(t *byte)
	copy  [2]func(dst, src *byte, stride, ld, k int, mask uintptr)
	turn  func(dst, src *byte, stride int, rows *int, blocks int)
	mask  func(lanes int) uintptr

	// distances are for one row and for distanceRows of them, squares for
	// strips of one to squaresVectors vectors; nil where there is no assembly.
	distances [2]func(dst, x, panel *byte, ldd, ldx, d int, mask uintptr)
	squares   [squaresVectors]func(sums, x, centre, weight *byte, ldx, ldw, rows int, mask uintptr)

	// sums takes the place of tiles where there are none.
	sums func(sum, a, b *T, k int)

	functions[T]
}

// functions are the elementwise functions of one setting. They neither know
// nor care about the length of what they are called for.
type functions[T Float] struct {
	exp, log   func(dst, x *T, n int)
	activation [activations]func(dst, x *T, n int)
	gradient   [activations]func(dst, g, x *T, n int)
	axpy       func(x, y *T, alpha T, n int)
	centre     func(dst, x, centre *T, scale T, n int)
	adam       func(w, g, m, v *T, beta1, rest1, beta2, rest2, rate, root, epsilon, keep T, n int)

	maximum    func(x *T, n int) T
	sumExp     func(x *T, peak T, n int) T
	sumSquares func(x *T, n int) T
}

// setting is one way of computing everything.
type setting struct {
	name      string
	supported bool
	single    *code[float32]
	double    *code[float64]
}

// active is the setting in use. Only tests change it after the start.
var active = atStart()

// atStart chooses what LIKELY_KERNEL asks for, or ends the program: a test or
// a bug report that runs on other kernels than it says would mislead.
func atStart() setting {
	s, err := choose(os.Getenv("LIKELY_KERNEL"))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	return s
}

// choose returns the setting of that name, or the fastest one for none.
func choose(name string) (setting, error) {
	var best setting
	for _, s := range settings() {
		switch {
		case name == "" && s.supported:
			best = s
		case name != "" && name == s.name && !s.supported:
			return s, fmt.Errorf("kernel: LIKELY_KERNEL=%s needs instructions that this processor does not have", name)
		case name != "" && name == s.name:
			return s, nil
		}
	}
	if name != "" {
		return best, fmt.Errorf("kernel: LIKELY_KERNEL=%q is unknown; it may be portable, avx2 or avx512", name)
	}
	return best, nil
}

// Setting returns the name of the kernels in use: portable, avx2 or avx512. It
// is chosen at the start by what the processor offers; the environment
// variable LIKELY_KERNEL overrides the choice.
func Setting() string { return active.name }

// current returns the active code for T.
func current[T Float]() *code[T] {
	if isSingle[T]() {
		return (*code[T])(unsafe.Pointer(active.single))
	}
	return (*code[T])(unsafe.Pointer(active.double))
}

// isSingle tells whether T is float32. It is known when compiling.
func isSingle[T Float]() bool {
	var zero T
	return unsafe.Sizeof(zero) == 4
}

// width is the number of columns of a panel.
func (c *code[T]) width() int { return 2 * c.lanes }
