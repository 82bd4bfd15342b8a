// Package selection chooses the number of components and the family of the
// covariances of a mixture.
//
// More components always raise the likelihood of the data they are fitted to. The
// criteria pay for them, or look at other data. All are written so that larger is
// better; with ℓ the maximised log-likelihood in nats, p the number of free
// parameters and N the number of rows,
//
//	BIC = 2ℓ − p ln N                            (Schwarz 1978)
//	AIC = 2ℓ − 2p                                (Akaike 1974)
//	ICL = BIC + 2 Σₙ ln maxₖ rₙₖ                 (Biernacki, Celeux & Govaert 2000)
//	held-out: mean log p of other rows, in nats
//	cross-validation: the same over folds that are held out in turn
//
// BIC asks for the number of components that makes a good density, ICL for one
// that makes separate clusters. An optimum of free covariances on few rows is no
// evidence for anything: candidates whose fit is degenerate are listed, but not
// chosen.
//
// [TestComponents] tests K against K+1 components by the likelihood ratio, whose usual
// χ² distribution does not hold here; [Errors] gives standard errors of parameters.
package selection
