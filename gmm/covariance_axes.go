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
		return flatten(b, 0, least, math.Inf(1)) > 0 || least > 0
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

// solveEVI finds variances of the same volume. Without a floor they are in closed
// form: shapes wₖⱼ/|wₖ|, with |wₖ| the geometric mean, and the volume Σₖ |wₖ| / N.
// With one, and a logarithm L of the determinant that all share, those of component k
// are wₖⱼ/νₖ within bounds, with the νₖ that makes it L; and the likelihood is greatest
// where Σₖ νₖ = N, which falls as L grows. They are bounded from above too: a component
// on a line would otherwise make up for its floor by an endless length.
func solveEVI(m *moments, w []float64, floor float64) {
	d, n := m.d, m.pooledDivisor()
	closed := slices.Clone(w)
	var volume float64
	for k := range m.k {
		volume += unitDeterminant(closed[k*d : (k+1)*d])
	}
	floats.Scale(volume/n, closed)
	most := m.widest(floor)
	if floor == 0 || floats.Min(closed) >= floor && !floats.HasNaN(closed) {
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
