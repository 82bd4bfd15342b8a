package gmm

import (
	"context"
	"math"

	"gonum.org/v1/gonum/floats"
)

// leaper runs EM and, where it creeps, leaps along its path. EM converges linearly: near
// an optimum each step is the last one times some factor, which components that overlap
// bring near to 1. From responsibilities R₀ and those after one step of EM and two, the
// path is taken to go on as
//
//	R = R₀ + 2a(R₁−R₀) + a²(R₂−2R₁+R₀)        a = ‖R₁−R₀‖ / ‖R₂−2R₁+R₀‖
//
// (SQUAREM; Varadhan & Roland 2008, §3, S3). Negative ones are 0, rows are scaled to
// their weights, and the M-step makes of any responsibilities a member of the family on
// its floor. A leap that does not raise the objective is taken back, so that the rise
// remains EM's.
type leaper struct {
	before, first []float64 // R₀ and R₁, N×K
	steps         int       // of EM in this cycle
	longest       float64   // the greatest a
}

// iterations returns what makes an iteration of the run: a step of EM, or, unless
// Settings.Plain, of a leaper. It appends to the history unless a leap was taken back.
func (e *EM) iterations(s Settings) func(context.Context) error {
	if s.Plain {
		return e.Step
	}
	l := new(leaper)
	return func(ctx context.Context) error { return l.step(ctx, e) }
}

// creep is the ratio of successive steps from which leaps pay, and late how small, in
// nats per row, a step must be: before that EM decides where it goes.
const creep, late = 0.7, 1e-4

func (l *leaper) step(ctx context.Context, e *EM) error {
	resp := e.moments.resp
	switch l.steps {
	case 0:
		if l.before == nil {
			if !e.creeps() {
				return e.Step(ctx)
			}
			l.before, l.first, l.longest = make([]float64, len(resp)), make([]float64, len(resp)), 4
		}
		copy(l.before, resp)
	case 1:
		copy(l.first, resp)
	default:
		l.steps = 0
		return l.leap(ctx, e)
	}
	l.steps++
	return e.Step(ctx)
}

// creeps reports whether the last steps shrink slowly and are small.
func (e *EM) creeps() bool {
	last := len(e.history) - 1
	if last < 2 {
		return false
	}
	step, before := e.history[last]-e.history[last-1], e.history[last-1]-e.history[last-2]
	return step > creep*before && step < before && step < late
}

// leap goes from R₂, which is in the moments, to R and one step of EM on, or nowhere.
func (l *leaper) leap(ctx context.Context, e *EM) error {
	a := l.length(e)
	if !(a > 1.5) || math.IsInf(a, 0) {
		return nil
	}
	e.slow = max(e.slow, a)
	a = min(a, l.longest)
	held := e.state()
	l.extend(e, a)
	err := e.Step(ctx)
	if ctx.Err() != nil {
		return err
	}
	last := len(e.history) - 1
	if err == nil && e.history[last] >= e.history[last-1] {
		e.converged, e.leapt = false, last // the gain of a leap predicts nothing
		if a == l.longest {
			l.longest *= 4
		}
		return nil
	}
	e.restore(held)
	copy(e.moments.resp, l.before)
	e.moments.forget()
	l.longest = max(l.longest/4, 2)
	return nil
}

// length returns a. A row counts as often in the norms as its weight says.
func (l *leaper) length(e *EM) float64 {
	resp := e.moments.resp
	type norms struct{ r, v float64 }
	parts := make([]norms, segments(e.moments.n))
	forSegments(e.moments.n, func(s, from, to int) {
		var p norms
		for row := from; row < to; row++ {
			var r, v float64
			for i := row * e.k; i < (row+1)*e.k; i++ {
				d := l.first[i] - l.before[i]
				r += d * d
				d = resp[i] - l.first[i] - d
				v += d * d
			}
			weight := e.scaled.weightOf(row) // which is in r and v squared
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
func (l *leaper) extend(e *EM, a float64) {
	resp := e.moments.resp
	forBlocks(e.moments.n, func(_, from, to int) {
		for i := from * e.k; i < to*e.k; i++ {
			before, first, second := l.before[i], l.first[i], resp[i]
			l.before[i] = second
			resp[i] = max(0, before+2*a*(first-before)+a*a*(second-2*first+before))
		}
		for i := from; i < to; i++ {
			row := resp[i*e.k : (i+1)*e.k]
			floats.Scale(e.scaled.weightOf(i)/sum(row), row)
		}
	})
	e.moments.forget()
}

// state is what a step of EM changes, but for the responsibilities.
type state struct {
	logWeight, mean, count []float64
	shapes                 shapes
	history                int
	logLik, narrow         float64
	fell                   bool
}

func (e *EM) state() state {
	return state{
		logWeight: append([]float64{}, e.logWeight...), mean: append([]float64{}, e.moments.mean...), count: append([]float64{}, e.moments.count...),
		shapes: e.shapes, history: len(e.history), logLik: e.logLik, narrow: e.narrow, fell: e.fell,
	}
}

func (e *EM) restore(s state) {
	copy(e.logWeight, s.logWeight)
	copy(e.moments.mean, s.mean)
	copy(e.moments.count, s.count)
	e.shapes, e.history, e.logLik, e.narrow, e.fell, e.converged = s.shapes, e.history[:s.history], s.logLik, s.narrow, s.fell, false
}

// forget drops what the last E-step left, which belongs to other responsibilities.
func (m *moments) forget() {
	m.ahead = nil
	if m.gapped != nil {
		m.gapped.sums = nil
	}
}
