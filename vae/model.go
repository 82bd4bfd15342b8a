package vae

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// Model is a variational autoencoder: the infinite mixture
//
//	p(x) = ∫ p(z) p(x|z) dz,   p(z) = N(z; 0, I)
//
// with the parameters of p(x|z) computed from z by a network, and an encoder
// q(z|x) that finds, for a given x, the codes that matter. It has no closed
// form for p(x); see packages elbo and eval. In the place of N(0, I) it may have
// a mixture of Gaussians as prior. A Model is immutable and safe for concurrent
// use.
type Model struct {
	*coder
	prior  *gmm.Model // nil: N(0, I)
	exPost bool       // the prior was fitted after training
}

var (
	_ density.Latent          = (*Model)(nil)
	_ density.Parametric      = (*Model)(nil)
	_ density.PriorDivergence = (*Encoder)(nil)
)

// Dim returns D, the number of columns of the data.
func (c *coder) Dim() int { return c.config.Dim }

// LatentDim returns L, the number of dimensions of the code.
func (c *coder) LatentDim() int { return c.config.Latent }

// NumParameters returns the number of trained scalars of encoder and decoder.
func (c *coder) NumParameters() int { return c.count }

// Config returns the architecture.
func (c *coder) Config() Config { return c.config }

// Measures returns what p(x|z) is a density with respect to: bits, levels, or
// numbers, as they are or dequantised, or the two together.
func (m *Model) Measures() []density.Measure {
	return m.config.measures()
}

// RandPrior fills z (N×L) with independent draws from p(z).
func (m *Model) RandPrior(z *mat.Dense, src rand.Source) {
	checkWidth(z, m.config.Latent)
	if m.prior != nil {
		m.prior.Rand(z, src)
		return
	}
	fillNormals(z, src)
}

// LogPrior stores log p(zᵢ) in nats for each row of z (N×L) in dst
// (length N, or nil) and returns it.
func (m *Model) LogPrior(dst []float64, z *mat.Dense) []float64 {
	checkWidth(z, m.config.Latent)
	if m.prior != nil {
		return m.prior.LogProb(dst, z)
	}
	n, l := z.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		var sum float64
		for _, v := range z.RawRowView(i) {
			sum += v * v
		}
		dst[i] = -0.5 * (float64(l)*log2Pi + sum)
	}
	return dst
}

// LogLik stores log p(x|z) in nats for each row of z (N·S×L) in dst (length
// N·S, or nil) and returns it. Row i·S+s of z belongs to row i of x (N×D). The
// cost is one pass through the decoder a row of z.
func (m *Model) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	return m.logLik(dst, x, z)
}

func (c *coder) logLik(dst []float64, x, z *mat.Dense) []float64 {
	checkWidth(x, c.config.Dim)
	checkWidth(z, c.config.Latent)
	draws := density.Draws(x, z)
	rows, _ := z.Dims()
	dst = density.Resize(dst, rows)
	c.each(rows, func(w *workspace, from, to int) {
		out := c.decode(w, z, from, to)
		for r := from; r < to; r++ {
			loc, s, precision := c.scale(w, out, r-from)
			dst[r] = c.obs.logProb(x.RawRowView(r/draws), loc, s, precision, w.tmp)
		}
	})
	return dst
}

// Rand fills dst (N×D) with independent draws from p(x): z from the prior,
// then x from p(x|z), noise included.
func (m *Model) Rand(dst *mat.Dense, src rand.Source) {
	checkWidth(dst, m.config.Dim)
	n, _ := dst.Dims()
	z := mat.NewDense(n, m.config.Latent, nil)
	if m.prior != nil {
		m.prior.Rand(z, src)
		m.RandAt(dst, z, src)
		return
	}
	random := rand.New(src)
	for i := range n {
		fillNormal(z.RawRowView(i), random)
		m.obs.noise(dst.RawRowView(i), random)
	}
	m.sampleAt(dst, z)
}

// RandAt fills dst (N×D) with one draw from p(x|zᵢ) for each row of z (N×L).
func (m *Model) RandAt(dst, z *mat.Dense, src rand.Source) {
	checkWidth(dst, m.config.Dim)
	checkWidth(z, m.config.Latent)
	n, _ := dst.Dims()
	if rows, _ := z.Dims(); rows != n {
		panic("vae: dimension mismatch")
	}
	random := rand.New(src)
	for i := range n {
		m.obs.noise(dst.RawRowView(i), random)
	}
	m.sampleAt(dst, z)
}

// sampleAt turns the noise in dst into draws from p(x|z).
func (m *Model) sampleAt(dst, z *mat.Dense) {
	n, _ := dst.Dims()
	m.each(n, func(w *workspace, from, to int) {
		out := m.decode(w, z, from, to)
		for i := from; i < to; i++ {
			loc, s, _ := m.scale(w, out, i-from)
			m.obs.sample(dst.RawRowView(i), loc, s)
		}
	})
}

// Decode stores the mean of p(x|z) for each row of z (N×L) in mean (N×D): for
// binary data, the probability of a 1, and for categories the most probable one. Where
// logvar is not nil it receives the log-variances (N×D), NaN in columns without a scale;
// it must be nil for likelihoods without one.
func (m *Model) Decode(mean, logvar, z *mat.Dense) {
	if logvar != nil {
		if !m.obs.scaled() {
			panic("vae: a likelihood without a variance")
		}
		checkWidth(logvar, m.config.Dim)
	}
	m.decodeMean(mean, logvar, z)
}

// decodeMean is Decode for either kind of autoencoder.
func (c *coder) decodeMean(mean, logvar, z *mat.Dense) {
	checkWidth(mean, c.config.Dim)
	checkWidth(z, c.config.Latent)
	n, _ := z.Dims()
	c.each(n, func(w *workspace, from, to int) {
		out := c.decode(w, z, from, to)
		for i := from; i < to; i++ {
			loc, s, _ := c.scale(w, out, i-from)
			c.obs.mean(mean.RawRowView(i), loc, s)
			if logvar != nil {
				c.obs.spread(logvar.RawRowView(i), s)
			}
		}
	})
}

// Quantile stores, for each row of z (N×L), the lowest values of the columns at
// which the distribution functions of p(x|z) reach p, 0 < p < 1, in dst (N×D):
// for p = ½ the medians.
func (m *Model) Quantile(dst *mat.Dense, p float64, z *mat.Dense) {
	checkWidth(dst, m.config.Dim)
	checkWidth(z, m.config.Latent)
	n, _ := z.Dims()
	if rows, _ := dst.Dims(); rows != n {
		panic("vae: dimension mismatch")
	}
	if !(p > 0 && p < 1) {
		panic("vae: a probability outside (0, 1)")
	}
	m.each(n, func(w *workspace, from, to int) {
		out := m.decode(w, z, from, to)
		for i := from; i < to; i++ {
			loc, s, _ := m.scale(w, out, i-from)
			m.obs.quantile(dst.RawRowView(i), p, loc, s)
		}
	})
}

// Reconstruct stores the mean of p(x|z) at z = the mean of q(z|xᵢ) for each
// row of x (N×D) in dst (N×D, or nil, and then allocated) and returns it.
func (m *Model) Reconstruct(dst, x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	if dst == nil {
		dst = mat.NewDense(n, d, nil)
	}
	mean, _ := m.Encoder().Moments(x)
	m.Decode(dst, nil, mean)
	return dst
}

func fillNormals(dst *mat.Dense, src rand.Source) {
	random := rand.New(src)
	n, _ := dst.Dims()
	for i := range n {
		fillNormal(dst.RawRowView(i), random)
	}
}

func fillNormal(dst []float64, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.NormFloat64()
	}
}
