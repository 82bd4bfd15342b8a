// Package kernel computes matrix products and elementwise functions on dense
// rows of float32 or float64.
//
// # Settings
//
// There are three ways of computing everything. The fastest one that the processor
// supports is chosen when the program starts:
//
//	portable   Go, and SSE2 in the innermost loop of products on amd64
//	avx2       AVX2 with FMA
//	avx512     AVX-512 (F, BW, DQ and VL)
//
// The environment variable LIKELY_KERNEL forces one of them. The assembly is
// written by the program in the folder asm; go generate runs it.
//
// # What can be relied upon
//
// Within one setting every result is a function of the operands alone, to the last bit.
// An element of a product is summed up in an order that depends on the inner dimension
// k alone. k is cut into as many equal blocks as its length asks for. A block is summed
// one product after the other, rounded once by FMA except in the portable setting. The
// blocks are added to C in order. An elementwise result does not depend on its place in
// the slice, nor on the slice's length. So rows may be cut into batches and batches
// given to goroutines in any way at all, and GOMAXPROCS changes nothing but the time.
//
// The product of a zero and a NaN or an infinity is NaN, and is added like any
// other. As in BLAS, β = 0 means that C is not read and α = 0 that A and B are
// not.
//
// A wrong length or leading dimension is the caller's mistake: it panics with
// a constant message before any operand is touched. Nothing is read or written
// outside the operands.
//
// # Errors
//
// A product is within the usual forward bound (k+3)·u·(|α||A||B| + |βC|), where
// u is 2⁻²⁴ or 2⁻⁵³; sums over rows and columns are within n·u of the sum of the
// magnitudes of their n terms. The elementwise functions were measured against
// references in 400 bits, and for float32 over a grid of all bit patterns,
// subnormal numbers included. In units of the result's last place the largest
// errors found are
//
//	             avx2, avx512        portable
//	             float32  float64    float64
//	Exp             1.0      1.0        1.5
//	Log             0.8      0.8        0.8
//	Tanh            2.2      2.4        1.2
//	ELU             0.9      1.1        0.8
//	Softplus        1.6      1.6        2.0
//	Sigmoid         2.3      1.9        2.4
//	GELU            6.3      4.7        5.4
//	GELU's slope    3.6      3.0        2.8   (last places of numbers below 1)
//
// and half a place for float32 in the portable setting, which computes it in
// float64. The tests hold them to bounds a little above. NaN gives NaN; the
// infinities give the functions' limits.
//
// The derivatives of tanh, ELU and the sigmoid are computed from the function's
// value, as training has it at hand. Where that has come within a rounding of
// its limit they are 0: their error is absolute, about u, not relative. Where
// ReLU is 0 its gradient is 0 even for a NaN that comes from above.
//
// # What is shared among goroutines
//
// Products, triangular solves and activations of long slices are. Adam, Axpy,
// LogSumExpRows, ColumnSums, Distances and WeightedSquares are single passes over
// memory, and run on the caller's goroutine. The models call them from loops that have
// already cut rows or weights into blocks and given those to goroutines.
//
// # How products are computed
//
// A tile of C, up to 14×32 float32 under AVX-512, is summed in registers. For each l it
// takes two vectors of row l of op(B) and multiplies them by the elements of column l
// of op(A). Those it reads in place, row by row. At the edges of C a mask takes the
// place of a smaller vector, so an element at the edge is computed as any other. The
// rows of op(B) are repacked into panels one tile wide. These then lie in the
// second-level cache one after the other. B is not repacked where there are so few rows
// that reading it in place is cheaper, or where a Packed has done so before.
//
// Large products are cut into tasks along rows or columns, and the caller
// shares them with a pool of goroutines that is kept for the purpose. Only one
// caller at a time has the pool; another one that calls meanwhile computes
// alone, since then there is work for every processor anyway.
package kernel
