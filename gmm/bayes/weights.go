package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"
)

// sticks is q(π): αₖ of a Dirichlet distribution, or aₖ and bₖ of the sticks of a
// process.
type sticks struct {
	kind          Weights
	concentration float64
	first, second []float64 // αₖ, unused; or aₖ, bₖ
}

func newSticks(s Settings) *sticks {
	return &sticks{kind: s.Weights, concentration: s.Concentration, first: make([]float64, s.Components), second: make([]float64, s.Components)}
}

// update sets q(π) to its optimum given the counts, and returns what it adds to the
// bound, the ratio of the normalisers of prior and posterior.
func (p *sticks) update(count []float64) float64 {
	k, a := len(count), p.concentration
	var value float64
	if p.kind == Dirichlet {
		var total float64
		for c, n := range count {
			p.first[c] = a + n
			total += n
			value += lgamma(a+n) - lgamma(a)
		}
		return value + lgamma(float64(k)*a) - lgamma(float64(k)*a+total)
	}
	var rest float64
	for c := k - 1; c >= 0; c-- {
		p.first[c], p.second[c] = 1+count[c], a+rest
		rest += count[c]
		if c < k-1 { // the last stick is all that is left
			value += mathext.Lbeta(p.first[c], p.second[c]) - mathext.Lbeta(1, a)
		}
	}
	return value
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

// logs returns E[ln πₖ].
func (p *sticks) logs() []float64 {
	k := len(p.first)
	out := make([]float64, k)
	if p.kind == Dirichlet {
		var total float64
		for _, a := range p.first {
			total += a
		}
		for c, a := range p.first {
			out[c] = mathext.Digamma(a) - mathext.Digamma(total)
		}
		return out
	}
	left := 0.0
	for c := range k - 1 {
		both := mathext.Digamma(p.first[c] + p.second[c])
		out[c] = left + mathext.Digamma(p.first[c]) - both
		left += mathext.Digamma(p.second[c]) - both
	}
	out[k-1] = left
	return out
}

// means returns E[πₖ].
func (p *sticks) means() []float64 {
	k := len(p.first)
	out := make([]float64, k)
	if p.kind == Dirichlet {
		var total float64
		for _, a := range p.first {
			total += a
		}
		for c, a := range p.first {
			out[c] = a / total
		}
		return out
	}
	left := 1.0
	for c := range k - 1 {
		share := p.first[c] / (p.first[c] + p.second[c])
		out[c] = left * share
		left *= 1 - share
	}
	out[k-1] = left
	return out
}

// Both priors break a stick: of what is left component k takes the share vₖ, which is
// Beta(aₖ, bₖ); for a Dirichlet distribution with aₖ = αₖ and bₖ = Σ_{l>k} αₗ. A code
// holds ln vₖ/(1−vₖ) for all components but the last.

// beta returns aₖ and bₖ in the prior or in q.
func (p *sticks) beta(k int, prior bool) (a, b float64) {
	n := len(p.first)
	switch {
	case p.kind == DirichletProcess && prior:
		return 1, p.concentration
	case p.kind == DirichletProcess:
		return p.first[k], p.second[k]
	case prior:
		return p.concentration, float64(n-1-k) * p.concentration
	}
	for _, v := range p.first[k+1:] {
		b += v
	}
	return p.first[k], b
}

func (p *sticks) codeDim() int { return len(p.first) - 1 }

func (p *sticks) draw(code []float64, prior bool, random *rand.Rand) {
	for k := range code {
		a, b := p.beta(k, prior)
		code[k] = logGamma(a, random) - logGamma(b, random)
	}
}

func (p *sticks) logDensity(code []float64, prior bool) float64 {
	var value float64
	for k, t := range code {
		a, b := p.beta(k, prior)
		taken, left := logShares(t)
		value += a*taken + b*left - mathext.Lbeta(a, b)
	}
	return value
}

// logWeights stores ln πₖ of a code in dst (length K).
func (p *sticks) logWeights(dst, code []float64) {
	rest := 0.0
	for k, t := range code {
		taken, left := logShares(t)
		dst[k] = rest + taken
		rest += left
	}
	dst[len(code)] = rest
}

// logShares returns ln v and ln(1−v) for t = ln v/(1−v).
func logShares(t float64) (taken, left float64) {
	if t < 0 {
		left = -math.Log1p(math.Exp(t))
		return t + left, left
	}
	taken = -math.Log1p(math.Exp(-t))
	return taken, taken - t
}
