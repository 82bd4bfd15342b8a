package lcm

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"likely/density"
)

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

func errNoContext() error {
	return fmt.Errorf("lcm: the context is nil: %w; pass context.Background()", ErrSettings)
}

// checkCall returns an error for arguments that are not there.
func checkCall(ctx context.Context, src rand.Source) error {
	if ctx == nil {
		return errNoContext()
	}
	if src == nil {
		return fmt.Errorf("lcm: the source of random numbers is nil: %w; density.NewSource gives one", ErrSettings)
	}
	return nil
}

func errHollowColumn(j int) error {
	return fmt.Errorf("lcm: column %d has no values: %w; leave it out", j+1, density.ErrNonFinite)
}

func errNoRows() error { return fmt.Errorf("lcm: no rows: %w", ErrTooFewRows) }
