// Package likely is the overview of the module: probabilistic density models,
// and how good each one is, in nats that can be trusted.
//
// Two families of models are one formula,
//
//	p(x) = ∫ p(x|z) p(z) dz
//
// In a finite mixture z is the index of a component, the integral is a sum, and
// log p(x) is exact. In a variational autoencoder z is a point of Rᴸ, and
// log p(x) is bounded or estimated. Every number says which of these it is.
//
// A program starts with the packages of the lower floors:
//
//	density   what a model is; estimates that know their kind; transforms; seeds
//	dataset   tables, readers, splits
//	gmm       Gaussian mixtures by EM
//	vae       variational autoencoders, and the plain autoencoder
//	elbo      lower bounds on log p(x), for any latent-variable model
//	eval      log p(x) with error bars; paired comparisons
//	figure    pictures: data in, picture out
//
// The main job stands on them:
//
//	compare   fit models to the same rows and compare them; score and sample
//	query     questions to a saved model: assign, impute, predict, condition
//	results   what results.json says
//	report    what a person reads of an outcome: text, CSV, pictures
//	saved     a fitted model in a file, with what was done to its rows
//
// The command in cmd/compare is flags, progress and exit codes around these.
// docs/architecture.md shows the rooms and their arrows; a test of this package
// holds that page against the imports.
package likely
