package elbo

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// orthants is a normal whose spread may differ in the two directions of each axis
// (Geweke 1989, section 3, there with the tails of a t):
//
//	z = m + A u,   q(u) = Π N(uⱼ; 0, sⱼ²) · 2sⱼ/(upⱼ + downⱼ),   sⱼ = upⱼ for uⱼ > 0, else downⱼ
//
// It draws the sign of uⱼ with odds upⱼ : downⱼ.
type orthants struct {
	l        int
	mean     []float64 // m
	out, in  []float64 // A and its inverse, L×L
	up, down []float64
	constant float64 // logarithm of the density at m
}

var _ density.ProposalGradient = (*orthants)(nil)

func newOrthants(mean, out, in, up, down []float64, logDet float64) *orthants {
	l := len(mean)
	q := &orthants{l: l, mean: mean, out: out, in: in, up: up, down: down}
	q.constant = -logDet - 0.5*float64(l)*math.Log(2*math.Pi)
	for j := range l {
		q.constant -= math.Log((up[j] + down[j]) / 2)
	}
	return q
}

// LatentDim implements density.Proposal.
func (q *orthants) LatentDim() int { return q.l }

// Rand implements density.Proposal.
func (q *orthants) Rand(z, x *mat.Dense, src rand.Source) {
	density.Draws(x, z)
	random := rand.New(src)
	n, l := z.Dims()
	axes, codes := make([]float64, n*l), make([]float64, n*l)
	for i := range n {
		row := axes[i*l : (i+1)*l]
		for j := range row {
			e := math.Abs(random.NormFloat64())
			if random.Float64()*(q.up[j]+q.down[j]) < q.up[j] {
				row[j] = e * q.up[j]
			} else {
				row[j] = -e * q.down[j]
			}
		}
	}
	kernel.Gemm(false, true, n, l, l, 1, axes, l, q.out, l, 0, codes, l)
	for i := range n {
		row := z.RawRowView(i)
		for j, m := range q.mean {
			row[j] = m + codes[i*l+j]
		}
	}
}

// axes returns u of each row of z (N×L), row-major.
func (q *orthants) axes(z *mat.Dense) []float64 {
	n, l := z.Dims()
	if l != q.l {
		panic("elbo: dimension mismatch")
	}
	axes, codes := make([]float64, n*l), make([]float64, n*l)
	for i := range n {
		row := z.RawRowView(i)
		for j, m := range q.mean {
			codes[i*l+j] = row[j] - m
		}
	}
	kernel.Gemm(false, true, n, l, l, 1, codes, l, q.in, l, 0, axes, l)
	return axes
}

// scaled replaces u by uⱼ/sⱼ and returns the log-density there.
func (q *orthants) scaled(u []float64) float64 {
	var square float64
	for j, v := range u {
		s := q.up[j]
		if v < 0 {
			s = q.down[j]
		}
		u[j] = v / s
		square += u[j] * u[j]
	}
	return q.constant - 0.5*square
}

// LogProb implements density.Proposal.
func (q *orthants) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	density.Draws(x, z)
	n, l := z.Dims()
	dst = density.Resize(dst, n)
	axes := q.axes(z)
	for i := range n {
		dst[i] = q.scaled(axes[i*l : (i+1)*l])
	}
	return dst
}

// LogProbGrad implements density.ProposalGradient.
func (q *orthants) LogProbGrad(dst []float64, grad, z, x *mat.Dense) []float64 {
	density.Draws(x, z)
	n, l := z.Dims()
	dst = density.Resize(dst, n)
	axes := q.axes(z)
	for i := range n {
		u := axes[i*l : (i+1)*l]
		dst[i] = q.scaled(u)
		for j, v := range u {
			if v > 0 {
				u[j] = -v / q.up[j]
			} else {
				u[j] = -v / q.down[j]
			}
		}
	}
	slopes := make([]float64, n*l)
	kernel.Gemm(false, false, n, l, l, 1, axes, l, q.in, l, 0, slopes, l)
	for i := range n {
		copy(grad.RawRowView(i), slopes[i*l:(i+1)*l])
	}
	return dst
}
