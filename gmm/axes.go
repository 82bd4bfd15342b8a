package gmm

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
)

// The diagonal families in which components share volume or shape.
var (
	// VEI gives components diagonal covariances of the same shape and free
	// volumes: K+D−1 parameters.
	VEI Covariance = &axisFamily{
		name: "VEI", parameters: func(k, d int) int { return k + d - 1 }, coupled: true, unitFree: true,
		byComponent: true, byColumn: true, solve: solveVEI,
	}
	// EVI gives components diagonal covariances of the same volume and free
	// shapes: 1+K(D−1) parameters.
	EVI Covariance = &axisFamily{
		name: "EVI", parameters: func(k, d int) int { return 1 + k*(d-1) }, coupled: true, unitFree: true,
		byComponent: true, byColumn: true, solve: solveEVI,
	}
)

// innerIterations and innerTolerance end the M-steps that have no closed form.
// They stop at rounding, so that the outer iteration is EM itself.
const (
	innerIterations = 2000
	innerTolerance  = 1e-14
	noVolume        = 1e-200 // of a component on a single point, instead of 0
)

// solveVEI alternates between volumes λₖ = Σⱼ wₖⱼ/bⱼ / (D·Nₖ) and the shape
// bⱼ ∝ Σₖ wₖⱼ/λₖ, each exact given the other (Celeux & Govaert 1995, §2).
func solveVEI(m *moments, w []float64, floor float64) {
	d := m.d
	s := newSharedShape(m, floor)
	b := make([]float64, d)
	s.shape = func(least float64) bool {
		clear(b)
		for j := range b {
			for k, v := range s.volume {
				b[j] += w[k*d+j] / v
			}
		}
		return flatten(b, 0, least, math.Inf(1)) > 0
	}
	s.narrowest = func() float64 { return floats.Min(b) }
	s.size = func(k int) float64 {
		var total float64
		for j, v := range b {
			total += w[k*d+j] / v
		}
		return total
	}
	if !s.solve() {
		fill(w, math.NaN()) // which no covariance is
		return
	}
	for i := range w {
		w[i] = s.volume[i/d] * b[i%d]
	}
}

// sharedShape finds the volumes and the common shape B, |B| = 1, of covariances
// λₖB that are most likely, where the smallest eigenvalue of each is at least the
// floor. In logarithms xₖ of the volumes and y of B the problem is convex, and so is
// the constraint
//
//	min x + min y ≥ ln floor
//
// which couples the two. Bounds s ≤ y and ln floor − s ≤ x for a given s do not:
// then each is exact given the other, and alternating leads to the maximum. The best
// s is found by golden-section search, where the floor is active at all.
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

const (
	golden         = 0.6180339887498949 // (√5−1)/2
	narrowestShape = -60                // ln of the narrowest shape that is considered
	shapePrecision = 1e-8               // of its logarithm: the objective is flat at its minimum
)

// solve reports whether there is a maximum.
func (s *sharedShape) solve() bool {
	_, ok := s.alternate(0)
	if s.floor == 0 {
		return ok
	}
	from, to := float64(narrowestShape), 0.0
	if ok {
		least := s.narrowest()
		if floats.Min(s.volume)*least >= s.floor {
			return true
		}
		from = max(from, math.Log(least)) // the floor makes a shape rounder
	}
	value := func(x float64) float64 { v, _ := s.alternate(math.Exp(x)); return v }
	fill(s.volume, 1)
	a, b := to-golden*(to-from), from+golden*(to-from)
	atA, atB := value(a), value(b)
	for to-from > shapePrecision && s.m.ctx.Err() == nil {
		if atA <= atB {
			to, b, atB = b, a, atA
			a = to - golden*(to-from)
			atA = value(a)
		} else {
			from, a, atA = a, b, atB
			b = from + golden*(to-from)
			atB = value(b)
		}
	}
	_, ok = s.alternate(math.Exp((from + to) / 2))
	return ok
}

// alternate finds the best volumes and shape, where least is the least eigenvalue of
// the shape and the floor holds for any such shape; 0: no bounds. It returns
// Σₖ NₖD ln λₖ + tr(WₖB⁻¹)/λₖ, which is minimal, and whether there is a shape.
func (s *sharedShape) alternate(least float64) (float64, bool) {
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
		if !(change > innerTolerance) || m.ctx.Err() != nil {
			break
		}
	}
	return value, true
}

// flatten replaces v, none of which is negative, by the numbers vⱼ/ν, or least or most
// where those lie below or above, whose logarithms sum to the given value, and returns
// ν: with it Σ vⱼ/uⱼ is least among all u within the bounds and of that sum, which is
// one that the bounds allow. It returns 0 where numbers that are 0 have to make up the
// sum, in equal parts; and where nothing does, as there is a 0 and no least.
func flatten(v []float64, logs, least, most float64) float64 {
	d := float64(len(v))
	if least == 0 {
		size := unitDeterminant(v)
		floats.Scale(math.Exp(logs/d), v)
		return math.Exp(-logs/d) * max(size, 0)
	}
	bottom, top := math.Log(least), math.Log(most)
	var known []float64 // the logarithms of those that are not 0
	for _, x := range v {
		if x > 0 {
			known = append(known, math.Log(x))
		}
	}
	zeros := len(v) - len(known)
	at := func(nu float64) float64 { // the sum for a given ln ν, which falls with it
		total := float64(zeros) * bottom
		for _, x := range known {
			total += min(max(x-nu, bottom), top)
		}
		return total
	}
	if len(known) == 0 || float64(len(known))*top+float64(zeros)*bottom < logs {
		rest := (logs - float64(len(known))*top) / float64(zeros)
		for j, x := range v {
			v[j] = most
			if x == 0 {
				v[j] = math.Exp(rest)
			}
		}
		return 0
	}
	low, high := floats.Min(known)-top, floats.Max(known)-bottom
	if math.IsInf(most, 1) {
		low = floats.Min(known) - logs/d + min(bottom, 0)*d - 1
		for at(low) < logs {
			low -= d
		}
	}
	for range bisections {
		middle := (low + high) / 2
		if middle == low || middle == high {
			break
		}
		if at(middle) > logs {
			low = middle
		} else {
			high = middle
		}
	}
	nu := math.Exp(high)
	for j, x := range v {
		v[j] = min(max(x/nu, least), most)
	}
	return nu
}

// solveEVI finds variances of the same volume. Without a floor they are in closed
// form: shapes wₖⱼ/|wₖ|, with |wₖ| the geometric mean, and the volume Σₖ |wₖ| / N.
// With one, and a logarithm L of the determinant that all share, those of component k
// are wₖⱼ/νₖ within bounds, with the νₖ that makes it L; and the likelihood is greatest
// where Σₖ νₖ = N, which falls as L grows. The upper bound is what a component of one
// row could have, N times the variance of all columns: a component on a line would
// otherwise make up for its floor by an endless length.
func solveEVI(m *moments, w []float64, floor float64) {
	d, n := m.d, m.pooledDivisor()
	closed := slices.Clone(w)
	var volume float64
	for k := range m.k {
		volume += unitDeterminant(closed[k*d : (k+1)*d])
	}
	floats.Scale(volume/n, closed)
	most := n * float64(d)
	if floor == 0 || floats.Min(closed) >= floor && floats.Max(closed) <= most && !floats.HasNaN(closed) {
		copy(w, closed)
		return
	}
	low, high := float64(d)*math.Log(floor), float64(d)*math.Log(most)
	row := make([]float64, d)
	for range bisections {
		middle := (low + high) / 2
		if middle == low || middle == high {
			break
		}
		var total float64
		for k := range m.k {
			copy(row, w[k*d:(k+1)*d])
			total += flatten(row, middle, floor, most)
		}
		if total > n {
			low = middle
		} else {
			high = middle
		}
	}
	for k := range m.k {
		flatten(w[k*d:(k+1)*d], high, floor, most)
	}
}

// bisections is more than enough to halve any interval down to neighbouring numbers.
const bisections = 200

// unitDeterminant divides v by its geometric mean, which it returns.
func unitDeterminant(v []float64) float64 {
	var logs float64
	for _, x := range v {
		logs += math.Log(x)
	}
	scale := math.Exp(logs / float64(len(v)))
	for i := range v {
		v[i] /= scale
	}
	return scale
}
