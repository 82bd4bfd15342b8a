package elbo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// LadderSettings says how far a ladder of proposals may go. The zero value works.
type LadderSettings struct {
	// Budget is the number of evaluations of p(x|z) after which the search for a
	// row's proposal begins nothing new; 0: 4600 + 20·L.
	Budget int
	// Pilot is the number of draws that judge a proposal; 0: 1000.
	Pilot int
	// Goal is the Pareto k̂ of a pilot up to which no better proposal is sought;
	// 0: 0.55, near where the variance of the weights begins to exist.
	Goal float64
}

const (
	defaultPilot = 1000
	defaultGoal  = 0.55
	// rounds is the largest number of times that moments are matched.
	matchRounds = 3
	// modeWidth times 1/√L is by how much more than their own standard deviations the
	// densities around modes are spread.
	modeWidth = 0.7
	// restarts is the number of draws from which other modes are looked for.
	restarts = 4
	// apart is the squared distance, in standard deviations, of two modes.
	apart = 4
	// leastMass is the logarithm of the mass of a mode, over that of the first, below
	// which it does not matter.
	leastMass = -7
	// startDraws is the number of draws from q whose mean the search starts from,
	// and tries that of draws that may take its place.
	startDraws, tries = 64, 16
	// surveyCost is about what the search for other modes may take.
	surveyCost = 600
	// exactDraws is the number of draws that tell whether a normal is the
	// posterior.
	exactDraws = 64
	// defence is the share of q, and that of the prior, in every proposal.
	defence = 0.025
)

// momentWidths are modeWidth for moments: each round takes place because the last had too
// light a tail.
var momentWidths = [matchRounds]float64{1, 1.3, 1.3}

// NewLadder returns a proposal for codes of any size that climbs, for each row, from
// rung to rung as far as it has to:
//
//   - Mode: Gauss-Newton steps from the mean of q to a mode of p(z|x), with the
//     precision Λ + JᵀWJ; its axes then turned and scaled by differences of the
//     gradient, and spread along each as far as log p(x, z) is wide. If draws from
//     the normal there have equal weights, it is the posterior, and that is all
//     (rung Posterior).
//   - Modes: searches from the best of some prior draws and, later, from the heaviest
//     draws of a pilot; if they find other modes that matter, a mixture.
//   - Refined: three times, a step towards the normal with the largest bound, by a
//     regression of gradients on the code.
//   - Moments: up to three times, mean and covariance of weighted draws.
//
// What judges a rung is the k̂ of a pilot, which is never used again in an estimate;
// the best rung is kept, and Adaptation.Back says where that is not the highest.
// All but the posterior are mixed with 2.5 % of q and of the prior, so that no weight
// exceeds 40·p(x|z), and are widened by 1 + 0.7/√L in all directions, which costs
// weights of a true normal half their effective number at any L; moments by 1 + 1/√L and
// then 1 + 1.3/√L, and a refined one by the latter, which costs three quarters and seven
// eighths where none was needed.
//
// Sources: Ruiz et al. 2021 for the curvature of the decoder; Geweke 1989 for the
// spreads; Paananen et al. 2021 for the moments. A core holds about
// 12·L² + 3·L·Pilot numbers beside those of the decoder: 130 MB for L = 1000.
func NewLadder(m density.Curved, q density.Proposal, s LadderSettings) density.Proposal {
	if q.LatentDim() != m.LatentDim() {
		panic("elbo: model and proposal differ in dimension")
	}
	if s.Budget == 0 {
		s.Budget = 4600 + 20*m.LatentDim()
	}
	if s.Pilot == 0 {
		s.Pilot = defaultPilot
	}
	if s.Goal == 0 {
		s.Goal = defaultGoal
	}
	prior := density.PriorProposal(m)
	return &ladder{Proposal: Defensive([]float64{0.9, 0.1}, q, prior), m: m, q: q, prior: prior, s: s}
}

type ladder struct {
	density.Proposal // where no rung holds
	m                density.Curved
	q, prior         density.Proposal
	s                LadderSettings
}

var _ Adapter = (*ladder)(nil)

// climb is the way of one row up the ladder.
type climb struct {
	*ladder
	x     *mat.Dense
	src   rand.Source
	spent int
	best  Adaptation
	pilot *pilot // of the best
	back  string
}

// Adapt implements Adapter.
func (a *ladder) Adapt(x *mat.Dense, src rand.Source) Adaptation {
	c := &climb{ladder: a, x: x, src: src, best: Adaptation{Proposal: a.Proposal, Rung: Given, KHat: math.Inf(1)}}
	c.run()
	c.best.Spent, c.best.Back = c.spent, c.back
	return c.best
}

func (c *climb) run() {
	if empty(c.x) {
		c.best = unknown(c.prior)
		return
	}
	climber := newClimber(c.m)
	p, ok := climber.climb(c.x, c.start())
	c.spent += climber.spent
	if !ok {
		c.back = "the decoder or its Jacobian is not finite where the search for the mode began"
		return
	}
	f, ok := newFrame(p)
	if !ok {
		c.back = "the precision at the mode is not positive definite"
		return
	}
	normal := f.normal(1)
	if p.converged {
		c.spent += exactDraws
		if exact := newPilot(c.m, normal, c.x, exactDraws, c.src); exact.flat() {
			c.best = Adaptation{Proposal: normal, Rung: Posterior, KHat: exact.khat}
			return
		}
	}
	spread := c.mode(f, p)
	// A mode that no draw has met leaves k̂ small: look for others in any case.
	c.modes(p, c.survey(f))
	if c.best.KHat > c.s.Goal-refineMargin && c.best.Rung == Mode {
		c.refine(f, spread)
	}
	if c.best.KHat > c.s.Goal && c.best.frame != nil && c.best.Rung != Modes {
		c.moments(c.best.frame, c.best.variance)
	}
	if c.best.KHat > c.s.Goal && c.best.Rung != Modes && c.allowed(restarts*modeSteps*c.m.CurvatureCost()/2) {
		var starts [][]float64
		for _, i := range c.pilot.heaviest(restarts) {
			starts = append(starts, c.pilot.z.RawRowView(i))
		}
		c.modes(p, starts)
	}
}

// survey returns the codes, among the half of some prior draws that is farther from a
// mode, at which log p(x, z) is largest: one to four, as many as about surveyCost
// evaluations allow searches from. Draws that are near lead back to it.
func (c *climb) survey(f *frame) [][]float64 {
	z := mat.NewDense(startDraws, f.l, nil)
	c.m.RandPrior(z, c.src)
	found := newPilotAt(c.m, c.prior, c.x, z)
	c.spent += startDraws
	distances := make([]float64, startDraws)
	for i := range distances {
		distances[i] = f.squared(z.RawRowView(i))
	}
	sorted := slices.Sorted(slices.Values(distances))
	var starts [][]float64
	for _, k := range found.heaviest(startDraws) {
		if distances[k] >= sorted[startDraws/2] {
			starts = append(starts, z.RawRowView(k))
		}
	}
	return starts[:min(max(surveyCost/(modeSteps/2*c.m.CurvatureCost()), 1), restarts, len(starts))]
}

// allowed says whether the budget holds so many more evaluations.
func (c *climb) allowed(evaluations int) bool {
	if c.spent+evaluations <= c.s.Budget {
		return true
	}
	if c.back == "" {
		c.back = fmt.Sprintf("the budget of %d evaluations of p(x|z) is spent", c.s.Budget)
	}
	return false
}

// start returns where the search begins: the mean of draws from q, or the best of
// some of them where log p(x, z) is larger.
func (c *climb) start() []float64 {
	z := mat.NewDense(startDraws, c.m.LatentDim(), nil)
	c.q.Rand(z, c.x, c.src)
	mean, _ := density.Moments(z)
	z.SetRow(0, mean)
	few := density.Rows(z, 0, tries)
	lik, prior := c.m.LogLik(nil, c.x, few), c.m.LogPrior(nil, few)
	c.spent += tries
	best := 0
	for i := range lik {
		if v := lik[i] + prior[i]; finite(v) && !(v <= lik[best]+prior[best]) {
			best = i
		}
	}
	return append([]float64{}, z.RawRowView(best)...)
}

// widened is the factor on all standard deviations.
func (c *climb) widened() float64 { return c.widenedBy(modeWidth) }

func (c *climb) widenedBy(width float64) float64 {
	return 1 + width/math.Sqrt(float64(c.m.LatentDim()))
}

// try judges parts, mixed with q and the prior, and keeps them if they are better
// than the best so far.
func (c *climb) try(rung Rung, shares []float64, parts ...density.Proposal) *pilot {
	shares = slices.Clone(shares)
	for i := range shares {
		shares[i] *= 1 - 2*defence
	}
	q := Defensive(append(shares, defence, defence), append(slices.Clip(parts), c.q, c.prior)...)
	p := newPilot(c.m, q, c.x, c.s.Pilot, c.src)
	c.spent += c.s.Pilot
	if c.pilot == nil && !math.IsNaN(p.khat) || p.better(c.pilot) {
		c.best, c.pilot, c.back = Adaptation{Proposal: q, Rung: rung, KHat: p.khat}, p, ""
	} else if c.back == "" || rung > c.best.Rung {
		c.back = fmt.Sprintf("rung %v had a k̂ of %.2f, after %.2f", rung, p.khat, c.best.KHat)
	}
	return p
}

// mode tries the density around a mode, and returns the variances along its axes.
func (c *climb) mode(f *frame, p peak) []float64 {
	c.spent += f.bend(c.m, c.x)
	up, down, evaluations := f.spreads(c.m, c.x, p.logJoint)
	c.spent += evaluations
	variance := make([]float64, f.l)
	for j := range variance {
		variance[j] = (up[j]*up[j] + down[j]*down[j]) / 2
		up[j] *= c.widened()
		down[j] *= c.widened()
	}
	c.try(Mode, []float64{1}, f.orthants(up, down))
	c.best.frame, c.best.variance = f, variance
	return variance
}

// moments tries to match the moments of weighted draws.
func (c *climb) moments(f *frame, spread []float64) {
	p := c.pilot
	all := []*pilot{p} // each of them has seen the posterior
	for round := range matchRounds {
		if p == nil || c.best.KHat <= c.s.Goal || !c.allowed(c.s.Pilot) {
			return
		}
		next, ok := matched(all, f, spread)
		if !ok {
			c.back = "the weighted draws have no covariance"
			return
		}
		p = c.try(Moments, []float64{1}, next.normal(c.widenedBy(momentWidths[round])))
		all = append(all, p)
		if c.pilot == p {
			c.best.frame, c.best.variance = next, ones(f.l)
		}
	}
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for j := range x {
		x[j] = 1
	}
	return x
}

// improve returns a proposal matched to draws from an earlier one of the ladder that
// turned out to have too large a k̂; ok is false where there is nothing to learn.
func (a *ladder) improve(from Adaptation, z *mat.Dense, logs []float64, khat float64) (Adaptation, bool) {
	if from.frame == nil {
		return from, false
	}
	p := &pilot{z: z, logs: logs, khat: khat}
	f, ok := matched([]*pilot{p}, from.frame, from.variance)
	if !ok {
		return from, false
	}
	c := &climb{ladder: a}
	return Adaptation{
		Proposal: Defensive([]float64{1 - 2*defence, defence, defence}, f.normal(c.widenedBy(momentWidths[matchRounds-1])), a.q, a.prior),
		Spent:    from.Spent + len(logs), Rung: Moments, KHat: khat, frame: f, variance: ones(f.l),
	}, true
}

// modes looks for other modes from some codes and, if it finds any that matter, tries a
// mixture of the densities around them.
func (c *climb) modes(first peak, starts [][]float64) {
	f, ok := newFrame(first)
	if !ok {
		return
	}
	found, frames := []peak{first}, []*frame{f}
	climber := newClimber(c.m)
	for _, start := range starts {
		p, ok := climber.climb(c.x, start)
		if !ok || !p.converged || slices.ContainsFunc(frames, func(f *frame) bool { return f.squared(p.z) < apart }) {
			continue
		}
		if g, ok := newFrame(p); ok && p.logJoint+g.logDet > first.logJoint+f.logDet+leastMass {
			found, frames = append(found, p), append(frames, g)
		}
	}
	c.spent += climber.spent
	if len(frames) < 2 || !c.allowed((len(frames)*8+1)*c.m.LatentDim()+c.s.Pilot) {
		return
	}
	// Shares by Laplace's approximation of the mass of each, none below a tenth.
	shares, parts := make([]float64, len(frames)), make([]density.Proposal, len(frames))
	for i, f := range frames {
		shares[i] = found[i].logJoint + f.logDet
	}
	total := density.LogSumExp(shares)
	for i, f := range frames {
		shares[i] = max(math.Exp(shares[i]-total), 0.1)
		c.spent += f.bend(c.m, c.x)
		up, down, evaluations := f.spreads(c.m, c.x, found[i].logJoint)
		c.spent += evaluations
		for j := range up {
			up[j] *= c.widened()
			down[j] *= c.widened()
		}
		parts[i] = f.orthants(up, down)
	}
	if sum := floatsSum(shares); sum > 0 {
		for i := range shares {
			shares[i] /= sum
		}
	}
	c.try(Modes, shares, parts...)
}

func floatsSum(x []float64) float64 {
	var sum float64
	for _, v := range x {
		sum += v
	}
	return sum
}
