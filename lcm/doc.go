// Package lcm fits and uses latent class models: finite mixtures for discrete and mixed
// columns, which are independent within a class (McLachlan & Peel 2000, ch. 5),
//
//	p(x) = Σₖ πₖ Πⱼ pₖⱼ(xⱼ)        πₖ ≥ 0, Σ πₖ = 1
//
// A table of people, for example, may have the columns sex, income class, number of
// visits and age:
//
//	s := lcm.Settings{Components: 3, Columns: []lcm.Column{
//		{Kind: lcm.Bernoulli}, {Kind: lcm.Categorical}, {Kind: lcm.Poisson}, {Kind: lcm.Normal},
//	}}
//
// Whatever columns have to do with each other, the classes explain. The package is the
// neighbour of package gmm: every quantity of p(x) = ∫ p(x|z) p(z) dz is exact. The code z
// is the index of a class, its prior the weights, its posterior the responsibilities.
// A [Model] therefore is a density.Exact, a density.ExactPosterior and a density.Finite.
//
// # Columns
//
// A [Column] is [Bernoulli] (0 or 1), [Categorical] (codes 0 … C−1 in one column),
// [Poisson] or [NegativeBinomial] (counts), or [Normal]. log p is one of probabilities for
// the first four and of a density for the last; of a mixed row it is their sum.
// A value that a column cannot have, such as half a count or a code from C on, has
// probability 0: log p is −Inf. In a fit such a value is an error that names row and
// column. NaN is a missing value; it drops out exactly.
//
// # Fitting
//
// [Fit] maximises the likelihood, or the posterior density under a [Prior], by
// expectation–maximisation, with the machinery of package gmm: several starts of which
// only the best converges, leaps where EM creeps, moves that merge and split classes.
// Every M-step is a closed form, but for the size of a negative binomial, which is the
// root of a function of one variable.
//
// # Zeros
//
// A class that has seen no 1 in a column would have probability 0 for any row with one,
// in the data to come too. The [DefaultPrior] adds a row of each value to each class
// (Laplace's rule), and to each rate a row with the column's mean. So a category that a
// Column declares by its Levels but that the data lack has a small probability.
// Normal columns have a floor of variance, as in package gmm.
package lcm
