package gmm

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// conditional is what a Gaussian says about missing columns given observed ones.
type conditional struct {
	pattern  *pattern
	chol     mat.Cholesky // of Σₒₒ
	slope    *mat.Dense   // Σₘₒ Σₒₒ⁻¹, |m|×|o|; nil if either is empty
	rest     *mat.Dense   // Cₘₘ, |m|×|m|; nil if nothing is missing
	constant float64      // −½(|o| ln 2π + ln|Σₒₒ|)
}

// newConditional returns the conditional of Σ, given by its elements.
func newConditional(p *pattern, at func(i, j int) float64) (*conditional, error) {
	c := &conditional{pattern: p}
	o, q := len(p.observed), len(p.missing)
	if o > 0 {
		block := mat.NewSymDense(o, nil)
		for a, i := range p.observed {
			for b := range a + 1 {
				block.SetSym(a, b, at(i, p.observed[b]))
			}
		}
		if !c.chol.Factorize(block) {
			return nil, ErrCollapsed
		}
		c.constant = -0.5 * (float64(o)*math.Log(2*math.Pi) + c.chol.LogDet())
	}
	if q == 0 {
		return c, nil
	}
	c.rest = mat.NewDense(q, q, nil)
	for a, i := range p.missing {
		for b, j := range p.missing {
			c.rest.Set(a, b, at(i, j))
		}
	}
	if o == 0 {
		return c, nil
	}
	cross := mat.NewDense(o, q, nil)
	for a, i := range p.observed {
		for b, j := range p.missing {
			cross.Set(a, b, at(i, j))
		}
	}
	var solved mat.Dense
	if err := c.chol.SolveTo(&solved, cross); err != nil {
		if _, nearly := err.(mat.Condition); !nearly {
			return nil, ErrCollapsed
		}
	}
	c.slope = mat.DenseCopyOf(solved.T())
	var explained mat.Dense
	explained.Mul(c.slope, cross)
	c.rest.Sub(c.rest, &explained)
	return c, nil
}

// fill stores x with its missing columns replaced by their expectation in dst.
func (c *conditional) fill(dst, mean, x []float64) {
	copy(dst, x)
	for a, j := range c.pattern.missing {
		dst[j] = mean[j]
		if c.slope != nil {
			for b, o := range c.pattern.observed {
				dst[j] += c.slope.At(a, b) * (x[o] - mean[o])
			}
		}
	}
}
