package eval

import "likely/internal/pareto"

// Threshold returns the Pareto k̂ above which an importance-sampling estimate
// from S draws cannot be trusted, min(1 − 1/log₁₀ S, 0.7) (Vehtari et al. 2024,
// section 3.2.4).
func Threshold(samples int) float64 { return pareto.Threshold(samples) }
