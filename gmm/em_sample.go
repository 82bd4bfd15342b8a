package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"

	"likely/density"
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
	out := &scaledRows{n: n, d: s.d, transform: s.transform, columns: s.columns, jacobian: s.jacobian, total: float64(n)}
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
	onSample := s
	if s.Tolerance == 0 {
		onSample.Tolerance = s.chanceTolerance(sample.total, sample.d)
	}
	runs, errs := r.makeStarts(ctx, sample, onSample)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	best := r.choose(runs, errs)
	if best == nil {
		return nil, nil
	}
	r.Found = found(best, runs, errs)
	carried := r.undecided(best, runs, errs)
	if s.SplitMerge > 0 {
		improved, _, err := improve(ctx, best, onSample)
		if err != nil {
			return nil, err
		}
		carried[0].run = improved
	}
	r.SampleRows = size
	return r.carry(ctx, rows, s, carried)
}

// candidate is an optimum, and the start that led to it.
type candidate struct {
	run   *EM
	start int
}

// undecided returns the best run, which is the start r.Start, and those that its rows do
// not tell it apart from, by decreasing objective and each optimum once.
func (r *Report) undecided(best *EM, runs []*EM, errs []error) []candidate {
	order := make([]int, 0, len(runs))
	for i := range runs {
		if errs[i] == nil && i != r.Start && runs[i].doubt() <= best.doubt() {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		if x, y := runs[a].Objective(), runs[b].Objective(); x != y {
			if x > y {
				return -1
			}
			return 1
		}
		return 0
	})
	out := []candidate{{best, r.Start}}
	reference := best.logProbs()
	for _, i := range order {
		if len(out) == carriedMost {
			break
		}
		same := slices.ContainsFunc(out, func(c candidate) bool {
			return math.Abs(runs[i].Objective()-c.run.Objective()) <= best.indistinct()
		})
		if same {
			continue
		}
		behind, err := pairedDifference(reference, runs[i].logProbs(), best.moments.weight)
		if behind <= sampleErrors*err {
			out = append(out, candidate{runs[i], i})
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
// is the best, and lets that one converge.
func (r *Report) carry(ctx context.Context, rows *scaledRows, s Settings, carried []candidate) (*EM, error) {
	runs, errs := make([]*EM, len(carried)), make([]error, len(carried))
	for i, c := range carried {
		if runs[i], errs[i] = newEM(rows, s); errs[i] != nil {
			return nil, errs[i]
		}
		if errs[i] = runs[i].resume(ctx, c.run); errs[i] == nil {
			errs[i] = runs[i].climb(ctx, s, c.start, runs[i].clear(s))
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("gmm: %w", err)
		}
	}
	among := &Report{StartLogLik: make([]float64, len(carried))}
	best := among.converge(ctx, runs, errs, s)
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	for i, e := range runs {
		if errs[i] == nil {
			r.TotalIterations += e.steps - 1
		}
	}
	if best != nil {
		r.Start = carried[among.Start].start
	}
	return best, nil
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
