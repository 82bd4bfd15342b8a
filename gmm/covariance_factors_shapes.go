package gmm

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
)

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
	thin     []float64              // R = Ψ^(−½)Λ C⁻ᵀ, D×L, with I + ΛᵀΨ⁻¹Λ = CCᵀ
	reduce   kernel.Packed[float64] // Ψ^(−½)R, so that x−μ gives Rᵀe
	root     []float64              // C, L×L, if factors explain some column almost whole; or nil
	inner    float64                // ln|I + ΛᵀΨ⁻¹Λ|
	constant float64                // −½(D ln 2π + ln|Σ|)
}

// explained is the size of a loading, in standard deviations of its column's noise,
// from which ‖e‖² − ‖Rᵀe‖² loses digits that matter.
const explained = 100

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
	c.root = nil
	if floats.Norm(scaled, math.Inf(1)) > explained {
		c.root = factor
	}
	kernel.TrsmRows(d, l, factor, l, scaled, l)
	c.thin = scaled
	raw := make([]float64, d*l)
	for j, v := range c.inverse {
		floats.ScaleTo(raw[j*l:(j+1)*l], v, scaled[j*l:(j+1)*l])
	}
	c.reduce.Pack(false, d, l, raw, l)
	c.inner = chol.LogDet()
	c.constant = -0.5 * (float64(d)*math.Log(2*math.Pi) + logs + c.inner)
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
	rows, k := len(x)/s.d, len(s.components)
	logs := getBuffer(rows)
	defer putBuffer(logs)
	for c := range s.components {
		s.logDensity(*logs, c, means[c*s.d:(c+1)*s.d], x)
		for i, v := range *logs {
			dst[i*k+c] = v
		}
	}
}

func (s *factorShapes) logDensity(dst []float64, k int, mean, x []float64) {
	rows, d, l := len(dst), s.d, s.of.l
	e, t := getBuffer(len(x)), getBuffer(rows*l)
	defer putBuffer(e)
	defer putBuffer(t)
	c := &s.components[k]
	for i := 0; i < len(x); i += d {
		kernel.Centre((*e)[i:i+d], x[i:i+d], mean, 1)
	}
	c.reduce.Mul(rows, 1, *e, d, 0, *t, l)
	if c.root != nil {
		c.logDensityWhole(dst, *e, *t)
		return
	}
	squaredDistances(dst, 1, d, mean, c.inverse, x)
	for i, long := range dst {
		short := (*t)[i*l : (i+1)*l]
		dst[i] = c.constant - 0.5*(long-floats.Dot(short, short))
	}
}

// logDensityWhole is the end of logDensity, without cancellation, for rows x−μ (×D) and
// t = Rᵀe (rows×L), both of which it overwrites:
//
//	‖e‖² − ‖t‖² = ‖e − Rt‖² + ‖C⁻ᵀt‖²
func (c *factorShape) logDensityWhole(dst, e, t []float64) {
	d, l := c.d, c.l
	for i := 0; i < len(e); i += d {
		floats.Mul(e[i:i+d], c.inverse)
	}
	kernel.Gemm(false, true, len(dst), d, l, -1, t, l, c.thin, l, 1, e, d)
	root := blas64.Triangular{N: l, Stride: l, Data: c.root, Uplo: blas.Lower, Diag: blas.NonUnit}
	for i := range dst {
		blas64.Trsv(blas.Trans, root, blas64.Vector{N: l, Inc: 1, Data: t[i*l : (i+1)*l]})
		e := e[i*d : (i+1)*d]
		t := t[i*l : (i+1)*l]
		dst[i] = c.constant - 0.5*(floats.Dot(e, e)+floats.Dot(t, t))
	}
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

// narrowest looks among the columns of little noise alone. A single one of them may
// be explained by the factors (a Heywood case) with no direction in which Σ is
// narrow; more of them than factors always leave one.
func (s *factorShapes) narrowest(k int) float64 {
	c := &s.components[k]
	least := floats.Min(c.noise)
	var quiet []int
	for j, v := range c.noise {
		if v < 10*nearSingular {
			quiet = append(quiet, j)
		}
	}
	if len(quiet) == 0 || len(quiet) > c.l {
		return least
	}
	block := mat.NewSymDense(len(quiet), nil)
	for a, i := range quiet {
		for b, j := range quiet[:a+1] {
			block.SetSym(a, b, s.at(k, i, j))
		}
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(block, false) {
		return least
	}
	return max(least, eigen.Values(nil)[0])
}

// floored reports whether Σ itself is as narrow as the noise that the floor holds.
func (s *factorShapes) floored(k int) bool {
	c := &s.components[k]
	return c.atFloor && s.narrowest(k) < 2*floats.Min(c.noise)
}

func (s *factorShapes) heywood(k int) int {
	if !s.components[k].atFloor || s.floored(k) {
		return 0
	}
	return floats.MinIdx(s.components[k].noise) + 1
}

func (s *factorShapes) rowsNeeded() int { return s.of.l + 2 }

func (s *factorShapes) times(k int, v []float64) []float64 {
	c := &s.components[k]
	z, out := make([]float64, c.l), make([]float64, c.d)
	for j, x := range v {
		floats.AddScaled(z, x, c.loadings[j*c.l:(j+1)*c.l])
	}
	for j, x := range v {
		out[j] = c.noise[j]*x + floats.Dot(c.loadings[j*c.l:(j+1)*c.l], z)
	}
	return out
}

func (s *factorShapes) solve(k int, v []float64) []float64 {
	c := &s.components[k]
	z, out := make([]float64, c.l), make([]float64, c.d)
	for j, x := range v {
		floats.AddScaled(z, x*c.inverse[j], c.thin[j*c.l:(j+1)*c.l])
	}
	for j, x := range v {
		out[j] = c.inverse[j] * (x*c.inverse[j] - floats.Dot(c.thin[j*c.l:(j+1)*c.l], z))
	}
	return out
}

func (s *factorShapes) rescaled(scale []float64) (shapes, error) {
	out := &factorShapes{d: s.d, of: s.of, components: make([]factorShape, len(s.components))}
	for k, c := range s.components {
		r := factorShape{d: c.d, l: c.l, loadings: make([]float64, len(c.loadings)), noise: make([]float64, c.d), atFloor: c.atFloor}
		for j, v := range scale {
			floats.ScaleTo(r.loadings[j*c.l:(j+1)*c.l], v, c.loadings[j*c.l:(j+1)*c.l])
			r.noise[j] = c.noise[j] * (v * v)
		}
		if !r.prepare() {
			return nil, errRescaled(k)
		}
		out.components[k] = r
	}
	return out, nil
}

func (s *factorShapes) reordered(order []int) shapes {
	out := &factorShapes{d: s.d, of: s.of}
	for _, k := range order {
		out.components = append(out.components, s.components[k])
	}
	return out
}

func (s *factorShapes) family() Covariance { return s.of }
