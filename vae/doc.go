// Package vae is the mixture with infinitely many components,
//
//	p(x) = ∫ p(z) p(x|z) dz
//	p(z) = N(z; 0, I),   z in Rᴸ   (or a mixture)
//
// with the parameters of p(x|z), a Gaussian, Bernoulli, Poisson or other
// distribution in each column ([Likelihoods] lists them), given by a network that
// takes z: the decoder. Where a finite mixture has a table
// of means and variances, this one has a function.
//
// # The bound
//
// The integral has no closed form, so p(x) is bounded. For any q(z|x)
//
//	log p(x) ≥ E_q log p(x|z) − KL(q(z|x) ‖ p(z))
//
// with equality where q(z|x) is the posterior p(z|x). A second network, the
// encoder, gives for each x the mean m and the log-variance σ of a diagonal
// normal q(z|x), and both networks are trained together to raise the mean
// bound. A draw is written as
//
//	z = m + exp(σ/2)·e,   e ~ N(0, I)
//
// so that the gradient passes through it, and the divergence is
//
//	KL = ½ Σ (exp(σ) − 1 − σ + m²)
//
// (Kingma & Welling 2014; Rezende et al. 2014). Its negative expectation
// E_q −log p(x|z) is the distortion, the divergence is the rate, both in nats.
//
// # The prior
//
// p(z) need not be normal. [Settings].Prior makes it a mixture of Gaussians
// trained together with the networks, a VampPrior (1/K) Σ q(z|u_k), or a mixture
// fitted to the codes afterwards; [Model.Prior] gives each as a gmm.Model. The
// divergence is then estimated from the same draws as the rest of the bound.
//
// # What it is next to
//
// [Model.Mixture] replaces the integral by S draws from the prior and gives a
// finite mixture that package gmm can score. Without hidden layers and with
// one shared σ the model is probabilistic PCA, whose log p(x) is a closed
// form. Without noise and divergence it is the plain [Autoencoder], which has
// no density.
//
// # Units
//
// [Fit] takes data in any units: it standardises them inside and folds the
// transform into the first and last layers, so that the model takes and gives
// the data as they were. All log-densities are in nats of those units.
package vae
