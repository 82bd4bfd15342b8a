package gmm

import (
	"math"
	"slices"
	"sort"

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
	_, ok := s.alternate(0, innerTolerance)
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
	value := func(x float64) float64 { v, _ := s.alternate(math.Exp(x), shapePrecision); return v }
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
	_, ok = s.alternate(math.Exp((from+to)/2), innerTolerance)
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
	// The sum is linear in ln ν between the places where a number meets a bound.
	var bends []float64
	for _, x := range known {
		bends = append(bends, x-bottom)
		if !math.IsInf(top, 1) {
			bends = append(bends, x-top)
		}
	}
	slices.Sort(bends)
	next := sort.Search(len(bends)-1, func(i int) bool { return at(bends[i]) <= logs })
	inside := bends[0] - 1
	if next > 0 {
		inside = (bends[next-1] + bends[next]) / 2
	}
	free, total := 0, float64(zeros)*bottom
	for _, x := range known {
		switch {
		case x-inside <= bottom:
			total += bottom
		case x-inside >= top:
			total += top
		default:
			total += x
			free++
		}
	}
	lnNu := bends[next]
	if free > 0 {
		lnNu = (total - logs) / float64(free)
	}
	nu := math.Exp(lnNu)
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
	total := func(logs float64) float64 {
		var sum float64
		for k := range m.k {
			copy(row, w[k*d:(k+1)*d])
			sum += flatten(row, logs, floor, most)
		}
		return sum
	}
	logs := decreasingRoot(low, high, func(x float64) float64 { return math.Log(total(x) / n) })
	for k := range m.k {
		flatten(w[k*d:(k+1)*d], logs, floor, most)
	}
}

// decreasingRoot returns where a decreasing function is 0, or the end of the interval
// that is nearer to it, to the last digits, by the Illinois variant of false position
// with a bisection where that does not halve the interval.
func decreasingRoot(low, high float64, f func(float64) float64) float64 {
	atLow, atHigh := f(low), f(high)
	if !(atLow > 0) {
		return low
	}
	if !(atHigh < 0) {
		return high
	}
	for side := 0; high-low > 1e-15*(math.Abs(low)+math.Abs(high)); {
		width := high - low
		x := (low*atHigh - high*atLow) / (atHigh - atLow)
		if !(x > low && x < high) {
			x = low + width/2
		}
		v := f(x)
		if v == 0 {
			return x
		}
		if v > 0 {
			low, atLow = x, v
			if side > 0 {
				atHigh /= 2
			}
			side = 1
		} else {
			high, atHigh = x, v
			if side < 0 {
				atLow /= 2
			}
			side = -1
		}
		if high-low > width/2 {
			x = low + (high-low)/2
			if x == low || x == high {
				break
			}
			if v = f(x); v > 0 {
				low, atLow = x, v
			} else {
				high, atHigh = x, v
			}
			side = 0
		}
	}
	return low + (high-low)/2
}

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
