package gmm

import "math"

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
		name: "EVI", parameters: func(k, d int) int { return 1 + k*(d-1) }, coupled: true, shapes: true, unitFree: true,
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

// solveVEI alternates between volumes λₖ = Σⱼ wₖⱼ/Bⱼ / (D·Nₖ) and the shape
// Bⱼ ∝ Σₖ wₖⱼ/λₖ, each exact given the other (Celeux & Govaert 1995, §2).
func solveVEI(m *moments, w []float64) {
	d := m.d
	volume, shape := make([]float64, m.k), make([]float64, d)
	fill(volume, 1)
	for range innerIterations {
		clear(shape)
		for j := range shape {
			for k, v := range volume {
				shape[j] += w[k*d+j] / v
			}
		}
		unitDeterminant(shape)
		change := 0.0
		for k := range volume {
			var s float64
			for j, b := range shape {
				s += w[k*d+j] / b
			}
			s = max(s/(float64(d)*m.divisor(k)), noVolume)
			change = max(change, math.Abs(s/volume[k]-1))
			volume[k] = s
		}
		if !(change > innerTolerance) {
			break
		}
	}
	for i := range w {
		w[i] = volume[i/d] * shape[i%d]
	}
}

// solveEVI is in closed form: shapes wₖⱼ/|wₖ|, with |wₖ| the geometric mean, and
// the volume Σₖ |wₖ| / N.
func solveEVI(m *moments, w []float64) {
	var volume float64
	for k := range m.k {
		volume += unitDeterminant(w[k*m.d : (k+1)*m.d])
	}
	volume /= m.pooledDivisor()
	for i := range w {
		w[i] *= volume
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
