package gmm

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/density"
	"likely/internal/em"
)

// Where rows are many, starts and split-merge moves run on a sample of them. Two optima
// differ by δ nats a row, with a standard deviation σ of log p(x) − log p′(x) over rows;
// n rows tell them apart if δ is well above σ/√n. So the sample says itself which
// optima it cannot tell apart: those whose difference is within sampleErrors standard
// errors are all carried to all rows, the most likely first, and decided there.
const (
	manyRows     = 25000 // above which a sample is used
	sampledRows  = 10000 // of it, or sampledEach for each column and component
	sampledEach  = 10
	sampleErrors = 2
	carriedMost  = 3
)

// sampleSize returns the number of rows that starts run on, 0 for all: where they are
// few, or missing values, labels or a given start speak against a sample.
func (s Settings) sampleSize(rows *scaledRows) int {
	size := max(sampledRows, sampledEach*s.Components*(rows.d+1))
	if rows.n <= manyRows || 2*size > rows.n || s.Starts == 1 || rows.patterns != nil || rows.label != nil {
		return 0
	}
	return size
}

// sampled returns n of the rows, each set of n as likely as any other.
func (s *scaledRows) sampled(n int, src rand.Source) *scaledRows {
	chosen := rand.New(src).Perm(s.n)[:n]
	slices.Sort(chosen)
	out := &scaledRows{n: n, d: s.d, transform: s.transform, columns: s.columns, jacobian: s.jacobian, total: float64(n), sample: true}
	if s.weight != nil {
		out.total = 0
	}
	for _, i := range chosen {
		out.x = append(out.x, s.row(i)...)
		if s.weight != nil {
			out.weight = append(out.weight, s.weight[i])
			out.total += s.weight[i]
		}
	}
	return out
}

// fitSample makes the starts and the moves on a sample and carries the best optima to
// all rows. It returns the run that is kept; nil with no error where the sample has too
// few distinct rows, or every start on it failed.
func (r *Report) fitSample(ctx context.Context, rows *scaledRows, s Settings) (*EM, error) {
	size := s.sampleSize(rows)
	if size == 0 {
		return nil, nil
	}
	sample := rows.sampled(size, density.NewSource(r.Seed, "gmm.sample"))
	if sample.countDistinct(s.Components) < s.Components {
		return nil, nil
	}
	outcome, err := r.startOn(ctx, sample, s)
	if err != nil {
		return nil, err
	}
	if outcome.Kept < 0 {
		return nil, nil
	}
	r.starts(outcome, s.plan(sample))
	carried := undecided(outcome, s.plan(sample))
	if carried[0].run, err = r.improve(ctx, carried[0].run, s); err != nil {
		return nil, err
	}
	best, err := r.carry(ctx, rows, s, carried)
	if best != nil {
		r.SampleRows = size
	}
	return best, err
}

// candidate is an optimum, and the start that led to it.
type candidate struct {
	run   *EM
	start int
}

// undecided returns the best run and those that its rows do not tell it apart from, by
// decreasing objective and each optimum once.
func undecided(o *em.Outcome[run], plan em.Settings) []candidate {
	best := o.Runs[o.Kept]
	doubt := best.doubt()
	var order []int
	for i, r := range o.Runs {
		if o.Errs[i] == nil && i != o.Kept && r.doubt() <= doubt {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(o.Runs[b].Objective(), o.Runs[a].Objective()) })
	out := []candidate{{best.EM, o.Kept}}
	reference := best.logProbs()
	for _, i := range order {
		if len(out) == carriedMost {
			break
		}
		if slices.ContainsFunc(out, func(c candidate) bool { return plan.Same(o.Runs[i], run{c.run}) }) {
			continue
		}
		behind, err := pairedDifference(reference, o.Runs[i].logProbs(), best.moments.weight)
		if behind <= sampleErrors*err {
			out = append(out, candidate{o.Runs[i].EM, i})
		}
	}
	return out
}

// logProbs returns log p of each scaled row (N).
func (e *EM) logProbs() []float64 {
	logs, joint := make([]float64, e.moments.n), make([]float64, e.moments.n*e.k)
	forBlocks(e.moments.n, func(_, from, to int) {
		part := joint[from*e.k : to*e.k]
		logJoint(part, e.logWeight, e.moments.mean, e.shapes, e.moments.x[from*e.d:to*e.d])
		for i := from; i < to; i++ {
			logs[i] = density.LogSumExp(joint[i*e.k : (i+1)*e.k])
		}
	})
	return logs
}

// pairedDifference returns the mean of a − b over rows and its standard error.
func pairedDifference(a, b, weight []float64) (mean, err float64) {
	difference := make([]float64, len(a))
	floats.SubTo(difference, a, b)
	e := density.WeightedMeanEstimate(difference, nil, weight, density.ExactValue, 0)
	return e.Value, e.DataErr
}

// carry goes on from each of the optima with all rows, up to where it is clear which
// is the best, and lets that one converge. It returns nil if all fail.
func (r *Report) carry(ctx context.Context, rows *scaledRows, s Settings, carried []candidate) (*EM, error) {
	plan := s.plan(rows)
	plan.Starts = len(carried)
	runs := make([]run, len(carried))
	if s.Progress != nil {
		plan.Progress = func(i, iteration int) { s.Progress(carried[i].start, iteration, runs[i].LogLik()) }
	}
	outcome, err := em.Best(ctx, plan, func(i int) (run, error) {
		e, err := newEM(rows, s)
		if err != nil {
			return run{}, err
		}
		runs[i] = run{e}
		return runs[i], e.resume(ctx, carried[i].run)
	})
	if err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	r.TotalIterations += outcome.Iterations()
	if outcome.Kept < 0 {
		return nil, nil
	}
	r.Start = carried[outcome.Kept].start
	return outcome.Runs[outcome.Kept].EM, nil
}

// resume takes over the parameters of a run on other rows in the same units, and the
// responsibilities that follow from them.
func (e *EM) resume(ctx context.Context, from *EM) error {
	e.moments.ctx = ctx
	copy(e.logWeight, from.logWeight)
	copy(e.moments.mean, from.moments.mean)
	copy(e.moments.count, from.moments.count)
	e.shapes = from.shapes
	_, err := e.expect()
	return err
}
