package eval

import (
	"context"
	"errors"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
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
	// minEffective is the effective number of chains below which a row is
	// doubtful.
	minEffective = 3
	// pilotChains is the largest number of chains of the first round.
	pilotChains = 16
	// tuningTransitions is about the number of transitions that the first
	// round makes at least, several at a temperature if there are few.
	tuningTransitions = 100
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
// about N·C·T·Leapfrogs evaluations of p(x|z) and its gradient, and for the first
// round N·min(C, 16)·max(T, 100)·Leapfrogs.
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
	if s.Measure, err = measureOf(m, s.Measure); err != nil {
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
			pilot := s
			pilot.Chains = min(s.Chains, pilotChains)
			tuned := newAnnealer(ctx, m, density.Rows(x, from, to), from, pilot)
			if err := tuned.tune(); err != nil {
				return err
			}
			w := newAnnealer(ctx, m, density.Rows(x, from, to), from, s)
			w.betas, w.steps = tuned.betas, tuned.steps
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
			spent[k] = tuned.bridge.spent + w.bridge.spent
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
	var slow, uneven int
	for i, v := range a.Acceptance {
		if a.ESS[i] < minEffective {
			uneven++
		}

		if !(v > 1e-3) {
			return fmt.Errorf("eval: annealing row %d: %w; a smaller Step or more Temperatures would help", i+1, ErrStuck)
		}
		if v < 0.2 {
			slow++
		}
	}
	if uneven > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("in %d of %d rows fewer than %d of %d chains carry the weight: their bounds are loose, and their errors too small; more temperatures, or a start nearer to the posterior, would help", uneven, len(a.Acceptance), minEffective, s.Chains))
	}
	if slow > 0 {
		a.Warnings = append(a.Warnings, fmt.Sprintf("%d of %d rows accept fewer than 20 %% of their transitions: their bounds are loose; more temperatures or a smaller first step would help", slow, len(a.Acceptance)))
	}
	return nil
}
