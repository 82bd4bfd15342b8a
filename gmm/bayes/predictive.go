package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

var _ density.Exact = (*Posterior)(nil)

// Dim returns D.
func (p *Posterior) Dim() int { return p.d }

// students returns the predictive densities of the components.
func (p *Posterior) students(src rand.Source) []student {
	means := p.means()
	out := make([]student, p.k)
	for k := range out {
		out[k] = p.precisions.predictive(k, means[k*p.d:(k+1)*p.d], p.shrinkage[k], src)
	}
	return out
}

// LogProb stores the predictive log density E_q[p(x|θ)] of each row of x (N×D), in
// nats, in dst (length N, or nil) and returns it: that of a mixture of Student's t.
func (p *Posterior) LogProb(dst []float64, x *mat.Dense) []float64 {
	n, d := x.Dims()
	if d != p.d {
		panic("bayes: data and model differ in width")
	}
	dst = density.Resize(dst, n)
	weights, students := p.Weights(), p.students(nil)
	joint := make([]float64, p.k)
	for i := range dst {
		for c, t := range students {
			joint[c] = math.Log(weights[c]) + t.LogProb(x.RawRowView(i))
		}
		dst[i] = density.LogSumExp(joint)
	}
	return dst
}

// Rand fills dst (N×D) with draws from the predictive distribution.
func (p *Posterior) Rand(dst *mat.Dense, src rand.Source) {
	n, d := dst.Dims()
	if d != p.d {
		panic("bayes: data and model differ in width")
	}
	weights, students := distuv.NewCategorical(p.Weights(), src), p.students(src)
	for i := range n {
		students[int(weights.Rand())].Rand(dst.RawRowView(i))
	}
}
