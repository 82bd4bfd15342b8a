package vae

import "math"

// The Fisher information of the columns of x on what the decoder gives: on their
// location in byLoc, on the log-variance s (of the squared scale) in byS, and what the
// two share in both, all of length D. s and w = exp(−s) are nil, and byS and both are
// not written, for likelihoods without a scale.
//
//	                        byLoc            byS              both
//	Gaussian                w                ½                0
//	Student's t             w (ν+1)/(ν+3)    ν/(2(ν+3))       0
//	Bernoulli               p(1 − p)
//	continuous Bernoulli    A″(loc)
//	Poisson                 exp(loc)
//	negative binomial       μr/(r + μ)       a sum over counts     0
//	discretised logistic    w/3              (π² + 3)/36      0    for fine levels far from the ends,
//	                                                               else sums over the levels
//
// (Lehmann & Casella 1998, §2.5, for families of location and scale; there by σ,
// here by s = 2 ln σ, which divides by 4/σ². Lawless 1987 for the negative binomial.)

func (gaussian) information(byLoc, byS, both, _, _, w []float64) {
	for j, v := range w {
		byLoc[j], byS[j], both[j] = v, 0.5, 0
	}
}

func (t student) information(byLoc, byS, both, _, _, w []float64) {
	for j, v := range w {
		byLoc[j] = v * (t.freedom + 1) / (t.freedom + 3)
		byS[j], both[j] = t.freedom/(2*(t.freedom+3)), 0
	}
}

func (bernoulli) information(byLoc, _, _, loc, _, _ []float64) {
	for j, l := range loc {
		byLoc[j] = logistic(l) * logistic(-l)
	}
}

func (continuousBernoulli) information(byLoc, _, _, loc, _, _ []float64) {
	for j, l := range loc {
		byLoc[j] = unitExponentialVariance(l)
	}
}

func (poisson) information(byLoc, _, _, loc, _, _ []float64) {
	for j, l := range loc {
		byLoc[j] = math.Exp(l)
	}
}

// countPoints is the largest number of counts that the information on a dispersion sums
// over, and countReach how far they reach, in standard deviations.
const countPoints, countReach = 200, 15

func (f negativeBinomial) information(byLoc, byS, both, loc, s, w []float64) {
	for j, r := range w {
		mean := math.Exp(loc[j])
		byLoc[j], both[j] = mean*logistic(-loc[j]-s[j]), 0
		last := math.Ceil(mean + countReach*math.Sqrt(mean+mean*mean/r) + countReach)
		step := max(1, math.Ceil(last/countPoints))
		var sum, total float64
		for x := 0.0; x <= last; x += step {
			logp, _, ds := f.mass(x, loc[j], s[j], r)
			p := math.Exp(logp)
			sum += p * ds * ds
			total += p
		}
		byS[j] = 0
		if total > 0 {
			byS[j] = sum / total
		}
	}
}

func (f discretizedLogistic) information(byLoc, byS, both, loc, _, w []float64) {
	for j, v := range w {
		byLoc[j], byS[j], both[j] = f.informationAt(loc[j], math.Sqrt(v))
	}
}

// information of the target of a plain autoencoder, which has no codes to draw.
func (squared) information(byLoc, _, _, loc, _, _ []float64) {
	for j := range loc {
		byLoc[j] = 1
	}
}

// unitExponentialVariance returns A″(l) of the continuous Bernoulli, the variance.
func unitExponentialVariance(l float64) float64 {
	if l2 := l * l; l2 < 0.04 {
		return 1.0/12 - l2/240 + l2*l2/6048
	}
	// 1/l² − 1/(4 sinh²(l/2)), whose second term is below rounding for large l.
	h := math.Sinh(l / 2)
	return 1/(l*l) - 1/(4*h*h)
}

// fineWidth is the width of a level, in scales, below which levels are taken
// together to save time, which changes the information by less than 1 %, and
// farScales the distance from the location at which the mass of a level no longer
// counts.
const (
	fineWidth = 0.25
	farScales = 15
)

// informationAt returns the information on loc, on s and what they share at a location
// and inverse scale w, as sums over the levels.
func (f discretizedLogistic) informationAt(loc, w float64) (byLoc, byS, both float64) {
	if inside := (2 + farScales) / w; loc-inside > f.low && loc+inside < f.high && 2*f.half*w < fineWidth {
		return w * w / 3, (math.Pi*math.Pi + 3) / 36, 0
	}
	if together := math.Floor(fineWidth / (2 * f.half * w)); together > 1 {
		f.levels = max(2, int(float64(f.levels-1)/together)+1)
		f.half = (f.high - f.low) / (2 * float64(f.levels-1))
	}
	last := f.round(loc + farScales/w)
	for x := f.round(loc - farScales/w); x < last+f.half; x += 2 * f.half {
		logp, dloc, ds := f.mass(x, loc, w)
		p := math.Exp(logp)
		byLoc += p * dloc * dloc
		byS += p * ds * ds
		both += p * dloc * ds
	}
	return byLoc, byS, both
}
