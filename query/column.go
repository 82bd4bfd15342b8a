package query

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

// Column is the distribution of one column given others, as a mixture of univariate
// distributions. Values are in the units of the data. One goroutine at a time may ask it.
type Column struct {
	weights []float64
	parts   []part
	// shift and scale take a value v of the parts to v·scale + shift.
	shift, scale float64
	// discrete says that values are whole numbers from 0, sampled that the parts are
	// draws, with weights of importance.
	discrete, sampled bool
	levels            []string // names of categories; nil: none
}

// Levels returns the names of the values 0, 1, … of a categorical column; nil for others.
func (c *Column) Levels() []string { return c.levels }

// Discrete reports whether the values are whole numbers, which have probabilities.
func (c *Column) Discrete() bool { return c.discrete }

// part is a univariate distribution in model space.
type part interface {
	mean() float64
	variance() float64
	// logProb is a density, or the logarithm of a probability.
	logProb(v float64) float64
	cdf(v float64) float64
}

// Mean returns the expectation: for a column of codes, of the codes.
func (c *Column) Mean() float64 {
	var m float64
	for k, p := range c.parts {
		if c.weights[k] > 0 {
			m += c.weights[k] * p.mean()
		}
	}
	return m*c.scale + c.shift
}

// StdDev returns the standard deviation, with what the means of the parts differ.
func (c *Column) StdDev() float64 {
	centre := (c.Mean() - c.shift) / c.scale
	var v float64
	for k, p := range c.parts {
		if c.weights[k] > 0 {
			d := p.mean() - centre
			v += c.weights[k] * (p.variance() + d*d)
		}
	}
	return math.Sqrt(v) * c.scale
}

// MeanErr returns the standard error of [Column.Mean] as an estimate; 0 where it is exact.
func (c *Column) MeanErr() float64 {
	centre := (c.Mean() - c.shift) / c.scale
	return c.spread(func(k int) float64 { return c.parts[k].mean() - centre }) * c.scale
}

// LogProbErr returns the standard error of [Column.LogProb] at v, in nats; 0 where it is
// exact.
func (c *Column) LogProbErr(v float64) float64 {
	y, total := (v-c.shift)/c.scale, c.LogProb(v)
	if !c.discrete {
		total += math.Log(c.scale)
	}
	return c.spread(func(k int) float64 { return math.Expm1(c.parts[k].logProb(y) - total) })
}

// spread returns the root of Σ (w·f)², the standard error of a self-normalised mean.
func (c *Column) spread(f func(k int) float64) float64 {
	if !c.sampled {
		return 0
	}
	var sum float64
	for k, w := range c.weights {
		if w > 0 {
			e := w * f(k)
			sum += e * e
		}
	}
	return math.Sqrt(sum)
}

// LogProb returns the log density at v in nats, or the log probability of v.
func (c *Column) LogProb(v float64) float64 {
	y := (v - c.shift) / c.scale
	logs := make([]float64, len(c.parts))
	for k, p := range c.parts {
		logs[k] = math.Inf(-1)
		if c.weights[k] > 0 {
			logs[k] = math.Log(c.weights[k]) + p.logProb(y)
		}
	}
	total := density.LogSumExp(logs)
	if c.discrete {
		return total
	}
	return total - math.Log(c.scale)
}

// CDF returns the probability of a value up to v.
func (c *Column) CDF(v float64) float64 { return c.below((v - c.shift) / c.scale) }

func (c *Column) below(y float64) float64 {
	var total float64
	for k, p := range c.parts {
		if c.weights[k] > 0 {
			total += c.weights[k] * p.cdf(y)
		}
	}
	return min(total, 1)
}

// Quantile returns the smallest value v with CDF(v) ≥ p, 0 < p < 1.
func (c *Column) Quantile(p float64) float64 {
	if !(p > 0 && p < 1) {
		panic("query: a probability outside (0, 1)")
	}
	centre, spread := (c.Mean()-c.shift)/c.scale, max(c.StdDev()/c.scale, math.SmallestNonzeroFloat64)
	if c.discrete {
		high := 1
		for c.below(float64(high)) < p && high < 1<<50 {
			high *= 2
		}
		at := sort.Search(high, func(v int) bool { return c.below(float64(v)) >= p })
		return float64(at)*c.scale + c.shift
	}
	low, high := centre-spread, centre+spread
	for step := spread; c.below(low) >= p && !math.IsInf(low, 0); step *= 2 {
		low -= step
	}
	for step := spread; c.below(high) < p && !math.IsInf(high, 0); step *= 2 {
		high += step
	}
	for {
		middle := low + (high-low)/2
		if middle <= low || middle >= high {
			return high*c.scale + c.shift
		}
		if c.below(middle) >= p {
			high = middle
		} else {
			low = middle
		}
	}
}

// mode returns the most probable of so many levels.
func (c *Column) mode(levels int) float64 {
	logs := make([]float64, levels)
	for v := range logs {
		logs[v] = c.LogProb(float64(v))
	}
	return float64(floats.MaxIdx(logs))
}

// normal is N(m, s²).
type normal struct{ m, s float64 }

func (n normal) mean() float64             { return n.m }
func (n normal) variance() float64         { return n.s * n.s }
func (n normal) logProb(v float64) float64 { return distuv.Normal{Mu: n.m, Sigma: n.s}.LogProb(v) }
func (n normal) cdf(v float64) float64     { return distuv.Normal{Mu: n.m, Sigma: n.s}.CDF(v) }

// table has the probabilities of 0, 1, …
type table []float64

func (t table) mean() float64 {
	var m float64
	for v, p := range t {
		m += p * float64(v)
	}
	return m
}

func (t table) variance() float64 {
	m, s := t.mean(), 0.0
	for v, p := range t {
		s += p * (float64(v) - m) * (float64(v) - m)
	}
	return s
}

func (t table) logProb(v float64) float64 {
	if v < 0 || v != math.Trunc(v) || v >= float64(len(t)) {
		return math.Inf(-1)
	}
	return math.Log(t[int(v)])
}

func (t table) cdf(v float64) float64 {
	var total float64
	for at, p := range t {
		if float64(at) <= v {
			total += p
		}
	}
	return total
}

// counts is a distribution on 0, 1, 2, … by its log probabilities.
type counts struct {
	m, s2 float64
	log   func(v float64) float64
}

func (c counts) mean() float64     { return c.m }
func (c counts) variance() float64 { return c.s2 }

func (c counts) logProb(v float64) float64 {
	if v < 0 || v != math.Trunc(v) {
		return math.Inf(-1)
	}
	return c.log(v)
}

// cdf sums, from the side of the mean on which there is less to sum.
func (c counts) cdf(v float64) float64 {
	if v < 0 {
		return 0
	}
	var total float64
	for at := 0.0; at <= math.Floor(v); at++ {
		p := math.Exp(c.log(at))
		total += p
		if at > c.m && p < 1e-18 {
			break
		}
	}
	return min(total, 1)
}

// drawn is what a draw from p(x_j|z) tells of a distribution whose density is known.
type drawn struct {
	m, value float64
	log      func(v float64) float64
}

func (d drawn) mean() float64             { return d.m }
func (d drawn) variance() float64         { return (d.value - d.m) * (d.value - d.m) }
func (d drawn) logProb(v float64) float64 { return d.log(v) }

func (d drawn) cdf(v float64) float64 {
	if d.value <= v {
		return 1
	}
	return 0
}
