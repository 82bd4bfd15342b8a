// Package eval says what log p(x) is, how well it is known, and whether one
// model is better than another.
//
// [LogProb] asks a model what it is. A density.Exact gives its closed form. A
// density.Latent is estimated by importance sampling from a proposal q(z|x),
//
//	p̂(x) = (1/S) Σₛ wₛ     wₛ = p(x|zₛ) p(zₛ) / q(zₛ|x)     zₛ ~ q(z|x)
//
// which is unbiased for p(x); its logarithm is biased downwards, by about
// Var(w)/(2S·p²), and consistent. Each row comes with
//
//   - the standard error of log p̂ by the delta method, sd(w)/(√S·w̄),
//   - the effective sample size (Σw)²/Σw² (Kong 1992),
//   - Pareto k̂, the fitted tail index of the weights (Vehtari et al. 2024):
//     above min(1 − 1/log₁₀ S, 0.7) the estimate, and its standard error,
//     cannot be trusted, however small the latter looks.
//
// The mean over rows has two standard errors, one from having only these rows
// and one from having only these draws; see density.Estimate.
//
// [Compare] takes differences row by row. Two models on the same rows share the
// difficulty of each row, so the paired difference is far sharper than that of
// two means.
package eval
