// Package gmm fits and uses finite mixtures of Gaussians,
//
//	p(x) = Σₖ πₖ N(x; μₖ, Σₖ)        πₖ ≥ 0, Σ πₖ = 1
//
// the model in which every quantity of p(x) = ∫ p(x|z) p(z) dz is exact: the
// code z is the index of a component, its prior the weights, its posterior the
// responsibilities
//
//	rₙₖ = p(z=k | xₙ) = πₖ N(xₙ; μₖ, Σₖ) / p(xₙ)
//
// A [Model] therefore is a density.Exact, a density.ExactPosterior and a
// density.Finite, and serves as the oracle for code that can only approximate.
//
// # Fitting
//
// [Fit] maximises the likelihood by expectation–maximisation (Dempster, Laird &
// Rubin 1977): the E-step computes the responsibilities, the M-step the
// parameters that they make most likely. No step lowers the likelihood.
//
// Each start is a k-means clustering from k-means++ seeds. The first M-step sees
// the full assignment of all rows to clusters; starting from K single rows would
// give covariances that are nothing but their floor. The best of several starts
// is kept.
//
// EM converges linearly, and where components overlap it creeps. [Fit] then leaps along
// its path now and again (SQUAREM; Varadhan & Roland 2008) and takes back what does not
// raise the likelihood: the same optima, in a fraction of the iterations.
//
// # The floor
//
// With free covariances the likelihood has no maximum: a component that sits on
// one row and shrinks makes it as large as one likes. [Settings] therefore
// bounds the variance of every component, in every direction, from below,
// relative to the variance of the columns. The M-step is the exact maximum under
// that constraint (for free covariances, eigenvalues below the floor are raised to
// it), so the likelihood stays monotone, and where the constraint does not bind the result
// is that of the unconstrained fit. Report.FloorActive tells.
//
// # Families of covariances
//
// With Σₖ = λₖDₖAₖDₖᵀ, volume λ, shape A and axes D may each be equal in all
// components, vary, or (shape and axes) be the identity: the fourteen families of
// mclust, of which [Full], [Tied], [Diagonal] and [Spherical] are scikit-learn's.
// [FactorAnalyzers] and [ProbabilisticPCA] serve data of many columns, at a cost
// that grows with their number and not its square.
//
// A family is one file with a type that implements the methods of [Covariance]: its
// M-step from the responsibilities' moments, and its density. EM, starts and the
// model know nothing else about it.
//
// # Data as it comes
//
// [Settings] takes row weights, labels for some rows, missing values and a conjugate
// [Prior]. [FitStream] reads files larger than memory once an iteration, or rows that
// are held in float32 ([Float32Rows]), with all of these but labels; [Online] learns
// from mini-batches.
//
// # Beyond one fit
//
// Package selection chooses K and the family, and tests and bounds what was found;
// package bayes fits a posterior of the parameters instead of their maximum; package
// sklearn exchanges mixtures with Python.
package gmm
