package eval

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/internal/spread"
)

// ErrStuck reports chains that do not move.
var ErrStuck = errors.New("no proposal of Hamiltonian Monte Carlo was accepted")

// AnnealSettings says how to anneal. The zero value works.
type AnnealSettings struct {
	// Chains is the number of chains for each row; 0: 16.
	Chains int
	// Temperatures is T, the number of steps from start to posterior; 0: 100.
	// 1 is importance sampling from the start.
	Temperatures int
	// Leapfrogs is the number of leapfrog steps of a transition; 0: 10.
	Leapfrogs int
	// Step is the first step size, which the first round tunes; 0: 0.3.
	Step float64
	// Schedule spaces the temperatures; the zero value is Sigmoid.
	Schedule Schedule
	// Start is the density at β = 0; nil: the prior. An encoder that is
	// narrower than the posterior makes a bad start.
	Start density.ProposalGradient
	// Seed is what all draws are derived from.
	Seed uint64
	// Chunk is the number of chains that pass through the decoder at once; 0:
	// 256. It does not change the result.
	Chunk int
	// Measure is kept in the result, as in Settings.
	Measure density.Measure
	// Progress, if not nil, is told how many blocks of rows are done. Calls
	// may be concurrent.
	Progress func(done, total int)
}

func (s AnnealSettings) resolve() (AnnealSettings, error) {
	for _, f := range []struct {
		value *int
		zero  int
	}{{&s.Chains, 16}, {&s.Temperatures, 100}, {&s.Leapfrogs, 10}, {&s.Chunk, 256}} {
		if *f.value == 0 {
			*f.value = f.zero
		}
	}
	if s.Step == 0 {
		s.Step = 0.3
	}
	if min(s.Chains, s.Temperatures, s.Leapfrogs, s.Chunk) < 1 || !(s.Step > 0) || s.Schedule < 0 || int(s.Schedule) >= len(scheduleNames) {
		return s, fmt.Errorf("eval: %d chains, %d temperatures, %d leapfrogs, step %v, schedule %v: %w; want positive numbers, or 0 for the default", s.Chains, s.Temperatures, s.Leapfrogs, s.Step, s.Schedule, ErrSettings)
	}
	return s, nil
}

const (
	targetAcceptance = 0.65
	// tuningTransitions is about the number of transitions that the first
	// round makes at least, several at a temperature if there are few.
	tuningTransitions = 200
)

// Annealing is the outcome of annealed importance sampling.
type Annealing struct {
	// Result holds log (1/C) Σ w for each row: in expectation a lower bound
	// on log p(x), since the step sizes and temperatures were frozen before
	// the weights were drawn. KHat is nil.
	Result
	// Acceptance is the mean probability of acceptance of each row.
	Acceptance []float64
}

// Anneal evaluates log p(x) of each row of x (N×D) by annealed importance
// sampling (Neal 2001; Wu et al. 2017): C chains start at q₀ and go through T
// densities between it and the posterior by Hamiltonian Monte Carlo, gathering
// the weight
//
//	log w = Σₜ (βₜ₊₁ − βₜ) (log p(x, zₜ) − log q₀(zₜ|x))
//
// whose expectation is p(x). A first round tunes the step size of each row and
// temperature towards an acceptance of 0.65 (and spaces an adaptive schedule); a
// second with new draws keeps them frozen, and it alone is reported. The cost is
// about 2·N·C·T·Leapfrogs evaluations of p(x|z) and its gradient.
//
// Draws for row i come from streams of (Seed, purpose, i). Errors name the row at
// which the model gives no number, or wrap ErrStuck or ErrSettings.
func Anneal(ctx context.Context, m density.LatentGradient, x *mat.Dense, s AnnealSettings) (*Annealing, error) {
	a, _, err := anneal(ctx, m, x, nil, s)
	return a, err
}

// anneal runs forward chains and, if z (N×L) holds a draw from the posterior of
// each row, reverse ones from it; upper is then −log (1/C) Σ 1/w of each row.
func anneal(ctx context.Context, m density.LatentGradient, x, z *mat.Dense, s AnnealSettings) (a *Annealing, upper []float64, err error) {
	n, d := x.Dims()
	if d != m.Dim() || s.Start != nil && s.Start.LatentDim() != m.LatentDim() {
		panic("eval: model, start and data differ in dimension")
	}
	if s, err = s.resolve(); err != nil {
		return nil, nil, err
	}
	a = &Annealing{Acceptance: make([]float64, n), Result: Result{
		Kind: density.LowerBound, Measure: s.Measure, Samples: s.Chains,
		LogProb: make([]float64, n), StdErr: make([]float64, n), ESS: make([]float64, n),
	}}
	if z != nil {
		upper = make([]float64, n)
	}
	block := max(s.Chunk/s.Chains, 1)
	blocks := (n + block - 1) / block
	spent := make([]int64, blocks)
	err = spread.Each(ctx, blocks, s.Progress, func() func(i int) error {
		return func(k int) error {
			from, to := k*block, min((k+1)*block, n)
			w := newAnnealer(ctx, m, density.Rows(x, from, to), from, s)
			if err := w.tune(); err != nil {
				return err
			}
			logs, err := w.forward("eval.anneal", a.Acceptance[from:to])
			if err != nil {
				return err
			}
			for i, l := range logs {
				a.row(from+i, l)
			}
			if z != nil {
				if logs, err = w.reverse(density.Rows(z, from, to)); err != nil {
					return err
				}
				for i, l := range logs {
					upper[from+i] = -density.LogMeanExp(l)
				}
			}
			spent[k] = w.bridge.spent
			return nil
		}
	})
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("eval: annealing: %w", ctx.Err())
	}
	if err != nil {
		return nil, nil, err
	}
	for _, v := range spent {
		a.Spent += v
	}
	return a, upper, a.judge(s)
}

// row fills the entries of row i from its log weights.
func (a *Annealing) row(i int, logs []float64) {
	a.LogProb[i] = density.LogMeanExp(logs)
	a.StdErr[i], a.ESS[i] = spreadOf(logs, a.LogProb[i])
}

// judge warns of rows that hardly move and fails where none does.
func (a *Annealing) judge(s AnnealSettings) error {
	if s.Temperatures == 1 {
		return nil // there are no transitions
	}
	var slow int
	for i, v := range a.Acceptance {
		if !(v > 1e-3) {
			return fmt.Errorf("eval: annealing row %d: %w; a smaller Step or more Temperatures would help", i+1, ErrStuck)
		}
		if v < 0.2 {
			slow++
		}
	}
	if slow > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%d of %d rows accept fewer than 20 %% of their transitions: their bounds are loose; more temperatures or a smaller first step would help", slow, len(a.Acceptance)))
	}
	return nil
}

// annealer works on one block of rows.
type annealer struct {
	ctx        context.Context
	s          AnnealSettings
	bridge     *bridge
	first      int // number of the block's first row
	rows       int
	chains     *chains
	dynamics   *hamiltonian
	betas      [][]float64 // T+1 for each row
	steps      [][]float64 // T−1 for each row
	beta, step []float64   // of the moment, for each row
	accepted   []float64
}

func newAnnealer(ctx context.Context, m density.LatentGradient, x *mat.Dense, first int, s AnnealSettings) *annealer {
	rows, _ := x.Dims()
	n, l := rows*s.Chains, m.LatentDim()
	w := &annealer{
		ctx: ctx, s: s, bridge: &bridge{m: m, start: s.Start, x: x}, first: first, rows: rows,
		chains: newChains(n, l), dynamics: newHamiltonian(n, l, s.Leapfrogs),
		betas: make([][]float64, rows), steps: make([][]float64, rows),
		beta: make([]float64, rows), step: make([]float64, rows), accepted: make([]float64, rows),
	}
	for i := range rows {
		w.betas[i] = s.Schedule.betas(s.Temperatures)
		w.steps[i] = make([]float64, s.Temperatures-1)
	}
	return w
}

// begin draws the chains from the start and returns the streams of the rows.
func (w *annealer) begin(purpose string) ([]*rand.Rand, error) {
	random := w.streams(purpose)
	for i := range w.rows {
		src := density.NewSource(w.s.Seed, purpose+".start", uint64(w.first+i))
		z := density.Rows(w.chains.z, i*w.s.Chains, (i+1)*w.s.Chains)
		if w.s.Start == nil {
			w.bridge.m.RandPrior(z, src)
		} else {
			w.s.Start.Rand(z, density.Rows(w.bridge.x, i, i+1), src)
		}
	}
	return random, w.evaluate()
}

func (w *annealer) streams(purpose string) []*rand.Rand {
	random := make([]*rand.Rand, w.rows)
	for i := range random {
		random[i] = rand.New(density.NewSource(w.s.Seed, purpose, uint64(w.first+i)))
	}
	return random
}

// evaluate brings the chains up to date and checks that they are at places where
// the model gives numbers.
func (w *annealer) evaluate() error {
	w.bridge.evaluate(w.chains, w.dynamics.scratch)
	for k := range w.chains.f0 {
		if v := w.chains.f0[k] + w.chains.f1[k]; math.IsNaN(v) || math.IsInf(v, 1) {
			return fmt.Errorf("eval: annealing: log p(x,z) is %v and log q(z|x) %v at a start for row %d: %w; check the row, or train the model with a smaller rate",
				w.chains.f1[k], w.chains.f0[k], w.first+k/w.s.Chains+1, elbo.ErrNotANumber)
		}
	}
	return nil
}

// transition moves all chains at temperature number t.
func (w *annealer) transition(t int, random []*rand.Rand) error {
	for i := range w.rows {
		w.beta[i] = w.betas[i][t]
	}
	w.dynamics.transition(w.bridge, w.chains, w.beta, w.step, random, w.accepted)
	return w.ctx.Err()
}

// tune finds step sizes and, for an adaptive schedule, temperatures.
func (w *annealer) tune() error {
	t := w.s.Temperatures
	if t == 1 {
		return nil
	}
	random, err := w.begin("eval.anneal.tune")
	if err != nil {
		return err
	}
	spreads := make([][]float64, w.rows)
	for i := range w.rows {
		w.step[i] = w.s.Step
		spreads[i] = append(spreads[i], w.spread(i))
	}
	repeats := max(1, min(tuningTransitions/t, 20))
	for k := 1; k < t; k++ {
		for range repeats {
			if err := w.transition(k, random); err != nil {
				return err
			}
			for i, v := range w.accepted {
				w.step[i] *= math.Exp(0.5 * (v - targetAcceptance))
			}
		}
		for i := range w.rows {
			w.steps[i][k-1] = w.step[i]
			spreads[i] = append(spreads[i], w.spread(i))
		}
	}
	if w.s.Schedule == AdaptiveSchedule {
		for i, old := range w.betas {
			w.betas[i] = respace(old, spreads[i])
			w.steps[i] = interpolate(w.steps[i], old, w.betas[i])
		}
	}
	return nil
}

// spread returns the standard deviation of log p(x,z) − log q₀(z|x) over the
// chains of row i.
func (w *annealer) spread(i int) float64 {
	var mean, squares float64
	from, to := i*w.s.Chains, (i+1)*w.s.Chains
	for k := from; k < to; k++ {
		mean += (w.chains.f1[k] - w.chains.f0[k]) / float64(w.s.Chains)
	}
	for k := from; k < to; k++ {
		d := w.chains.f1[k] - w.chains.f0[k] - mean
		squares += d * d
	}
	return math.Sqrt(squares / float64(max(w.s.Chains-1, 1)))
}

// gather adds what the step from temperature number t to the next contributes to
// the logarithms of the weights.
func (w *annealer) gather(logs [][]float64, t int, sign float64) {
	for i, l := range logs {
		delta := sign * (w.betas[i][t+1] - w.betas[i][t])
		for c := range l {
			k := i*w.s.Chains + c
			l[c] += delta * (w.chains.f1[k] - w.chains.f0[k])
		}
	}
}

func (w *annealer) logs() [][]float64 {
	logs := make([][]float64, w.rows)
	for i := range logs {
		logs[i] = make([]float64, w.s.Chains)
	}
	return logs
}

// forward returns the log weights of chains from the start to the posterior, and
// adds the rows' mean acceptances to acceptance.
func (w *annealer) forward(purpose string, acceptance []float64) ([][]float64, error) {
	random, err := w.begin(purpose)
	if err != nil {
		return nil, err
	}
	logs := w.logs()
	t := w.s.Temperatures
	w.gather(logs, 0, 1)
	for k := 1; k < t; k++ {
		for i := range w.rows {
			w.step[i] = w.steps[i][k-1]
		}
		if err := w.transition(k, random); err != nil {
			return nil, err
		}
		for i, v := range w.accepted {
			acceptance[i] += v / float64(t-1)
		}
		w.gather(logs, k, 1)
	}
	return logs, nil
}

// reverse returns minus the log weights of chains from draws z of the posterior
// (one for each row, where all its chains start) back to the start.
func (w *annealer) reverse(z *mat.Dense) ([][]float64, error) {
	random := w.streams("eval.anneal.reverse")
	for k := range w.chains.f0 {
		w.chains.z.SetRow(k, z.RawRowView(k/w.s.Chains))
	}
	if err := w.evaluate(); err != nil {
		return nil, err
	}
	logs := w.logs()
	for k := w.s.Temperatures - 1; ; k-- {
		w.gather(logs, k, -1)
		if k == 0 {
			return logs, nil
		}
		for i := range w.rows {
			w.step[i] = w.steps[i][k-1]
		}
		if err := w.transition(k, random); err != nil {
			return nil, err
		}
	}
}
