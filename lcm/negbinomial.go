package lcm

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// The negative binomial of mean μ and size r, whose variance is μ + μ²/r:
//
//	p(x) = Γ(x+r)/(Γ(r) x!) · (r/(r+μ))ʳ (μ/(r+μ))ˣ
//
// r = ∞ is the Poisson distribution.

// logNegativeBinomial returns ln p(x) for a count x.
func logNegativeBinomial(x, mean, size float64) float64 {
	if mean == 0 {
		if x == 0 {
			return 0
		}
		return math.Inf(-1)
	}
	factorial := 0.0
	if x > 1 {
		factorial, _ = math.Lgamma(x + 1)
	}
	if math.IsInf(size, 1) {
		return x*math.Log(mean) - mean - factorial
	}
	u := math.Log1p(mean / size)
	return logRising(x, size) + x*(math.Log(mean)-u) - size*u - factorial
}

// logRising returns ln Γ(x+r) − ln Γ(r) − x ln r, in which no digits are lost for large
// r: there by Stirling's series, whose terms beyond those used are below 1e-17.
func logRising(x, r float64) float64 {
	if x == 0 {
		return 0
	}
	if r < 20 {
		a, _ := math.Lgamma(x + r)
		b, _ := math.Lgamma(r)
		return a - b - x*math.Log(r)
	}
	return (x+r-0.5)*math.Log1p(x/r) - x + stirling(x+r) - stirling(r)
}

// stirling returns ln Γ(z) − (z−½) ln z + z − ½ ln 2π for z ≥ 20 (Abramowitz & Stegun
// 6.1.41).
func stirling(z float64) float64 {
	w := 1 / (z * z)
	return (1.0/12 - w*(1.0/360-w*(1.0/1260-w*(1.0/1680-w*(1.0/1188))))) / z
}

// sizeLimit is the size relative to the mean, or to 1, from which a negative binomial
// is taken for a Poisson distribution: its variance is larger by less than a millionth.
// smallestSize bounds it from below.
const sizeLimit, smallestSize = 1e6, 1e-8

// bestSize returns the size that makes counts most likely, given the mean μ that does
// so for any size, which is their average. values occur weights times. The derivative
//
//	Σ w (ψ(x+r) − ψ(r)) + Σw · ln(r/(r+μ))
//
// has a root just if the variance is above the mean, and then only one (Aragón, Eberly
// & Eberly 1992); it is bracketed and halved in on in ln r.
func bestSize(values, weights []float64, total, mean float64) float64 {
	var square float64
	for i, v := range values {
		square += weights[i] * (v - mean) * (v - mean)
	}
	if !(square > total*mean) {
		return math.Inf(1)
	}
	slope := func(logSize float64) float64 {
		r := math.Exp(logSize)
		base := mathext.Digamma(r)
		sum := -total * math.Log1p(mean/r)
		for i, v := range values {
			if weights[i] > 0 && v > 0 {
				sum += weights[i] * (mathext.Digamma(v+r) - base)
			}
		}
		return sum
	}
	low, high := math.Log(smallestSize), math.Log(sizeLimit*max(1, mean))
	if slope(high) >= 0 {
		return math.Inf(1)
	}
	if slope(low) <= 0 {
		return smallestSize
	}
	// The method of moments is near: bracket from there.
	guess := math.Log(mean * mean / (square/total - mean))
	for step := 0.25; ; step *= 2 {
		if a := guess - step; a > low && a < high && slope(a) > 0 {
			low = a
			break
		}
		if guess-step <= low {
			break
		}
	}
	for step := 0.25; ; step *= 2 {
		if b := guess + step; b < high && b > low && slope(b) < 0 {
			high = b
			break
		}
		if guess+step >= high {
			break
		}
	}
	return math.Exp(root(slope, low, high))
}

// root returns a zero of f, which is positive at a and negative at b, by the Illinois
// variant of false position (Dowell & Jarratt 1971), to the last digits.
func root(f func(float64) float64, a, b float64) float64 {
	fa, fb := f(a), f(b)
	side := 0
	for range 200 {
		if math.Abs(b-a) <= 1e-13*max(1, math.Abs(a)) {
			break
		}
		c := (a*fb - b*fa) / (fb - fa)
		if !(c > a && c < b) {
			c = a + (b-a)/2
		}
		fc := f(c)
		switch {
		case fc == 0:
			return c
		case fc > 0:
			a, fa = c, fc
			if side == 1 {
				fb /= 2
			}
			side = 1
		default:
			b, fb = c, fc
			if side == -1 {
				fa /= 2
			}
			side = -1
		}
		if a2 := math.Nextafter(a, b); a2 >= b {
			break
		}
	}
	if math.Abs(fa) < math.Abs(fb) {
		return a
	}
	return b
}
