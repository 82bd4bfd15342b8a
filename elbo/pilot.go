package elbo

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/pareto"
)

// pilot is draws from a proposal that judge it and then shape the next one. No
// estimate sees them.
type pilot struct {
	proposal density.Proposal
	z        *mat.Dense // S×L
	logs     []float64  // log importance weights
	khat     float64
}

// newPilot draws from q for the row x (1×D). A draw at which the model gives no
// number has no weight.
func newPilot(m density.Latent, q density.Proposal, x *mat.Dense, draws int, src rand.Source) *pilot {
	p := &pilot{proposal: q, z: mat.NewDense(draws, m.LatentDim(), nil), logs: make([]float64, draws)}
	for from := 0; from < draws; from += drawBlock {
		to := min(from+drawBlock, draws)
		z := density.Rows(p.z, from, to)
		q.Rand(z, x, src)
		logs := m.LogLik(p.logs[from:to], x, z)
		prior, proposal := m.LogPrior(nil, z), q.LogProb(nil, z, x)
		for i := range logs {
			if logs[i] += prior[i] - proposal[i]; math.IsNaN(logs[i]) || math.IsInf(logs[i], 1) {
				logs[i] = math.Inf(-1)
			}
		}
	}
	p.khat = pareto.Fit(p.logs).KHat
	return p
}

// newPilotAt is a pilot of draws z (S×L) from the prior, each of them weighed by
// log p(x, z).
func newPilotAt(m density.Latent, prior density.Proposal, x, z *mat.Dense) *pilot {
	p := &pilot{proposal: prior, z: z, logs: m.LogLik(nil, x, z)}
	for i, v := range m.LogPrior(nil, z) {
		if p.logs[i] += v; math.IsNaN(p.logs[i]) || math.IsInf(p.logs[i], 1) {
			p.logs[i] = math.Inf(-1)
		}
	}
	return p
}

// better says whether p shows a better proposal than an earlier one: it found mass that
// that one had missed, whatever its tail; or it misses none, and has not a heavier tail,
// beyond the noise of its fit, and not many fewer effective draws.
func (p *pilot) better(than *pilot) bool {
	if than == nil {
		return !math.IsNaN(p.khat)
	}
	if more := p.gain(than); math.IsInf(more, 0) || math.Abs(more) > leastGain {
		return more > 0
	}
	_, now := p.weights()
	_, before := than.weights()
	// Effective draws with too large a k̂ are fewer than they look.
	limit := pareto.Threshold(len(p.logs))
	return p.khat <= than.khat+0.1 && (now >= before/1.5 || p.khat <= limit && than.khat > limit)
}

// leastGain is the difference of log p(x), in nats beyond three standard errors, from
// which on one proposal has missed what another has found. Estimates from proposals that
// miss nothing may differ by as much where their tails are heavy.
const leastGain = 0.5

// gain returns by how much the estimate of log p(x) from p is above that of another pilot,
// beyond three standard errors; 0 where these explain it.
func (p *pilot) gain(than *pilot) float64 {
	a, first := Jackknife(p.logs)
	b, second := Jackknife(than.logs)
	switch d := a - b; {
	case math.IsNaN(d):
		return 0
	case math.IsInf(d, 0):
		return d
	default:
		return math.Copysign(max(math.Abs(d)-3*math.Hypot(first, second), 0), d)
	}
}

// flat says whether the weights are those of the posterior itself, equal up to the
// rounding of the decoder.
func (p *pilot) flat() bool { return slices.Max(p.logs)-slices.Min(p.logs) < flatWeights }

// flatWeights is the range of log weights, in nats, that a decoder in float32 may
// give at the posterior.
const flatWeights = 5e-3

// weights returns the importance weights, none of them above √S times their mean
// (Ionides 2008), scaled to sum to 1, and their effective number.
func (p *pilot) weights() (w []float64, effective float64) {
	mean := density.LogMeanExp(p.logs)
	w = make([]float64, len(p.logs))
	var sum, squares float64
	for i, l := range p.logs {
		w[i] = min(math.Exp(l-mean), math.Sqrt(float64(len(p.logs))))
		sum += w[i]
	}
	for i := range w {
		w[i] /= sum
		squares += w[i] * w[i]
	}
	return w, 1 / squares
}

// confidence is the number of draws, for each dimension, that the axes count as in
// the covariance of weighted draws: with n draws its eigenvalues are off by the share
// √(L/n).
const confidence = 8

// matched returns the frame whose mean is that of the weighted draws of some pilots and
// whose axes are those of their covariance (Paananen et al. 2021, section 3.2), shrunk to
// those of a frame with the variances spread, both in the units of its axes. A pilot
// counts as its effective draws do. ok is false where no draw has a weight.
func matched(pilots []*pilot, f *frame, spread []float64) (next *frame, ok bool) {
	var w []float64
	var axes []float64 // S×L
	var effective float64
	l := f.l
	q := f.normal(1)
	for _, p := range pilots {
		own, number := p.weights()
		if !finite(number) {
			return nil, false
		}
		for _, v := range own {
			w = append(w, v*number)
		}
		axes = append(axes, q.axes(p.z)...)
		effective += number
	}
	for i := range w {
		w[i] /= effective
	}
	mean := make([]float64, l)
	for i, share := range w {
		for j, u := range axes[i*l : (i+1)*l] {
			mean[j] += share * u
		}
	}
	for i, share := range w {
		row := axes[i*l : (i+1)*l]
		for j := range row {
			row[j] = math.Sqrt(share) * (row[j] - mean[j])
		}
	}
	covariance := mat.NewSymDense(l, nil)
	covariance.SymOuterK(1, mat.NewDense(len(w), l, axes).T())
	prior := confidence * float64(l)
	for j := range l {
		for k := range j + 1 {
			v := effective * covariance.At(j, k)
			if j == k {
				v += prior * spread[j]
			}
			covariance.SetSym(j, k, v/(effective+prior))
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(covariance) {
		return nil, false
	}
	var lower, inverse mat.TriDense
	chol.LTo(&lower)
	if inverse.InverseTri(&lower) != nil {
		return nil, false
	}
	next = &frame{l: l, mean: make([]float64, l), out: mat.NewDense(l, l, nil), in: mat.NewDense(l, l, nil), logDet: f.logDet + 0.5*chol.LogDet()}
	next.out.Mul(f.out, &lower)
	next.in.Mul(&inverse, f.in)
	for k := range l {
		next.mean[k] = f.mean[k]
		for j, u := range mean {
			next.mean[k] += f.out.At(k, j) * u
		}
	}
	return next, true
}

// heaviest returns the numbers of the draws with the largest weights, heaviest first.
func (p *pilot) heaviest(n int) []int {
	order := make([]int, len(p.logs))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case p.logs[a] > p.logs[b]:
			return -1
		case p.logs[a] < p.logs[b]:
			return 1
		}
		return 0
	})
	return order[:min(n, len(order))]
}
