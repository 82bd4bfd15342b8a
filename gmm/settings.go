package gmm

import (
	"encoding/json"
	"fmt"
	"math"

	"likely/density"
)

// Settings says what to fit and how. The zero value works. Settings are written to
// JSON and read from it, but for what belongs to the data or the caller: Weights,
// Labels, Progress and the mixture of [From].
type Settings struct {
	// Components is K; 0: 5.
	Components int `json:"components"`
	// Covariance is the family of the covariances; nil: Full.
	Covariance Covariance `json:"covariance,omitempty"`
	// Start is where runs of EM start; nil: KMeans.
	Start Start `json:"start,omitempty"`
	// Starts is the number of starts, of which the best is kept and goes on
	// to Tolerance. 0: ten, and while they are cheap ten more at a time, up to
	// 50, until the best optimum has been found three times. A single
	// component, or a start without randomness, needs and gets one.
	Starts int `json:"starts"`
	// SplitMerge is the largest number of moves that merge two components and
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
	// Tolerance is how much, in nats per row, the likelihood may still be
	// below its limit when a start ends, as predicted from the last two
	// steps (Aitken's rule). 0: 1e-9, and of more than 25,000 rows a
	// thousandth of what it gains by chance, p/2N for p parameters (Wilks
	// 1938). A step downwards never satisfies it.
	Tolerance float64 `json:"tolerance"`
	// Floor is the smallest variance of a component in any direction,
	// relative to the variances of the columns: in the data scaled to unit
	// variance, all eigenvalues are at least Floor. A column with rows far
	// out counts by the variance of the shorter half of its rows, if that is
	// a hundredth or less. Families that depend on the units of columns take
	// the narrowest column for all of them, or 1e-4 of the widest one's
	// variance if that is more. 0: density.DefaultFloor. Negative: no floor;
	// a collapse is then an error.
	Floor float64 `json:"floor"`
	// Prior, if not nil, makes the fit maximise the posterior density.
	Prior *Prior `json:"prior,omitempty"`
	// Weights says how often each row counts (length N, nonnegative); nil:
	// once. A row of weight 0 is absent, one of weight 2 there twice.
	Weights []float64 `json:"-"`
	// Labels says to which component a row belongs (length N, 0 … K−1), or −1
	// where that is not known; nil: nowhere. Components then keep the order
	// of the labels.
	Labels []int `json:"-"`
	// Missing says that NaN in the data stands for a missing value. The fit
	// then maximises the likelihood of what is observed, by the exact
	// conditional E- and M-step (Ghahramani & Jordan 1994). A row without any value is
	// left out: its likelihood is 1 under any mixture. With nothing missing it changes
	// nothing.
	Missing bool `json:"missing,omitempty"`
	// Progress, if not nil, is called after each iteration of each start with
	// the mean log-likelihood in nats per row. Calls may be concurrent.
	Progress func(start, iteration int, meanLogLik float64) `json:"-"`
	// Watch, if not nil, is called after each iteration of each start with the run,
	// which it may look at until it returns. Calls may be concurrent.
	Watch func(start, iteration int, run *EM) `json:"-"`
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
// Resolved settings are their own. Only numbers that depend on the data, such as those
// of a [Prior], keep their zeros.
func (s Settings) Resolved() (Settings, error) { return s.resolve() }

func (s Settings) resolve() (Settings, error) {
	if s.Components == 0 {
		s.Components = defaultComponents
	}
	if s.Covariance == nil {
		s.Covariance = Full
	}
	if s.Start == nil {
		s.Start = KMeans
	}
	if s.Starts >= 0 && (s.Components == 1 || !s.Start.repeats()) {
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
	for _, c := range []struct {
		name               string
		value, least, most int
	}{{"Components", s.Components, 1, math.MaxInt}, {"Starts", s.Starts, 0, mostStarts}, {"Iterations", s.Iterations, 1, math.MaxInt}} {
		if c.value < c.least {
			return s, density.SettingErrorf(ErrSettings, "gmm: {%s} is %d: {err}; want 1 or more, or 0 for the default", c.name, c.value)
		}
		if c.value > c.most {
			return s, density.SettingErrorf(ErrSettings, "gmm: {%s} is %d: {err}; want at most %d", c.name, c.value, c.most)
		}
	}
	if !(s.Tolerance >= 0) {
		return s, density.SettingErrorf(ErrSettings, "gmm: {Tolerance} is %v: {err}; want a positive number, or 0 for the default", s.Tolerance)
	}
	if !(s.Floor < 1) || math.IsNaN(s.Floor) {
		return s, density.SettingErrorf(ErrSettings, "gmm: {Floor} is %v: {err}; it is relative to the variance of a column, so want less than 1", s.Floor)
	}
	return s, nil
}

// chance is the share of p/2N that a fit to many rows may be short of.
const chance = 1e-3

// tolerance returns the tolerance for rows, and how much starts may be short of their
// limits when they are compared, 0 for what package em has.
func (s Settings) tolerance(rows *scaledRows) (tolerance, enough float64) {
	switch {
	case s.Tolerance > 0:
		return s.Tolerance, 0
	case rows.total > manyRows || rows.sample:
		parameters := s.Components*(rows.d+1) - 1 + s.Covariance.NumParameters(s.Components, rows.d)
		tolerance = max(defaultTolerance, chance*float64(parameters)/(2*rows.total))
		return tolerance, tolerance
	}
	return defaultTolerance, 0
}

// least returns the smallest variance that the floor allows, 0 for any.
func (s Settings) least() float64 { return max(s.Floor, 0) }

// UnmarshalJSON reads what is there and leaves the rest alone.
func (s *Settings) UnmarshalJSON(text []byte) error {
	type fields Settings
	read := struct {
		*fields
		Covariance CovarianceName `json:"covariance"`
		Start      StartName      `json:"start"`
	}{(*fields)(s), CovarianceName{s.Covariance}, StartName{s.Start}}
	if err := json.Unmarshal(text, &read); err != nil {
		return fmt.Errorf("gmm: settings: %w", err)
	}
	s.Covariance, s.Start = read.Covariance.Covariance, read.Start.Start
	return nil
}
