package gmm

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// Rows so far from all components that squared distances overflow have a log density
// of −∞ under each: a number, though one that tells components apart no longer. Their
// responsibilities are those of the limit.

// noNaN replaces log densities that are no numbers by −∞ in the log joint densities
// (rows×K) of finite rows (row-major): distances that overflow on the way to a
// difference leave them.
func noNaN(joint []float64, k int, x []float64) {
	if !floats.HasNaN(joint) {
		return
	}
	d := len(x) * k / len(joint)
	for i := 0; i < len(joint); i += k {
		row := joint[i : i+k]
		if floats.HasNaN(row) && finite(x[i/k*d:(i/k+1)*d]) {
			for c, v := range row {
				if math.IsNaN(v) {
					row[c] = math.Inf(-1)
				}
			}
		}
	}
}

// decide gives log joint densities that are all −∞ a value of 0 for the component
// that is nearest, by Mahalanobis distance, or for those that are: what the densities
// tend to, relative to each other, far out. row returns the row as component k sees
// it.
func (m *Model) decide(joint []float64, row func(k int) []float64) {
	if floats.Max(joint) != math.Inf(-1) {
		return
	}
	size := 1.0
	for k := range m.k {
		if !finite(row(k)) {
			return
		}
		size = max(size, floats.Norm(row(k), math.Inf(1)), floats.Norm(m.mean(k), math.Inf(1)))
	}
	distances := make([]float64, m.k)
	x, mean, out := make([]float64, m.d), make([]float64, m.d), make([]float64, 1)
	for range farScales {
		least := math.Inf(1)
		for k := range m.k {
			distances[k] = math.Inf(1)
			if m.weights[k] == 0 {
				continue
			}
			floats.ScaleTo(x, 1/size, row(k))
			floats.ScaleTo(mean, 1/size, m.mean(k))
			m.shapes.logDensity(out, k, mean, x)
			distances[k] = -out[0]
			m.shapes.logDensity(out, k, mean, mean)
			if distances[k] += out[0]; !math.IsNaN(distances[k]) {
				least = min(least, distances[k])
			}
		}
		if math.IsInf(least, 1) {
			size *= farStep
			continue
		}
		for k, v := range distances {
			if v == least {
				joint[k] = 0
			}
		}
		return
	}
}

// farStep is what coordinates are divided by when distances overflow still, for
// components of tiny variances, and farScales how often that is tried.
const farStep, farScales = 0x1p256, 6

// decideRows decides the rows of x (row-major) with their log joint densities.
func (m *Model) decideRows(joint, x []float64) {
	for i := 0; i < len(joint); i += m.k {
		if row := joint[i : i+m.k]; row[0] == math.Inf(-1) {
			m.decide(row, func(int) []float64 { return x[i/m.k*m.d : (i/m.k+1)*m.d] })
		}
	}
}

// decideBatch decides rows that are completed under each component.
func (m *Model) decideBatch(w *workspace) {
	for i := range w.batch.rows {
		if row := w.joint[i*m.k : (i+1)*m.k]; row[0] == math.Inf(-1) {
			m.decide(row, func(k int) []float64 { return w.rows(k)[i*m.d : (i+1)*m.d] })
		}
	}
}
