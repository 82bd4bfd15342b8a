package lcm

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/em"
)

// Fit fits a mixture to the rows of x (N×D) by EM, from several starts,
// and returns the best, with its classes by decreasing weight. A start that ends with a
// variance on the floor is kept only if all do. The same
// seed in src gives the same bits under any GOMAXPROCS. If ctx ends, Fit returns
// its error within an iteration.
//
// Equal rows are computed with once, so that tables of few columns with few values cost
// as much as their distinct rows.
//
// Errors wrap density.ErrSupport for a value that its column cannot have,
// density.ErrNonFinite and density.ErrConstant for unusable data, [ErrTooFewRows] if
// there are more classes than distinct rows, and [ErrSettings].
//
// The cost is O(N·K·D) an iteration: two matrix products for Bernoulli and Poisson columns.
func Fit(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Model, *Report, error) {
	if err := checkCall(ctx, src); err != nil {
		return nil, nil, err
	}
	s, err := s.resolve()
	if err != nil {
		return nil, nil, err
	}
	d, err := newData(x, s)
	if err != nil {
		return nil, nil, err
	}
	if d.distinct < s.Components {
		return nil, nil, density.SettingErrorf(ErrTooFewRows, "lcm: %d classes for %d distinct rows: {err}; use at most %d {Components}", s.Components, d.distinct, d.distinct)
	}
	report := &Report{Seed: src.Uint64()}
	s, enough := s.within(d)
	d.overall = d.average(ctx, s)
	plan := em.Settings{
		Starts: s.Starts, Rounds: s.SplitMerge, Plain: s.Plain, Iterations: s.Iterations, Tolerance: s.Tolerance, Rows: d.total, Enough: enough,
	}
	plan.Cheap = func(steps int) bool {
		return float64(steps)*float64(d.n)*float64(s.Components)*float64(len(d.layout.columns)) <= cheapWork
	}
	var runs sync.Map // by number of start, for progress
	if s.Progress != nil {
		plan.Progress = func(start, iteration int) {
			e, _ := runs.Load(start)
			s.Progress(start, iteration, e.(run).LogLik())
		}
	}
	outcome, err := em.Best(ctx, plan, func(i int) (run, error) {
		r := run{newEM(d, s)}
		runs.Store(i, r)
		return r, r.start(ctx, density.NewSource(report.Seed, "lcm.start", uint64(i)))
	})
	if err != nil {
		return nil, nil, fmt.Errorf("lcm: %w", err)
	}
	if outcome.Kept < 0 {
		return nil, nil, outcome.Errs[0]
	}
	report.starts(outcome)
	report.Found = outcome.Found(plan)
	best := outcome.Runs[outcome.Kept].EM
	if s.SplitMerge > 0 {
		improved, iterations, err := em.Improve(ctx, run{best}, plan, candidates, follow)
		if err != nil {
			return nil, nil, fmt.Errorf("lcm: %w", err)
		}
		best = improved.EM
		report.TotalIterations += iterations
	}
	best.order()
	report.examine(best)
	return best.Model(), report, nil
}

// cheapWork is the number of products up to which more starts are made than the first.
const cheapWork = 1e9

// average returns the parameters of a single class.
func (d *data) average(ctx context.Context, s Settings) *parameters {
	s.Components = 1
	e := newEM(d, s)
	for i := range d.n {
		e.resp[i] = d.weightOf(i)
	}
	p, _ := e.maximize(ctx)
	return p
}
