package em

import (
	"context"
	"math"

	"likely/internal/spread"
)

// Outcome is what several starts led to.
type Outcome[R Run] struct {
	// Runs are those of the starts, and Errs what ended them early, or nil.
	Runs []R
	Errs []error
	// Kept is the number of the start that is the best, or −1 if all failed.
	Kept int
}

const (
	firstStarts = 10
	timesFound  = 3
	MostStarts  = 50 // where no number is given
)

// Best makes Settings.Starts runs from where begin puts them, side by side, up to where
// it is clear which is the best, and lets that one converge. The best has the highest
// objective among those of the least doubt, or where that is some and runs are
// [Validated] the highest value for rows left out. begin may return a run's error.
// The error of Best is that of ctx.
func Best[R Run](ctx context.Context, s Settings, begin func(start int) (R, error)) (*Outcome[R], error) {
	o := new(Outcome[R])
	for {
		from, to := len(o.Runs), s.Starts
		if s.Starts == 0 {
			to = from + firstStarts
		}
		o.Runs, o.Errs = append(o.Runs, make([]R, to-from)...), append(o.Errs, make([]error, to-from)...)
		spread.Do(to-from, func(i int) {
			i += from
			if o.Runs[i], o.Errs[i] = begin(i); o.Errs[i] == nil {
				o.Errs[i] = climb(ctx, o.Runs[i], s, i, s.enough())
			}
		})
		if s.Starts > 0 || ctx.Err() != nil || !o.more(s) {
			break
		}
	}
	for ctx.Err() == nil {
		// The best may be doubtful by the time it has converged, or another be
		// left at a higher objective.
		if o.choose(); o.Kept < 0 || ended(o.Runs[o.Kept], s) {
			break
		}
		o.Errs[o.Kept] = climb(ctx, o.Runs[o.Kept], s, o.Kept, 0)
	}
	return o, ctx.Err()
}

// choose sets Kept.
func (o *Outcome[R]) choose() {
	o.Kept = -1
	least := 0 // doubt of the best
	for i, r := range o.Runs {
		if o.Errs[i] != nil {
			continue
		}
		doubt := r.Doubt()
		if o.Kept < 0 || doubt < least || doubt == least && better(r, o.Runs[o.Kept], doubt) {
			o.Kept, least = i, doubt
		}
	}
}

// Iterations returns the number of iterations of all starts that did not fail.
func (o *Outcome[R]) Iterations() int {
	var total int
	for i, r := range o.Runs {
		if o.Errs[i] == nil {
			total += r.Path().Steps - 1
		}
	}
	return total
}

// more reports whether another round of starts is worth its time.
func (o *Outcome[R]) more(s Settings) bool {
	n := len(o.Runs)
	if o.choose(); o.Kept < 0 || n >= MostStarts || o.Found(s) >= timesFound {
		return false
	}
	return s.Cheap == nil || s.Cheap((o.Iterations()+n)*(n+firstStarts)/n)
}

// Found returns how many starts ended at the optimum of the one that is kept, as far as
// they tell.
func (o *Outcome[R]) Found(s Settings) int {
	kept, times := o.Runs[o.Kept], 0
	doubt := kept.Doubt()
	for i, r := range o.Runs {
		if o.Errs[i] == nil && s.Same(r, kept) && r.Doubt() == doubt {
			times++
		}
	}
	return times
}

// Same reports whether the objectives of two starts are as near as those of starts at
// the same optimum can be.
func (s Settings) Same(a, b Run) bool {
	return math.Abs(a.Objective()-b.Objective()) <= 2*max(0.01/s.Rows, s.Enough)+1e-9
}
