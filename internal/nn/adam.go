package nn

import "likely/internal/kernel"

// Adam is the optimiser of Kingma & Ba (2015, algorithm 1), with decoupled
// weight decay (Loshchilov & Hutter 2019) where Decay is positive.
type Adam[T kernel.Float] struct {
	Beta1, Beta2, Epsilon, Decay float64

	// Mean and Square are the running moments of the gradient, of the
	// length of the parameters.
	Mean, Square []T
	// Steps counts the updates made.
	Steps int

	params kernel.AdamParams
}

// NewAdam returns an optimiser for size parameters with the usual β₁ = 0.9,
// β₂ = 0.999 and ε = 1e-8.
func NewAdam[T kernel.Float](size int) *Adam[T] {
	return &Adam[T]{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8, Mean: make([]T, size), Square: make([]T, size)}
}

// Begin starts an update with the given learning rate. It is followed by one
// Apply for each part of the parameters.
func (a *Adam[T]) Begin(rate float64) {
	a.Steps++
	a.params = kernel.AdamParams{
		Rate: rate, Beta1: a.Beta1, Beta2: a.Beta2, Epsilon: a.Epsilon,
		WeightDecay: a.Decay, Step: a.Steps,
	}
}

// Apply moves the parameters in span against their gradient. Disjoint spans
// may run concurrently.
func (a *Adam[T]) Apply(theta, grad []T, span Span) {
	kernel.Adam(a.params, View(theta, span), View(grad, span), View(a.Mean, span), View(a.Square, span))
}

// Moments returns the running averages of the gradient and of its square.
func (a *Adam[T]) Moments() [][]T { return [][]T{a.Mean, a.Square} }

// Count returns the place of the count of updates.
func (a *Adam[T]) Count() *int { return &a.Steps }
