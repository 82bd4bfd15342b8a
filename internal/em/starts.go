package em

import (
	"context"

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

// Best makes Settings.Starts runs from where begin puts them, side by side, up to where
// it is clear which is the best, and lets that one converge. The best has the highest
// objective among those of the least doubt. begin may return a run's error.
// The error of Best is that of ctx.
func Best[R Run](ctx context.Context, s Settings, begin func(start int) (R, error)) (*Outcome[R], error) {
	o := &Outcome[R]{Runs: make([]R, s.Starts), Errs: make([]error, s.Starts)}
	spread.Do(s.Starts, func(i int) {
		if o.Runs[i], o.Errs[i] = begin(i); o.Errs[i] == nil {
			o.Errs[i] = climb(ctx, o.Runs[i], s, i, s.enough())
		}
	})
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
		if o.Kept < 0 || doubt < least || doubt == least && r.Objective() > o.Runs[o.Kept].Objective() {
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
