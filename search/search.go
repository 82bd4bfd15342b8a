package search

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// Settings says within what a search goes on.
type Settings struct {
	// Meter counts the work; nil: without end.
	Meter *Meter
	// Share is the share of the budget, as it is left when the search begins, that
	// choosing may take; 0: all.
	Share float64
	// Rounds is about how many rounds of fits that can be stopped there will be, to
	// divide the budget between; 0: 1.
	Rounds int
	// MostPasses is the largest number of passes of such a fit; 0: no limit.
	MostPasses float64
	// Weights says how often each row that was left out counts; nil: once.
	Weights []float64
	// Store keeps what was done, for a search that is interrupted; nil: nothing is kept.
	Store Store
	// Progress, if not nil, is told which candidate is being worked on.
	Progress func(name string, trials int)
}

// ErrNone reports that no candidate could be fitted.
var ErrNone = errors.New("no candidate could be fitted")

// Run searches. The fits of what it found are open: the caller closes them, by
// [Found.Close]. An error wraps [ErrNone] or is that of ctx or of a store.
func Run[S any](ctx context.Context, p Problem[S], s Settings) (*Found[S], error) {
	r := &run[S]{Settings: s, problem: p, rounds: max(s.Rounds, 1)}
	if r.Meter == nil {
		r.Meter = NewMeter(math.Inf(1))
	}
	if r.Share == 0 {
		r.Share = 1
	}
	r.reserve = (1 - r.Share) * r.Meter.Left()
	if r.Share == 1 {
		r.reserve = 0 // also of an endless budget
	}
	for round := 0; ; round++ {
		candidates := p.Propose(r.found.Trials)
		if len(candidates) == 0 {
			break
		}
		var trials []*Trial[S]
		for _, c := range candidates {
			trials = append(trials, &Trial[S]{Candidate: c, Round: round, Status: Unbegun, Gap: math.NaN(), GapErr: math.NaN()})
		}
		r.found.Trials = append(r.found.Trials, trials...)
		if err := r.round(ctx, trials); err != nil {
			r.found.Close()
			return nil, err
		}
		if r.none(trials) {
			break
		}
	}
	if err := r.choose(); err != nil {
		r.found.Close()
		return nil, err
	}
	r.found.Spent = r.Meter.Spent()
	return &r.found, nil
}

// Close closes all fits that are open.
func (f *Found[S]) Close() {
	for _, t := range f.Trials {
		if t.Fit != nil {
			t.Fit.Close()
		}
	}
}

// run is a search under way.
type run[S any] struct {
	Settings
	problem Problem[S]
	found   Found[S]
	rounds  int     // left
	reserve float64 // work that is not for choosing
	// Comparisons of halving are after first, 2·first, … up to last passes.
	first, last float64
}

// left returns the work that choosing may still take.
func (r *run[S]) left() float64 { return max(r.Meter.Left()-r.reserve, 0) }

// none says whether a round came to nothing for want of budget.
func (r *run[S]) none(trials []*Trial[S]) bool {
	for _, t := range trials {
		if t.Status != Unbegun {
			return false
		}
	}
	return true
}

// round fits the candidates of one round.
func (r *run[S]) round(ctx context.Context, trials []*Trial[S]) error {
	if trials[0].Passes == 0 {
		return r.halve(ctx, trials)
	}
	for _, t := range trials {
		if len(r.scored()) > 0 && t.Pass*t.Passes > r.left() {
			r.found.Exhausted = true
			continue
		}
		if err := r.advance(ctx, t, t.Passes); err != nil {
			return err
		}
	}
	return nil
}

// advance goes on with a trial up to so many passes, and scores it. A fit that fails
// is the trial's; the error is that of ctx or of the store.
func (r *run[S]) advance(ctx context.Context, t *Trial[S], passes float64) error {
	if r.Progress != nil {
		r.Progress(t.Name, len(r.found.Trials))
	}
	if t.Fit == nil {
		if t.Fit, t.Err = r.problem.Begin(ctx, t.Candidate); t.Err != nil {
			t.Status, t.Fit = Failed, nil
			return ctx.Err()
		}
	}
	last, err := r.restore(t, passes)
	if err != nil {
		return err
	}
	kept := last != nil
	if !kept {
		if last, err = r.work(ctx, t, passes); err != nil {
			return err
		}
	}
	r.Meter.Spend((last.Made - t.made) * t.Pass)
	t.made, t.done = last.Made, last.Done
	if last.Scores == nil {
		return nil // it failed
	}
	t.Status, t.Sound, t.Scores = Finished, last.Sound, last.Scores
	t.steps = append(t.steps, last)
	t.Curve = append(t.Curve, Point{Passes: last.Made, Mean: mean(last.Scores, r.Weights)})
	if kept {
		return nil
	}
	return r.keep(t, last)
}

// work makes passes and scores.
func (r *run[S]) work(ctx context.Context, t *Trial[S], passes float64) (*step, error) {
	one := &step{Asked: passes}
	err := t.Fit.Continue(ctx, passes)
	if err == nil {
		one.Scores, err = t.Fit.Score(ctx)
	}
	one.Made, one.Done = t.Fit.Progress()
	switch {
	case ctx.Err() != nil:
		return nil, errors.Join(ctx.Err(), r.suspend(t))
	case err != nil:
		t.Status, t.Err, t.Scores, one.Scores = Failed, err, nil, nil
		t.Fit.Close()
		return one, nil
	}
	one.Sound = t.Fit.Sound()
	return one, nil
}

// scored returns the trials that have scores.
func (r *run[S]) scored() []*Trial[S] {
	var list []*Trial[S]
	for _, t := range r.found.Trials {
		if t.Status == Finished {
			list = append(list, t)
		}
	}
	return list
}

// choose applies the rule to the trials that were compared to the end, sound ones before
// others.
func (r *run[S]) choose() error {
	f := &r.found
	scores := make([][]float64, len(f.Trials))
	parameters := make([]int, len(f.Trials))
	for _, sound := range []bool{true, false} {
		some := false
		for i, t := range f.Trials {
			parameters[i] = t.Parameters
			if t.Status == Finished && (t.Sound || !sound) && !math.IsInf(mean(t.Scores, r.Weights), 0) {
				scores[i], some = t.Scores, true
			}
		}
		if some {
			break
		}
	}
	f.Best, f.Chosen = Choose(scores, parameters, r.Weights)
	if f.Best < 0 {
		err := ErrNone
		for _, t := range f.Trials {
			if t.Err != nil {
				err = fmt.Errorf("%w: %s: %w", ErrNone, t.Name, t.Err)
				break
			}
		}
		return err
	}
	for _, t := range r.scored() {
		t.Gap, t.GapErr = Difference(f.Trials[f.Best].Scores, t.Scores, r.Weights)
	}
	return nil
}
