package density

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Curves holds the curve of each of D columns. It goes before a [Transform]:
// model space is (f(x) − shift)/scale.
type Curves []Curve

// Check returns an error that names the column of a curve that there is not.
func (c Curves) Check() error {
	for j := range c {
		if err := c[j].Check(); err != nil {
			return fmt.Errorf("column %d: %w", j+1, err)
		}
	}
	return nil
}

// Straight reports whether no curve changes anything.
func (c Curves) Straight() bool {
	for j := range c {
		if c[j].Kind != Straight {
			return false
		}
	}
	return true
}

// CheckSupport returns an error that wraps [ErrSupport] and names row and
// column, from 1, of the first value of x (N×D) where a curve is not defined.
func (c Curves) CheckSupport(x *mat.Dense) error {
	n, d := x.Dims()
	if d != len(c) {
		panic("density: curves and data differ in width")
	}
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if !c[j].Takes(v) {
				return fmt.Errorf("density: row %d, column %d is %v, which the curve %s does not take: %w; it wants %s", i+1, j+1, v, c[j].Kind, ErrSupport, curveDomains[c[j].Kind])
			}
		}
	}
	return nil
}

// Apply stores f(x) in dst (both N×D; dst may be x, or nil, and is then
// allocated) and returns dst.
func (c Curves) Apply(dst, x *mat.Dense) *mat.Dense {
	return c.each(dst, x, Curve.Apply)
}

// Invert stores the x with f(x) = y in dst (both N×D; dst may be y, or nil, and
// is then allocated) and returns dst.
func (c Curves) Invert(dst, y *mat.Dense) *mat.Dense {
	return c.each(dst, y, Curve.Invert)
}

func (c Curves) each(dst, x *mat.Dense, f func(Curve, float64) float64) *mat.Dense {
	n, d := x.Dims()
	if d != len(c) {
		panic("density: curves and data differ in width")
	}
	if dst == nil {
		dst = mat.NewDense(n, d, nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != d {
		panic("density: dst and data differ in shape")
	}
	for i := range n {
		to := dst.RawRowView(i)
		for j, v := range x.RawRowView(i) {
			if c[j].Kind == Straight {
				to[j] = v
			} else {
				to[j] = f(c[j], v)
			}
		}
	}
	return dst
}

// LogJacobian stores ln |dy/dx| = Σⱼ ln f′ⱼ(xᵢⱼ) in nats for each row of x (N×D)
// in dst (length N, or nil) and returns it: what is added to the log-density of
// yᵢ to have that of xᵢ. A missing value, NaN, adds nothing. Where a curve is not
// defined it is NaN or infinite; [Warped] gives −Inf there.
func (c Curves) LogJacobian(dst []float64, x *mat.Dense) []float64 {
	n, d := x.Dims()
	if d != len(c) {
		panic("density: curves and data differ in width")
	}
	dst = Resize(dst, n)
	for i := range dst {
		dst[i] = 0
		for j, v := range x.RawRowView(i) {
			if c[j].Kind != Straight {
				dst[i] += c[j].LogSlope(v)
			}
		}
	}
	return dst
}

// Warped returns the model of x where f(x) follows m. With a [Transform] it is
// Warped(Transformed(m, t), c).
func Warped(m Exact, c Curves) Exact {
	if m.Dim() != len(c) {
		panic("density: curves and model differ in width")
	}
	return warped{m, c}
}

type warped struct {
	m Exact
	c Curves
}

func (p warped) Dim() int { return p.m.Dim() }

func (p warped) Rand(dst *mat.Dense, src rand.Source) {
	p.m.Rand(dst, src)
	p.c.Invert(dst, dst)
}

// LogProb is −Inf for a row with a value where a curve is not defined.
func (p warped) LogProb(dst []float64, x *mat.Dense) []float64 {
	inside := x
	var outside []int
	for i := range x.RawMatrix().Rows {
		for j, v := range x.RawRowView(i) {
			if !p.c[j].Takes(v) {
				outside = append(outside, i)
				break
			}
		}
	}
	if len(outside) > 0 { // any row will do in their place
		inside = mat.DenseCopyOf(x)
		for _, i := range outside {
			row := inside.RawRowView(i)
			for j := range row {
				row[j] = p.c[j].Invert(0)
			}
		}
	}
	dst = p.m.LogProb(dst, p.c.Apply(nil, inside))
	for i, l := range p.c.LogJacobian(nil, inside) {
		dst[i] += l
	}
	for _, i := range outside {
		dst[i] = math.Inf(-1)
	}
	return dst
}

// NumParameters returns the parameters of the model and one for each λ, or 0
// where the model does not count its own.
func (p warped) NumParameters() int {
	m, ok := p.m.(Parametric)
	if !ok {
		return 0
	}
	n := m.NumParameters()
	for _, c := range p.c {
		if c.Kind == YeoJohnson && n > 0 {
			n++
		}
	}
	return n
}
