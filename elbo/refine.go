package elbo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

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
	// Spent is the number of evaluations of p(x|z) and its gradient.
	Spent int64
	// Warnings names the rows that did not converge.
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
// row at which the model gives no number.
func Refine(ctx context.Context, m density.LatentGradient, q density.Proposal, x *mat.Dense, s RefineSettings) (*Refinement, error) {
	n, d := x.Dims()
	if d != m.Dim() || q.LatentDim() != m.LatentDim() {
		panic("elbo: model, proposal and data differ in dimension")
	}
	s, err := s.resolve()
	if err != nil {
		return nil, err
	}
	out := &Refinement{Proposal: newNormals(x, m.LatentDim()), Converged: make([]bool, n), Steps: make([]int, n)}
	spent := make([]int64, n)
	err = spread.Each(ctx, n, s.Progress, func() func(i int) error {
		r := newRefiner(m, s)
		return func(i int) error {
			if err := r.run(ctx, q, density.Rows(x, i, i+1), i); err != nil {
				return err
			}
			out.Proposal.mean[i], out.Proposal.lower[i] = r.result()
			out.Converged[i], out.Steps[i] = r.converged, r.step
			spent[i] = int64(r.step * s.Draws)
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
	var open, first int
	for i, ok := range r.Converged {
		if !ok {
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

// refiner optimises the normal of one row. Its parameters are, in units of the
// start's standard deviations, the mean, the logarithms of the diagonal of L and
// what lies below.
type refiner struct {
	m             density.LatentGradient
	s             RefineSettings
	l             int
	origin, scale []float64
	theta, grad   []float64
	first, second []float64 // moments of Adam
	average       []float64
	mean, lower   []float64
	noise, z      *mat.Dense // Draws×L
	g, prior      *mat.Dense
	lik, logs     []float64
	step          int
	converged     bool
}

func newRefiner(m density.LatentGradient, s RefineSettings) *refiner {
	l := m.LatentDim()
	count := 2 * l
	if s.Family == Full {
		count += l * (l - 1) / 2
	}
	r := &refiner{m: m, s: s, l: l, lik: make([]float64, s.Draws), logs: make([]float64, s.Draws)}
	for _, p := range []*[]float64{&r.theta, &r.grad, &r.first, &r.second, &r.average} {
		*p = make([]float64, count)
	}
	for _, p := range []**mat.Dense{&r.noise, &r.z, &r.g, &r.prior} {
		*p = mat.NewDense(s.Draws, l, nil)
	}
	r.mean, r.lower = make([]float64, l), make([]float64, l*(l+1)/2)
	return r
}

// run refines q for the row x (1×D), number i.
func (r *refiner) run(ctx context.Context, q density.Proposal, x *mat.Dense, i int) error {
	for _, p := range [][]float64{r.theta, r.first, r.second, r.average} {
		clear(p)
	}
	start := mat.NewDense(moments, r.l, nil)
	q.Rand(start, x, density.NewSource(r.s.Seed, "elbo.refine.start", uint64(i)))
	var variance []float64
	r.origin, variance = density.Moments(start)
	r.scale = make([]float64, r.l)
	for j, v := range variance {
		r.scale[j] = math.Sqrt(v)
		if !(v > 0) {
			return fmt.Errorf("elbo: draws from q(z|x) for row %d do not vary in dimension %d: %w; refine another proposal", i+1, j+1, ErrSettings)
		}
	}
	random := rand.New(density.NewSource(r.s.Seed, "elbo.refine", uint64(i)))
	rate, best, sum := r.s.Rate, math.Inf(-1), 0.0
	r.converged = false
	for r.step = 0; r.step < r.s.Steps && !r.converged; {
		if err := ctx.Err(); err != nil {
			return err
		}
		bound := r.bound(x, random)
		if math.IsNaN(bound) || math.IsInf(bound, 0) {
			return fmt.Errorf("elbo: refining: the bound of row %d is %v at step %d: %w; check the row, or refine with a smaller Rate", i+1, bound, r.step+1, ErrNotANumber)
		}
		sum += bound / window
		r.step++
		r.adam(rate)
		for k, v := range r.theta {
			r.average[k] += v / window
		}
		if r.step%window != 0 {
			continue
		}
		if sum > best+r.s.Tolerance {
			best = sum
		} else if rate /= 2; rate < r.s.Rate/(1<<halvings) {
			r.converged = true
			break
		}
		if r.step < r.s.Steps {
			clear(r.average)
		}
		sum = 0
	}
	return nil
}

// unpack computes mean and L from parameters.
func (r *refiner) unpack(theta []float64) {
	off := theta[2*r.l:]
	for a := range r.l {
		r.mean[a] = r.origin[a] + r.scale[a]*theta[a]
		line := r.lower[a*(a+1)/2 : a*(a+1)/2+a+1]
		for b := range a {
			line[b] = 0
			if r.s.Family == Full {
				line[b] = r.scale[a] * off[a*(a-1)/2+b]
			}
		}
		line[a] = r.scale[a] * math.Exp(theta[r.l+a])
	}
}

func (r *refiner) result() (mean, lower []float64) {
	r.unpack(r.average)
	return append([]float64{}, r.mean...), append([]float64{}, r.lower...)
}

// bound returns the bound at the present parameters, from new draws, and leaves
// its gradient in r.grad.
func (r *refiner) bound(x *mat.Dense, random *rand.Rand) float64 {
	r.unpack(r.theta)
	for k := 0; k < r.s.Draws; k += 2 {
		plus, minus := r.noise.RawRowView(k), r.noise.RawRowView(k+1)
		for j := range plus {
			plus[j] = random.NormFloat64()
			minus[j] = -plus[j]
		}
	}
	for k := range r.s.Draws {
		place(r.z.RawRowView(k), r.mean, r.lower, r.noise.RawRowView(k))
	}
	r.m.LogLikGrad(r.lik, r.g, x, r.z)
	r.m.LogPriorGrad(r.logs, r.prior, r.z)
	r.g.Add(r.g, r.prior)
	clear(r.grad)
	off := r.grad[2*r.l:]
	score, share := make([]float64, r.l), 1/float64(r.s.Draws)
	var total float64
	for k := range r.s.Draws {
		noise, g := r.noise.RawRowView(k), r.g.RawRowView(k)
		log := -0.5 * float64(r.l) * math.Log(2*math.Pi)
		for a, e := range noise {
			log -= 0.5*e*e + math.Log(r.lower[a*(a+1)/2+a])
		}
		total += share * (r.lik[k] + r.logs[k] - log)
		copy(score, noise)
		backsolve(score, r.lower)
		for a := range r.l {
			// ∇_z (log p(x,z) − log q(z)), with ∇_z log q = −L⁻ᵀe.
			pull := share * (g[a] + score[a]) * r.scale[a]
			r.grad[a] += pull
			r.grad[r.l+a] += pull * noise[a] * r.lower[a*(a+1)/2+a] / r.scale[a]
			if r.s.Family == Full {
				for b := range a {
					off[a*(a-1)/2+b] += pull * noise[b]
				}
			}
		}
	}
	return total
}

// adam makes one step upwards (Kingma & Ba 2015).
func (r *refiner) adam(rate float64) {
	const beta1, beta2, tiny = 0.9, 0.99, 1e-8
	c1, c2 := 1-math.Pow(beta1, float64(r.step)), 1-math.Pow(beta2, float64(r.step))
	for k, g := range r.grad {
		r.first[k] += (1 - beta1) * (g - r.first[k])
		r.second[k] += (1 - beta2) * (g*g - r.second[k])
		r.theta[k] += rate * (r.first[k] / c1) / (math.Sqrt(r.second[k]/c2) + tiny)
	}
}
