package gmm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// fit returns loadings and noise that are more likely than those kept, given the
// scatter, and whether they are a covariance: the maximum where the scatter is at
// hand, and a few steps towards it where rows are wide.
func (f factorFamily) fit(v *scatterView, kept *factorShape, floor float64) (factorShape, bool) {
	exact := f.needs(v.m.d) == needScatters
	if exact && f.isotropic {
		c := f.closedForm(v, floor)
		return c, c.prepare()
	}
	var c factorShape
	if kept == nil {
		c = f.principal(v, floor)
	} else {
		c = *kept
	}
	if exact {
		c = f.ascend(v, c, floor)
		return c, c.prepare()
	}
	for range innerSteps {
		if v.m.ctx.Err() != nil || !c.prepare() {
			return c, false
		}
		c = f.step(v, c, floor)
	}
	return c, c.prepare()
}

// powerSteps is the number of subspace iterations for the first loadings. EM
// corrects what they leave.
const powerSteps = 6

// principal returns loadings along the leading eigenvectors of S, as in
// probabilistic PCA, found by subspace iteration.
func (f factorFamily) principal(v *scatterView, floor float64) factorShape {
	d, l := v.m.d, f.l
	random := rand.New(density.NewSource(0, "gmm.factors"))
	basis := mat.NewDense(d, l, nil)
	for i := range d {
		for j := range l {
			basis.Set(i, j, random.NormFloat64())
		}
	}
	product := basis
	for range powerSteps {
		var qr mat.QR
		var q mat.Dense
		qr.Factorize(product)
		qr.QTo(&q)
		basis = mat.DenseCopyOf(q.Slice(0, d, 0, l))
		product = mat.NewDense(d, l, v.times(basis.RawMatrix().Data, l))
	}
	var small mat.Dense
	small.Mul(basis.T(), product)
	symmetric := mat.NewSymDense(l, nil)
	for i := range l {
		for j := range i + 1 {
			symmetric.SetSym(i, j, 0.5*(small.At(i, j)+small.At(j, i)))
		}
	}
	values, vectors, err := eigen([]*mat.SymDense{symmetric})
	c := factorShape{d: d, l: l, loadings: make([]float64, d*l), noise: append([]float64{}, v.diagonal...)}
	if err != nil {
		return c // not finite, which the caller finds
	}
	rest := max((sum(v.diagonal)-sum(values[0]))/float64(d-l), floor)
	var axes mat.Dense
	axes.Mul(basis, vectors[0])
	for j := range d {
		for q := range l {
			w := math.Sqrt(max(values[0][q]-rest, 0)) * axes.At(j, q)
			c.loadings[j*l+q] = w
			c.noise[j] -= w * w
		}
	}
	f.constrain(&c, floor)
	return c
}

// step is one step of EM for factor analysis of S, given the posterior of the
// factors under c: with β = ΛᵀΣ⁻¹,
//
//	Λ ← Sβᵀ (I − βΛ + βSβᵀ)⁻¹        Ψ ← diag(S − Λ βS)
func (f factorFamily) step(v *scatterView, c factorShape, floor float64) factorShape {
	d, l := c.d, c.l
	beta := c.posterior() // D×L, βᵀ
	sb := v.times(beta, l)
	second := make([]float64, l*l)
	kernel.Gemm(true, false, l, l, d, -1, beta, l, c.loadings, l, 0, second, l)
	kernel.Gemm(true, false, l, l, d, 1, beta, l, sb, l, 1, second, l)
	moment := mat.NewSymDense(l, nil)
	for i := range l {
		for j := range i + 1 {
			moment.SetSym(i, j, 0.5*(second[i*l+j]+second[j*l+i]))
		}
		moment.SetSym(i, i, moment.At(i, i)+1)
	}
	out := factorShape{d: d, l: l, loadings: make([]float64, d*l), noise: append([]float64{}, v.diagonal...)}
	var chol mat.Cholesky
	if !chol.Factorize(moment) {
		fill(out.noise, math.NaN())
		return out
	}
	var solved mat.Dense
	if err := chol.SolveTo(&solved, mat.NewDense(d, l, sb).T()); err != nil {
		if _, nearly := err.(mat.Condition); !nearly {
			fill(out.noise, math.NaN())
			return out
		}
	}
	for j := range d {
		for q := range l {
			w := solved.At(q, j)
			out.loadings[j*l+q] = w
			out.noise[j] -= w * sb[j*l+q]
		}
	}
	f.constrain(&out, floor)
	return out
}

// constrain makes the noise isotropic where it has to be, and imposes the floor.
func (f factorFamily) constrain(c *factorShape, floor float64) {
	if f.isotropic {
		fill(c.noise, sum(c.noise)/float64(c.d))
	}
	for j, v := range c.noise {
		if v < floor {
			c.noise[j], c.atFloor = floor, true
		}
	}
}
