package kde

import (
	"math"

	"likely/internal/kernel"
)

// field measures rows against all kernels: points laid out for distances in units of
// the kernels' deviations.
type field struct {
	n, d      int
	centre    []float64 // D, taken off before whitening; nil for the diagonal
	lower     []float64 // D×D; nil for the diagonal
	logCounts []float64 // N
	constant  float64   // −½ (D ln 2π + ln |H|)
	centres   kernel.Centres[float64]
	white     []float64 // N×D, the points as they are laid out
}

// set lays out the points (N×D) for kernels of covariance LLᵀ. It keeps lower and
// reuses its own memory.
func (f *field) set(shape Shape, points, counts, lower []float64) {
	n := len(counts)
	d := len(points) / n
	if f.n != n {
		f.logCounts, f.white = make([]float64, n), make([]float64, n*d)
		for k, c := range counts {
			f.logCounts[k] = math.Log(c)
		}
	}
	f.n, f.d = n, d
	f.constant = -0.5 * float64(d) * math.Log(2*math.Pi)
	if shape == Diagonal {
		// The scale of a column stands beside each point, as the kernels want it; the
		// difference is then taken before it is scaled, and rows need no preparation.
		for j, l := range lower {
			f.constant -= math.Log(l)
			for k := range n {
				f.white[k*d+j] = 1 / l
			}
		}
		f.centres.Pack(n, d, points, f.white)
		return
	}
	f.lower = lower
	for j := range d {
		f.constant -= math.Log(lower[j*(d+1)])
	}
	f.centre = append(f.centre[:0], points[:d]...)
	for k := range n {
		kernel.Centre(f.white[k*d:(k+1)*d], points[k*d:(k+1)*d], f.centre, 1)
	}
	kernel.TrsmRows(n, d, lower, d, f.white, d)
	f.centres.Pack(n, d, f.white, nil)
}

// logits stores ln countₖ − ½ (x−xₖ)ᵀH⁻¹(x−xₖ) for rows of x in dst (rows×N). white
// has room for the rows.
func (f *field) logits(dst []float64, rows int, x []float64, stride int, white []float64) {
	if f.lower != nil {
		for i := range rows {
			kernel.Centre(white[i*f.d:(i+1)*f.d], x[i*stride:i*stride+f.d], f.centre, 1)
		}
		kernel.TrsmRows(rows, f.d, f.lower, f.d, white, f.d)
		x, stride = white, f.d
	}
	f.centres.Distances(dst, rows, x, stride)
	for i := range rows {
		row := dst[i*f.n : (i+1)*f.n]
		for k, l := range f.logCounts {
			row[k] = l - 0.5*row[k]
		}
	}
}
