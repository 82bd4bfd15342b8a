package dataset

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// ridge is the mixture of K equally weighted round Gaussians in the plane,
//
//	p(x) = 1/K Σₖ exp(−|x−μₖ|²/2σₖ²) / (2π σₖ²)
type ridge []point

// Dim returns 2.
func (r ridge) Dim() int { return 2 }

// Rand fills dst (N×2) with independent draws.
func (r ridge) Rand(dst *mat.Dense, src rand.Source) { r.draw(dst, nil, src) }

// draw is Rand that also keeps the class of each row, unless labels is nil.
func (r ridge) draw(dst *mat.Dense, labels []int, src rand.Source) {
	n, d := dst.Dims()
	if d != 2 {
		panic("dataset: dimension mismatch")
	}
	rnd := rand.New(src)
	for i := range n {
		p := r[rnd.IntN(len(r))]
		row := dst.RawRowView(i)
		// Products are rounded, so that no platform fuses them with the sum.
		row[0] = p.x + float64(p.sd*rnd.NormFloat64())
		row[1] = p.y + float64(p.sd*rnd.NormFloat64())
		if labels != nil {
			labels[i] = p.class
		}
	}
}

// LogProb stores log p(xᵢ) in nats for each row of x (N×2) in dst (length N,
// or nil) and returns it.
func (r ridge) LogProb(dst []float64, x *mat.Dense) []float64 {
	n, d := x.Dims()
	if d != 2 {
		panic("dataset: dimension mismatch")
	}
	dst = density.Resize(dst, n)
	terms := make([]float64, len(r))
	for i := range dst {
		row := x.RawRowView(i)
		for k, p := range r {
			u, v := (row[0]-p.x)/p.sd, (row[1]-p.y)/p.sd
			terms[k] = -(u*u+v*v)/2 - math.Log(2*math.Pi*p.sd*p.sd)
		}
		dst[i] = density.LogMeanExp(terms)
	}
	return dst
}
