package nn

import "likely/internal/kernel"

// Optimizer moves parameters against their gradient. One update is a call of
// Begin and one of Apply for each of the disjoint spans that together are the
// parameters; the latter may run concurrently.
type Optimizer[T kernel.Float] interface {
	Begin(rate float64)
	Apply(theta, grad []T, span Span)
	// Moments and Count give access to the whole state, which a checkpoint
	// saves and restores.
	Moments() [][]T
	Count() *int
}

var (
	_ Optimizer[float32] = (*Adam[float32])(nil)
	_ Optimizer[float32] = (*SGD[float32])(nil)
)
