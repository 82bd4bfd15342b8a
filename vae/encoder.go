package vae

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Encoder is q(z|x), a normal whose mean and covariance come from one network:
// diagonal, with m(x) and the log-variances s(x), or full. For a row without any value it
// is the prior.
type Encoder struct{ m *Model }

// Encoder returns q(z|x).
func (m *Model) Encoder() *Encoder { return &Encoder{m} }

// LatentDim returns L.
func (q *Encoder) LatentDim() int { return q.m.config.Latent }

// rows calls f for each row of x with the outputs of the encoder and the cache
// of the posterior, in order.
func (q *Encoder) rows(x *mat.Dense, f func(i int, h, cache []float64)) { q.m.posteriors(x, f) }

func (c *coder) posteriors(x *mat.Dense, f func(i int, h, cache []float64)) {
	checkWidth(x, c.config.Dim)
	c.posteriorsBy(x, c.encode, f)
}

// posteriorsBy is posteriors with the way from rows to the outputs of the encoder.
func (c *coder) posteriorsBy(x *mat.Dense, encode func(w *workspace, x *mat.Dense, from, to int) []float64, f func(i int, h, cache []float64)) {
	n, _ := x.Dims()
	h := mat.NewDense(n, c.outputs, nil)
	c.each(n, func(w *workspace, from, to int) {
		out := encode(w, x, from, to)
		for i := from; i < to; i++ {
			copy(h.RawRowView(i), out[(i-from)*c.outputs:])
		}
	})
	p := c.posterior
	cache := make([]float64, p.cached(c.config.Latent))
	for i := range n {
		p.begin(h.RawRowView(i), cache)
		f(i, h.RawRowView(i), cache)
	}
}

// Moments returns the means m(x) and the logarithms of the variances of each
// dimension of q(z|x), both N×L, for each row of x (N×D).
func (q *Encoder) Moments(x *mat.Dense) (mean, logvar *mat.Dense) {
	n, _ := x.Dims()
	l := q.m.config.Latent
	mean, logvar = mat.NewDense(n, l, nil), mat.NewDense(n, l, nil)
	q.rows(x, func(i int, h, c []float64) {
		copy(mean.RawRowView(i), h[:l])
		row := logvar.RawRowView(i)
		if !q.m.config.FullPosterior {
			copy(row, h[l:])
			return
		}
		for j := range row {
			var variance float64
			for _, v := range c[j*l : (j+1)*l] {
				variance += v * v
			}
			row[j] = math.Log(variance)
		}
	})
	return mean, logvar
}

// Rand fills z (N·S×L) with S independent draws from q(z|xᵢ) for each row i of
// x (N×D), in rows i·S to i·S+S−1. The encoder runs once a row of x.
func (q *Encoder) Rand(z, x *mat.Dense, src rand.Source) {
	checkWidth(z, q.m.config.Latent)
	draws := density.Draws(x, z)
	random := rand.New(src)
	e := make([]float64, q.m.config.Latent)
	q.rows(x, func(i int, h, cache []float64) {
		if q.knowsNothing(x.RawRowView(i)) {
			q.m.prior.Rand(density.Rows(z, i*draws, (i+1)*draws), src)
			return
		}
		for r := i * draws; r < (i+1)*draws; r++ {
			fillNormal(e, random)
			q.m.posterior.draw(z.RawRowView(r), h, cache, e)
		}
	})
}

// knowsNothing says whether a row has no value and the prior is a mixture, of which draws
// for the row come from. N(0, I) comes from encode.
func (q *Encoder) knowsNothing(row []float64) bool {
	return q.m.prior != nil && q.m.in.fill != nil && empty(row)
}

// LogProb stores log q(z|x) in nats for each row of z (N·S×L) in dst (length
// N·S, or nil) and returns it. Row i·S+s of z belongs to row i of x (N×D).
func (q *Encoder) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	checkWidth(z, q.m.config.Latent)
	draws := density.Draws(x, z)
	rows, l := z.Dims()
	dst = density.Resize(dst, rows)
	e := make([]float64, l)
	q.rows(x, func(i int, h, cache []float64) {
		if q.knowsNothing(x.RawRowView(i)) {
			q.m.prior.LogProb(dst[i*draws:(i+1)*draws], density.Rows(z, i*draws, (i+1)*draws))
			return
		}
		for r := i * draws; r < (i+1)*draws; r++ {
			q.m.posterior.invert(e, z.RawRowView(r), h, cache)
			dst[r] = q.m.posterior.logProb(h, cache, e)
		}
	})
	return dst
}

// KLPrior stores KL(q(z|xᵢ) ‖ N(0, I)) in nats for each row of x (N×D) in dst
// (length N, or nil) and returns it. For a diagonal q it is
//
//	½ Σ (exp(s) − 1 − s + m²)
//
// (Kingma & Welling 2014, appendix B). From a mixture as prior the divergence
// has no closed form; KLPrior then returns nil, and what needs it estimates it
// from draws.
func (q *Encoder) KLPrior(dst []float64, x *mat.Dense) []float64 {
	if q.m.prior != nil {
		return nil
	}
	n, _ := x.Dims()
	dst = density.Resize(dst, n)
	unused := make([]float64, q.m.outputs)
	q.rows(x, func(i int, h, cache []float64) {
		dst[i] = q.m.posterior.kl(unused, h, cache, 0, 0)
	})
	return dst
}
