// Package bayes fits mixtures of Gaussians by variational Bayes.
//
// The parameters θ have a prior, and the fit is not a point but a distribution
// q(z) q(θ) over components of rows and parameters, chosen to make a lower bound on
// the evidence of the whole data set as large as possible (Attias 2000; Bishop 2006,
// §10.2):
//
//	ln p(X) ≥ L = E_q[ln p(X, z, θ)] − E_q[ln q(z) q(θ)]
//
// With the conjugate prior
//
//	μₖ | Λₖ ~ N(m₀, (β₀Λₖ)⁻¹)    Λₖ ~ Wishart(W₀, ν₀)
//
// (or Gamma distributions of precisions along the columns; each for every component,
// or one for all) and weights from a Dirichlet distribution or the sticks of a truncated Dirichlet
// process (Blei & Jordan 2006) every step is in closed form, and L with it; no step
// lowers it. Components that the data do not need lose their rows, so that K is a
// bound on their number rather than a choice of it.
//
// L bounds the evidence as an ELBO bounds log p(x), with the data set for the example
// and the parameters for the code. [Posterior.Evidence] and [Posterior.Proposal] say so
// in the interfaces of package density, for which package elbo has bounds that are
// tighter.
//
// New rows have the predictive density E_q[p(x|θ)], a mixture of Student's t.
package bayes
