package vae

import (
	"fmt"
	"math"
	"math/rand/v2"

	"likely/density"
	"likely/internal/kernel"
)

// DiscretizedLogistic columns hold the levels 0, 1, …, Settings.Levels−1, such as
// bytes of grey: a logistic variable rounded to the nearest level. It gives
// probabilities of levels, which are at most 1, and no density: its nats compare with
// those of other probabilities of the same levels, and are at least those of a
// density of the levels dequantised by uniform noise of one step only in the mean
// (Theis et al. 2016). [Sigma] stands for the scale, whose square has the logarithm a
// saved model keeps.
var DiscretizedLogistic = Likelihood{&discretizedLogisticForm}

var discretizedLogisticForm = likelihoodForm{
	name:      "discretized-logistic",
	measures:  []density.Measure{density.Discrete},
	scaled:    true,
	levels:    true,
	configure: func(c *Config, s *Settings) { c.Levels = s.Levels },
	check: func(c *Config) error {
		const most = 1 << 16
		if c.Levels < 2 || c.Levels > most {
			return fmt.Errorf("vae: %d levels; want 2 to %d", c.Levels, most)
		}
		return nil
	},
	observe: func(c *Config) observation { return newDiscretizedLogistic(c.Levels) },
}

// discretizedLogistic is the likelihood of columns of K levels 0, 1, …, K−1: a
// logistic variable with location loc and squared scale exp(s), rounded to the
// nearest level, so that the two end levels take all that lies beyond them,
//
//	P(x|z) = F((x + ½ − loc)·e^{−s/2}) − F((x − ½ − loc)·e^{−s/2}),   F(a) = 1/(1 + e^{−a})
//
// with F(∞) = 1 in the place of the first term at x = K−1 and F(−∞) = 0 in that
// of the second at x = 0 (Salimans et al. 2017, eq. 2). It is a probability of
// levels, never above 1, and not a density.
//
// half, low and high are half the distance of levels and the end levels, in the
// units at hand: ½, 0 and K−1 in those of the data, and in those of training
// 1/(K−1), −1 and 1.
type discretizedLogistic struct {
	squares
	half, low, high float64
	levels          int
}

// newDiscretizedLogistic returns the likelihood in the units of the data.
func newDiscretizedLogistic(levels int) discretizedLogistic {
	return discretizedLogistic{half: 0.5, low: 0, high: float64(levels - 1), levels: levels}
}

// transform takes the levels to [−1, 1].
func (f discretizedLogistic) transform(of moments, _ bool) (density.Transform, error) {
	t := density.NewIdentity(len(of.mean))
	half := 0.5 * float64(f.levels-1)
	for j := range of.mean {
		t.Shift[j], t.Scale[j] = half, half
	}
	return t, nil
}

func (f discretizedLogistic) transformed() observation { return f.training() }

func (f discretizedLogistic) training() discretizedLogistic {
	return discretizedLogistic{half: 1 / float64(f.levels-1), low: -1, high: 1, levels: f.levels}
}

func (discretizedLogistic) scaled() bool { return true }

func (discretizedLogistic) inputs(_ moments, t density.Transform) density.Transform { return t }

// units has no shift: a probability has no Jacobian.
func (discretizedLogistic) units(density.Transform) (factor, shift float64) { return 1, 0 }

func (discretizedLogistic) bias(float64) float64 { return 0 }

func (f discretizedLogistic) check(v float64) *complaint {
	if v >= f.low && v <= f.high && v == math.Trunc(v) {
		return nil
	}
	return &complaint{density.ErrSupport, fmt.Sprintf(", not a level 0, 1, …, %d", f.levels-1), "use levels as they are stored, without noise or scaling, or set {Levels}"}
}

// mass returns ln P(x) for the location loc and inverse scale w, and its
// derivatives by loc and by s. With a and b the arguments of F above and
// δ = a − b the inner levels have
//
//	ln P = ln F(a) + ln F(−b) + ln(1 − e^{−δ})
//
// which, unlike the difference, keeps its accuracy in both tails.
func (f discretizedLogistic) mass(x, loc, w float64) (logp, dloc, ds float64) {
	a, b := (x+f.half-loc)*w, (x-f.half-loc)*w
	top, bottom := x > f.high-f.half, x < f.low+f.half
	if !top {
		logp -= softplus(-a)
		tail := logistic(-a)
		dloc -= tail * w
		ds -= 0.5 * a * tail
	}
	if !bottom {
		logp -= softplus(b)
		tail := logistic(b)
		dloc += tail * w
		ds += 0.5 * b * tail
	}
	if !top && !bottom {
		width := 2 * f.half * w
		logp += math.Log(-math.Expm1(-width))
		ds -= 0.5 * width / math.Expm1(width)
	}
	return logp, dloc, ds
}

func (f discretizedLogistic) logProb(x, loc, _, w, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		logp, _, _ := f.mass(v, loc[j], math.Sqrt(w[j]))
		sum += logp
	}
	return sum
}

// mean sums P(x ≥ k) over the levels k above the lowest.
func (f discretizedLogistic) mean(dst, loc, s []float64) {
	const far = 40 // scales, beyond which F is 0 or 1 in float64
	for j, l := range loc {
		w := math.Exp(-0.5 * s[j])
		var sum float64
		for k := range f.levels - 1 {
			a := (l - (f.low + float64(2*k+1)*f.half)) * w
			switch {
			case a > far:
				sum++
			case a > -far:
				sum += logistic(a)
			}
		}
		dst[j] = f.low + 2*f.half*sum
	}
}

func (discretizedLogistic) noise(dst []float64, random *rand.Rand) {
	for j := range dst {
		u := random.Float64()
		for u == 0 {
			u = random.Float64()
		}
		dst[j] = math.Log(u) - math.Log1p(-u)
	}
}

func (f discretizedLogistic) sample(dst, loc, s []float64) {
	for j, e := range dst {
		dst[j] = f.round(loc[j] + math.Exp(0.5*s[j])*e)
	}
}

// round returns the nearest level.
func (f discretizedLogistic) round(v float64) float64 {
	k := math.Round((v - f.low) / (2 * f.half))
	return f.low + 2*f.half*min(max(k, 0), float64(f.levels-1))
}

func (f discretizedLogistic) quantile(dst []float64, p float64, loc, s []float64) {
	for j, l := range loc {
		v := l + math.Exp(0.5*s[j])*(math.Log(p)-math.Log1p(-p))
		k := math.Ceil((v-f.low)/(2*f.half) - 0.5)
		dst[j] = f.low + 2*f.half*min(max(k, 0), float64(f.levels-1))
	}
}

// floor is e⁻⁷ of half the range for the scale, as in the authors' program. A
// probability needs no floor to be bounded; this one keeps the arguments of the
// exponentials in range.
func (f discretizedLogistic) floor(variance []float64, _ float64) []float64 {
	scale := 0.5 * float64(f.levels-1) * math.Exp(-7)
	for j := range variance {
		variance[j] = scale * scale
	}
	return variance
}

// softplus returns ln(1 + eᵃ).
func softplus(a float64) float64 { return max(a, 0) + math.Log1p(math.Exp(-math.Abs(a))) }

// logistic returns 1/(1 + e^{−a}).
func logistic(a float64) float64 {
	e := math.Exp(-math.Abs(a))
	if a < 0 {
		return e / (1 + e)
	}
	return 1 / (1 + e)
}

func (f discretizedLogistic) gradient32() gradient[float32] {
	return discretizedLogisticGradient[float32]{f}
}

func (f discretizedLogistic) gradient64() gradient[float64] {
	return discretizedLogisticGradient[float64]{f}
}

type discretizedLogisticGradient[T kernel.Float] struct{ discretizedLogistic }

func (f discretizedLogisticGradient[T]) grad(x, loc, _, w, dloc, ds []T) float64 {
	var sum float64
	for j, v := range x {
		logp, byLoc, byS := f.mass(float64(v), float64(loc[j]), math.Sqrt(float64(w[j])))
		dloc[j], ds[j] = T(byLoc), T(byS)
		sum += logp
	}
	return sum
}

// information is w/3 on the location and (π² + 3)/36 on s for fine levels far from the
// ends, as for the logistic distribution itself; else the sum over the levels.
func (f discretizedLogistic) information(byLoc, byS, both, loc, _, w []float64) {
	for j, v := range w {
		byLoc[j], byS[j], both[j] = f.informationAt(loc[j], math.Sqrt(v))
	}
}

// fineWidth is the width of a level, in scales, below which levels are taken
// together to save time, which changes the information by less than 1 %, and
// farScales the distance from the location at which the mass of a level no longer
// counts.
const (
	fineWidth = 0.25
	farScales = 15
)

// informationAt returns the Fisher information on loc, on s and what they share at a
// location and inverse scale w, as sums over the levels.
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
