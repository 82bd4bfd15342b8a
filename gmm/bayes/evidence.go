package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Evidence is the mixture with its prior as a model of a whole data set: a single
// example of N·D numbers, whose code z holds all parameters θ,
//
//	p(X) = ∫ p(θ) Πₙ p(xₙ|θ) dθ
//
// with the components of the rows summed out. With [Posterior.Proposal] it serves
// package elbo: elbo.ELBO gives E_q[ln p(X|θ)] − KL(q(θ) ‖ p(θ)), which is above
// [Posterior.Bound] by what q(z) q(θ) loses in taking components and parameters to be
// independent; elbo.MultiSample brings it nearer to ln p(X). q lies on one of the K!
// orders of the components, which the prior makes equal: with components that are far
// apart, ln K! is missing from what can be seen from there.
type Evidence struct {
	p    *Posterior
	rows int
}

var (
	_ density.Latent   = (*Evidence)(nil)
	_ density.Proposal = proposal{}
)

// Evidence returns the model of data sets of n rows, each of which counts once.
func (p *Posterior) Evidence(n int) *Evidence {
	if n < 1 {
		panic("bayes: a data set without rows")
	}
	return &Evidence{p: p, rows: n}
}

// Proposal returns q(θ) as a proposal for the code of [Posterior.Evidence]. It does
// not depend on the example: it is the posterior of the rows that were fitted.
func (p *Posterior) Proposal() density.Proposal { return proposal{p} }

// Dim returns N·D.
func (e *Evidence) Dim() int { return e.rows * e.p.d }

// LatentDim returns the number of coordinates of θ: K−1 for the weights, those of the
// precisions, and K·D for the means.
func (e *Evidence) LatentDim() int { return e.p.latentDim() }

func (p *Posterior) latentDim() int {
	return p.weights.codeDim() + p.precisions.codeDim() + p.k*p.d
}

// parts cuts a code into weights, precisions and means (K×D, relative to the centre of
// the rows that were fitted).
func (p *Posterior) parts(code []float64) (weights, precisions, means []float64) {
	a := p.weights.codeDim()
	b := a + p.precisions.codeDim()
	return code[:a], code[a:b], code[b:]
}

// draw fills a code with a draw from the prior or from q.
func (p *Posterior) draw(code []float64, prior bool, random *rand.Rand) {
	weights, precisions, means := p.parts(code)
	p.weights.draw(weights, prior, random)
	p.precisions.draw(precisions, prior, random)
	l := make([]float64, p.d*p.d)
	e := make([]float64, p.d)
	for k := range p.k {
		p.precisions.factor(l, k, precisions)
		centre, shrinkage := p.centreOf(k, prior)
		for j := range e {
			e[j] = random.NormFloat64() / math.Sqrt(shrinkage)
		}
		for j := p.d - 1; j >= 0; j-- { // Lᵀ(μ−m) = e/√β
			for i := j + 1; i < p.d; i++ {
				e[j] -= l[i*p.d+j] * e[i]
			}
			e[j] /= l[j*p.d+j]
		}
		for j, v := range e {
			means[k*p.d+j] = centre[j] + v
		}
	}
}

// centreOf returns mₖ and βₖ, or m₀ and β₀.
func (p *Posterior) centreOf(k int, prior bool) (mean []float64, shrinkage float64) {
	if prior {
		return p.mean0, p.shrink0
	}
	return p.mean[k*p.d : (k+1)*p.d], p.shrinkage[k]
}

// logDensity returns the log density of the prior or of q at a code.
func (p *Posterior) logDensity(code []float64, prior bool) float64 {
	weights, precisions, means := p.parts(code)
	value := p.weights.logDensity(weights, prior) + p.precisions.logDensity(precisions, prior)
	l := make([]float64, p.d*p.d)
	for k := range p.k {
		p.precisions.factor(l, k, precisions)
		centre, shrinkage := p.centreOf(k, prior)
		value += logNormal(l, math.Sqrt(shrinkage), centre, means[k*p.d:(k+1)*p.d])
	}
	return value
}

// logNormal returns log N(x; μ, Σ) for Σ⁻¹ = s²LLᵀ.
func logNormal(l []float64, s float64, mean, x []float64) float64 {
	d := len(mean)
	value := -0.5 * float64(d) * math.Log(2*math.Pi)
	for j := range d {
		var y float64
		for i := j; i < d; i++ {
			y += l[i*d+j] * (x[i] - mean[i])
		}
		y *= s
		value += math.Log(s*l[j*d+j]) - 0.5*y*y
	}
	return value
}

// RandPrior fills z (S×LatentDim) with draws from the prior p(θ).
func (e *Evidence) RandPrior(z *mat.Dense, src rand.Source) { e.p.fill(z, true, src) }

func (p *Posterior) fill(z *mat.Dense, prior bool, src rand.Source) {
	n, l := z.Dims()
	if l != p.latentDim() {
		panic("bayes: codes of another width")
	}
	random := rand.New(src)
	for i := range n {
		p.draw(z.RawRowView(i), prior, random)
	}
}

// LogPrior stores ln p(θ) for each row of z (S×LatentDim) in dst (length S, or nil) and
// returns it.
func (e *Evidence) LogPrior(dst []float64, z *mat.Dense) []float64 { return e.p.logs(dst, z, true) }

func (p *Posterior) logs(dst []float64, z *mat.Dense, prior bool) []float64 {
	n, _ := z.Dims()
	dst = density.Resize(dst, n)
	for i := range dst {
		dst[i] = p.logDensity(z.RawRowView(i), prior)
	}
	return dst
}

// LogLik stores ln p(X|θ) = Σₙ ln Σₖ πₖ N(xₙ; μₖ, Λₖ⁻¹) in dst (length N·S, or nil) and
// returns it; row i·S+s of z belongs to row i of x, each of which is a data set.
func (e *Evidence) LogLik(dst []float64, x, z *mat.Dense) []float64 {
	sets, width := x.Dims()
	if width != e.Dim() {
		panic("bayes: a data set of another size")
	}
	p, s := e.p, density.Draws(x, z)
	dst = density.Resize(dst, sets*s)
	l, row, joint, logs := make([]float64, p.k*p.d*p.d), make([]float64, p.d), make([]float64, p.k), make([]float64, p.k)
	for q := range dst {
		weights, precisions, means := p.parts(z.RawRowView(q))
		p.weights.logWeights(logs, weights)
		for k := range p.k {
			p.precisions.factor(l[k*p.d*p.d:(k+1)*p.d*p.d], k, precisions)
		}
		dst[q] = 0
		all := x.RawRowView(q / s)
		for n := range e.rows {
			for j, v := range all[n*p.d : (n+1)*p.d] {
				row[j] = v - p.centre[j]
			}
			for k := range p.k {
				joint[k] = logs[k] + logNormal(l[k*p.d*p.d:(k+1)*p.d*p.d], 1, means[k*p.d:(k+1)*p.d], row)
			}
			dst[q] += density.LogSumExp(joint)
		}
	}
	return dst
}

// Rand fills dst (N×Dim) with data sets: parameters from the prior, and rows from the
// mixture that they are.
func (e *Evidence) Rand(dst *mat.Dense, src rand.Source) {
	n, width := dst.Dims()
	if width != e.Dim() {
		panic("bayes: a data set of another size")
	}
	p, random := e.p, rand.New(src)
	code, l, logs := make([]float64, p.latentDim()), make([]float64, p.d*p.d), make([]float64, p.k)
	for i := range n {
		p.draw(code, true, random)
		weights, precisions, means := p.parts(code)
		p.weights.logWeights(logs, weights)
		for r := range e.rows {
			k, u := 0, random.Float64()
			for ; k < p.k-1 && u >= math.Exp(logs[k]); k++ {
				u -= math.Exp(logs[k])
			}
			p.precisions.factor(l, k, precisions)
			row := dst.RawRowView(i)[r*p.d : (r+1)*p.d]
			for j := range row {
				row[j] = random.NormFloat64()
			}
			for j := p.d - 1; j >= 0; j-- {
				for q := j + 1; q < p.d; q++ {
					row[j] -= l[q*p.d+j] * row[q]
				}
				row[j] /= l[j*p.d+j]
			}
			for j := range row {
				row[j] += means[k*p.d+j] + p.centre[j]
			}
		}
	}
}

// proposal is q(θ).
type proposal struct{ p *Posterior }

func (q proposal) LatentDim() int { return q.p.latentDim() }

func (q proposal) Rand(z, _ *mat.Dense, src rand.Source) { q.p.fill(z, false, src) }

func (q proposal) LogProb(dst []float64, z, _ *mat.Dense) []float64 { return q.p.logs(dst, z, false) }
