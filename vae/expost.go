package vae

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// Reprior is a model with another prior in the place of N(0, I): the same
// p(x|z), the same q(z|x), another p(x). The codes of real data seldom fill
// the standard normal; a prior fitted to them after training mends what the
// samples lose by it (Ghosh et al. 2020). A Reprior is immutable and safe for
// concurrent use.
type Reprior struct {
	model *Model
	prior density.Exact
}

var _ density.Latent = (*Reprior)(nil)

// WithPrior returns the model with the given prior over codes, of dimension L.
func (m *Model) WithPrior(prior density.Exact) *Reprior {
	if prior.Dim() != m.config.Latent {
		panic("vae: dimension mismatch")
	}
	return &Reprior{m, prior}
}

// FitPrior returns the model with a Gaussian mixture as prior, fitted to one
// draw from q(z|xᵢ) for each row of x (N×D): a density model of the aggregate
// posterior. Errors are those of [gmm.Fit].
func (m *Model) FitPrior(ctx context.Context, x *mat.Dense, s gmm.Settings, src rand.Source) (*Reprior, *gmm.Report, error) {
	n, _ := x.Dims()
	z := mat.NewDense(n, m.config.Latent, nil)
	m.Encoder().Rand(z, x, src)
	prior, report, err := gmm.Fit(ctx, z, s, src)
	if err != nil {
		return nil, report, err
	}
	return m.WithPrior(prior), report, nil
}

// AggregatePosterior returns (1/N) Σ q(z|xᵢ) over the rows of x (N×D), the
// distribution of all codes, as a mixture of N Gaussians. Where it differs
// from the prior, samples from the model are not like the data.
func (m *Model) AggregatePosterior(x *mat.Dense) (*gmm.Model, error) {
	n, _ := x.Dims()
	l := m.config.Latent
	weights, means, variances := make([]float64, n), mat.NewDense(n, l, nil), mat.NewDense(n, l, nil)
	covariances := make([]mat.Symmetric, n)
	m.Encoder().rows(x, func(i int, h, cache []float64) {
		weights[i] = 1 / float64(n)
		means.SetRow(i, h[:l])
		if m.config.FullPosterior {
			c := mat.NewDense(l, l, append([]float64(nil), cache...))
			var cov mat.SymDense
			cov.SymOuterK(1, c)
			covariances[i] = &cov
			return
		}
		for j, s := range h[l:] {
			variances.Set(i, j, math.Exp(s))
		}
	})
	if m.config.FullPosterior {
		return gmm.New(weights, means, covariances)
	}
	return gmm.NewDiagonal(weights, means, variances)
}

// Dim returns D.
func (m *Reprior) Dim() int { return m.model.Dim() }

// LatentDim returns L.
func (m *Reprior) LatentDim() int { return m.model.LatentDim() }

// NumParameters counts those of the networks and of the prior.
func (m *Reprior) NumParameters() int {
	n := m.model.NumParameters()
	if p, ok := m.prior.(density.Parametric); ok {
		n += p.NumParameters()
	}
	return n
}

// Model returns the model before its prior was replaced.
func (m *Reprior) Model() *Model { return m.model }

// Prior returns p(z).
func (m *Reprior) Prior() density.Exact { return m.prior }

// RandPrior fills z (N×L) with independent draws from p(z).
func (m *Reprior) RandPrior(z *mat.Dense, src rand.Source) { m.prior.Rand(z, src) }

// LogPrior stores log p(zᵢ) in nats for each row of z (N×L) in dst (length N,
// or nil) and returns it.
func (m *Reprior) LogPrior(dst []float64, z *mat.Dense) []float64 { return m.prior.LogProb(dst, z) }

// LogLik is that of [Model].
func (m *Reprior) LogLik(dst []float64, x, z *mat.Dense) []float64 { return m.model.LogLik(dst, x, z) }

// Rand fills dst (N×D) with independent draws from p(x).
func (m *Reprior) Rand(dst *mat.Dense, src rand.Source) {
	n, _ := dst.Dims()
	z := mat.NewDense(n, m.LatentDim(), nil)
	m.prior.Rand(z, src)
	m.model.RandAt(dst, z, src)
}

// Encoder returns q(z|x). Its divergence from this prior has no closed form,
// so it is a plain proposal.
func (m *Reprior) Encoder() density.Proposal { return proposal{m.model.Encoder()} }

// proposal hides KLPrior, which belongs to the prior N(0, I).
type proposal struct{ q *Encoder }

func (p proposal) LatentDim() int { return p.q.LatentDim() }

func (p proposal) Rand(z, x *mat.Dense, src rand.Source) { p.q.Rand(z, x, src) }

func (p proposal) LogProb(dst []float64, z, x *mat.Dense) []float64 { return p.q.LogProb(dst, z, x) }
