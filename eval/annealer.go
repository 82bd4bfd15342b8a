package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
)

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

// tuningRepeats is the number of transitions at each of t temperatures in the first round.
func tuningRepeats(t int) int { return max(1, min(tuningTransitions/t, 20)) }

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
	repeats := tuningRepeats(t)
	for k := 1; k < t; k++ {
		for r := range repeats {
			gain := 0.5
			if repeats > 1 { // far at first, then steadier
				gain = 1 / math.Sqrt(float64(r+1))
			}
			if err := w.transition(k, random); err != nil {
				return err
			}
			for i, v := range w.accepted {
				w.step[i] *= math.Exp(gain * (v - targetAcceptance))
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
