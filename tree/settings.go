package tree

import (
	"errors"
	"math"

	"likely/density"
)

// Errors of fitting and building trees. They are wrapped with the place and the remedy.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrParameters reports parameters that are no tree.
	ErrParameters = errors.New("not the parameters of a tree")
)

// Settings says how to fit. The zero value works. Settings are written to JSON and read
// from it, but for what belongs to the data: Weights.
type Settings struct {
	// Levels is the number of values of each column (length D), each at least 1;
	// nil: one more than the largest value of the column, and at least 2.
	Levels []int `json:"levels,omitempty"`
	// Count is the number of counts that smooth the probabilities: what is added to
	// each of the four cells of a pair of binary columns. All in all these are
	// 4·Count rows, spread evenly over all values; a cell of a pair with L and L′
	// values is given 4·Count/(L·L′) of them, a value of a column 4·Count/L.
	// 0: 1. Negative: none.
	Count float64 `json:"count"`
	// Weights says how often each row counts (length N, nonnegative); nil: once. A
	// row of weight 0 is absent, one of weight 2 there twice.
	Weights []float64 `json:"-"`
	// Missing says that NaN in the data stands for a missing value. The fit then
	// maximises the likelihood of what is observed, by EM over trees.
	Missing bool `json:"missing,omitempty"`
	// Iterations is the largest number of EM iterations; 0: 1000. Without missing
	// values none is needed.
	Iterations int `json:"iterations"`
	// Tolerance is the gain of an EM iteration, in nats a row, below which it was
	// the last; 0: 1e-9.
	Tolerance float64 `json:"tolerance"`
}

// The defaults behind the zero values of Settings.
const (
	defaultCount      = 1
	defaultIterations = 1000
	defaultTolerance  = 1e-9
)

// added returns the number of rows that smooth the probabilities.
func (s Settings) added() float64 { return 4 * max(s.Count, 0) }

// maxStates is the largest number of values of all columns together: a fit holds a
// square matrix of this size.
const maxStates = 1 << 13

// Resolved returns the settings with defaults put in and checked: what a fit does.
// Resolved settings are their own.
func (s Settings) Resolved() (Settings, error) { return s.resolve() }

func (s Settings) resolve() (Settings, error) {
	if s.Count == 0 {
		s.Count = defaultCount
	}
	if s.Count < 0 && !math.IsInf(s.Count, 0) {
		s.Count = -1
	}
	if s.Iterations == 0 {
		s.Iterations = defaultIterations
	}
	if s.Tolerance == 0 {
		s.Tolerance = defaultTolerance
	}
	switch {
	case math.IsNaN(s.Count) || math.IsInf(s.Count, 0):
		return s, density.SettingErrorf(ErrSettings, "tree: {Count} is %v: {err}; want a number of counts, 0 for the default, or a negative number for none", s.Count)
	case s.Iterations < 1:
		return s, density.SettingErrorf(ErrSettings, "tree: {Iterations} is %d: {err}; want 1 or more, or 0 for the default", s.Iterations)
	case !(s.Tolerance > 0):
		return s, density.SettingErrorf(ErrSettings, "tree: {Tolerance} is %v: {err}; want a positive number, or 0 for the default", s.Tolerance)
	}
	return s, nil
}
