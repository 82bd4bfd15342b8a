package gmm

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// sharedShape finds the volumes and the common shape B, |B| = 1, of covariances
// λₖB that are most likely, where the smallest eigenvalue of each is at least the
// floor. In logarithms xₖ of the volumes and y of B the problem is convex, and so is
// the constraint
//
//	min x + min y ≥ ln floor
//
// which couples the two. Bounds s ≤ y and ln floor − s ≤ x for a given s do not:
// then each is exact given the other, and alternating leads to the maximum. The best
// s is found by a search in one dimension, where the floor is active at all.
type sharedShape struct {
	m      *moments
	floor  float64
	volume []float64 // λₖ

	// shape sets B to its best given the volumes, with eigenvalues of at least
	// least (0: any), and reports whether there is one.
	shape func(least float64) bool
	// narrowest returns the smallest eigenvalue of B.
	narrowest func() float64
	// size returns tr(WₖB⁻¹).
	size func(k int) float64
}

func newSharedShape(m *moments, floor float64) *sharedShape {
	s := &sharedShape{m: m, floor: floor, volume: make([]float64, m.k)}
	fill(s.volume, 1)
	return s
}

// shapePrecision is that of the logarithm of least: the objective is flat at its minimum.
const shapePrecision = 1e-8

// solve reports whether there is a maximum.
func (s *sharedShape) solve() bool {
	_, ok := s.alternate(0, innerTolerance)
	if s.floor == 0 {
		return ok
	}
	from, to := math.Log(s.floor/s.m.widest(s.floor)), 0.0
	if ok {
		least := s.narrowest()
		if floats.Min(s.volume)*least >= s.floor {
			return true
		}
		from = max(from, math.Log(least)) // the floor makes a shape rounder
	}
	value := func(x float64) float64 { v, _ := s.alternate(math.Exp(x), shapePrecision); return v }
	fill(s.volume, 1)
	best := minimum(from, to, shapePrecision, func(x float64) float64 {
		if s.m.ctx.Err() != nil {
			return 0
		}
		return value(x)
	})
	_, ok = s.alternate(math.Exp(best), innerTolerance)
	return ok
}

// alternate finds the best volumes and shape, where least is the least eigenvalue of
// the shape and the floor holds for any such shape; 0: no bounds. It ends when no volume changes by
// more than a tolerance, relative to itself. It returns
// Σₖ NₖD ln λₖ + tr(WₖB⁻¹)/λₖ, which is minimal, and whether there is a shape.
func (s *sharedShape) alternate(least, tolerance float64) (float64, bool) {
	d, m := float64(s.m.d), s.m
	lowest := noVolume
	if least > 0 {
		lowest = s.floor / least
	}
	var value float64
	for range innerIterations {
		if !s.shape(least) {
			return math.Inf(1), false
		}
		change := 0.0
		value = 0
		for k, old := range s.volume {
			size := s.size(k)
			v := max(size/(d*m.divisor(k)), lowest)
			change = max(change, math.Abs(v/old-1))
			s.volume[k] = v
			value += m.divisor(k)*d*math.Log(v) + size/v
		}
		if !(change > tolerance) || m.ctx.Err() != nil {
			break
		}
	}
	return value, true
}
