package elbo

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

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
	peak          []float64  // parameters of the window with the best bound
	back          bool       // whether the result is not that of the last window
	start         *mat.Dense // draws from the proposal to refine
}

func newRefiner(m density.LatentGradient, s RefineSettings) *refiner {
	l := m.LatentDim()
	count := 2 * l
	if s.Family == Full {
		count += l * (l - 1) / 2
	}
	r := &refiner{m: m, s: s, l: l, lik: make([]float64, s.Draws), logs: make([]float64, s.Draws)}
	for _, p := range []*[]float64{&r.theta, &r.grad, &r.first, &r.second, &r.average, &r.peak} {
		*p = make([]float64, count)
	}
	for _, p := range []**mat.Dense{&r.noise, &r.z, &r.g, &r.prior} {
		*p = mat.NewDense(s.Draws, l, nil)
	}
	r.mean, r.lower = make([]float64, l), make([]float64, l*(l+1)/2)
	r.start = mat.NewDense(moments, l, nil)
	return r
}

// run refines q for the row x (1×D), number i.
func (r *refiner) run(ctx context.Context, q density.Proposal, x *mat.Dense, i int) error {
	for _, p := range [][]float64{r.theta, r.first, r.second, r.average, r.peak} {
		clear(p)
	}
	start := r.start
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
	r.converged, r.back = false, false
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
			copy(r.peak, r.average)
		} else if rate /= 2; rate < r.s.Rate/(1<<halvings) {
			r.converged = true
			break
		}
		if r.step < r.s.Steps {
			clear(r.average)
		}
		sum = 0
	}
	return r.judge(x, i)
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
