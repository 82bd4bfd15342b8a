// Package em runs expectation–maximisation (Dempster, Laird & Rubin 1977) for finite
// mixtures of any kind: what does not depend on the densities of the components.
//
// A mixture brings a [Run], which is responsibilities and the step that renews them.
// This package decides when a run has converged ([Path]), helps it along where it
// creeps ([Run]s leap, unless Settings.Plain), makes several starts and lets only the
// best converge ([Best]), and tries to merge and split components ([Improve]).
package em

import (
	"context"
	"math"
)

// Run is one run of EM.
type Run interface {
	// Step does one iteration: an M-step from the responsibilities, then the E-step,
	// which renews them, and adds the objective to the path. After an error the
	// state is the one before, except where ctx has ended.
	Step(ctx context.Context) error
	// Path returns the path of the objective.
	Path() *Path
	// Objective returns what EM increases, comparable between runs on the same rows;
	// −∞ before the first step.
	Objective() float64
	// Responsibilities returns those that the next M-step begins with; it shares the
	// run's memory.
	Responsibilities() Responsibilities
	// Hold returns a function that puts the parameters back to what they are now.
	Hold() (back func())
	// Forget drops what was computed ahead from responsibilities that are being
	// replaced.
	Forget()
	// Doubt ranks optima by how little their likelihood may be worth; 0: no doubt.
	Doubt() int
}

// Responsibilities are the shares of K components in N rows (N×K, row-major). A row
// sums to its weight.
type Responsibilities struct {
	N, K   int
	R      []float64
	Weight []float64 // length N, or nil for rows that count once
}

func (r Responsibilities) weightOf(i int) float64 {
	if r.Weight == nil {
		return 1
	}
	return r.Weight[i]
}

// Settings says how runs are made.
type Settings struct {
	Starts     int  // number of starts
	Rounds     int  // the largest number of moves that merge and split
	Plain      bool // every iteration is a step of EM
	Iterations int  // the largest number of iterations of a run
	// Tolerance is how much, per row, the objective of a run that ends may be below
	// its limit.
	Tolerance float64
	// Rows is the number of rows, or the sum of their weights.
	Rows float64
	// Progress, if not nil, is called after each iteration of each start. Calls may
	// be concurrent.
	Progress func(start, iteration int)
}

// enough returns how much, per row, a run may still gain when it is compared
// with others: a hundredth of a nat for all rows together. Only the one that is kept
// need go on to Tolerance, which takes most of the iterations.
func (s Settings) enough() float64 {
	if s.Starts == 1 && s.Rounds <= 0 {
		return 0
	}
	return min(0.01/s.Rows, 1e-5)
}

// Iterations returns what makes an iteration of the run: a step of EM, or, unless
// Settings.Plain, of a leaper. It adds to the path unless a leap was taken back.
func Iterations(r Run, s Settings) func(context.Context) error {
	if s.Plain {
		return r.Step
	}
	l := new(leaper)
	return func(ctx context.Context) error { return l.step(ctx, r) }
}

// climb goes on until the run has converged, until it will gain no more than enough,
// or until the iterations run out. Progress is told of the given start.
func climb(ctx context.Context, r Run, s Settings, start int, enough float64) error {
	iterate := Iterations(r, s)
	path := r.Path()
	for !ended(r, s) && (len(path.Values) == 0 || !(path.Rest() < enough)) {
		if err := iterate(ctx); err != nil {
			return err
		}
		if s.Progress != nil {
			s.Progress(start, len(path.Values)-1)
		}
	}
	return nil
}

// ended reports whether the run has converged or used up its iterations.
func ended(r Run, s Settings) bool {
	return r.Path().Converged || len(r.Path().Values) > s.Iterations
}

// Path is the path of the objective of a run.
type Path struct {
	// Values are the objective, per row, after each step that was not taken back.
	Values []float64
	// Steps were made, also those that were taken back.
	Steps int
	// Converged is whether the rule of [Path.Add] was met.
	Converged bool
	// Fell is whether the objective fell by more than rounding.
	Fell bool

	leapt int     // the place in Values that a leap led to
	slow  float64 // steps that the slowest way would take, as leaps have seen it
}

// Add appends the objective after a step and decides whether the run has converged.
// With steps that shrink by a factor ρ the objective still rises by step·ρ/(1−ρ)
// (Aitken's rule; Böhning et al. 1994), which must be below the tolerance. A step
// downwards beyond rounding is remembered, and is never convergence. Rounding is
// relative to the objective, or as large as slack.
func (p *Path) Add(value, slack, tolerance float64) {
	p.Steps++
	p.Values = append(p.Values, value)
	last := len(p.Values) - 1
	if last < 1 {
		return
	}
	step := value - p.Values[last-1]
	rounding := 1e-13 * max(1, math.Abs(value))
	if step < -max(rounding, slack) {
		p.Fell = true
		return
	}
	if step <= rounding {
		p.Converged = true
		return
	}
	p.Converged = p.Rest() < tolerance
}

// Rest returns what the objective will still gain, by Aitken's rule from the last
// three values; +∞ where steps do not shrink, or fall: steps that fall less and less
// promise no end.
func (p *Path) Rest() float64 {
	last := len(p.Values) - 1
	if last < p.leapt+2 {
		return math.Inf(1)
	}
	step := p.Values[last] - p.Values[last-1]
	ratio := step / (p.Values[last-1] - p.Values[last-2])
	if !(step > 0 && ratio > 0 && ratio < 1) {
		return math.Inf(1)
	}
	return step * max(ratio/(1-ratio), p.slow)
}

// Last returns the last value, or −∞.
func (p *Path) Last() float64 {
	if len(p.Values) == 0 {
		return math.Inf(-1)
	}
	return p.Values[len(p.Values)-1]
}

// creeps reports whether the last steps shrink slowly and are small.
func (p *Path) creeps() bool {
	last := len(p.Values) - 1
	if last < 2 {
		return false
	}
	step, before := p.Values[last]-p.Values[last-1], p.Values[last-1]-p.Values[last-2]
	return step > creep*before && step < before && step < late
}
