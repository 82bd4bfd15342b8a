package nn

import "likely/internal/kernel"

// SGD is stochastic gradient descent with momentum (Polyak 1964) and decoupled
// weight decay,
//
//	v ← momentum·v + g
//	w ← w − rate·(v + decay·w)
type SGD[T kernel.Float] struct {
	Momentum, Decay float64

	// Velocity is v, of the length of the parameters.
	Velocity []T
	// Steps counts the updates made.
	Steps int

	rate float64
}

// NewSGD returns an optimiser for size parameters.
func NewSGD[T kernel.Float](size int) *SGD[T] { return &SGD[T]{Velocity: make([]T, size)} }

// Begin starts an update with the given learning rate.
func (s *SGD[T]) Begin(rate float64) {
	s.Steps++
	s.rate = rate
}

// Apply moves the parameters in span against their gradient. Disjoint spans
// may run concurrently.
func (s *SGD[T]) Apply(theta, grad []T, span Span) {
	w, v := View(theta, span), View(s.Velocity, span)
	momentum, rate, keep := T(s.Momentum), T(s.rate), T(1-s.rate*s.Decay)
	for i, g := range View(grad, span) {
		v[i] = momentum*v[i] + g
		w[i] = keep*w[i] - rate*v[i]
	}
}

// Moments returns the running averages of the gradient.
func (s *SGD[T]) Moments() [][]T { return [][]T{s.Velocity} }

// Count returns the place of the count of updates.
func (s *SGD[T]) Count() *int { return &s.Steps }
