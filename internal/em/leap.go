package em

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"

	"likely/internal/spread"
)

// leaper runs EM and, where it creeps, leaps along its path. EM converges linearly: near
// an optimum each step is the last one times some factor, which components that overlap
// bring near to 1. From responsibilities R₀ and those after one step of EM and two, the
// path is taken to go on as
//
//	R = R₀ + 2a(R₁−R₀) + a²(R₂−2R₁+R₀)        a = ‖R₁−R₀‖ / ‖R₂−2R₁+R₀‖
//
// (SQUAREM; Varadhan & Roland 2008, §3, S3). Negative ones are 0, rows are scaled to
// their weights, and the M-step makes of any responsibilities a member of the family.
// A leap that does not raise the objective is taken back, so that the rise
// remains EM's.
type leaper struct {
	before, first []float64 // R₀ and R₁, N×K
	steps         int       // of EM in this cycle
	longest       float64   // the greatest a
}

// creep is the ratio of successive steps from which leaps pay, and late how small, in
// nats per row, a step must be: before that EM decides where it goes.
const creep, late = 0.7, 1e-4

func (l *leaper) step(ctx context.Context, r Run) error {
	resp := r.Responsibilities().R
	switch l.steps {
	case 0:
		if l.before == nil {
			if !r.Path().creeps() {
				return r.Step(ctx)
			}
			l.before, l.first, l.longest = make([]float64, len(resp)), make([]float64, len(resp)), 4
		}
		copy(l.before, resp)
	case 1:
		copy(l.first, resp)
	default:
		l.steps = 0
		return l.leap(ctx, r)
	}
	l.steps++
	return r.Step(ctx)
}

// leap goes from R₂, which is in the run, to R and one step of EM on, or nowhere.
func (l *leaper) leap(ctx context.Context, r Run) error {
	resp, path := r.Responsibilities(), r.Path()
	a := l.length(resp)
	if !(a > 1.5) || math.IsInf(a, 0) {
		return nil
	}
	path.slow = max(path.slow, a)
	a = min(a, l.longest)
	values, fell := len(path.Values), path.Fell
	back := r.Hold()
	l.extend(resp, a)
	r.Forget()
	err := r.Step(ctx)
	if ctx.Err() != nil {
		return err
	}
	last := len(path.Values) - 1
	if err == nil && path.Values[last] >= path.Values[last-1] {
		path.Converged, path.leapt = false, last // the gain of a leap predicts nothing
		if a == l.longest {
			l.longest *= 4
		}
		return nil
	}
	back()
	path.Values, path.Fell, path.Converged = path.Values[:values], fell, false
	copy(resp.R, l.before)
	r.Forget()
	l.longest = max(l.longest/4, 2)
	return nil
}

// length returns a. A row counts as often in the norms as its weight says.
func (l *leaper) length(resp Responsibilities) float64 {
	type norms struct{ r, v float64 }
	parts := make([]norms, spread.CountSegments(resp.N))
	spread.Segments(resp.N, func(s, from, to int) {
		var p norms
		for row := from; row < to; row++ {
			var r, v float64
			for i := row * resp.K; i < (row+1)*resp.K; i++ {
				d := l.first[i] - l.before[i]
				r += d * d
				d = resp.R[i] - l.first[i] - d
				v += d * d
			}
			weight := resp.weightOf(row) // which is in r and v squared
			p.r += r / weight
			p.v += v / weight
		}
		parts[s] = p
	})
	var all norms
	for _, p := range parts {
		all.r += p.r
		all.v += p.v
	}
	return math.Sqrt(all.r / all.v)
}

// extend replaces R₂ by R, and R₀ by R₂.
func (l *leaper) extend(resp Responsibilities, a float64) {
	spread.Blocks(resp.N, func(_, from, to int) {
		for i := from * resp.K; i < to*resp.K; i++ {
			before, first, second := l.before[i], l.first[i], resp.R[i]
			l.before[i] = second
			resp.R[i] = max(0, before+2*a*(first-before)+a*a*(second-2*first+before))
		}
		for i := from; i < to; i++ {
			row := resp.R[i*resp.K : (i+1)*resp.K]
			var sum float64
			for _, v := range row {
				sum += v
			}
			floats.Scale(resp.weightOf(i)/sum, row)
		}
	})
}
