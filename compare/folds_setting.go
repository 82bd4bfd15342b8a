package compare

import (
	"fmt"
	"strconv"
)

// Folds is a number of parts of the rows, each of which is held out in turn.
type Folds int

// What is no number of parts.
const (
	AutoFolds Folds = iota // few rows decide for [defaultFolds], others for one split
	OneSplit               // rows are held out once
)

const (
	defaultFolds = 5
	// foldedRows is the number of rows below which rows are held out in turn by
	// default: a fifth of so few decides little.
	foldedRows = 1000
)

// String returns auto, none or the number.
func (f Folds) String() string {
	switch f {
	case AutoFolds:
		return "auto"
	case OneSplit:
		return "none"
	}
	return strconv.Itoa(int(f))
}

// MarshalText is String.
func (f Folds) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what String returns.
func (f *Folds) UnmarshalText(text []byte) error {
	switch string(text) {
	case "auto":
		*f = AutoFolds
		return nil
	case "none":
		*f = OneSplit
		return nil
	}
	n, err := strconv.Atoi(string(text))
	if err != nil || n < 2 {
		return fmt.Errorf("%q is neither a number of folds, 2 or more, nor auto, nor none", text)
	}
	*f = Folds(n)
	return nil
}
