package densitytest

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Curve is the smallest model that behaves like a variational autoencoder:
//
//	x = b + B tanh(a + Az) + ε     z ~ N(0, I)     ε ~ N(0, v·I)
//
// Its posterior is curved, and may have several modes. Its evidence has no
// closed form, but for a code of one or two dimensions [Curve.Evidence] computes
// it on a grid: the third oracle.
type Curve struct {
	inner, outer *mat.Dense // A (H×L), B (D×H)
	shift, mean  []float64  // a, b
	variance     float64
}

// hidden is the number of units of a Curve.
const hidden = 6

// NewCurve returns a model of D columns with an L-dimensional code and noise
// variance v, its weights drawn from src.
func NewCurve(d, l int, v float64, src rand.Source) *Curve {
	random := rand.New(src)
	normals := func(scale float64, n int) []float64 {
		out := make([]float64, n)
		for i := range out {
			out[i] = scale * random.NormFloat64()
		}
		return out
	}
	return &Curve{
		inner: mat.NewDense(hidden, l, normals(1.5, hidden*l)), shift: normals(0.5, hidden),
		outer: mat.NewDense(d, hidden, normals(1, d*hidden)), mean: normals(1, d), variance: v,
	}
}

// Dim returns D.
func (m *Curve) Dim() int { return len(m.mean) }

// LatentDim returns L.
func (m *Curve) LatentDim() int {
	_, l := m.inner.Dims()
	return l
}

// RandPrior implements density.Latent.
func (m *Curve) RandPrior(z *mat.Dense, src rand.Source) {
	density.StandardNormal(m.LatentDim()).Rand(z, src)
}

// LogPrior implements density.Latent.
func (m *Curve) LogPrior(dst []float64, z *mat.Dense) []float64 {
	return density.StandardNormal(m.LatentDim()).LogProb(dst, z)
}

// LogPriorGrad implements density.LatentGradient.
func (m *Curve) LogPriorGrad(dst []float64, grad, z *mat.Dense) []float64 {
	return density.StandardNormal(m.LatentDim()).LogProbGrad(dst, grad, z)
}

// decode stores the hidden units in h and E[x|z] in mean.
func (m *Curve) decode(h, mean, z []float64) {
	for i := range h {
		sum := m.shift[i]
		for k, w := range m.inner.RawRowView(i) {
			sum += w * z[k]
		}
		h[i] = math.Tanh(sum)
	}
	for j := range mean {
		mean[j] = m.mean[j]
		for i, w := range m.outer.RawRowView(j) {
			mean[j] += w * h[i]
		}
	}
}

// Rand implements density.Model.
func (m *Curve) Rand(dst *mat.Dense, src rand.Source) {
	n, _ := dst.Dims()
	z := mat.NewDense(n, m.LatentDim(), nil)
	m.RandPrior(z, src)
	m.RandGiven(dst, z, src)
}

// RandGiven fills dst (N×D) with one draw from p(x|z) for each row of z (N×L).
func (m *Curve) RandGiven(dst, z *mat.Dense, src rand.Source) {
	checkWidth(dst, m.Dim())
	random := rand.New(src)
	h := make([]float64, hidden)
	n, _ := dst.Dims()
	for i := range n {
		row := dst.RawRowView(i)
		m.decode(h, row, z.RawRowView(i))
		for j := range row {
			row[j] += math.Sqrt(m.variance) * random.NormFloat64()
		}
	}
}

// LogLik implements density.Latent.
func (m *Curve) LogLik(dst []float64, x, z *mat.Dense) []float64 { return m.logLik(dst, nil, x, z) }

// LogLikGrad implements density.LatentGradient.
func (m *Curve) LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64 {
	return m.logLik(dst, grad, x, z)
}

func (m *Curve) logLik(dst []float64, grad, x, z *mat.Dense) []float64 {
	checkWidth(x, m.Dim())
	checkWidth(z, m.LatentDim())
	s := density.Draws(x, z)
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	h, mean := make([]float64, hidden), make([]float64, m.Dim())
	back := make([]float64, hidden)
	for i := range dst {
		m.decode(h, mean, z.RawRowView(i))
		clear(back)
		dst[i] = -0.5 * float64(m.Dim()) * math.Log(2*math.Pi*m.variance)
		for j, v := range x.RawRowView(i / s) {
			r := v - mean[j]
			dst[i] -= 0.5 * r * r / m.variance
			if grad == nil {
				continue
			}
			for k, w := range m.outer.RawRowView(j) {
				back[k] += r / m.variance * w
			}
		}
		if grad == nil {
			continue
		}
		g := grad.RawRowView(i)
		clear(g)
		for k, b := range back {
			for c, w := range m.inner.RawRowView(k) {
				g[c] += b * (1 - h[k]*h[k]) * w
			}
		}
	}
	return dst
}

// Evidence returns log p(x) of each row of x (N×D) by the trapezoidal rule on
// points nodes an axis over [−9, 9]ᴸ, for L ≤ 2. For analytic integrands its
// error falls exponentially once the step is below the width of the posterior.
func (m *Curve) Evidence(x *mat.Dense, points int) []float64 {
	l := m.LatentDim()
	if l > 2 {
		panic("densitytest: too many dimensions for a grid")
	}
	const limit = 9
	step := 2.0 * limit / float64(points-1)
	count := points
	if l == 2 {
		count *= points
	}
	z := mat.NewDense(count, l, nil)
	for i := range count {
		z.Set(i, 0, -limit+float64(i%points)*step)
		if l == 2 {
			z.Set(i, 1, -limit+float64(i/points)*step)
		}
	}
	prior := m.LogPrior(nil, z)
	n, _ := x.Dims()
	out := make([]float64, n)
	for i := range out {
		logs := m.LogLik(nil, density.Rows(x, i, i+1), z)
		for k := range logs {
			logs[k] += prior[k]
		}
		out[i] = density.LogSumExp(logs) + float64(l)*math.Log(step)
	}
	return out
}
