package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
	"likely/internal/safetensors"
)

// FactorAnalyzers returns the family of covariances Σₖ = ΛₖΛₖᵀ + Ψₖ with loadings Λₖ
// (D×L) and diagonal noise Ψₖ: a mixture of factor analysers (Ghahramani & Hinton
// 1997), for data of many columns. No D×D matrix is formed in fitting or in
// evaluation; both cost O(N·K·D·L). L is at least 1 and less than D.
func FactorAnalyzers(l int) Covariance { return factorFamily{l: l} }

// ProbabilisticPCA returns the family Σₖ = ΛₖΛₖᵀ + ψₖI: a mixture of probabilistic
// principal component analysers (Tipping & Bishop 1999), at the same cost.
func ProbabilisticPCA(l int) Covariance { return factorFamily{l: l, isotropic: true} }

type factorFamily struct {
	l         int
	isotropic bool
}

func (f factorFamily) String() string {
	if f.isotropic {
		return fmt.Sprintf("ppca:%d", f.l)
	}
	return fmt.Sprintf("factors:%d", f.l)
}

// parseFactors returns the family that a name such as factors:10 stands for.
func parseFactors(name string) (Covariance, bool) {
	for _, f := range []factorFamily{{}, {isotropic: true}} {
		f.l = 1
		if _, err := fmt.Sscanf(name, f.String()[:len(f.String())-1]+"%d", &f.l); err == nil && f.l > 0 && f.String() == name {
			return f, true
		}
	}
	return nil, false
}

func (f factorFamily) NumParameters(k, d int) int {
	noise := d
	if f.isotropic {
		noise = 1
	}
	return k * (d*f.l - f.l*(f.l-1)/2 + noise)
}

// Noise of its own for each column absorbs their units; common noise does not.
func (f factorFamily) scales() bool { return !f.isotropic }

// innerSteps is the number of steps of the inner EM, over factors, in each M-step.
const innerSteps = 2

func (f factorFamily) maximize(m *moments, floor float64, keep shapes) (shapes, error) {
	if f.l < 1 || f.l >= m.d {
		return nil, fmt.Errorf("gmm: %d factors for %d columns: %w; want 1 to %d", f.l, m.d, ErrSettings, m.d-1)
	}
	s := &factorShapes{d: m.d, of: f, components: make([]factorShape, m.k)}
	errs := make([]error, m.k)
	var diagonals []float64
	if m.prior == nil {
		diagonals = m.squares()
	}
	forEach(m.k, func(k int) {
		if m.empty(k) {
			if keep == nil {
				errs[k] = noRows(k)
				return
			}
			s.components[k] = keep.(*factorShapes).components[k]
			return
		}
		v := newScatterView(m, k, diagonals)
		var c factorShape
		if keep == nil {
			c = f.principal(v, floor)
		} else {
			c = keep.(*factorShapes).components[k]
		}
		for range innerSteps {
			if m.ctx.Err() != nil {
				return
			}
			if !c.prepare() {
				errs[k] = m.collapsed(k, ErrCollapsed)
				return
			}
			c = f.step(v, c, floor)
		}
		if !c.prepare() {
			errs[k] = m.collapsed(k, ErrCollapsed)
			return
		}
		s.components[k] = c
	})
	return s, firstError(errs)
}

// scatterView is S = Wₖ/Nₖ as far as factors need it: its diagonal, and its product
// with thin matrices.
type scatterView struct {
	m        *moments
	k        int
	diagonal []float64
	dense    []float64 // S itself, where rows alone do not give it
}

func newScatterView(m *moments, k int, squares []float64) *scatterView {
	v := &scatterView{m: m, k: k, diagonal: make([]float64, m.d)}
	if m.prior != nil || m.scatters != nil {
		v.dense = m.scatter(k)
		floats.Scale(1/m.divisor(k), v.dense)
		for j := range v.diagonal {
			v.diagonal[j] = v.dense[j*(m.d+1)]
		}
		return v
	}
	floats.ScaleTo(v.diagonal, 1/m.divisor(k), squares[k*m.d:(k+1)*m.d])
	return v
}

// times returns S·B for B of D×L, in O(N·D·L).
func (v *scatterView) times(b []float64, l int) []float64 {
	m, d := v.m, v.m.d
	out := make([]float64, d*l)
	if v.dense != nil {
		kernel.Gemm(false, false, d, l, d, 1, v.dense, d, b, l, 0, out, l)
		return out
	}
	rows, projected := getBuffer(blockRows*d), getBuffer(blockRows*l)
	defer putBuffer(rows)
	defer putBuffer(projected)
	mean := m.mean[v.k*d : (v.k+1)*d]
	for from := 0; from < m.n && m.ctx.Err() == nil; from += blockRows {
		count := 0
		for i := from; i < min(from+blockRows, m.n); i++ {
			r := m.resp[i*m.k+v.k]
			if r == 0 {
				continue
			}
			root := math.Sqrt(r)
			row := (*rows)[count*d : (count+1)*d]
			for j, x := range m.x[i*d : (i+1)*d] {
				row[j] = root * (x - mean[j])
			}
			count++
		}
		if count > 0 {
			kernel.Gemm(false, false, count, l, d, 1, *rows, d, b, l, 0, *projected, l)
			kernel.Gemm(true, false, d, l, count, 1, *rows, d, *projected, l, 1, out, l)
		}
	}
	floats.Scale(1/m.divisor(v.k), out)
	return out
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
	f.settle(&c, floor)
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
	f.settle(&out, floor)
	return out
}

// settle makes the noise isotropic where it has to be, and imposes the floor.
func (f factorFamily) settle(c *factorShape, floor float64) {
	if f.isotropic {
		fill(c.noise, sum(c.noise)/float64(c.d))
	}
	for j, v := range c.noise {
		if v < floor {
			c.noise[j], c.atFloor = floor, true
		}
	}
}

func (f factorFamily) toTensor(s shapes) safetensors.Tensor {
	t := s.(*factorShapes)
	out := safetensors.Tensor{Name: "covariances", Shape: []int{len(t.components), t.d, f.l + 1}}
	for _, c := range t.components {
		for j := range t.d {
			out.Data = append(out.Data, c.loadings[j*f.l:(j+1)*f.l]...)
			out.Data = append(out.Data, c.noise[j])
		}
	}
	return out
}

func (f factorFamily) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	if err := checkShape(t, k, d, f.l+1); err != nil {
		return nil, err
	}
	s := &factorShapes{d: d, of: f, components: make([]factorShape, k)}
	for i := range s.components {
		c := factorShape{d: d, l: f.l}
		for j := range d {
			row := t.Data[(i*d+j)*(f.l+1) : (i*d+j+1)*(f.l+1)]
			c.loadings = append(c.loadings, row[:f.l]...)
			c.noise = append(c.noise, row[f.l])
		}
		if !c.prepare() {
			return nil, fmt.Errorf("gmm: covariance %d has noise that is not positive or loadings that are not finite: %w", i+1, ErrParameters)
		}
		s.components[i] = c
	}
	return s, nil
}

// factorShapes are K covariances of few factors.
type factorShapes struct {
	d          int
	of         factorFamily
	components []factorShape
}

// factorShape is one covariance Σ = ΛΛᵀ + Ψ.
type factorShape struct {
	d, l            int
	loadings, noise []float64 // D×L, D
	atFloor         bool

	inverse  []float64              // ψ^(−½), D
	reduce   kernel.Packed[float64] // R = Ψ^(−½)Λ C⁻ᵀ, D×L, with I + ΛᵀΨ⁻¹Λ = CCᵀ
	thin     []float64              // R
	constant float64                // −½(D ln 2π + ln|Σ|)
}

// prepare computes what densities need, and reports whether Σ is a covariance. By
// Woodbury, with e = Ψ^(−½)(x−μ),
//
//	(x−μ)ᵀΣ⁻¹(x−μ) = ‖e‖² − ‖Rᵀe‖²        ln|Σ| = Σ ln ψⱼ + ln|I + ΛᵀΨ⁻¹Λ|
func (c *factorShape) prepare() bool {
	d, l := c.d, c.l
	c.inverse = make([]float64, d)
	scaled := make([]float64, d*l)
	logs := 0.0
	for j, v := range c.noise {
		if !(v > 0) || math.IsInf(v, 0) {
			return false
		}
		c.inverse[j] = 1 / math.Sqrt(v)
		logs += math.Log(v)
		floats.ScaleTo(scaled[j*l:(j+1)*l], c.inverse[j], c.loadings[j*l:(j+1)*l])
	}
	inner := make([]float64, l*l)
	kernel.Syrk(true, l, d, 1, scaled, l, 0, inner, l)
	for i := range l {
		inner[i*(l+1)]++
	}
	var chol mat.Cholesky
	if floats.HasNaN(inner) || !chol.Factorize(mat.NewSymDense(l, inner)) {
		return false
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	factor := make([]float64, l*l)
	for i := range l {
		for j := range i + 1 {
			factor[i*l+j] = lower.At(i, j)
		}
	}
	kernel.TrsmRows(d, l, factor, l, scaled, l)
	c.thin = scaled
	c.reduce.Pack(false, d, l, scaled, l)
	c.constant = -0.5 * (float64(d)*math.Log(2*math.Pi) + logs + chol.LogDet())
	return true
}

// posterior returns βᵀ = Σ⁻¹Λ (D×L) = Ψ^(−½) (I − RRᵀ) Ψ^(−½)Λ.
func (c *factorShape) posterior() []float64 {
	d, l := c.d, c.l
	beta := make([]float64, d*l)
	for j, v := range c.inverse {
		floats.ScaleTo(beta[j*l:(j+1)*l], v, c.loadings[j*l:(j+1)*l])
	}
	inner := make([]float64, l*l)
	kernel.Gemm(true, false, l, l, d, 1, c.thin, l, beta, l, 0, inner, l)
	kernel.Gemm(false, false, d, l, l, -1, c.thin, l, inner, l, 1, beta, l)
	for j, v := range c.inverse {
		floats.Scale(v, beta[j*l:(j+1)*l])
	}
	return beta
}

func (s *factorShapes) logDensities(dst, means, x []float64) {
	rows, k, l := len(x)/s.d, len(s.components), s.of.l
	e, t := getBuffer(len(x)), getBuffer(rows*l)
	defer putBuffer(e)
	defer putBuffer(t)
	for c := range s.components {
		shape := &s.components[c]
		shape.whiten(*e, means[c*s.d:(c+1)*s.d], x)
		shape.reduce.Mul(rows, 1, *e, s.d, 0, *t, l)
		for i := range rows {
			dst[i*k+c] = shape.combine((*e)[i*s.d:(i+1)*s.d], (*t)[i*l:(i+1)*l])
		}
	}
}

// whiten stores Ψ^(−½)(x−μ) for the rows of x in e.
func (c *factorShape) whiten(e, mean, x []float64) {
	for from := 0; from < len(x); from += c.d {
		row, to := x[from:from+c.d], e[from:from+c.d]
		for j, v := range c.inverse {
			to[j] = (row[j] - mean[j]) * v
		}
	}
}

func (c *factorShape) combine(e, t []float64) float64 {
	var long, short float64
	for _, v := range e {
		long += v * v
	}
	for _, v := range t {
		short += v * v
	}
	return c.constant - 0.5*(long-short)
}

func (s *factorShapes) logDensity(k int, mean, x []float64) float64 {
	e, t := getBuffer(s.d), getBuffer(s.of.l)
	defer putBuffer(e)
	defer putBuffer(t)
	c := &s.components[k]
	c.whiten(*e, mean, x)
	c.reduce.Mul(1, 1, *e, s.d, 0, *t, s.of.l)
	return c.combine(*e, *t)
}

func (s *factorShapes) displace(dst []float64, k int, random *rand.Rand) {
	c := &s.components[k]
	for j := range dst {
		dst[j] = math.Sqrt(c.noise[j]) * random.NormFloat64()
	}
	for q := range c.l {
		z := random.NormFloat64()
		for j := range dst {
			dst[j] += c.loadings[j*c.l+q] * z
		}
	}
}

func (s *factorShapes) at(k, i, j int) float64 {
	c := &s.components[k]
	v := floats.Dot(c.loadings[i*c.l:(i+1)*c.l], c.loadings[j*c.l:(j+1)*c.l])
	if i == j {
		v += c.noise[i]
	}
	return v
}

func (s *factorShapes) narrowest(k int) float64 { return floats.Min(s.components[k].noise) }

func (s *factorShapes) floored(k int) bool { return s.components[k].atFloor }

func (s *factorShapes) rescaled(scale []float64) shapes {
	out := &factorShapes{d: s.d, of: s.of, components: make([]factorShape, len(s.components))}
	for k, c := range s.components {
		r := factorShape{d: c.d, l: c.l, loadings: make([]float64, len(c.loadings)), noise: make([]float64, c.d), atFloor: c.atFloor}
		for j, v := range scale {
			floats.ScaleTo(r.loadings[j*c.l:(j+1)*c.l], v, c.loadings[j*c.l:(j+1)*c.l])
			r.noise[j] = c.noise[j] * (v * v)
		}
		if !r.prepare() {
			panic("gmm: a rescaled covariance is not positive definite")
		}
		out.components[k] = r
	}
	return out
}

func (s *factorShapes) reordered(order []int) shapes {
	out := &factorShapes{d: s.d, of: s.of}
	for _, k := range order {
		out.components = append(out.components, s.components[k])
	}
	return out
}

func (s *factorShapes) family() Covariance { return s.of }

// Factors returns the loadings Λₖ (D×L) and the noise Ψₖ (length D) of component k,
// or nil for a family without factors.
func (m *Model) Factors(k int) (*mat.Dense, []float64) {
	s, ok := m.shapes.(*factorShapes)
	if !ok {
		return nil, nil
	}
	c := s.components[k]
	return mat.NewDense(c.d, c.l, append([]float64{}, c.loadings...)), append([]float64{}, c.noise...)
}
