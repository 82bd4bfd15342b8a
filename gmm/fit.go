package gmm

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
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
	runs, errs := r.makeStarts(ctx, rows, s)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	best := r.converge(ctx, runs, errs, s)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	if best == nil && (len(errs) == 1 || errors.Is(errs[0], ErrSettings)) {
		return nil, errs[0]
	}
	if best == nil {
		return nil, fmt.Errorf("%w (this was the first of %d starts, all of which failed)", errs[0], len(errs))
	}
	for i, e := range runs {
		if errs[i] == nil {
			r.TotalIterations += e.steps - 1
		}
	}
	r.Found = found(best, runs, errs)
	if s.SplitMerge > 0 && s.Labels == nil {
		improved, iterations, err := improve(ctx, best, s)
		if err != nil {
			return nil, err
		}
		best = improved
		r.TotalIterations += iterations
	}
	return best, nil
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

// makeStarts runs EM from all starts, up to where it is clear which one is the best.
func (r *Report) makeStarts(ctx context.Context, rows *scaledRows, s Settings) (runs []*EM, errs []error) {
	most := s.Starts
	if most == 0 {
		most = mostAdaptive
	}
	for len(runs) < most && ctx.Err() == nil {
		from := len(runs)
		to := most
		if s.Starts == 0 {
			to = from + firstStarts
		}
		runs, errs = append(runs, make([]*EM, to-from)...), append(errs, make([]error, to-from)...)
		forEach(to-from, func(i int) {
			runs[from+i], errs[from+i] = start(ctx, rows, s, from+i, r.Seed)
		})
		r.StartLogLik = make([]float64, to)
		if s.Starts > 0 || ctx.Err() != nil {
			break
		}
		best := r.choose(runs, errs)
		if best == nil || found(best, runs, errs) >= timesFound {
			break
		}
		var work float64
		for i, e := range runs {
			if errs[i] == nil {
				work += float64(e.steps) * e.products()
			}
		}
		if work*float64(to+firstStarts)/float64(to) > cheapWork {
			break
		}
	}
	return runs, errs
}

// products returns about how many products an iteration takes.
func (e *EM) products() float64 {
	each := float64(e.d)
	if e.covariance.needs(e.d) != needSquares {
		each *= float64(e.d)
	}
	return float64(e.moments.n) * float64(e.k) * each
}

// indistinct returns how far, in nats per row, the objectives of two starts at the same
// optimum can be apart.
func (e *EM) indistinct() float64 { return 2*max(0.01/e.moments.total, e.tolerance) + 1e-9 }

// found returns how many starts ended at the optimum of the best, as far as they tell.
func found(best *EM, runs []*EM, errs []error) int {
	times := 0
	for i, e := range runs {
		if errs[i] == nil && math.Abs(e.Objective()-best.Objective()) <= best.indistinct() && e.doubt() == best.doubt() {
			times++
		}
	}
	return times
}

// converge picks the best start and lets it converge, then looks again: by now it may be
// doubtful, or another one that was left at a higher likelihood.
func (r *Report) converge(ctx context.Context, runs []*EM, errs []error, s Settings) *EM {
	for {
		best := r.choose(runs, errs)
		if best == nil || best.ended(s) || ctx.Err() != nil {
			return best
		}
		errs[r.Start] = best.climb(ctx, s, r.Start, 0)
	}
}

// choose picks the best of those starts of which there is the least doubt.
func (r *Report) choose(runs []*EM, errs []error) *EM {
	var best *EM
	least := 0 // doubt of the best
	for i, e := range runs {
		r.StartLogLik[i] = math.NaN()
		if errs[i] != nil {
			continue
		}
		r.StartLogLik[i] = e.LogLik()
		doubt := e.doubt()
		if best == nil || doubt < least || doubt == least && e.better(best, doubt) {
			best, least, r.Start = e, doubt, i
		}
	}
	return best
}

// start runs EM once, up to where it is clear which start is the best.
func start(ctx context.Context, rows *scaledRows, s Settings, i int, seed uint64) (*EM, error) {
	e, err := newEM(rows, s)
	if err != nil {
		return nil, err
	}
	if err := s.Start.assign(ctx, e, i, density.NewSource(seed, "gmm.start", uint64(i))); err != nil {
		return nil, err
	}
	return e, e.climb(ctx, s, i, e.clear(s))
}

// clear returns how much, in nats per row, a run may still gain when it is compared
// with others: a hundredth of a nat for all rows together. Only the one that is kept
// need go on to Settings.Tolerance, which takes most of the iterations.
func (e *EM) clear(s Settings) float64 {
	if s.Starts == 1 && s.SplitMerge <= 0 {
		return 0
	}
	return max(min(0.01/e.moments.total, 1e-5), e.tolerance)
}

// climb goes on until the run has converged, until it will gain no more than enough,
// or until the iterations run out. Progress is told of the given start.
func (e *EM) climb(ctx context.Context, s Settings, start int, enough float64) error {
	iterate := e.iterations(s)
	for !e.ended(s) && (len(e.history) == 0 || !(e.rest() < enough)) {
		if err := iterate(ctx); err != nil {
			return err
		}
		if s.Progress != nil {
			s.Progress(start, len(e.history)-1, e.LogLik())
		}
	}
	return nil
}

// ended reports whether the run has converged or used up its iterations.
func (e *EM) ended(s Settings) bool { return e.Done() || len(e.history) > s.Iterations }

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
	return &EM{
		k: k, d: rows.d, covariance: s.Covariance, floor: s.least() * rows.columns.floor, tolerance: s.tolerance(rows.total, rows.d), scaled: rows,
		moments: moments{
			n: rows.n, k: k, d: rows.d, total: rows.total, spread: rows.columns.spread, x: rows.x, weight: rows.weight, prior: prior,
			resp: make([]float64, rows.n*k), count: make([]float64, k), mean: make([]float64, k*rows.d),
		},
		logWeight: make([]float64, k), logLik: math.Inf(-1),
	}
}
