package gmm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/em"
)

// Fit fits a mixture to the rows of x (N×D) by EM, from several starts,
// and returns the best, with its components by decreasing weight. A start whose
// optimum is degenerate is kept only if all are, and one with a component that looks
// spurious only if all others are no better in that (see Report.Warnings). Among
// starts in doubt it is that under which rows left out are most likely. The same
// seed in src gives the same bits under any GOMAXPROCS. If ctx ends, Fit returns
// its error within an iteration.
//
// Errors wrap density.ErrNonFinite and density.ErrConstant for unusable data,
// [ErrTooFewRows] if there are more components than distinct rows,
// [ErrCollapsed] if every start collapses (which takes Settings.Floor < 0), and
// [ErrSettings].
//
// The cost is O(N·K·D²) an iteration for full covariances. Of more than 25,000 rows,
// starts and moves see a sample (see Report.SampleRows), and what it does not tell apart
// goes on with all rows.
func Fit(ctx context.Context, x *mat.Dense, s Settings, src rand.Source) (*Model, *Report, error) {
	if err := checkCall(ctx, src); err != nil {
		return nil, nil, err
	}
	s, err := s.resolve()
	if err != nil {
		return nil, nil, err
	}
	rows, err := scaleRows(x, s)
	if err != nil {
		return nil, nil, err
	}
	if rows.distinct < s.Components {
		return nil, nil, density.SettingErrorf(ErrTooFewRows, "gmm: %d components for %d distinct rows: {err}; use {Components} of at most %d", s.Components, rows.distinct, rows.distinct)
	}
	report := &Report{Seed: src.Uint64()}
	best, err := report.fitSample(ctx, rows, s)
	if err != nil {
		return nil, nil, err
	}
	if best == nil {
		if best, err = report.fitAll(ctx, rows, s); err != nil {
			return nil, nil, err
		}
	}
	if s.Labels == nil {
		best.order()
	}
	report.examine(best)
	for i := range report.History {
		report.History[i] += best.shift()
	}
	return best.Model(), report, nil
}

// fitAll makes starts and moves on all rows and returns the run that is kept.
func (r *Report) fitAll(ctx context.Context, rows *scaledRows, s Settings) (*EM, error) {
	outcome, err := r.startOn(ctx, rows, s)
	if err != nil {
		return nil, err
	}
	if outcome.Kept < 0 {
		first := outcome.Errs[0]
		if len(outcome.Errs) == 1 || errors.Is(first, ErrSettings) {
			return nil, first
		}
		return nil, fmt.Errorf("%w (this was the first of %d starts, all of which failed)", first, len(outcome.Errs))
	}
	r.starts(outcome, s.plan(rows))
	return r.improve(ctx, outcome.Runs[outcome.Kept].EM, s)
}

// startOn makes the starts on rows.
func (r *Report) startOn(ctx context.Context, rows *scaledRows, s Settings) (*em.Outcome[run], error) {
	plan := s.plan(rows)
	runs := make([]run, max(s.Starts, em.MostStarts))
	if s.Progress != nil || s.Watch != nil {
		plan.Progress = func(start, iteration int) { s.tell(start, iteration, runs[start].EM) }
	}
	outcome, err := em.Best(ctx, plan, func(i int) (run, error) {
		e, err := newEM(rows, s)
		if err != nil {
			return run{}, err
		}
		runs[i] = run{e}
		return runs[i], s.Start.assign(ctx, e, i, density.NewSource(r.Seed, "gmm.start", uint64(i)))
	})
	if err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	return outcome, nil
}

// tell tells those who want to know of an iteration.
func (s Settings) tell(start, iteration int, run *EM) {
	if s.Progress != nil {
		s.Progress(start, iteration, run.LogLik())
	}
	if s.Watch != nil {
		s.Watch(start, iteration, run)
	}
}

// improve makes split-and-merge moves from the best start.
func (r *Report) improve(ctx context.Context, best *EM, s Settings) (*EM, error) {
	if s.SplitMerge <= 0 || s.Labels != nil {
		return best, nil
	}
	improved, iterations, err := em.Improve(ctx, run{best}, s.plan(best.scaled), run.moves, func(r run, m em.Move) (run, error) { return r.follow(m, s) })
	if err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	r.TotalIterations += iterations
	return improved.EM, nil
}

// cheap is the number of products that starts beyond the first ten may take in all.
const cheap = 1e9

// plan returns the settings as package em wants them.
func (s Settings) plan(rows *scaledRows) em.Settings {
	each := float64(rows.n) * float64(s.Components) * float64(rows.d) // products of a step
	if s.Covariance.needs(rows.d) != needSquares {
		each *= float64(rows.d)
	}
	tolerance, enough := s.tolerance(rows)
	return em.Settings{
		Starts: s.Starts, Rounds: s.SplitMerge, Plain: s.Plain, Iterations: s.Iterations, Tolerance: tolerance, Rows: rows.total,
		Cheap: func(steps int) bool { return float64(steps)*each <= cheap }, Enough: enough,
	}
}

// NewEM prepares a run of EM on the rows of x (N×D) from the given
// responsibilities (N×K, nonnegative, each row summing to 1), for callers that
// want to watch or steer the iterations. Settings.Starts and Iterations are not
// used. Errors are those of [Fit].
func NewEM(x, responsibilities *mat.Dense, s Settings) (*EM, error) {
	n, k := responsibilities.Dims()
	if s.Components == 0 {
		s.Components = k
	}
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	if rows, _ := x.Dims(); rows != n || k != s.Components {
		panic("gmm: responsibilities are not N×K")
	}
	rows, err := scaleRows(x, s)
	if err != nil {
		return nil, err
	}
	e, err := newEM(rows, s)
	if err != nil {
		return nil, err
	}
	for to := range rows.n {
		from := to
		if rows.kept != nil {
			from = rows.kept[to]
		}
		var sum float64
		for c, r := range responsibilities.RawRowView(from) {
			if !(r >= 0) {
				return nil, fmt.Errorf("gmm: responsibility %v in row %d: %w; want nonnegative numbers that sum to 1", r, from+1, ErrParameters)
			}
			sum += r
			e.moments.resp[to*k+c] = r * rows.weightOf(to)
		}
		if math.Abs(sum-1) > 1e-6 {
			return nil, fmt.Errorf("gmm: responsibilities of row %d sum to %v: %w; want 1", from+1, sum, ErrParameters)
		}
	}
	return e, nil
}

func newEM(rows *scaledRows, s Settings) (*EM, error) {
	prior, err := s.Prior.scaled(rows.transform, s.Components, rows.covariance)
	if err != nil {
		return nil, err
	}
	e := newRun(rows, s, prior)
	if rows.patterns != nil {
		e.moments.gapped = newGapped(rows.patterns, e.k, rows.d, s.Covariance)
	}
	return e, nil
}

// newRun returns a run without responsibilities.
func newRun(rows *scaledRows, s Settings, prior *scaledPrior) *EM {
	k := s.Components
	tolerance, _ := s.tolerance(rows)
	return &EM{
		k: k, d: rows.d, covariance: s.Covariance, floor: s.least() * rows.columns.floor, tolerance: tolerance, scaled: rows,
		moments: moments{
			n: rows.n, k: k, d: rows.d, total: rows.total, spread: rows.columns.spread, x: rows.x, weight: rows.weight, prior: prior,
			resp: make([]float64, rows.n*k), count: make([]float64, k), mean: make([]float64, k*rows.d),
		},
		logWeight: make([]float64, k), logLik: math.Inf(-1),
	}
}
