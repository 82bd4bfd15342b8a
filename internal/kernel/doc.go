// Package kernel computes matrix products and elementwise functions on dense
// rows of float32 or float64.
//
// Every result is a function of the operands alone, to the last bit: an element
// of a product is accumulated in an order that depends only on the inner
// dimension, and an elementwise result does not depend on its place in the
// slice. So rows may be cut into batches, and batches given to goroutines, in
// any way at all.
package kernel
