package lcm

import (
	"math"

	"likely/density"
)

// Settings says what to fit and how. The zero value fits Bernoulli columns.
type Settings struct {
	// Components is K, the number of classes; 0: 5, or those of From.
	Components int `json:"components"`
	// Columns describes the columns of the data (length D); nil: those of From, or
	// all are Bernoulli.
	Columns []Column `json:"columns,omitempty"`
	// From, if not nil, is where EM starts: a mixture of as many classes in the same
	// columns, levels included. Without, each start makes a class of each of K rows that
	// are far from each other.
	From *Model `json:"-"`
	// Starts is the number of starts, of which the best is kept and goes on
	// to Tolerance. 0: ten, and while they are cheap ten more at a time, up to
	// 50, until the best optimum has been found three times. A single
	// class, or From, needs and gets one.
	Starts int `json:"starts"`
	// SplitMerge is the largest number of moves that merge two classes and
	// split a third, made from the best start while they lead to a better
	// optimum; 0: 1 after several starts, none after one. Negative: none. A
	// move costs up to 6 runs of EM, side by side.
	SplitMerge int `json:"split_merge"`
	// Plain makes every iteration a step of EM. Without, EM that creeps is
	// helped along: some iterations leap to where its last steps point to, and
	// are taken back if that is no better.
	Plain bool `json:"plain,omitempty"`
	// Iterations is the largest number of EM iterations of a start; 0: 5000.
	Iterations int `json:"iterations"`
	// Tolerance is how much, in nats per row, the objective may still be
	// below its limit when a start ends, as predicted from the last two
	// steps (Aitken's rule). 0: 1e-9, and of more than 25,000 rows a
	// thousandth of what it gains by chance, p/2N for p parameters (Wilks
	// 1938). A step downwards never satisfies it.
	Tolerance float64 `json:"tolerance"`
	// Floor is the smallest variance of a Normal column within a class, relative to
	// the variance of the column; 0: density.DefaultFloor. Negative: none but what
	// arithmetic needs.
	Floor float64 `json:"floor"`
	// Prior keeps probabilities and rates away from 0; nil: DefaultPrior(). The zero
	// Prior gives maximum likelihood.
	Prior *Prior `json:"prior,omitempty"`
	// Weights says how often each row counts (length N, nonnegative); nil:
	// once. A row of weight 0 is absent, one of weight 2 there twice.
	Weights []float64 `json:"-"`
	// Missing says that NaN in the data stands for a missing value. The fit
	// then maximises the likelihood of what is there, exactly: within a class
	// columns are independent, so that what is missing drops out. A row without any
	// value is left out: its likelihood is 1. With nothing missing it changes nothing.
	Missing bool `json:"missing,omitempty"`
	// Progress, if not nil, is called after each iteration of each start with
	// the mean log-likelihood in nats per row. Calls may be concurrent.
	Progress func(start, iteration int, meanLogLik float64) `json:"-"`
}

// The defaults behind the zero values of Settings.
const (
	defaultComponents = 5
	defaultIterations = 5000
	defaultTolerance  = 1e-9
)

// mostStarts bounds the starts: a report has a number for each.
const mostStarts = 1 << 20

// Resolved returns the settings with defaults put in and checked: what a fit does.
// Resolved settings are their own. Columns, whose levels depend on the data, stay.
func (s Settings) Resolved() (Settings, error) { return s.resolve() }

func (s Settings) resolve() (Settings, error) {
	if s.From != nil {
		if s.Components == 0 {
			s.Components = s.From.Components()
		}
		if s.Columns == nil {
			s.Columns = s.From.Columns()
		}
	}
	if s.Components == 0 {
		s.Components = defaultComponents
	}
	if s.Starts >= 0 && (s.Components == 1 || s.From != nil) {
		s.Starts = 1
	}
	if s.SplitMerge == 0 && s.Starts != 1 {
		s.SplitMerge = 1
	}
	if s.Iterations == 0 {
		s.Iterations = defaultIterations
	}
	if s.Floor == 0 {
		s.Floor = density.DefaultFloor
	}
	if s.Floor < 0 {
		s.Floor = -1
	}
	if s.Prior == nil {
		prior := DefaultPrior()
		s.Prior = &prior
	}
	for _, c := range []struct {
		name               string
		value, least, most int
	}{{"Components", s.Components, 1, math.MaxInt}, {"Starts", s.Starts, 0, mostStarts}, {"Iterations", s.Iterations, 1, math.MaxInt}} {
		if c.value < c.least {
			return s, density.SettingErrorf(ErrSettings, "lcm: {%s} is %d: {err}; want 1 or more, or 0 for the default", c.name, c.value)
		}
		if c.value > c.most {
			return s, density.SettingErrorf(ErrSettings, "lcm: {%s} is %d: {err}; want at most %d", c.name, c.value, c.most)
		}
	}
	if !(s.Tolerance >= 0) {
		return s, density.SettingErrorf(ErrSettings, "lcm: {Tolerance} is %v: {err}; want a positive number, or 0 for the default", s.Tolerance)
	}
	if !(s.Floor < 1) || math.IsNaN(s.Floor) {
		return s, density.SettingErrorf(ErrSettings, "lcm: {Floor} is %v: {err}; it is relative to the variance of a column, so want less than 1", s.Floor)
	}
	return s, s.Prior.check()
}

const (
	manyRows = 25000 // above which a fit may be short of its limit
	chance   = 1e-3  // by such a share of p/2N
)

// within returns the settings with the tolerance for data, and how much starts may be
// short of their limits when they are compared, 0 for what package em has.
func (s Settings) within(d *data) (resolved Settings, enough float64) {
	if s.Tolerance == 0 {
		s.Tolerance = defaultTolerance
		if d.total > manyRows {
			s.Tolerance = max(s.Tolerance, chance*float64(d.layout.parameters(s.Components))/(2*d.total))
			enough = s.Tolerance
		}
	}
	return s, enough
}

// least returns the smallest variance that the floor allows, relative to the column's.
func (s Settings) least() float64 { return max(s.Floor, smallestShare) }
