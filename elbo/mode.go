package elbo

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// peak is a mode of p(z|x), as the search left it.
type peak struct {
	z         []float64     // L
	logJoint  float64       // log p(x, z)
	precision *mat.SymDense // of the prior, plus JᵀWJ, at z
	converged bool
}

const (
	// modeSteps is the largest number of curvatures that a search computes.
	modeSteps = 16
	// modeTries is the largest number of shorter steps from one place.
	modeTries = 8
	// modeGain is the gain in nats, foreseen by the curvature, below which a step
	// is not worth making: the mode is then within 0.1 of a standard deviation.
	modeGain = 0.005
)

// climber looks for modes of p(z|x), for one row at a time, by Gauss-Newton steps
// whose length the agreement of foreseen and true gain governs (Levenberg 1944;
// Marquardt 1963; Moré 1978):
//
//	(H + λ diag H) δ = ∇ log p(x, z),   H = −∇² log p(z) + JᵀWJ
//
// H is positive definite wherever the decoder is finite, so that a step that is
// short enough always climbs.
type climber struct {
	m                         density.Curved
	l                         int
	z, next                   *mat.Dense // 1×L
	grad, priorGrad           *mat.Dense // 1×L
	curvature, priorCurvature *mat.Dense // 1×L²
	value, prior              []float64
	hessian, damped           *mat.SymDense
	slope, step               *mat.VecDense
	chol                      mat.Cholesky
	spent                     int
}

func newClimber(m density.Curved) *climber {
	l := m.LatentDim()
	c := &climber{m: m, l: l, value: make([]float64, 1), prior: make([]float64, 1)}
	for _, p := range []**mat.Dense{&c.z, &c.next, &c.grad, &c.priorGrad} {
		*p = mat.NewDense(1, l, nil)
	}
	c.curvature, c.priorCurvature = mat.NewDense(1, l*l, nil), mat.NewDense(1, l*l, nil)
	c.hessian, c.damped = mat.NewSymDense(l, nil), mat.NewSymDense(l, nil)
	c.slope, c.step = mat.NewVecDense(l, nil), mat.NewVecDense(l, nil)
	return c
}

// climb returns a mode for the row x (1×D), from a start (length L). ok is false
// where the model gives no finite numbers at the start.
func (c *climber) climb(x *mat.Dense, start []float64) (p peak, ok bool) {
	c.z.SetRow(0, start)
	if !c.bend(x) {
		return peak{}, false
	}
	damping := 0.0
	for range modeSteps - 1 {
		gain, moved := c.solve(damping), false
		for try := 0; try < modeTries && gain >= modeGain; try++ {
			rise := c.logJoint(x, c.ahead()) - c.value[0]
			if moved = rise > 0.1*gain; moved {
				if rise > 0.7*gain {
					damping /= 8
				}
				if damping < 0.01 {
					damping = 0
				}
				break
			}
			damping = max(0.1, 6*damping)
			gain = c.solve(damping)
		}
		if !moved {
			return c.peak(x, gain < modeGain), true
		}
		c.z, c.next = c.next, c.z
		if !c.bend(x) { // back to where all was finite
			c.z, c.next = c.next, c.z
			return c.peak(x, false), c.bend(x)
		}
	}
	return c.peak(x, c.solve(0) < modeGain), true
}

// ahead returns the code one step from c.z.
func (c *climber) ahead() *mat.Dense {
	for j := range c.l {
		c.next.Set(0, j, c.z.At(0, j)+c.step.AtVec(j))
	}
	return c.next
}

// peak returns what was found. A last step is made without another curvature, if
// it does not fall: where p(x|z) is quadratic in z, it ends at the mode itself.
func (c *climber) peak(x *mat.Dense, converged bool) peak {
	p := peak{logJoint: c.value[0], precision: mat.NewSymDense(c.l, nil), converged: converged}
	p.precision.CopySym(c.hessian)
	p.z = append(p.z, c.z.RawRowView(0)...)
	if !converged || !(c.solve(0) < modeGain) {
		return p
	}
	if v := c.logJoint(x, c.ahead()); v > c.value[0]-modeGain {
		p.logJoint = v
		copy(p.z, c.next.RawRowView(0))
	}
	return p
}

// bend computes value, slope and curvature of log p(x, z) at c.z, and says whether
// they are finite.
func (c *climber) bend(x *mat.Dense) bool {
	c.m.LogLikCurvature(c.value, c.grad, c.curvature, x, c.z)
	c.m.LogPriorCurvature(c.prior, c.priorGrad, c.priorCurvature, c.z)
	c.spent += c.m.CurvatureCost()
	c.value[0] += c.prior[0]
	ok := !math.IsNaN(c.value[0]) && !math.IsInf(c.value[0], 0)
	a, b := c.curvature.RawRowView(0), c.priorCurvature.RawRowView(0)
	for j := range c.l {
		g := c.grad.At(0, j) + c.priorGrad.At(0, j)
		c.slope.SetVec(j, g)
		ok = ok && finite(g)
		for k := range j + 1 {
			h := a[j*c.l+k] + b[j*c.l+k]
			c.hessian.SetSym(j, k, h)
			ok = ok && finite(h)
		}
	}
	return ok
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

// solve computes the step for a damping and returns the gain that H foresees of it,
// NaN where H is not positive definite.
func (c *climber) solve(damping float64) float64 {
	c.damped.CopySym(c.hessian)
	for j := range c.l {
		c.damped.SetSym(j, j, c.hessian.At(j, j)*(1+damping))
	}
	if !c.chol.Factorize(c.damped) || c.chol.SolveVecTo(c.step, c.slope) != nil {
		return math.NaN()
	}
	return mat.Dot(c.slope, c.step) - 0.5*mat.Inner(c.step, c.hessian, c.step)
}

// logJoint returns log p(x, z), −Inf where it is not finite.
func (c *climber) logJoint(x, z *mat.Dense) float64 {
	var lik, prior [1]float64
	c.m.LogLik(lik[:], x, z)
	c.m.LogPrior(prior[:], z)
	c.spent++
	if v := lik[0] + prior[0]; finite(v) {
		return v
	}
	return math.Inf(-1)
}
