package lcm

import (
	"math"

	"likely/density"
)

// Settings says what to fit and how. The zero value fits Bernoulli columns.
type Settings struct {
	// Components is K, the number of classes; 0: 5.
	Components int
	// Columns describes the columns of the data (length D); nil: all are Bernoulli.
	Columns []Column
	// Start is where runs of EM start; nil: Seeds.
	Start Start
	// Starts is the number of starts, of which the best is kept and goes on
	// to Tolerance; 0: 10. A single class, or a start without randomness,
	// needs and gets one.
	Starts int
	// SplitMerge is the largest number of moves that merge two classes and
	// split a third, made from the best start while they lead to a better
	// optimum; 0: 1 after several starts, none after one. Negative: none. A
	// move costs up to 6 runs of EM, side by side.
	SplitMerge int
	// Plain makes every iteration a step of EM. Without, EM that creeps is
	// helped along: some iterations leap to where its last steps point to, and
	// are taken back if that is no better.
	Plain bool
	// Iterations is the largest number of EM iterations of a start; 0: 5000.
	Iterations int
	// Tolerance is how much, in nats per row, the objective may still be
	// below its limit when a start ends, as predicted from the last two
	// steps (Aitken's rule); 0: 1e-9. A step downwards never satisfies it.
	Tolerance float64
	// Floor is the smallest variance of a Normal column within a class, relative to
	// the variance of the column; 0: density.DefaultFloor. Negative: no floor.
	Floor float64
	// Prior keeps probabilities and rates away from 0; nil: DefaultPrior. The zero
	// Prior gives maximum likelihood.
	Prior *Prior
	// Weights says how often each row counts (length N, nonnegative); nil:
	// once. A row of weight 0 is absent, one of weight 2 there twice.
	Weights []float64
	// Missing says that NaN in the data stands for a missing value. The fit
	// then maximises the likelihood of what is there, exactly: within a class
	// columns are independent, so that what is missing drops out. With nothing missing it changes nothing.
	Missing bool
	// Progress, if not nil, is called after each iteration of each start with
	// the mean log-likelihood in nats per row. Calls may be concurrent.
	Progress func(start, iteration int, meanLogLik float64)
}

// The defaults behind the zero values of Settings.
const (
	defaultComponents = 5
	defaultStarts     = 10
	defaultIterations = 5000
	defaultTolerance  = 1e-9
)

func (s Settings) resolve() (Settings, error) {
	if s.Components == 0 {
		s.Components = defaultComponents
	}
	if s.Start == nil {
		s.Start = Seeds
	}
	if s.Starts == 0 {
		s.Starts = defaultStarts
	}
	if s.Components == 1 || !s.Start.repeats() {
		s.Starts = min(s.Starts, 1)
	}
	if s.SplitMerge == 0 && s.Starts > 1 {
		s.SplitMerge = 1
	}
	if s.Iterations == 0 {
		s.Iterations = defaultIterations
	}
	if s.Tolerance == 0 {
		s.Tolerance = defaultTolerance
	}
	if s.Floor == 0 {
		s.Floor = density.DefaultFloor
	}
	s.Floor = max(s.Floor, 0)
	if s.Prior == nil {
		s.Prior = &DefaultPrior
	}
	for _, c := range []struct {
		name  string
		value int
	}{{"Components", s.Components}, {"Starts", s.Starts}, {"Iterations", s.Iterations}} {
		if c.value < 1 {
			return s, density.SettingErrorf(ErrSettings, "lcm: {%s} is %d: {err}; want 1 or more, or 0 for the default", c.name, c.value)
		}
	}
	if !(s.Tolerance > 0) {
		return s, density.SettingErrorf(ErrSettings, "lcm: {Tolerance} is %v: {err}; want a positive number, or 0 for the default", s.Tolerance)
	}
	if !(s.Floor < 1) || math.IsNaN(s.Floor) {
		return s, density.SettingErrorf(ErrSettings, "lcm: {Floor} is %v: {err}; it is relative to the variance of a column, so want less than 1", s.Floor)
	}
	return s, s.Prior.check()
}
