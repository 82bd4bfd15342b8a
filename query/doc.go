// Package query puts questions to a saved model, in the units of the data: to which
// component does a row belong, what are the values that it lacks, how is one column
// distributed given others, and how likely is the value that it has.
//
// A mixture answers exactly: given what is known of a row, any other column is a mixture
// of univariate distributions again. A variational autoencoder answers by importance
// sampling of its code, with a standard error:
//
//	p(x_j | x_known) = ∫ p(x_j|z) p(z | x_known) dz ≈ Σₛ wₛ p(x_j|zₛ)
//
// with the weights of draws from an adapted proposal. Values that are not known are NaN.
package query
