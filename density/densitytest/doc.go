// Package densitytest holds the suite that every model of this project passes.
//
// A density is easy to get wrong by a constant, a factor of two in a variance,
// or a pairing of rows, and still look plausible. The suite checks what any
// model must satisfy, whatever it is:
//
//   - [Exact]: p(x) integrates to 1 (sums to 1 over {0,1}^D), and is the
//     density of what Rand draws,
//   - [Latent]: so do p(z) and p(x|z), S codes for a row are paired as package
//     density says, and where evidence and posterior are known
//     log p(x) = log p(x|z) + log p(z) − log p(z|x) at any z,
//   - [Proposal]: q(z|x) integrates to 1 and is the density of its draws, for
//     each row,
//   - [Scaling]: a model fitted to a·x has a density lower by D ln a,
//   - all: gradients agree with finite differences, results do not depend on
//     how rows are cut into batches, to the last bit, nor on concurrent calls,
//     and a wrong shape panics.
//
// Integrals over one or two columns are sums over a grid. In more columns the
// identity E_p[h(x)/p(x)] = ∫ h(x) dx = 1, for a normal h fitted to draws
// (Gelfand & Dey 1994), checks constant and draws at once.
//
// Comparisons of draws allow five standard errors, so that a correct model fails one of
// them with a probability below 10⁻⁶ for a new seed. The seed is fixed, so a test that
// passes keeps passing.
//
// [Linear], [FiniteMixture] and [Curve] are small models with known answers,
// against which bounds and estimators are tested.
package densitytest
