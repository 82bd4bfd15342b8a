package vae

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Encoder is q(z|x) = N(m(x), diag exp(s(x))), with m and s from one network.
type Encoder struct{ m *Model }

// Encoder returns q(z|x).
func (m *Model) Encoder() *Encoder { return &Encoder{m} }

// LatentDim returns L.
func (q *Encoder) LatentDim() int { return q.m.config.Latent }

// Moments returns the means m(x) and the log-variances s(x) of q(z|x), both
// N×L, for each row of x (N×D).
func (q *Encoder) Moments(x *mat.Dense) (mean, logvar *mat.Dense) {
	checkWidth(x, q.m.config.Dim)
	n, _ := x.Dims()
	l := q.m.config.Latent
	mean, logvar = mat.NewDense(n, l, nil), mat.NewDense(n, l, nil)
	q.m.each(n, func(w *workspace, from, to int) {
		h := q.m.encode(w, x, from, to)
		for i := from; i < to; i++ {
			row := h[(i-from)*2*l : (i-from+1)*2*l]
			copy(mean.RawRowView(i), row[:l])
			copy(logvar.RawRowView(i), row[l:])
		}
	})
	return mean, logvar
}

// Rand fills z (N·S×L) with S independent draws from q(z|xᵢ) for each row i of
// x (N×D), in rows i·S to i·S+S−1. The encoder runs once a row of x.
func (q *Encoder) Rand(z, x *mat.Dense, src rand.Source) {
	checkWidth(z, q.m.config.Latent)
	draws := density.Draws(x, z)
	mean, logvar := q.Moments(x)
	random := rand.New(src)
	n, _ := x.Dims()
	for i := range n {
		m, sd := mean.RawRowView(i), logvar.RawRowView(i)
		for j, s := range sd {
			sd[j] = math.Exp(0.5 * s)
		}
		for r := i * draws; r < (i+1)*draws; r++ {
			row := z.RawRowView(r)
			fillNormal(row, random)
			for j, e := range row {
				row[j] = m[j] + sd[j]*e
			}
		}
	}
}

// LogProb stores log q(z|x) in nats for each row of z (N·S×L) in dst (length
// N·S, or nil) and returns it. Row i·S+s of z belongs to row i of x (N×D).
func (q *Encoder) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	checkWidth(z, q.m.config.Latent)
	draws := density.Draws(x, z)
	rows, l := z.Dims()
	dst = density.Resize(dst, rows)
	mean, logvar := q.Moments(x)
	n, _ := x.Dims()
	precision := make([]float64, l)
	for i := range n {
		m, s := mean.RawRowView(i), logvar.RawRowView(i)
		constant := float64(l) * log2Pi
		for j, v := range s {
			constant += v
			precision[j] = math.Exp(-v)
		}
		for r := i * draws; r < (i+1)*draws; r++ {
			sum := constant
			for j, v := range z.RawRowView(r) {
				sum += (v - m[j]) * (v - m[j]) * precision[j]
			}
			dst[r] = -0.5 * sum
		}
	}
	return dst
}

// KLPrior stores
//
//	KL(q(z|xᵢ) ‖ N(0, I)) = ½ Σ (exp(s) − 1 − s + m²)
//
// in nats for each row of x (N×D) in dst (length N, or nil) and returns it
// (Kingma & Welling 2014, appendix B).
func (q *Encoder) KLPrior(dst []float64, x *mat.Dense) []float64 {
	n, _ := x.Dims()
	dst = density.Resize(dst, n)
	mean, logvar := q.Moments(x)
	for i := range dst {
		dst[i] = klStandard(mean.RawRowView(i), logvar.RawRowView(i))
	}
	return dst
}

func klStandard(mean, logvar []float64) float64 {
	var sum float64
	for j, m := range mean {
		sum += math.Exp(logvar[j]) - 1 - logvar[j] + m*m
	}
	return 0.5 * sum
}
