package lcm

import "errors"

// Errors of fitting and building mixtures. They are wrapped with the class, row or
// column and the remedy.
var (
	// ErrTooFewRows reports more classes than distinct rows.
	ErrTooFewRows = errors.New("more classes than distinct rows")
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrParameters reports parameters that are no mixture.
	ErrParameters = errors.New("not the parameters of a mixture")
)
