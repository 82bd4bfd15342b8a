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

// ParseShape returns the shape of that name.
func ParseShape(name string) (Shape, error) {
	for i, n := range shapeNames {
		if n == name {
			return Shape(i), nil
		}
	}
	return 0, fmt.Errorf("kde: unknown shape %q: %w; want one of %q", name, ErrSettings, shapeNames)
}

// Settings says how to fit. The zero value works.
type Settings struct {
	// Shape is that of the kernels' covariance.
	Shape Shape
	// Kernels is the largest number of kernels; 0: 5000. Where there are more rows, so
	// many of them are drawn to be the kernels, and no other row takes part in the fit.
	Kernels int
	// Weights says how often each row counts (length N, nonnegative); nil: once. A
	// row of weight 0 is absent, one of weight 2 there twice, so that one remains when
	// one is left out.
	Weights []float64
	// Floor is the smallest variance of a kernel in any direction, relative to the
	// variances of the columns: in the data scaled to unit variance, all eigenvalues of
	// H are at least Floor. 0: density.DefaultFloor.
	Floor float64
	// Iterations is the largest number of steps of the search; 0: 1000.
	Iterations int
	// Tolerance is how much, in nats per row, the likelihood may still be below its
	// limit at the end, as predicted from the last two steps; 0: 1e-6.
	Tolerance float64
	// Progress, if not nil, is called after each step with the mean log-likelihood of
	// rows left out, in nats per row.
	Progress func(iteration int, meanLogLik float64)
}

// The defaults behind the zero values of Settings.
const (
	defaultKernels    = 5000
	defaultIterations = 1000
	defaultTolerance  = 1e-6
)

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
		return s, fmt.Errorf("kde: Settings.Shape is %v: %w; want Diagonal or Full", s.Shape, ErrSettings)
	case s.Kernels < 2:
		return s, fmt.Errorf("kde: Settings.Kernels is %d: %w; want 2 or more, or 0 for the default", s.Kernels, ErrSettings)
	case !(s.Floor > 0) || !(s.Floor < 1):
		return s, fmt.Errorf("kde: Settings.Floor is %v: %w; it is relative to the variance of a column, so want a number between 0 and 1, or 0 for the default", s.Floor, ErrSettings)
	case s.Iterations < 1:
		return s, fmt.Errorf("kde: Settings.Iterations is %d: %w; want 1 or more, or 0 for the default", s.Iterations, ErrSettings)
	case !(s.Tolerance > 0) || math.IsInf(s.Tolerance, 0):
		return s, fmt.Errorf("kde: Settings.Tolerance is %v: %w; want a positive number, or 0 for the default", s.Tolerance, ErrSettings)
	}
	return s, nil
}
