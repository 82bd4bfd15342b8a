package elbo

import (
	"context"
	"fmt"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// Family is the form of the normals that a proposal is refined to.
type Family int

const (
	// Diagonal normals have independent dimensions.
	Diagonal Family = iota
	// Full normals have any covariance.
	Full
)

// String returns diagonal or full.
func (f Family) String() string {
	switch f {
	case Diagonal:
		return "diagonal"
	case Full:
		return "full"
	}
	return fmt.Sprintf("Family(%d)", int(f))
}

// RefineSettings says how to refine a proposal. The zero value works.
type RefineSettings struct {
	// Family is the form of q*; the zero value is Diagonal.
	Family Family
	// Draws is the number of codes drawn for each step, in pairs ±e; 0: 32.
	Draws int
	// Steps is the largest number of steps for a row, rounded up to a multiple
	// of 50; 0: 4000.
	Steps int
	// Tolerance is the gain of the bound, in nats between windows of 50 steps,
	// below which the rate is halved; 0: 0.01. After 6 halvings a row has
	// converged.
	Tolerance float64
	// Rate is the first rate of Adam, in standard deviations of the proposal
	// that is refined; 0: 0.1.
	Rate float64
	// Seed is what all draws are derived from.
	Seed uint64
	// Progress, if not nil, is told how many rows are done. Calls may be
	// concurrent.
	Progress func(done, total int)
}

func (s RefineSettings) resolve() (RefineSettings, error) {
	if s.Draws == 0 {
		s.Draws = 32
	}
	if s.Steps == 0 {
		s.Steps = 4000
	}
	if s.Tolerance == 0 {
		s.Tolerance = 0.01
	}
	if s.Rate == 0 {
		s.Rate = 0.1
	}
	if s.Draws < 2 || s.Draws%2 != 0 || s.Steps < 1 || !(s.Tolerance > 0) || !(s.Rate > 0) || s.Family < Diagonal || s.Family > Full {
		return s, fmt.Errorf("elbo: refining %v normals with %d draws, %d steps, tolerance %v, rate %v: %w; want an even number of draws and positive numbers, or 0 for the default", s.Family, s.Draws, s.Steps, s.Tolerance, s.Rate, ErrSettings)
	}
	s.Steps = (s.Steps + window - 1) / window * window
	return s, nil
}

// Refinement is a proposal refined for each of N rows.
type Refinement struct {
	// Proposal is q*.
	Proposal *Normals
	// Converged and Steps tell for each row whether it converged, and after
	// how many steps.
	Converged []bool
	Steps     []int
	// Back tells whether the optimisation ended below the proposal it started from,
	// by more than the error of a comparison on 256 new draws. The row then has the
	// best q on its way, or that start, and has not converged.
	Back []bool
	// Spent is the number of evaluations of p(x|z) and its gradient.
	Spent int64
	// Warnings names the rows that did not converge, and those that went back.
	Warnings []string
}

const (
	window   = 50 // steps over which bounds, and at the end parameters, are averaged
	halvings = 6
	moments  = 256 // draws that the start is fitted to
)

// Refine maximises the bound of each row of x (N×D) over normals q(z|xᵢ), from
// the moments of q: what is left of the gap of the bound is that of the family
// (Cremer et al. 2018; Kim et al. 2018). Each step is one of Adam on the pathwise
// gradient with the score left out, whose noise vanishes where q is the posterior
// (Roeder et al. 2017), with draws of its own. The parameters are the mean over
// the last window. Rows draw from the streams (Seed, purpose, i). Errors name the
// row at which the model gives no number. No row is left with a q whose bound is below
// that of the start; see Refinement.Back.
func Refine(ctx context.Context, m density.LatentGradient, q density.Proposal, x *mat.Dense, s RefineSettings) (*Refinement, error) {
	n, d := x.Dims()
	if d != m.Dim() || q.LatentDim() != m.LatentDim() {
		panic("elbo: model, proposal and data differ in dimension")
	}
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	out := &Refinement{Proposal: newNormals(x, m.LatentDim()), Converged: make([]bool, n), Steps: make([]int, n), Back: make([]bool, n)}
	spent := make([]int64, n)
	err = spread.Each(ctx, n, s.Progress, func() func(i int) error {
		r := newRefiner(m, s)
		return func(i int) error {
			if err := r.run(ctx, q, density.Rows(x, i, i+1), i); err != nil {
				return err
			}
			out.Proposal.mean[i], out.Proposal.lower[i] = r.result()
			out.Converged[i], out.Steps[i], out.Back[i] = r.converged, r.step, r.back
			spent[i] = int64(r.step*s.Draws + 2*judgeDraws)
			if r.back {
				spent[i] += judgeDraws
			}
			return nil
		}
	})
	if ctx.Err() != nil {
		return nil, fmt.Errorf("elbo: refining: %w", ctx.Err())
	}
	if err != nil {
		return nil, err
	}
	for _, v := range spent {
		out.Spent += v
	}
	out.warn(s)
	return out, nil
}

func (r *Refinement) warn(s RefineSettings) {
	var back []int
	for i, v := range r.Back {
		if v {
			back = append(back, i+1)
		}
	}
	if len(back) > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d rows (row %d first) ended below where they started with %d draws a step, and went back to the best q on their way; more draws, or a smaller rate, would help", len(back), len(r.Back), back[0], s.Draws))
	}
	var open, first int
	for i, ok := range r.Converged {
		if !ok && !r.Back[i] {
			if open == 0 {
				first = i
			}
			open++
		}
	}
	if open > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf("%d of %d rows (row %d first) still gained after %d steps: their approximation gap is too large and their amortisation gap too small; more steps would help", open, len(r.Converged), first+1, s.Steps))
	}
}
