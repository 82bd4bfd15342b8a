package vae

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/internal/safetensors"
)

// newModel returns the model of trained networks with their prior.
func newModel(c *coder) (*Model, error) {
	prior, err := c.latentPrior()
	return &Model{coder: c, prior: prior}, err
}

// latentPrior returns a learned prior as a mixture, nil for N(0, I).
func (c *coder) latentPrior() (*gmm.Model, error) {
	if !c.config.Prior.learned() {
		return nil, nil
	}
	logits, parts := c.engine.prior()
	k, l := c.config.Prior.components, c.config.Latent
	var prior *gmm.Model
	var err error
	if c.config.Prior.kind == priorVamp {
		prior, err = c.aggregate(k, func(f func(i int, h, cache []float64)) {
			c.posteriorsBy(mat.NewDense(k, c.config.encoderInputs(), parts), c.encodeSeen, f)
		})
	} else {
		total := density.LogSumExp(logits)
		means, variances := mat.NewDense(k, l, nil), mat.NewDense(k, l, nil)
		for i := range k {
			logits[i] = math.Exp(logits[i] - total)
			for j := range l {
				means.Set(i, j, parts[2*i*l+j])
				variances.Set(i, j, math.Exp(parts[(2*i+1)*l+j]))
			}
		}
		prior, err = gmm.NewDiagonal(logits, means, variances)
	}
	if err != nil {
		return nil, fmt.Errorf("vae: the learned prior is no density: %w", err)
	}
	return prior, nil
}

// Prior returns p(z) as a mixture of Gaussians, of one component for N(0, I).
func (m *Model) Prior() *gmm.Model {
	if m.prior != nil {
		return m.prior
	}
	l := m.config.Latent
	variances := mat.NewDense(1, l, nil)
	for j := range l {
		variances.Set(0, j, 1)
	}
	normal, err := gmm.NewDiagonal([]float64{1}, mat.NewDense(1, l, nil), variances)
	if err != nil {
		panic("vae: the standard normal is no density")
	}
	return normal
}

// WithPrior returns the model with the given prior over codes, of dimension L:
// the same p(x|z), the same q(z|x), another p(x). It shares its networks with m.
func (m *Model) WithPrior(prior *gmm.Model) *Model {
	if prior.Dim() != m.config.Latent {
		panic("vae: dimension mismatch")
	}
	return &Model{coder: m.coder, prior: prior, exPost: true}
}

// FitPrior returns the model with a Gaussian mixture as prior, fitted to one
// draw from q(z|xᵢ) for each row of x (N×D): a density model of the aggregate
// posterior. The codes of real data seldom fill the standard normal; this mends
// what the samples lose by it (Ghosh et al. 2020). Errors are those of
// [gmm.Fit].
func (m *Model) FitPrior(ctx context.Context, x *mat.Dense, s gmm.Settings, src rand.Source) (*Model, *gmm.Report, error) {
	if err := checkSome(x, "fit a prior to"); err != nil {
		return nil, nil, err
	}
	if err := ended(ctx); err != nil {
		return nil, nil, fmt.Errorf("vae: fitting a prior: %w", err)
	}
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
	if err := checkSome(x, "aggregate q(z|x) over"); err != nil {
		return nil, err
	}
	n, _ := x.Dims()
	return m.aggregate(n, func(f func(i int, h, cache []float64)) { m.posteriors(x, f) })
}

// aggregate returns the mean of n posteriors, which each hands to f.
func (c *coder) aggregate(n int, each func(f func(i int, h, cache []float64))) (*gmm.Model, error) {
	l := c.config.Latent
	weights, means, variances := make([]float64, n), mat.NewDense(n, l, nil), mat.NewDense(n, l, nil)
	covariances := make([]mat.Symmetric, n)
	each(func(i int, h, cache []float64) {
		weights[i] = 1 / float64(n)
		means.SetRow(i, h[:l])
		if c.config.FullPosterior {
			factor := mat.NewDense(l, l, append([]float64(nil), cache...))
			var cov mat.SymDense
			cov.SymOuterK(1, factor)
			covariances[i] = &cov
			return
		}
		for j, s := range h[l:] {
			variances.Set(i, j, math.Exp(s))
		}
	})
	if c.config.FullPosterior {
		return gmm.New(weights, means, covariances)
	}
	return gmm.NewDiagonal(weights, means, variances)
}

// Config returns the architecture.
func (m *Model) Config() Config {
	c := m.config
	if m.exPost {
		mixture := m.prior.Config()
		c.Prior, c.PriorMixture = ExPost(mixture.Components), &mixture
	}
	return c
}

// NumParameters returns the number of trained scalars of encoder, decoder and
// prior.
func (m *Model) NumParameters() int {
	if !m.exPost {
		return m.count
	}
	count := m.count + m.prior.NumParameters()
	logits, parts := m.engine.prior()
	return count - len(logits) - len(parts) // of a prior that was replaced
}

// priorPrefix marks the tensors of a prior.
const priorPrefix = "prior."

// Tensors returns the parameters under the names saved models use; see
// [Autoencoder.Tensors] for those of the networks.
func (m *Model) Tensors() []safetensors.Tensor {
	if !m.exPost {
		return m.engine.tensors()
	}
	own, _ := splitPrior(m.engine.tensors())
	for _, t := range m.prior.Tensors() {
		t.Name = priorPrefix + t.Name
		own = append(own, t)
	}
	return own
}

// splitPrior separates the tensors of the networks from those of the prior,
// which lose their prefix.
func splitPrior(tensors []safetensors.Tensor) (networks, prior []safetensors.Tensor) {
	for _, t := range tensors {
		if name, ok := strings.CutPrefix(t.Name, priorPrefix); ok {
			t.Name = name
			prior = append(prior, t)
		} else {
			networks = append(networks, t)
		}
	}
	return networks, prior
}
