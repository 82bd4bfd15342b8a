package compare

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"likely/search"
)

// Budget is what each kind of model may spend on choosing and training: floating-point
// operations, which give the same bits on any machine, or a time. The zero value leaves
// it to the preset.
type Budget struct {
	Work float64
	Time time.Duration
}

// ParseBudget reads auto, a time such as 60s, or a number of floating-point operations
// such as 2e12.
func ParseBudget(text string) (Budget, error) {
	if text == "auto" {
		return Budget{}, nil
	}
	if work, err := strconv.ParseFloat(text, 64); err == nil {
		if !(work > 0) || math.IsInf(work, 0) {
			return Budget{}, fmt.Errorf("%q is not a positive number of operations, such as 2e12", text)
		}
		return Budget{Work: work}, nil
	}
	limit, err := time.ParseDuration(strings.TrimSpace(text))
	if err != nil || limit <= 0 {
		return Budget{}, fmt.Errorf("%q is neither a time such as 60s, nor a number of operations such as 2e12, nor auto", text)
	}
	return Budget{Time: limit}, nil
}

// String formats the budget as ParseBudget reads it.
func (b Budget) String() string {
	switch {
	case b.Time > 0:
		return b.Time.String()
	case b.Work > 0:
		return strconv.FormatFloat(b.Work, 'g', -1, 64)
	}
	return "auto"
}

// MarshalText is String.
func (b Budget) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText is [ParseBudget].
func (b *Budget) UnmarshalText(text []byte) (err error) {
	*b, err = ParseBudget(string(text))
	return err
}

// The work that each kind may take where no budget says: workLeast and, of more than
// workRows rows, in proportion to them up to workMost times that.
const (
	workLeast = 8e11
	workRows  = 1500
	workMost  = 5
	// foldedShare is what the work is divided by where it is done for each fold.
	foldedShare = 4
)

// meter returns what counts the work of one kind of model. kinds is the number of those
// that share a time, and folded says that rows are held out in turn.
func (c *Settings) meter(rows, kinds int, folded bool) *search.Meter {
	switch b := c.Budget; {
	case b.Time > 0:
		return search.NewClock(b.Time / time.Duration(max(kinds, 1)))
	case b.Work > 0:
		return search.NewMeter(b.Work)
	}
	effort := 1.0
	if c.Effort > 0 {
		effort = c.Effort
	}
	if folded { // the whole procedure is made for each fold, and once more
		effort /= foldedShare
	}
	return search.NewMeter(effort * workLeast * min(max(float64(rows)/workRows, 1), workMost))
}
