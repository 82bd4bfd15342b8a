package kde

import (
	"errors"
	"fmt"
	"math"

	"likely/density"
)

// Errors of fitting and building kernel densities. They are wrapped with the place and
// the remedy.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrParameters reports parameters that are no kernel density.
	ErrParameters = errors.New("not the parameters of a kernel density")
	// ErrTooFewRows reports fewer than two rows: none is left when one is left out.
	ErrTooFewRows = errors.New("too few rows")
)

// Shape is what the covariance H of the kernels may be.
type Shape int

const (
	// Diagonal kernels have a bandwidth of their own in each column.
	Diagonal Shape = iota
	// Full kernels have any covariance: D(D+1)/2 numbers to be chosen.
	Full
)

var shapeNames = [...]string{"diagonal", "full"}

// String returns diagonal or full.
func (s Shape) String() string {
	if s < 0 || int(s) >= len(shapeNames) {
		return fmt.Sprintf("Shape(%d)", int(s))
	}
	return shapeNames[s]
}

// MarshalText implements encoding.TextMarshaler.
func (s Shape) MarshalText() ([]byte, error) {
	if s < 0 || int(s) >= len(shapeNames) {
		return nil, fmt.Errorf("kde: unknown shape %d: %w", int(s), ErrSettings)
	}
	return []byte(s.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Shape) UnmarshalText(text []byte) error {
	for i, n := range shapeNames {
		if n == string(text) {
			*s = Shape(i)
			return nil
		}
	}
	return fmt.Errorf("kde: unknown shape %q: %w; want one of %q", text, ErrSettings, shapeNames)
}

// Settings says how to fit. The zero value works. Settings are written to JSON and read
// from it, but for what belongs to the data or the caller: Weights and Progress.
type Settings struct {
	// Shape is that of the kernels' covariance.
	Shape Shape `json:"shape"`
	// Kernels is the largest number of kernels; 0: 5000. Where there are more rows, so
	// many of them are drawn to be the kernels, and no other row takes part in the fit.
	Kernels int `json:"kernels"`
	// Weights says how often each row counts (length N, nonnegative); nil: once. A
	// row of weight 0 is absent, one of weight 2 there twice, so that one remains when
	// one is left out.
	Weights []float64 `json:"-"`
	// Floor is the smallest variance of a kernel in any direction, relative to the
	// variances of the columns: in the data scaled to unit variance, all eigenvalues of
	// H are at least Floor. 0: density.DefaultFloor.
	Floor float64 `json:"floor"`
	// Iterations is the largest number of steps of the search; 0: 1000.
	Iterations int `json:"iterations"`
	// Tolerance is how much, in nats per row, the likelihood may still be below its
	// limit at the end, as predicted from the last two steps; 0: 1e-6.
	Tolerance float64 `json:"tolerance"`
	// Progress, if not nil, is called after each step with the mean log-likelihood of
	// rows left out, in nats per row.
	Progress func(iteration int, meanLogLik float64) `json:"-"`
}

// The defaults behind the zero values of Settings.
const (
	defaultKernels    = 5000
	defaultIterations = 1000
	defaultTolerance  = 1e-6
)

// Resolved returns the settings with defaults put in and checked: what a fit does.
// Resolved settings are their own.
func (s Settings) Resolved() (Settings, error) { return s.resolve() }

func (s Settings) resolve() (Settings, error) {
	if s.Kernels == 0 {
		s.Kernels = defaultKernels
	}
	if s.Floor == 0 {
		s.Floor = density.DefaultFloor
	}
	if s.Iterations == 0 {
		s.Iterations = defaultIterations
	}
	if s.Tolerance == 0 {
		s.Tolerance = defaultTolerance
	}
	switch {
	case s.Shape != Diagonal && s.Shape != Full:
		return s, density.SettingErrorf(ErrSettings, "kde: {Shape} is %v: {err}; want Diagonal or Full", s.Shape)
	case s.Kernels < 2:
		return s, density.SettingErrorf(ErrSettings, "kde: {Kernels} is %d: {err}; want 2 or more, or 0 for the default", s.Kernels)
	case !(s.Floor > 0) || !(s.Floor < 1):
		return s, density.SettingErrorf(ErrSettings, "kde: {Floor} is %v: {err}; it is relative to the variance of a column, so want a number between 0 and 1, or 0 for the default", s.Floor)
	case s.Iterations < 1:
		return s, density.SettingErrorf(ErrSettings, "kde: {Iterations} is %d: {err}; want 1 or more, or 0 for the default", s.Iterations)
	case !(s.Tolerance > 0) || math.IsInf(s.Tolerance, 0):
		return s, density.SettingErrorf(ErrSettings, "kde: {Tolerance} is %v: {err}; want a positive number, or 0 for the default", s.Tolerance)
	}
	return s, nil
}
