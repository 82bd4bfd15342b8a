package gmm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
)

// Errors of fitting and building mixtures. They are wrapped with the component
// or row and the remedy.
var (
	// ErrCollapsed reports a covariance that is not positive definite.
	ErrCollapsed = errors.New("covariance is not positive definite")
	// ErrTooFewRows reports more components than distinct rows.
	ErrTooFewRows = errors.New("more components than distinct rows")
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrParameters reports parameters that are no mixture.
	ErrParameters = errors.New("not the parameters of a mixture")
)

// errRescaled is for a covariance that cannot be had in other units.
func errRescaled(k int) error {
	return fmt.Errorf("gmm: the covariance of component %d, in units of the rows' standard deviations, is none: %w; start from parameters in the units of the rows", k+1, ErrParameters)
}

func errNoContext() error {
	return fmt.Errorf("gmm: the context is nil: %w; pass context.Background()", ErrSettings)
}

// checkCall returns an error for arguments that are not there.
func checkCall(ctx context.Context, src rand.Source) error {
	if ctx == nil {
		return errNoContext()
	}
	if src == nil {
		return fmt.Errorf("gmm: the source of random numbers is nil: %w; density.NewSource gives one", ErrSettings)
	}
	return nil
}
