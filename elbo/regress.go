package elbo

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

const (
	// refineMargin is by how much the k̂ of a mode's pilot must be below the goal for its
	// normal not to be refined: some modes with a k̂ just below it hide 0.1 to 0.4 nats.
	refineMargin = 0.15
	// refineRounds is the number of times that it is.
	refineRounds = 3
	// refineWidth is modeWidth for it: the normal with the largest bound is narrower than
	// the posterior.
	refineWidth = 1.3
	// refinePairs is the smallest number of pairs of gradients of a round; there are half
	// as many again as dimensions at least.
	refinePairs = 64
)

// refine replaces a normal around a mode by one nearer to the best of all normals, by the
// bound E_q log p(x, z)/q(z), and tries it.
func (c *climb) refine(f *frame, spread []float64) {
	if f.l > widestHessian {
		return
	}
	pairs := max(refinePairs, 3*f.l/2)
	next := f.scaled(spread)
	random := rand.New(c.src)
	for round := range refineRounds {
		if !c.allowed(4*pairs + c.s.Pilot) {
			return
		}
		c.spent += 4 * pairs
		if !next.regress(c.m, c.x, pairs, 1/float64(round+2), random) {
			c.back = "a gradient of log p(x,z) is not finite around the mode"
			return
		}
	}
	if p := c.try(Refined, []float64{1}, next.normal(c.widenedBy(refineWidth))); c.pilot == p {
		c.best.frame, c.best.variance = next, ones(f.l)
	}
}

// scaled returns the frame with its axes multiplied by the roots of variances.
func (f *frame) scaled(variance []float64) *frame {
	next := &frame{l: f.l, mean: append([]float64{}, f.mean...), out: mat.DenseCopyOf(f.out), in: mat.DenseCopyOf(f.in), logDet: f.logDet}
	for j, v := range variance {
		s := math.Sqrt(v)
		next.logDet += math.Log(s)
		for k := range f.l {
			next.out.Set(k, j, next.out.At(k, j)*s)
			next.in.Set(j, k, next.in.At(j, k)/s)
		}
	}
	return next
}

// regress makes a step from q = N(m, AAᵀ) towards the normal with the largest bound, for
// which E_q ∇ log p(x, z) = 0 and whose precision is −E_q ∇² log p(x, z). Both are read
// off a linear regression, on u, of the gradients at draws z = m + A u (Salimans & Knowles
// 2013): pairs ±u separate the mean, which their sums tell, from the slope, which their
// differences do. The new precision is the share of what was found, and of the old one
// the rest. It reports whether all gradients, two for each pair, are finite.
func (f *frame) regress(m density.LatentGradient, x *mat.Dense, pairs int, share float64, random *rand.Rand) bool {
	l := f.l
	axes, slopes, even := mat.NewDense(pairs, l, nil), mat.NewDense(pairs, l, nil), make([]float64, l)
	for from := 0; from < pairs; from += frameBlock / 2 {
		n := min(frameBlock/2, pairs-from)
		u := density.Rows(axes, from, from+n)
		u.Apply(func(_, _ int, _ float64) float64 { return random.NormFloat64() }, u)
		z, grad, prior := mat.NewDense(2*n, l, nil), mat.NewDense(2*n, l, nil), mat.NewDense(2*n, l, nil)
		var step mat.Dense
		step.Mul(u, f.out.T())
		for i := range n {
			for k, v := range step.RawRowView(i) {
				z.Set(i, k, f.mean[k]+v)
				z.Set(n+i, k, f.mean[k]-v)
			}
		}
		m.LogLikGrad(nil, grad, x, z)
		m.LogPriorGrad(nil, prior, z)
		grad.Add(grad, prior)
		var g mat.Dense // by u
		g.Mul(grad, f.out)
		for i := range n {
			plus, minus, row := g.RawRowView(i), g.RawRowView(n+i), slopes.RawRowView(from+i)
			for j := range row {
				row[j] = (minus[j] - plus[j]) / 2
				even[j] += (plus[j] + minus[j]) / float64(2*pairs)
				if !finite(row[j]) || !finite(even[j]) {
					return false
				}
			}
		}
	}
	f.move(curvatureOf(axes, slopes, share), even)
	return true
}

// curvatureOf returns the share of C in a regression of slopes on axes, slopes = axes·C,
// and of the identity the rest, which also counts as half as many pairs as dimensions.
func curvatureOf(axes, slopes *mat.Dense, share float64) *mat.SymDense {
	_, l := axes.Dims()
	ridge := float64(l) / 2
	var square, right mat.Dense
	square.Mul(axes.T(), axes)
	right.Mul(axes.T(), slopes)
	normal := mat.NewSymDense(l, nil)
	for j := range l {
		for k := range j + 1 {
			normal.SetSym(j, k, square.At(j, k))
		}
		normal.SetSym(j, j, square.At(j, j)+ridge)
		right.Set(j, j, right.At(j, j)+ridge)
	}
	out := mat.NewSymDense(l, nil)
	var chol mat.Cholesky
	var slope mat.Dense
	if !chol.Factorize(normal) || chol.SolveTo(&slope, &right) != nil {
		share = 0
	}
	for j := range l {
		out.SetSym(j, j, 1-share)
		for k := 0; share > 0 && k <= j; k++ {
			out.SetSym(j, k, out.At(j, k)+share*(slope.At(j, k)+slope.At(k, j))/2)
		}
	}
	return out
}

// move makes a frame with the precision C in units of this one, and at the place where a
// gradient of slope C, even at the mean, is 0: no farther than the normal is wide.
func (f *frame) move(c *mat.SymDense, even []float64) {
	var eigen mat.EigenSym
	if !eigen.Factorize(c, true) {
		return
	}
	var axes mat.Dense
	eigen.VectorsTo(&axes)
	var along mat.VecDense
	along.MulVec(axes.T(), mat.NewVecDense(f.l, even))
	values := eigen.Values(nil)
	var length float64
	for j, v := range values {
		along.SetVec(j, along.AtVec(j)/min(max(v, flattest), steepest))
		length += along.AtVec(j) * along.AtVec(j)
	}
	along.ScaleVec(min(1, math.Sqrt(float64(f.l)/length)), &along)
	var step, shift mat.VecDense
	step.MulVec(&axes, &along)
	shift.MulVec(f.out, &step)
	mean := append([]float64{}, f.mean...) // a peak may share it
	for k := range mean {
		mean[k] += shift.AtVec(k)
	}
	f.mean = mean
	f.turn(&axes, values)
}
