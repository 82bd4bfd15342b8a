package bayes

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/internal/spread"
)

// predictedRows is the number of rows whose density is a unit of work.
const predictedRows = 256

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
	students, logs := p.students(nil), p.Weights()
	for c, w := range logs {
		logs[c] = math.Log(w)
	}
	// The context does not end, and no unit has an error.
	_ = spread.Each(context.Background(), (n+predictedRows-1)/predictedRows, nil, func() func(int) error {
		joint, work := make([]float64, p.k), make([]float64, p.d)
		return func(b int) error {
			for i := b * predictedRows; i < min((b+1)*predictedRows, n); i++ {
				for c, t := range students {
					joint[c] = logs[c] + t.LogProb(x.RawRowView(i), work)
				}
				dst[i] = density.LogSumExp(joint)
			}
			return nil
		}
	})
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
