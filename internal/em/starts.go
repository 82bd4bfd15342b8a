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

// Starts come in rounds of firstStarts until the best optimum has been found
// timesFound times, if no number is given. More rounds are made while they are cheap: up
// to mostAdaptive starts, and no more than cheapWork products in all.
const (
	firstStarts  = 10
	timesFound   = 3
	mostAdaptive = 50
	cheapWork    = 1e9
)

// Best makes runs from where begin puts them, side by side, up to where
// it is clear which is the best, and lets that one converge. The best is the better one
// among those of the least doubt. begin may return a run's error.
// The error of Best is that of ctx.
//
// There are Settings.Starts of them or, if that is 0, ten, and while they are cheap ten
// more at a time, up to 50, until the best optimum has been found three times.
func Best[R Run](ctx context.Context, s Settings, begin func(start int) (R, error)) (*Outcome[R], error) {
	o := new(Outcome[R])
	if s.Starts > 0 {
		o.add(ctx, s, s.Starts, begin)
	}
	for s.Starts == 0 && len(o.Runs) < mostAdaptive && ctx.Err() == nil {
		o.add(ctx, s, firstStarts, begin)
		if o.choose(); o.Kept < 0 || o.Found(s) >= timesFound || o.work()*float64(len(o.Runs)+firstStarts)/float64(len(o.Runs)) > cheapWork {
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

// add makes n more starts.
func (o *Outcome[R]) add(ctx context.Context, s Settings, n int, begin func(start int) (R, error)) {
	from := len(o.Runs)
	o.Runs, o.Errs = append(o.Runs, make([]R, n)...), append(o.Errs, make([]error, n)...)
	spread.Do(n, func(i int) {
		i += from
		if o.Runs[i], o.Errs[i] = begin(i); o.Errs[i] == nil {
			o.Errs[i] = climb(ctx, o.Runs[i], s, i, s.enough())
		}
	})
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
		if o.Kept < 0 || doubt < least || doubt == least && r.Better(o.Runs[o.Kept]) {
			o.Kept, least = i, doubt
		}
	}
}

// Found returns how many starts ended at the optimum of the one that is kept, as far as
// they tell: each may gain a hundredth of a nat, for all rows together.
func (o *Outcome[R]) Found(s Settings) int {
	times := 0
	for i, r := range o.Runs {
		if o.Errs[i] == nil && math.Abs(r.Objective()-o.Runs[o.Kept].Objective()) <= 0.02/s.Rows+1e-9 && r.Doubt() == o.Runs[o.Kept].Doubt() {
			times++
		}
	}
	return times
}

// work returns the products that the starts took.
func (o *Outcome[R]) work() float64 {
	var work float64
	for i, r := range o.Runs {
		if o.Errs[i] == nil {
			work += float64(r.Path().Steps) * r.Products()
		}
	}
	return work
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
