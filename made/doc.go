// Package made fits masked autoregressive densities (Germain et al. 2015),
//
//	p(x) = Πⱼ p(xⱼ | x before j)
//
// for continuous, binary and categorical columns. One network gives the parameters of all
// D conditional distributions in one pass: masks cut every path from a column to the
// conditionals of itself and of the columns before it in an order. So log p(x) is exact,
// and tells what a neural density reaches on the same rows without bound or estimate.
//
// A continuous column has a mixture of normals, whose weights, means and deviations depend
// on the columns before it (Papamakarios, Pavlakou & Murray 2017); a binary one a Bernoulli
// distribution, a categorical one a softmax.
//
// # Orders
//
// The order of the columns is arbitrary, and each order is another density of the same
// family. [Settings].Orders networks, each with an order of its own, are averaged,
//
//	p(x) = (1/M) Σₘ pₘ(x)
//
// which by Jensen's inequality is never worse in the mean than one of them.
//
// # What it costs
//
// log p of a row is one pass through each network, a draw D passes through one. Training
// stops when the likelihood of the validation rows no longer rises. Without validation
// rows it runs all its epochs, and with few rows it will then overfit.
package made
