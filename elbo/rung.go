package elbo

import "fmt"

// Rung is a step of the ladder of proposals, from the cheapest upwards: what a row's
// codes were drawn from in the end.
type Rung int

// The rungs. Given is the zero value.
const (
	// Given is q(z|x) as it was given, such as an encoder, with no search.
	Given Rung = iota
	// Kernels is a mixture of kernels found by population Monte Carlo.
	Kernels
	// Posterior is the posterior itself: weights that do not vary.
	Posterior
	// Mode is a density around the mode, from the geometry of the decoder.
	Mode
	// Refined is a normal near the one with the largest bound.
	Refined
	// Moments is one whose moments were matched to those of weighted draws.
	Moments
	// Modes is a mixture of densities around several modes.
	Modes
	// Annealed is no proposal: chains were annealed from a normal around the
	// posterior, by eval.LogProb, since the weights of all proposals varied too much.
	Annealed
	// Integrated is no proposal either: eval.LogProb integrated over a code of one
	// dimension.
	Integrated

	rungs = iota
)

var rungNames = [rungs]string{"given", "kernels", "posterior", "mode", "refined", "moments", "modes", "annealed", "quadrature"}

// String returns given, kernels, posterior, mode, refined, moments, modes, annealed or
// quadrature.
func (r Rung) String() string {
	if r < 0 || int(r) >= rungs {
		return fmt.Sprintf("Rung(%d)", int(r))
	}
	return rungNames[r]
}

// MarshalText implements encoding.TextMarshaler.
func (r Rung) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
