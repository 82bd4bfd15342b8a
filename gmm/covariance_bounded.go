package gmm

import (
	"math"
	"slices"
	"sort"

	"gonum.org/v1/gonum/floats"
)

// Variances within bounds, of a given volume.

// flatten replaces v, none of which is negative, by the numbers vⱼ/ν, or least or most
// where those lie below or above, whose logarithms sum to the given value, and returns
// ν: with it Σ vⱼ/uⱼ is least among all u within the bounds and of that sum, which is
// one that the bounds allow. It returns 0 where numbers that are 0 have to make up the
// sum, in equal parts; and where nothing does, as there is a 0 and no least.
func flatten(v []float64, logs, least, most float64) float64 {
	d := float64(len(v))
	if least == 0 {
		size := unitDeterminant(v)
		floats.Scale(math.Exp(logs/d), v)
		return math.Exp(-logs/d) * max(size, 0)
	}
	bottom, top := math.Log(least), math.Log(most)
	var known []float64 // the logarithms of those that are not 0
	for _, x := range v {
		if x > 0 {
			known = append(known, math.Log(x))
		}
	}
	zeros := len(v) - len(known)
	at := func(nu float64) float64 { // the sum for a given ln ν, which falls with it
		total := float64(zeros) * bottom
		for _, x := range known {
			total += min(max(x-nu, bottom), top)
		}
		return total
	}
	atTop := 0.0
	if len(known) > 0 {
		atTop = float64(len(known)) * top // which may be infinite
	}
	if len(known) == 0 || atTop+float64(zeros)*bottom < logs {
		rest := (logs - atTop) / float64(zeros)
		for j, x := range v {
			v[j] = most
			if x == 0 {
				v[j] = math.Exp(rest)
			}
		}
		return 0
	}
	// The sum is linear in ln ν between the places where a number meets a bound.
	var bends []float64
	for _, x := range known {
		bends = append(bends, x-bottom)
		if !math.IsInf(top, 1) {
			bends = append(bends, x-top)
		}
	}
	slices.Sort(bends)
	next := sort.Search(len(bends)-1, func(i int) bool { return at(bends[i]) <= logs })
	inside := bends[0] - 1
	if next > 0 {
		inside = (bends[next-1] + bends[next]) / 2
	}
	free, total := 0, float64(zeros)*bottom
	for _, x := range known {
		switch {
		case x-inside <= bottom:
			total += bottom
		case x-inside >= top:
			total += top
		default:
			total += x
			free++
		}
	}
	lnNu := bends[next]
	if free > 0 {
		lnNu = (total - logs) / float64(free)
	}
	nu := math.Exp(lnNu)
	for j, x := range v {
		v[j] = min(max(x/nu, least), most)
	}
	return nu
}

// decreasingRoot returns where a decreasing function is 0, or the end of the interval
// that is nearer to it, to the last digits, by the Illinois variant of false position
// with a bisection where that does not halve the interval.
func decreasingRoot(low, high float64, f func(float64) float64) float64 {
	atLow, atHigh := f(low), f(high)
	if !(atLow > 0) {
		return low
	}
	if !(atHigh < 0) {
		return high
	}
	for side := 0; high-low > 1e-15*(math.Abs(low)+math.Abs(high)); {
		width := high - low
		x := (low*atHigh - high*atLow) / (atHigh - atLow)
		if !(x > low && x < high) {
			x = low + width/2
		}
		v := f(x)
		if v == 0 {
			return x
		}
		if v > 0 {
			low, atLow = x, v
			if side > 0 {
				atHigh /= 2
			}
			side = 1
		} else {
			high, atHigh = x, v
			if side < 0 {
				atLow /= 2
			}
			side = -1
		}
		if high-low > width/2 {
			x = low + (high-low)/2
			if x == low || x == high {
				break
			}
			if v = f(x); v > 0 {
				low, atLow = x, v
			} else {
				high, atHigh = x, v
			}
			side = 0
		}
	}
	return low + (high-low)/2
}

// minimum returns where a convex function is least within an interval, to a precision:
// by parabolas through the three best points and, where these do not get on, by golden
// section (Brent 1973, ch. 5).
func minimum(low, high, precision float64, f func(float64) float64) float64 {
	const section = 0.3819660112501051 // (3−√5)/2
	best := low + section*(high-low)
	second, third := best, best
	atBest := f(best)
	atSecond, atThird := atBest, atBest
	var step, before float64 // the last step, and the one before it
	for {
		middle := low + (high-low)/2
		if math.Abs(best-middle) <= 2*precision-(high-low)/2 {
			return best
		}
		parabolic := false
		if math.Abs(before) > precision {
			r := (best - second) * (atBest - atThird)
			q := (best - third) * (atBest - atSecond)
			p := (best-third)*q - (best-second)*r
			if q = 2 * (q - r); q > 0 {
				p = -p
			}
			q = math.Abs(q)
			if math.Abs(p) < math.Abs(0.5*q*before) && p > q*(low-best) && p < q*(high-best) {
				before, step, parabolic = step, p/q, true
				if x := best + step; x-low < 2*precision || high-x < 2*precision {
					step = math.Copysign(precision, middle-best)
				}
			}
		}
		if !parabolic {
			before = high - best
			if best >= middle {
				before = low - best
			}
			step = section * before
		}
		x := best + step
		if math.Abs(step) < precision {
			x = best + math.Copysign(precision, step)
		}
		switch at := f(x); {
		case at <= atBest:
			if x >= best {
				low = best
			} else {
				high = best
			}
			third, second, best = second, best, x
			atThird, atSecond, atBest = atSecond, atBest, at
		default:
			if x < best {
				low = x
			} else {
				high = x
			}
			if at <= atSecond || second == best {
				third, second, atThird, atSecond = second, x, atSecond, at
			} else if at <= atThird || third == best || third == second {
				third, atThird = x, at
			}
		}
	}
}
