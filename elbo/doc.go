// Package elbo computes lower bounds on log p(x) for any latent-variable model
// and any proposal q(z|x). It knows the interfaces of package density and no
// model.
//
// The evidence lower bound is
//
//	L = E_q[log p(x|z)] − KL(q(z|x) ‖ p(z))         distortion and rate
//	  = log p(x) − KL(q(z|x) ‖ p(z|x))              evidence and gap
//
// The first form can always be estimated, the second only where the posterior is
// known; the two are equal draw by draw, which is a test of any model that has
// both. The second form says what improves the bound: a better model raises
// log p(x), a better q lowers the divergence, and L alone cannot tell which.
//
// The K-sample bound (Burda, Grosse & Salakhutdinov 2016)
//
//	L_K = E log (1/K) Σₖ p(x, zₖ)/q(zₖ|x),   z₁ … z_K ~ q
//
// rises with K from L₁ = L towards log p(x). [MultiSample] evaluates it for many K
// from the same draws, [Debiased] removes the first term of its bias.
//
// # Proposals
//
// A bound is as good as its q. [Refine] finds the best normal for each row, which
// tells the fault of the family from that of the encoder; [Adaptive] finds mixtures
// for codes of few dimensions; [Defensive] mixes proposals so that none can be too
// narrow; [MatchMoments] makes a normal of any of them. [SplitRate] says what the
// rate is spent on.
//
// # Exactness
//
// Where the code takes finitely many values (density.Finite) expectations are
// sums and nothing is sampled. Otherwise each row draws from its own random
// stream, so results do not depend on chunks, cores or the order of work.
package elbo
