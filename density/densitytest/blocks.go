package densitytest

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Blocks is a nonlinear model with a code of many dimensions whose evidence is known:
// curves with codes of one or two dimensions of their own, side by side, whose codes are
// those of the whole after a rotation,
//
//	p(x) = Π p_b(x_b),   (u_1, …, u_B) = Rᵀz,   z ~ N(0, I)
//
// A normal is as invariant to R as the evidence is, but no coordinate of z belongs to one
// block alone.
type Blocks struct {
	parts []*Curve
	turn  *mat.Dense // R, L×L
}

// NewBlocks returns count curves of d columns and l ≤ 2 dimensions of the code each, with
// noise variance v: D = count·d, L = count·l.
func NewBlocks(count, d, l int, v float64, src rand.Source) *Blocks {
	m := &Blocks{}
	for range count {
		m.parts = append(m.parts, NewCurve(d, l, v, src))
	}
	random := rand.New(src)
	normals := mat.NewDense(count*l, count*l, nil)
	normals.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, normals)
	var qr mat.QR
	qr.Factorize(normals)
	m.turn = mat.NewDense(count*l, count*l, nil)
	qr.QTo(m.turn)
	return m
}

// Dim returns D.
func (m *Blocks) Dim() int { return len(m.parts) * m.parts[0].Dim() }

// LatentDim returns L.
func (m *Blocks) LatentDim() int { return len(m.parts) * m.parts[0].LatentDim() }

func (m *Blocks) prior() *density.DiagonalNormal { return density.StandardNormal(m.LatentDim()) }

// RandPrior implements density.Latent.
func (m *Blocks) RandPrior(z *mat.Dense, src rand.Source) { m.prior().Rand(z, src) }

// LogPrior implements density.Latent.
func (m *Blocks) LogPrior(dst []float64, z *mat.Dense) []float64 { return m.prior().LogProb(dst, z) }

// LogPriorGrad implements density.LatentGradient.
func (m *Blocks) LogPriorGrad(dst []float64, grad, z *mat.Dense) []float64 {
	return m.prior().LogProbGrad(dst, grad, z)
}

// LogPriorCurvature implements density.Curved.
func (m *Blocks) LogPriorCurvature(dst []float64, grad, curvature, z *mat.Dense) []float64 {
	identities(curvature, m.LatentDim())
	return m.LogPriorGrad(dst, grad, z)
}

// Rand implements density.Model.
func (m *Blocks) Rand(dst *mat.Dense, src rand.Source) {
	n, _ := dst.Dims()
	z := mat.NewDense(n, m.LatentDim(), nil)
	m.RandPrior(z, src)
	m.RandGiven(dst, z, src)
}

// RandGiven implements density.Simulator.
func (m *Blocks) RandGiven(dst, z *mat.Dense, src rand.Source) {
	checkWidth(dst, m.Dim())
	u := m.codes(z)
	for b, part := range m.parts {
		x := m.of(dst, b, part.Dim())
		part.RandGiven(x, m.of(u, b, part.LatentDim()), src)
		set(dst, x, b*part.Dim())
	}
}

// codes returns Rᵀz for each row of z.
func (m *Blocks) codes(z *mat.Dense) *mat.Dense {
	checkWidth(z, m.LatentDim())
	var u mat.Dense
	u.Mul(z, m.turn)
	return &u
}

// of returns a copy of the columns of block b.
func (m *Blocks) of(x *mat.Dense, b, width int) *mat.Dense {
	n, _ := x.Dims()
	return mat.DenseCopyOf(x.Slice(0, n, b*width, (b+1)*width))
}

// set copies block to the columns of dst from the given one.
func set(dst, block *mat.Dense, from int) {
	n, width := block.Dims()
	dst.Slice(0, n, from, from+width).(*mat.Dense).Copy(block)
}

// LogLik implements density.Latent.
func (m *Blocks) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	return m.logLik(dst, nil, nil, x, z)
}

// LogLikGrad implements density.LatentGradient.
func (m *Blocks) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	return m.logLik(dst, grad, nil, x, z)
}

// LogLikCurvature implements density.Curved.
func (m *Blocks) LogLikCurvature(dst []float64, grad, curvature, x, z *mat.Dense) []float64 {
	return m.logLik(dst, grad, curvature, x, z)
}

func (m *Blocks) logLik(dst []float64, grad, curvature, x, z *mat.Dense) []float64 {
	checkWidth(x, m.Dim())
	n, l := z.Dims()
	dst = density.Resize(dst, n)
	clear(dst)
	u := m.codes(z)
	slopes := mat.NewDense(n, l, nil)
	var inner []*mat.Dense // each N×k²
	for b, part := range m.parts {
		k := part.LatentDim()
		g, c := mat.NewDense(n, k, nil), mat.NewDense(n, k*k, nil)
		xb, ub := m.of(x, b, part.Dim()), m.of(u, b, k)
		var logs []float64
		switch {
		case curvature != nil:
			logs = part.LogLikCurvature(nil, g, c, xb, ub)
		case grad != nil:
			logs = part.LogLikGrad(nil, g, xb, ub)
		default:
			logs = part.LogLik(nil, xb, ub)
		}
		for i, v := range logs {
			dst[i] += v
		}
		set(slopes, g, b*k)
		inner = append(inner, c)
	}
	if grad != nil {
		grad.Mul(slopes, m.turn.T())
	}
	if curvature != nil {
		m.turnBack(curvature, inner)
	}
	return dst
}

// turnBack stores R C Rᵀ for the block-diagonal C of each row.
func (m *Blocks) turnBack(curvature *mat.Dense, inner []*mat.Dense) {
	n, _ := curvature.Dims()
	l, k := m.LatentDim(), m.parts[0].LatentDim()
	for i := range n {
		whole := mat.NewDense(l, l, nil)
		for b, c := range inner {
			for p := range k * k {
				whole.Set(b*k+p/k, b*k+p%k, c.At(i, p))
			}
		}
		out := mat.NewDense(l, l, curvature.RawRowView(i))
		var half mat.Dense
		half.Mul(m.turn, whole)
		out.Mul(&half, m.turn.T())
	}
}

// CurvatureCost implements density.Curved.
func (m *Blocks) CurvatureCost() int { return m.LatentDim() + 2 }

// Evidence returns log p(x) of each row of x (N×D), the sum of those of the blocks; see
// [Curve.Evidence].
func (m *Blocks) Evidence(x *mat.Dense, points int) []float64 {
	n, _ := x.Dims()
	out := make([]float64, n)
	for b, part := range m.parts {
		for i, v := range part.Evidence(m.of(x, b, part.Dim()), points) {
			out[i] += v
		}
	}
	return out
}
