package vae

import (
	"fmt"
	"math"
	"math/rand/v2"

	"likely/density"
	"likely/internal/kernel"
)

// Categorical columns hold the codes 0, 1, …, L−1 of levels whose order means nothing;
// the decoder gives L logits, whose softmax are the probabilities. A code from L on has
// probability 0. The mean of such a column is its most probable level, the first of
// several, and its quantiles are those of the codes.
var Categorical = Likelihood{&categoricalForm}

// maxCategories bounds the levels of a column.
const maxCategories = 1 << 16

var categoricalForm = likelihoodForm{
	name:      "categorical",
	measures:  []density.Measure{density.Discrete},
	levels:    true,
	configure: func(c *Config, s *Settings) { c.Levels = s.Levels },
	width:     func(c *Config) int { return c.Levels },
	check: func(c *Config) error {
		if c.Levels < 2 || c.Levels > maxCategories {
			return fmt.Errorf("vae: %d levels of a categorical column; want 2 to %d", c.Levels, maxCategories)
		}
		return nil
	},
	observe: func(c *Config) observation { return categorical{levels: c.Levels} },
	plain:   func(c *Config) observation { return categorical{levels: c.Levels} },
}

// categorical is the likelihood of columns of codes with L logits each,
//
//	log P(x|z) = Σ loc_x − ln Σₗ exp(loc_l)
type categorical struct{ levels int }

func (categorical) scaled() bool { return false }

func (f categorical) check(v float64) *complaint {
	if f.holds(v) {
		return nil
	}
	return &complaint{density.ErrSupport, fmt.Sprintf(", not a code 0, 1, …, %d", f.levels-1), "code the levels from 0, or set {Levels}"}
}

func (f categorical) holds(v float64) bool {
	return v >= 0 && v < float64(f.levels) && v == math.Trunc(v)
}

// column returns the logits of column j, the largest of them, the first place of that,
// and the sum of their exponentials over that of the largest.
func (f categorical) column(loc []float64, j int) (logits []float64, top float64, place int, total float64) {
	logits = loc[j*f.levels : (j+1)*f.levels]
	top = math.Inf(-1)
	for k, l := range logits {
		if l > top {
			top, place = l, k
		}
	}
	for _, l := range logits {
		total += math.Exp(l - top)
	}
	return logits, top, place, total
}

func (f categorical) logProb(x, loc, _, _, _ []float64) float64 {
	var sum float64
	for j, v := range x {
		if !f.holds(v) {
			return math.Inf(-1)
		}
		logits, top, _, total := f.column(loc, j)
		sum += logits[int(v)] - top - math.Log(total)
	}
	return sum
}

// mean is the most probable level.
func (f categorical) mean(dst, loc, _ []float64) {
	for j := range dst {
		_, _, place, _ := f.column(loc, j)
		dst[j] = float64(place)
	}
}

// distance is 0 or 1: codes have no differences.
func (categorical) distance(dst, x, y []float64) {
	for j, v := range x {
		dst[j] = 0
		if v != y[j] {
			dst[j] = 1
		}
	}
}

func (categorical) noise(dst []float64, random *rand.Rand) {
	for j := range dst {
		dst[j] = random.Float64()
	}
}

func (f categorical) sample(dst, loc, _ []float64) {
	for j, u := range dst {
		dst[j] = f.codeAt(loc, j, u)
	}
}

func (f categorical) quantile(dst []float64, p float64, loc, _ []float64) {
	for j := range dst {
		dst[j] = f.codeAt(loc, j, p)
	}
}

// codeAt returns the first code of column j at which the distribution function is
// above 0 and reaches p < 1.
func (f categorical) codeAt(loc []float64, j int, p float64) float64 {
	logits, top, place, total := f.column(loc, j)
	left := p * total
	for k, l := range logits {
		if q := math.Exp(l - top); q > 0 {
			if left -= q; left <= 0 {
				return float64(k)
			}
			place = k // the last one, where rounding has left something
		}
	}
	return float64(place)
}

func (categorical) transform(of moments, _ bool) (density.Transform, error) {
	return density.NewIdentity(len(of.mean)), nil
}

func (f categorical) transformed() observation { return f }

func (categorical) inputs(_ moments, t density.Transform) density.Transform { return t }

func (categorical) units(density.Transform) (factor, shift float64) { return 1, 0 }

// bias returns the logarithm of the share of a level, of one that no row has a small one.
func (categorical) bias(share float64) float64 { return math.Log(max(share, 1e-3)) }

func (categorical) floor([]float64, float64) []float64 { return nil }

func (f categorical) gradient32() gradient[float32] { return categoricalGradient[float32]{f} }

func (f categorical) gradient64() gradient[float64] { return categoricalGradient[float64]{f} }

type categoricalGradient[T kernel.Float] struct{ categorical }

// grad leaves minus the probabilities, plus 1 at the level that was seen.
func (f categoricalGradient[T]) grad(x, loc, _, _, dloc, _ []T) float64 {
	var sum float64
	for j, v := range x {
		logits, slope := loc[j*f.levels:(j+1)*f.levels], dloc[j*f.levels:(j+1)*f.levels]
		top := logits[0]
		for _, l := range logits[1:] {
			top = max(top, l)
		}
		for k, l := range logits {
			slope[k] = l - top
		}
		kernel.Exp(slope, slope)
		var total float64
		for _, e := range slope {
			total += float64(e)
		}
		for k, e := range slope {
			slope[k] = T(-float64(e) / total)
		}
		if !f.holds(float64(v)) {
			clear(slope)
			sum = math.Inf(-1)
			continue
		}
		slope[int(v)]++
		sum += float64(logits[int(v)]) - float64(top) - math.Log(total)
	}
	return sum
}

// information holds the probabilities p, of which diag(p) − ppᵀ is the information on
// the logits.
func (f categorical) information(byLoc, _, _, loc, _, _ []float64) {
	for j := range len(loc) / f.levels {
		logits, top, _, total := f.column(loc, j)
		for k, l := range logits {
			byLoc[j*f.levels+k] = math.Exp(l-top) / total
		}
	}
}
