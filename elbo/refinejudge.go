package elbo

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

const (
	// judgeDraws is the number of draws that a refined proposal and its start are
	// compared on, with common noise.
	judgeDraws = 256
	// judgeErrors is the number of standard errors of the difference by which it must
	// be below to be given up.
	judgeErrors = 3
)

// judge compares what the optimisation ended with against where it began, on draws
// that neither has seen: few draws a step, or a large rate, can carry the parameters
// far from any optimum and leave the bound so noisy that it no longer rises. If the
// end is below the start, the window with the best bound takes its place, and if that
// is below too, the start; neither has converged.
func (r *refiner) judge(x *mat.Dense, i int) error {
	random := rand.New(density.NewSource(r.s.Seed, "elbo.refine.judge", uint64(i)))
	noise := mat.NewDense(judgeDraws, r.l, nil)
	for k := range judgeDraws {
		fillNormals(noise.RawRowView(k), random)
	}
	origin := make([]float64, len(r.average))
	start := r.terms(origin, x, noise)
	if full, ok := r.covariance(); ok {
		if terms := r.terms(full, x, noise); below(start, terms) {
			start, origin = terms, full
		}
	}
	for _, v := range start {
		if math.IsNaN(v) || math.IsInf(v, 1) {
			return fmt.Errorf("elbo: refining: a term of the bound of row %d is %v where it starts: %w; check the row, or refine another proposal", i+1, v, ErrNotANumber)
		}
	}
	if !below(r.terms(r.average, x, noise), start) {
		return nil
	}
	r.back, r.converged = true, false
	copy(r.average, r.peak)
	if below(r.terms(r.peak, x, noise), start) {
		copy(r.average, origin)
	}
	return nil
}

// covariance returns the parameters of the normal with the whole covariance of the
// start's draws, for the family that has one: what the proposal to refine is, if it
// knew of correlations. ok is false where that is singular.
func (r *refiner) covariance() (theta []float64, ok bool) {
	if r.s.Family != Full || r.l >= moments {
		return nil, false
	}
	covariance := mat.NewSymDense(r.l, nil)
	for k := range moments {
		row := r.start.RawRowView(k)
		for a := range r.l {
			for b := range a + 1 {
				covariance.SetSym(a, b, covariance.At(a, b)+(row[a]-r.origin[a])*(row[b]-r.origin[b])/moments)
			}
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(covariance) {
		return nil, false
	}
	var lower mat.TriDense
	chol.LTo(&lower)
	theta = make([]float64, len(r.average))
	for a := range r.l {
		theta[r.l+a] = math.Log(lower.At(a, a) / r.scale[a])
		for b := range a {
			theta[2*r.l+a*(a-1)/2+b] = lower.At(a, b) / r.scale[a]
		}
	}
	return theta, true
}

// terms returns log p(x, z) − log q(z) at parameters theta, for each row of noise.
func (r *refiner) terms(theta []float64, x, noise *mat.Dense) []float64 {
	r.unpack(theta)
	n, l := noise.Dims()
	z := mat.NewDense(n, l, nil)
	logs := make([]float64, n)
	for k := range n {
		e := noise.RawRowView(k)
		place(z.RawRowView(k), r.mean, r.lower, e)
		logs[k] = 0.5 * float64(l) * math.Log(2*math.Pi)
		for a, v := range e {
			logs[k] += 0.5*v*v + math.Log(r.lower[a*(a+1)/2+a])
		}
	}
	lik, prior := r.m.LogLik(nil, x, z), r.m.LogPrior(nil, z)
	for k := range logs {
		logs[k] += lik[k] + prior[k]
	}
	return logs
}

// below says whether the mean of a is below that of b by more than the error of the
// difference; not a number is below everything.
func below(a, b []float64) bool {
	n := float64(len(a))
	var mean, squares float64
	for k := range a {
		mean += (a[k] - b[k]) / n
	}
	if math.IsNaN(mean) {
		return true
	}
	if math.IsInf(mean, 0) {
		return mean < 0
	}
	for k := range a {
		d := a[k] - b[k] - mean
		squares += d * d
	}
	return mean < -judgeErrors*math.Sqrt(squares/(n*(n-1)))
}

func fillNormals(dst []float64, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.NormFloat64()
	}
}
