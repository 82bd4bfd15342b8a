package made

import (
	"errors"
	"math"
	"slices"

	"likely/density"
)

// Errors of fitting and building. They are wrapped with the place and the remedy.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrParameters reports parameters that are no model.
	ErrParameters = errors.New("not the parameters of an autoregressive density")
	// ErrDiverged reports that training produced a NaN or an infinity.
	ErrDiverged = errors.New("training diverged")
)

// Settings says what to fit and how. The zero value works. Settings are written to JSON
// and read from it, but for Progress, which belongs to the caller.
type Settings struct {
	// Columns describes the columns of the data (length D); nil: all are Continuous.
	Columns []Column `json:"columns,omitempty"`
	// Components is the number of normals of a Continuous column; 0: 10.
	Components int `json:"components"`
	// Hidden lists the widths of the hidden layers; nil: 200, 200.
	Hidden []int `json:"hidden"`
	// Orders is the number of networks, each with an order of the columns of its own,
	// that are averaged; 0: 4. The order of a single column is always the same.
	Orders int `json:"orders"`
	// Floor is the smallest variance of a normal, relative to the variance of its
	// column in the training rows; 0: density.DefaultFloor.
	Floor float64 `json:"floor"`

	// Epochs is the largest number of passes over the training rows; 0: as many as make
	// 20000 steps, but at least 30.
	Epochs int `json:"epochs"`
	// Patience is the number of epochs without gain on the validation rows after which
	// the learning rate falls to a tenth, from the best weights on, and the third time
	// training ends; 0: a twentieth of Epochs, but at least 10.
	Patience int `json:"patience"`
	// Batch is the number of rows in a minibatch; 0: 64 (or all, if fewer).
	Batch int `json:"batch"`
	// Rate is the first learning rate of Adam; 0: 0.001.
	Rate float64 `json:"rate"`
	// Decay is the share of each weight taken off a step, per unit of the learning rate
	// (Loshchilov & Hutter 2019); 0: none.
	Decay float64 `json:"decay"`
	// Progress, if not nil, is called after each epoch of each network with the mean
	// log p of the training rows (while the weights were moving) and of the validation
	// rows (NaN if there are none), in nats per row. Calls may be concurrent.
	Progress func(order, epoch int, train, valid float64) `json:"-"`
}

// The defaults behind the zero values of Settings.
const (
	defaultComponents = 10
	defaultWidth      = 200
	defaultOrders     = 4
	defaultSteps      = 20000
	minEpochs         = 30
	minPatience       = 10
	defaultBatch      = 64
	defaultRate       = 1e-3
	descents          = 2 // times that the rate falls
)

// Resolved returns the settings with defaults put in and checked, for n training rows of
// d columns: what a fit does. Resolved settings are their own.
func (s Settings) Resolved(n, d int) (Settings, error) { return s.resolve(n, d) }

func (s Settings) resolve(n, d int) (Settings, error) {
	if s.Columns == nil {
		s.Columns = make([]Column, d)
	}
	s.Columns = slices.Clone(s.Columns)
	if s.Hidden == nil {
		s.Hidden = []int{defaultWidth, defaultWidth}
	}
	s.Hidden = slices.Clone(s.Hidden)
	if s.Batch == 0 {
		s.Batch = min(defaultBatch, n)
	}
	for _, c := range []struct {
		value    *int
		standard int
	}{{&s.Components, defaultComponents}, {&s.Orders, defaultOrders}} {
		if *c.value == 0 {
			*c.value = c.standard
		}
	}
	if s.Floor == 0 {
		s.Floor = density.DefaultFloor
	}
	if s.Rate == 0 {
		s.Rate = defaultRate
	}
	if s.Epochs == 0 && s.Batch > 0 {
		s.Epochs = s.DefaultEpochs(n)
	}
	if s.Patience == 0 {
		s.Patience = max(s.Epochs/20, minPatience)
	}
	return s, s.check()
}

// DefaultEpochs returns what Epochs 0 means for n training rows.
func (s Settings) DefaultEpochs(n int) int {
	batch := s.Batch
	if batch < 1 {
		batch = defaultBatch
	}
	perEpoch := (n + batch - 1) / batch
	return max((defaultSteps+perEpoch-1)/perEpoch, minEpochs)
}

func (s Settings) check() error {
	for _, c := range []struct {
		name  string
		value int
	}{{"Components", s.Components}, {"Orders", s.Orders}, {"Batch", s.Batch}, {"Epochs", s.Epochs}, {"Patience", s.Patience}} {
		if c.value < 1 {
			return density.SettingErrorf(ErrSettings, "made: {%s} is %d: {err}; want 1 or more, or 0 for the default", c.name, c.value)
		}
	}
	for _, width := range s.Hidden {
		if width < 1 {
			return density.SettingErrorf(ErrSettings, "made: {Hidden} is %v: {err}; want widths of 1 or more", s.Hidden)
		}
	}
	for j, c := range s.Columns {
		if c.Kind < 0 || int(c.Kind) >= len(kindNames) || c.Levels < 0 || c.Levels > maxLevels {
			return density.SettingErrorf(ErrSettings, "made: {Columns}: column %d is %v with %d levels: {err}; want a kind, and at most %d levels", j+1, c.Kind, c.Levels, maxLevels)
		}
	}
	switch {
	case !(s.Floor > 0) || !(s.Floor < 1):
		return density.SettingErrorf(ErrSettings, "made: {Floor} is %v: {err}; it is relative to the variance of a column, so want a number between 0 and 1, or 0 for the default", s.Floor)
	case !(s.Rate > 0) || math.IsInf(s.Rate, 0):
		return density.SettingErrorf(ErrSettings, "made: {Rate} is %v: {err}; want a positive number, or 0 for the default", s.Rate)
	case !(s.Decay >= 0) || math.IsInf(s.Decay, 0):
		return density.SettingErrorf(ErrSettings, "made: {Decay} is %v: {err}; want a nonnegative number", s.Decay)
	}
	return nil
}

// maxLevels bounds the categories of a column: codes beyond it are numbers of something
// else.
const maxLevels = 1 << 12
