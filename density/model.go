package density

import (
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Model is a probability distribution over R^D (or {0,1}^D) that can be
// sampled.
type Model interface {
	// Dim returns D, the number of columns of the data.
	Dim() int
	// Rand fills dst (N×D) with one independent sample a row.
	Rand(dst *mat.Dense, src rand.Source)
}

// Measured is a Model that says with respect to which measures its density is one.
type Measured interface {
	Model
	// Measures returns them, the usual one first.
	Measures() []Measure
}

// Exact is a Model whose log-density is known in closed form.
type Exact interface {
	Model
	// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst and
	// returns dst. dst must have length N, or be nil, and is then allocated.
	LogProb(dst []float64, x *mat.Dense) []float64
}

// Latent is a Model that is written as p(x) = ∫ p(x|z) p(z) dz. The integral
// is a sum where z takes finitely many values; see [Finite].
type Latent interface {
	Model
	// LatentDim returns L, the number of columns of a code.
	LatentDim() int
	// RandPrior fills z (N×L) with one independent draw from p(z) a row.
	RandPrior(z *mat.Dense, src rand.Source)
	// LogPrior stores log p(zᵢ) in nats for each row of z (N×L) in dst
	// (length N, or nil) and returns it.
	LogPrior(dst []float64, z *mat.Dense) []float64
	// LogLik stores log p(x|z) in nats for each row of z (N·S×L) in dst
	// (length N·S, or nil) and returns it. Row i·S+s of z belongs to row i
	// of x (N×D).
	LogLik(dst []float64, x, z *mat.Dense) []float64
}

// Proposal is a distribution q(z|x) over codes given an example: an encoder,
// an exact posterior, a refined approximation, or the prior itself.
type Proposal interface {
	// LatentDim returns L, the number of columns of a code.
	LatentDim() int
	// Rand fills z (N·S×L) with S independent draws from q(z|xᵢ) for each
	// row i of x (N×D), in rows i·S to i·S+S−1.
	Rand(z, x *mat.Dense, src rand.Source)
	// LogProb stores log q(z|x) in nats for each row of z (N·S×L) in dst
	// (length N·S, or nil) and returns it. Row i·S+s of z belongs to row i
	// of x (N×D).
	LogProb(dst []float64, z, x *mat.Dense) []float64
}

// PriorDivergence is a Proposal whose divergence from the prior of its model
// is known in closed form.
type PriorDivergence interface {
	Proposal
	// KLPrior stores KL(q(z|xᵢ) ‖ p(z)) in nats for each row of x (N×D) in
	// dst (length N, or nil) and returns it, or returns nil where the prior
	// of this model allows no closed form.
	KLPrior(dst []float64, x *mat.Dense) []float64
}

// ExactPosterior is a Latent for which both the evidence p(x) and the
// posterior p(z|x) are known. Such models are the oracles against which
// bounds and estimates are tested.
type ExactPosterior interface {
	Latent
	Exact
	// Posterior returns p(z|x) as a proposal.
	Posterior() Proposal
}

// Finite is a Latent whose code takes finitely many values, so that every
// expectation over z is a sum.
type Finite interface {
	Latent
	// States returns all values of z (M×L), one a row.
	States() *mat.Dense
}

// Gradient is an Exact that knows the gradient of its log-density by x.
type Gradient interface {
	Exact
	// LogProbGrad stores log p(xᵢ) in dst as LogProb does, and ∇ₓ log p(xᵢ)
	// in row i of grad (N×D).
	LogProbGrad(dst []float64, grad, x *mat.Dense) []float64
}

// LatentGradient is a Latent that knows the gradients of its log-densities by
// the code, as Hamiltonian Monte Carlo and the refinement of a proposal need
// them. Values come with gradients because both need the same pass through the
// decoder; the values must be those of LogPrior and LogLik but for rounding.
type LatentGradient interface {
	Latent
	// LogPriorGrad stores log p(zᵢ) in nats for each row of z (N×L) in dst (length N,
	// or nil), and returns dst. It stores ∇_z log p(zᵢ) in row i of grad (N×L). grad
	// must not be z.
	LogPriorGrad(dst []float64, grad, z *mat.Dense) []float64
	// LogLikGrad stores log p(x|z) in nats for each row of z (N·S×L) in dst (length
	// N·S, or nil), and returns dst. It stores ∇_z log p(x|z), at β = 1 and in float64,
	// in the same row of grad (N·S×L). Row i·S+s of z belongs to row i of x (N×D). grad
	// must not be z.
	LogLikGrad(dst []float64, grad, x, z *mat.Dense) []float64
}

// Simulator is a Latent that draws x given z. With z from the prior the pair
// is a draw from p(x, z), and z one from the posterior p(z|x): what upper bounds on
// log p(x) need.
type Simulator interface {
	Latent
	// RandGiven fills dst (N×D) with one independent draw from p(x|zᵢ) for each
	// row of z (N×L).
	RandGiven(dst, z *mat.Dense, src rand.Source)
}

// ProposalGradient is a Proposal that knows the gradient of its log-density by
// the code.
type ProposalGradient interface {
	Proposal
	// LogProbGrad stores log q(z|x) in dst as LogProb does, and ∇_z log q(z|x)
	// in the same row of grad (N·S×L). grad must not be z.
	LogProbGrad(dst []float64, grad, z, x *mat.Dense) []float64
}

// Parametric is a model that can count its free parameters.
type Parametric interface {
	// NumParameters returns the number of free scalar parameters.
	NumParameters() int
}

// PriorProposal returns the prior of m as a proposal that ignores x. Its
// importance weights are p(x|z): the oldest estimator of p(x), and the worst
// one as soon as the posterior is narrow.
func PriorProposal(m Latent) PriorDivergence { return priorProposal{m} }

type priorProposal struct{ m Latent }

func (p priorProposal) LatentDim() int { return p.m.LatentDim() }

func (p priorProposal) Rand(z, x *mat.Dense, src rand.Source) {
	Draws(x, z)
	p.m.RandPrior(z, src)
}

func (p priorProposal) LogProb(dst []float64, z, x *mat.Dense) []float64 {
	Draws(x, z)
	return p.m.LogPrior(dst, z)
}

func (p priorProposal) KLPrior(dst []float64, x *mat.Dense) []float64 {
	n, _ := x.Dims()
	dst = Resize(dst, n)
	clear(dst)
	return dst
}
