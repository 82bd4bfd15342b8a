// Package selection chooses the number of classes of a mixture of discrete and mixed
// columns.
//
// More classes always raise the likelihood of the data they are fitted to. The
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
// For a good density choose by held-out rows: tables of many columns are seldom mixtures
// of a few classes, and BIC then stops far too early. For classes that mean something
// choose by BIC or ICL.
package selection
