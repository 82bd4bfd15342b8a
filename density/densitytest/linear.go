package densitytest

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Linear is factor analysis. With equal variances it is probabilistic PCA (Tipping &
// Bishop 1999):
//
//	x = μ + Wz + ε      z ~ N(0, I)      ε ~ N(0, diag(v))
//	p(x) = N(μ, WWᵀ + diag(v))
//	p(z|x) = N(M⁻¹WᵀV⁻¹(x − μ), M⁻¹)     M = I + WᵀV⁻¹W
//
// Every quantity is known, and nothing is finite: the second oracle.
type Linear struct {
	w              *mat.Dense // D×L
	mean, variance []float64
	noise          float64 // −½ Σ (ln 2π + ln v)
	marginal       *density.Normal
	gain           *mat.Dense // M⁻¹WᵀV⁻¹, L×D
	posterior      *density.Normal
	posteriorCov   mat.SymDense
}

// NewLinear returns the model with loadings w (D×L), and means and variances of
// length D.
func NewLinear(w *mat.Dense, mean, variance []float64) *Linear {
	d, l := w.Dims()
	m := &Linear{w: w, mean: mean, variance: variance}
	cov, precision := mat.NewSymDense(d, nil), mat.NewSymDense(l, nil)
	cov.SymOuterK(1, w)
	scaled := mat.DenseCopyOf(w)
	for j, v := range variance {
		cov.SetSym(j, j, cov.At(j, j)+v)
		m.noise -= 0.5 * math.Log(2*math.Pi*v)
		for k := range l {
			scaled.Set(j, k, w.At(j, k)/math.Sqrt(v))
		}
	}
	precision.SymOuterK(1, scaled.T())
	for k := range l {
		precision.SetSym(k, k, precision.At(k, k)+1)
	}
	var chol mat.Cholesky
	if !chol.Factorize(precision) {
		panic("densitytest: impossible loadings")
	}
	if err := chol.InverseTo(&m.posteriorCov); err != nil {
		panic("densitytest: impossible loadings")
	}
	var err error
	if m.marginal, err = density.NewNormal(mean, cov); err == nil {
		m.posterior, err = density.NewNormal(make([]float64, l), &m.posteriorCov)
	}
	if err != nil {
		panic("densitytest: impossible loadings")
	}
	m.gain = mat.NewDense(l, d, nil)
	m.gain.Mul(&m.posteriorCov, w.T())
	for j, v := range variance {
		for k := range l {
			m.gain.Set(k, j, m.gain.At(k, j)/v)
		}
	}
	return m
}

// RandomLinear returns a model of D columns with an L-dimensional code, its
// loadings and means drawn from src and its variances of the given size.
func RandomLinear(d, l int, variance float64, src rand.Source) *Linear {
	random := rand.New(src)
	w := mat.NewDense(d, l, nil)
	mean, variances := make([]float64, d), make([]float64, d)
	for j := range d {
		mean[j], variances[j] = random.NormFloat64(), variance*(0.5+random.Float64())
		for k := range l {
			w.Set(j, k, random.NormFloat64())
		}
	}
	return NewLinear(w, mean, variances)
}

// Dim returns D.
func (m *Linear) Dim() int { return len(m.mean) }

// LatentDim returns L.
func (m *Linear) LatentDim() int {
	_, l := m.w.Dims()
	return l
}

// Rand implements density.Model.
func (m *Linear) Rand(dst *mat.Dense, src rand.Source) { m.marginal.Rand(dst, src) }

// LogProb implements density.Exact.
func (m *Linear) LogProb(dst []float64, x *mat.Dense) []float64 { return m.marginal.LogProb(dst, x) }

// LogProbGrad implements density.Gradient.
func (m *Linear) LogProbGrad(dst []float64, grad, x *mat.Dense) []float64 {
	return m.marginal.LogProbGrad(dst, grad, x)
}

// RandPrior implements density.Latent.
func (m *Linear) RandPrior(z *mat.Dense, src rand.Source) {
	density.StandardNormal(m.LatentDim()).Rand(z, src)
}

// LogPrior implements density.Latent.
func (m *Linear) LogPrior(dst []float64, z *mat.Dense) []float64 {
	return density.StandardNormal(m.LatentDim()).LogProb(dst, z)
}

// LogPriorGrad implements density.LatentGradient.
func (m *Linear) LogPriorGrad(dst []float64, grad, z *mat.Dense) []float64 {
	return density.StandardNormal(m.LatentDim()).LogProbGrad(dst, grad, z)
}

// LogLik implements density.Latent.
func (m *Linear) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	return m.logLik(dst, nil, x, z)
}

// LogLikGrad implements density.LatentGradient.
func (m *Linear) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	return m.logLik(dst, grad, x, z)
}

func (m *Linear) logLik(dst []float64, grad, x, z *mat.Dense) []float64 {
	checkWidth(x, m.Dim())
	checkWidth(z, m.LatentDim())
	s := density.Draws(x, z)
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		row, code := x.RawRowView(i/s), z.RawRowView(i)
		var g []float64
		if grad != nil {
			g = grad.RawRowView(i)
			clear(g)
		}
		dst[i] = m.noise
		for j, v := range row {
			r := v - m.mean[j]
			loadings := m.w.RawRowView(j)
			for k, w := range loadings {
				r -= w * code[k]
			}
			dst[i] -= 0.5 * r * r / m.variance[j]
			for k := range g {
				g[k] += r * loadings[k] / m.variance[j]
			}
		}
	}
	return dst
}

// Posterior returns p(z|x), with its gradient and its divergence from the prior
// in closed form.
func (m *Linear) Posterior() density.Proposal { return linearPosterior{m} }

type linearPosterior struct{ m *Linear }

func (p linearPosterior) LatentDim() int { return p.m.LatentDim() }

// mean stores E[z|x] in dst.
func (p linearPosterior) mean(dst, x []float64) {
	for k := range dst {
		dst[k] = 0
		for j, g := range p.m.gain.RawRowView(k) {
			dst[k] += g * (x[j] - p.m.mean[j])
		}
	}
}

func (p linearPosterior) Rand(z, x *mat.Dense, src rand.Source) {
	s := density.Draws(x, z)
	p.m.posterior.Rand(z, src)
	n, l := z.Dims()
	mean := make([]float64, l)
	for i := range n {
		p.mean(mean, x.RawRowView(i/s))
		row := z.RawRowView(i)
		for k, v := range mean {
			row[k] += v
		}
	}
}

// centred returns z − E[z|x].
func (p linearPosterior) centred(z, x *mat.Dense) *mat.Dense {
	checkWidth(z, p.LatentDim())
	s := density.Draws(x, z)
	n, l := z.Dims()
	mean, out := make([]float64, l), mat.DenseCopyOf(z)
	for i := range n {
		p.mean(mean, x.RawRowView(i/s))
		row := out.RawRowView(i)
		for k, v := range mean {
			row[k] -= v
		}
	}
	return out
}

func (p linearPosterior) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	return p.m.posterior.LogProb(dst, p.centred(z, x))
}

func (p linearPosterior) LogProbGrad(dst []float64, grad, z, x *mat.Dense) []float64 {
	return p.m.posterior.LogProbGrad(dst, grad, p.centred(z, x))
}

// KLPrior is ½ (tr Σ + |m|² − L − ln |Σ|).
func (p linearPosterior) KLPrior(dst []float64, x *mat.Dense) []float64 {
	n, _ := x.Dims()
	l := p.LatentDim()
	dst = density.Resize(dst, n)
	var chol mat.Cholesky
	chol.Factorize(&p.m.posteriorCov)
	mean := make([]float64, l)
	for i := range dst {
		p.mean(mean, x.RawRowView(i))
		sum := mat.Trace(&p.m.posteriorCov) - float64(l) - chol.LogDet()
		for _, v := range mean {
			sum += v * v
		}
		dst[i] = 0.5 * sum
	}
	return dst
}

// Scaled returns p(z|x) with its standard deviations multiplied by a factor: a
// proposal that is wrong by a known amount.
func (m *Linear) Scaled(factor float64) density.Proposal {
	wrong := *m
	wrong.posteriorCov = *mat.NewSymDense(m.LatentDim(), nil)
	wrong.posteriorCov.ScaleSym(factor*factor, &m.posteriorCov)
	var err error
	if wrong.posterior, err = density.NewNormal(make([]float64, m.LatentDim()), &wrong.posteriorCov); err != nil {
		panic("densitytest: impossible factor")
	}
	return linearPosterior{&wrong}
}

func checkWidth(x *mat.Dense, d int) {
	if _, width := x.Dims(); width != d {
		panic("densitytest: dimension mismatch")
	}
}
