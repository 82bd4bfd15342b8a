package vae

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/nn"
)

var _ density.Curved = (*Model)(nil)

// CurvatureCost returns what one row of LogLikCurvature costs, in evaluations of
// p(x|z): the multiplications of the Jacobian, of JᵀWJ and of a pass forward and back,
// over those of a pass, rounded up. 50-200-200-784 takes 60.
func (m *Model) CurvatureCost() int {
	var l nn.Layout
	decoder := nn.NewMLP[float64](&l, m.config.decoderWidths(), 0, false)
	jacobian, forward := decoder.JacobianProducts()
	products := jacobian + 2*forward + m.config.decoderOutputs()*m.config.Latent*(m.config.Latent+1)
	return (products + forward - 1) / forward
}

// LogLikCurvature stores log p(x|z) in nats for each row of z (N·S×L) in dst (length
// N·S, or nil), which it returns, its gradient by z in the same row of grad (N·S×L)
// and JᵀWJ in that of curvature (N·S×L²), with J the Jacobian of the decoder's
// outputs by z and W the Fisher information of the columns on them. Row i·S+s of z
// belongs to row i of x (N×D). Each row takes CurvatureCost evaluations of p(x|z),
// and a core holds about (L + 2)·(D + 2 max Hidden) numbers.
func (m *Model) LogLikCurvature(dst []float64, grad, curvature, x, z *mat.Dense) []float64 {
	checkWidth(x, m.config.Dim)
	checkWidth(z, m.config.Latent)
	checkWidth(grad, m.config.Latent)
	checkWidth(curvature, m.config.Latent*m.config.Latent)
	rows, _ := z.Dims()
	dst = density.Resize(dst, rows)
	draws := density.Draws(x, z)
	switch e := m.engine.(type) {
	case *frozen[float32]:
		m.each(rows, e.slope(m.coder).curve(dst, grad, curvature, x, z, draws))
	case *frozen[float64]:
		m.each(rows, e.slope(m.coder).curve(dst, grad, curvature, x, z, draws))
	}
	return dst
}

// bend is the memory of one JᵀWJ.
type bend[T kernel.Float] struct {
	heads             *heads
	jacobian, scratch []T // L×outputs
	curvature         []T // L×L
	loc, s, w         []float64
	byLoc, byS, both  []float64
	weight            []T // outputs: roots of the diagonal of W
	mix               []T // scales: what ties s to loc
	share             []T // locations: probabilities, where a column has several
}

func (p *slope[T]) newBend() *bend[T] {
	c, decoder := &p.m.config, p.e.network.decoder
	locations, scales := p.m.obs.locations(), p.m.obs.scales()
	b := &bend[T]{
		heads:    &p.m.obs.heads,
		jacobian: make([]T, c.Latent*decoder.Out()), scratch: decoder.JacobianScratch(),
		curvature: make([]T, c.Latent*c.Latent), weight: make([]T, decoder.Out()), mix: make([]T, scales),
		loc: make([]float64, locations), byLoc: make([]float64, locations), share: make([]T, locations),
	}
	for _, v := range []*[]float64{&b.s, &b.w, &b.byS, &b.both} {
		*v = make([]float64, scales)
	}
	return b
}

// curve returns a function that runs chunks of rows forward and back, for values and
// gradients, and takes the Jacobian of each from the tape.
func (p *slope[T]) curve(dst []float64, grad, curvature, x, z *mat.Dense, draws int) func(_ *workspace, from, to int) {
	return func(_ *workspace, from, to int) {
		t := p.tapes.Get().(*slopeTape[T])
		defer p.tapes.Put(t)
		p.through(t, dst, grad, x, z, draws, from, to)
		b := p.bends.Get().(*bend[T])
		defer p.bends.Put(b)
		l, decoder := p.m.config.Latent, p.e.network.decoder
		outputs := decoder.Out()
		for r := from; r < to; r++ {
			decoder.Jacobian(p.e.theta, t.tape, r-from, b.jacobian, b.scratch)
			p.weigh(b, x.RawRowView(r/draws), t.tape.Output()[(r-from)*outputs:(r-from+1)*outputs])
			for k := range l {
				b.scale(b.jacobian[k*outputs : (k+1)*outputs])
			}
			kernel.Syrk(false, l, outputs, 1, b.jacobian, outputs, 0, b.curvature, l)
			row := curvature.RawRowView(r)
			for k, v := range b.curvature {
				row[k] = float64(v)
			}
		}
	}
}

// weigh stores W of the row x in b as the factor R of W = RᵀR,
//
//	column j:   (weightⱼ  mixⱼ   )   of (locⱼ, sⱼ)
//	            (0        weight_D+j)
//
// and of a column with several locations, whose W is diag(p) − ppᵀ, diag(√p)(I − 1pᵀ).
func (p *slope[T]) weigh(b *bend[T], x []float64, out []T) {
	d := b.heads.locations()
	for j, v := range out[:d] {
		b.loc[j] = float64(v)
	}
	s, w := p.m.logvar, p.m.precision
	if b.heads.network {
		for j, v := range out[d:] {
			b.s[j] = max(float64(v), p.m.logFloor[j])
		}
		negExp(b.w, b.s)
		s, w = b.s, b.w
	}
	p.m.obs.information(b.byLoc, b.byS, b.both, x, b.loc, s, w)
	for j, v := range b.byLoc {
		b.weight[j], b.share[j] = T(math.Sqrt(v)), T(v)
	}
	if !b.heads.network {
		return
	}
	b.heads.eachScale(func(k, j int) {
		b.mix[k], b.weight[d+k] = 0, 0
		if float64(out[d+k]) < p.m.logFloor[k] { // the scale stays at its floor
			return
		}
		v := b.byS[k]
		if at := b.heads.loc[j]; b.both[k] != 0 && b.byLoc[at] > 0 {
			v -= b.both[k] * b.both[k] / b.byLoc[at]
			b.mix[k] = T(b.both[k] / math.Sqrt(b.byLoc[at]))
		}
		b.weight[d+k] = T(math.Sqrt(max(v, 0)))
	})
}

// scale multiplies a row of the Jacobian by Rᵀ.
func (b *bend[T]) scale(line []T) {
	d := b.heads.locations()
	b.centre(line)
	for j, v := range b.weight[:d] {
		line[j] *= v
	}
	if len(line) == d {
		return
	}
	b.heads.eachScale(func(k, j int) {
		line[b.heads.loc[j]] += b.mix[k] * line[d+k]
		line[d+k] *= b.weight[d+k]
	})
}

// centre takes the mean off the locations of each column that has several.
func (b *bend[T]) centre(line []T) {
	loc := b.heads.loc
	if len(loc)-1 == b.heads.locations() {
		return
	}
	for j := range loc[1:] {
		if loc[j+1]-loc[j] == 1 {
			continue
		}
		of, share := line[loc[j]:loc[j+1]], b.share[loc[j]:loc[j+1]]
		var mean float64
		for k, v := range of {
			mean += float64(v) * float64(share[k])
		}
		for k := range of {
			of[k] -= T(mean)
		}
	}
}

// LogPriorCurvature stores log p(zᵢ) in nats for each row of z (N×L) in dst (length
// N, or nil), which it returns, its gradient in row i of grad (N×L) and a positive
// definite curvature of −log p(z) in row i of curvature (N×L²): the identity for
// N(0, I), and for a mixture the mean of the components' precisions, weighted by
// their responsibilities, which is the curvature where one of them is responsible,
// and larger between them.
func (m *Model) LogPriorCurvature(dst []float64, grad, curvature, z *mat.Dense) []float64 {
	dst = m.LogPriorGrad(dst, grad, z)
	l := m.config.Latent
	checkWidth(curvature, l*l)
	curvature.Zero()
	n, _ := z.Dims()
	if m.prior == nil {
		for i := range n {
			row := curvature.RawRowView(i)
			for j := range l {
				row[j*l+j] = 1
			}
		}
		return dst
	}
	var chol mat.Cholesky
	var precision mat.SymDense
	shares := m.prior.Responsibilities(nil, z)
	for i := range n {
		row := curvature.RawRowView(i)
		for k, share := range shares.RawRowView(i) {
			if share < negligible || !chol.Factorize(m.prior.Covariance(k)) {
				continue
			}
			precision.Reset()
			if chol.InverseTo(&precision) != nil {
				continue
			}
			for a := range l {
				for b := range l {
					row[a*l+b] += share * precision.At(a, b)
				}
			}
		}
	}
	return dst
}

// negligible is the responsibility below which a component of the prior adds nothing
// to its curvature.
const negligible = 1e-8
