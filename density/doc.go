// Package density is the vocabulary that the rest of likely is written in.
//
// Every model here is one formula,
//
//	p(x) = ∫ p(x|z) p(z) dz
//
// and differs only in what the latent variable z is: the index of a component
// in a finite mixture, a point of Rᴸ in a variational autoencoder. The package
// names what such a model can do:
//
//   - [Model] draws samples,
//   - [Exact] knows log p(x) in closed form,
//   - [Latent] knows p(z) and p(x|z), but perhaps not their integral,
//   - [Proposal] is a distribution q(z|x) from which the integral is bounded
//     or estimated,
//   - [ExactPosterior], [Finite], [LatentGradient] and [Simulator] say what else
//     a latent-variable model can do: each makes another method possible.
//
// [Normal], [DiagonalNormal] and [Bernoulli] are the elementary families. The
// suite that every model passes is package densitytest.
//
// An exact log-likelihood, a bound and an estimate are different kinds of
// number. [Estimate] carries its [Kind] so that no table can mix them
// silently.
//
// # Units
//
// Log-densities are in nats (natural logarithms). A density has the unit of
// one over the volume of x, so its logarithm depends on the unit x is measured
// in: with y = a·x in D dimensions, log p(y) = log p(x) − D·ln a. [Transform]
// keeps account of that term.
//
// # Rows
//
// Data are dense row-major matrices, one example a row: x is N×D, codes z are
// N×L. Where a method takes both x and z, z may hold S rows for each row of x;
// rows i·S to i·S+S−1 of z then belong to row i of x. All methods may be
// called concurrently; their results do not depend on how rows are cut into
// batches, to the last bit.
//
// # Randomness
//
// Randomness is always an argument, never stored and never global.
// [NewSource] derives independent streams from a seed, a purpose and indices,
// so that a result does not depend on the order in which work is done.
package density
