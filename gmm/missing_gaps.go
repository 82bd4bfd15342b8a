package gmm

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// completer completes rows with gaps under the covariances of all components.
type completer interface {
	// gap returns what component k says of the missing columns of p, of which
	// there are some. It may use the memory of old, an earlier result or nil.
	gap(k int, p *pattern, old gap) gap
}

// gap is the conditional distribution of the missing columns m of rows, given the
// observed ones: its expectation depends on the row, its covariance C does not.
type gap interface {
	// complete replaces the missing columns of the rows of x by their
	// expectations.
	complete(mean, x []float64)
	// logDet returns ln|C|.
	logDet() float64
	// addSquares adds w·diag C to the missing columns of D numbers.
	addSquares(squares []float64, w float64)
	// addTo adds w·C to the missing rows and columns of a D×D matrix.
	addTo(scatter []float64, w float64)
	// addProduct adds w·C·B to the missing rows of a D×L matrix, of B (D×L).
	addProduct(out []float64, w float64, b []float64, l int)
}

func (s *diagonalShapes) completer() completer { return s }

// gap: where columns are independent the observed ones say nothing about others.
func (s *diagonalShapes) gap(k int, p *pattern, old gap) gap {
	g, ok := old.(*axisGap)
	if !ok {
		g = new(axisGap)
	}
	g.missing, g.variances = p.missing, s.variances[k*s.d:(k+1)*s.d]
	return g
}

type axisGap struct {
	missing   []int
	variances []float64 // D
}

func (g *axisGap) complete(mean, x []float64) {
	for from := 0; from < len(x); from += len(mean) {
		for _, j := range g.missing {
			x[from+j] = mean[j]
		}
	}
}

func (g *axisGap) logDet() float64 {
	var v float64
	for _, j := range g.missing {
		v += math.Log(g.variances[j])
	}
	return v
}

func (g *axisGap) addSquares(squares []float64, w float64) {
	for _, j := range g.missing {
		squares[j] += w * g.variances[j]
	}
}

func (g *axisGap) addTo(scatter []float64, w float64) {
	d := len(g.variances)
	for _, j := range g.missing {
		scatter[j*(d+1)] += w * g.variances[j]
	}
}

func (g *axisGap) addProduct(out []float64, w float64, b []float64, l int) {
	for _, j := range g.missing {
		floats.AddScaled(out[j*l:(j+1)*l], w*g.variances[j], b[j*l:(j+1)*l])
	}
}

// fullCompleter works with the precisions Λ = Σ⁻¹, in which a gap costs no more
// than what is missing: C = Λₘₘ⁻¹ and x̂ₘ = μₘ − C Λₘₒ (xₒ−μₒ). Rows that lack most
// of their columns are left to the covariances.
type fullCompleter struct {
	s         *fullShapes
	precision [][]float64 // K of D×D
}

func (s *fullShapes) completer() completer {
	c := &fullCompleter{s: s, precision: make([][]float64, len(s.components))}
	forEach(len(c.precision), func(k int) {
		if !s.tied || k == 0 {
			c.precision[k] = s.components[k].precision(s.d)
		}
	})
	if s.tied {
		for k := range c.precision {
			c.precision[k] = c.precision[0]
		}
	}
	return c
}

// precision returns Σ⁻¹ (D×D).
func (s *fullShape) precision(d int) []float64 {
	out := append([]float64{}, s.factor...)
	for i := range d { // L has room above it for its transpose
		for j := range i {
			out[j*d+i] = out[i*d+j]
		}
	}
	inverse := blas64.Symmetric{N: d, Stride: d, Data: out, Uplo: blas.Upper}
	lapack64.Potri(blas64.Triangular{N: d, Stride: d, Data: out, Uplo: blas.Upper, Diag: blas.NonUnit})
	for i := range d {
		for j := range i {
			inverse.Data[i*d+j] = inverse.Data[j*d+i]
		}
	}
	return inverse.Data
}

func (c *fullCompleter) gap(k int, p *pattern, old gap) gap {
	q := len(p.missing)
	if q <= len(p.observed) {
		g, ok := old.(*precisionGap)
		if !ok {
			g = new(precisionGap)
		}
		g.missing, g.precision, g.d = p.missing, c.precision[k], c.s.d
		if g.factorise() {
			return g
		}
	}
	g, err := newConditional(p, func(a, b int) float64 { return c.s.at(k, a, b) })
	if err != nil { // a block of what has a Cholesky factor itself
		return lostGap{}
	}
	// ln|C| = ln|Σ| − ln|Σₒₒ|, both of which the constants hold
	return &covarianceGap{g, c.s.d, 2 * (g.constant - c.s.components[k].constant - 0.5*float64(q)*math.Log(2*math.Pi))}
}

// precisionGap is a gap from the precision.
type precisionGap struct {
	d         int
	missing   []int
	precision []float64 // D×D
	factor    []float64 // of Λₘₘ, q×q, upper
	inverse   []float64 // C, q×q, upper; filled when asked for
	ready     bool      // whether it is
	e         []float64 // D
	right     []float64 // q
}

// factorise reports whether Λₘₘ has a Cholesky factor.
func (g *precisionGap) factorise() bool {
	q := len(g.missing)
	g.factor, g.inverse, g.ready = resized(g.factor, q*q), resized(g.inverse, q*q), false
	for a, i := range g.missing {
		for b := a; b < q; b++ {
			g.factor[a*q+b] = g.precision[i*g.d+g.missing[b]]
		}
	}
	_, ok := lapack64.Potrf(blas64.Symmetric{N: q, Stride: q, Data: g.factor, Uplo: blas.Upper})
	return ok
}

func (g *precisionGap) upper(data []float64) blas64.Triangular {
	q := len(g.missing)
	return blas64.Triangular{N: q, Stride: q, Data: data, Uplo: blas.Upper, Diag: blas.NonUnit}
}

func (g *precisionGap) complete(mean, x []float64) {
	d, q := g.d, len(g.missing)
	g.e, g.right = resized(g.e, d), resized(g.right, q)
	for from := 0; from < len(x); from += d {
		row := x[from : from+d]
		floats.SubTo(g.e, row, mean)
		for _, j := range g.missing {
			g.e[j] = 0
		}
		for a, j := range g.missing {
			g.right[a] = floats.Dot(g.precision[j*d:(j+1)*d], g.e)
		}
		lapack64.Potrs(g.upper(g.factor), blas64.General{Rows: q, Cols: 1, Stride: 1, Data: g.right})
		for a, j := range g.missing {
			row[j] = mean[j] - g.right[a]
		}
	}
}

func (g *precisionGap) logDet() float64 {
	var v float64
	for a := range g.missing {
		v -= math.Log(g.factor[a*(len(g.missing)+1)])
	}
	return 2 * v
}

// covariance returns C (q×q, upper).
func (g *precisionGap) covariance() []float64 {
	if !g.ready {
		copy(g.inverse, g.factor)
		lapack64.Potri(g.upper(g.inverse))
		g.ready = true
	}
	return g.inverse
}

func (g *precisionGap) addSquares(squares []float64, w float64) {
	c, q := g.covariance(), len(g.missing)
	for a, j := range g.missing {
		squares[j] += w * c[a*(q+1)]
	}
}

func (g *precisionGap) addTo(scatter []float64, w float64) {
	c, q := g.covariance(), len(g.missing)
	for a, i := range g.missing {
		scatter[i*(g.d+1)] += w * c[a*(q+1)]
		for b := a + 1; b < q; b++ {
			j, v := g.missing[b], w*c[a*q+b]
			scatter[i*g.d+j] += v
			scatter[j*g.d+i] += v
		}
	}
}

func (g *precisionGap) addProduct(out []float64, w float64, b []float64, l int) {
	c, q := g.covariance(), len(g.missing)
	for a, i := range g.missing {
		floats.AddScaled(out[i*l:(i+1)*l], w*c[a*(q+1)], b[i*l:(i+1)*l])
		for e := a + 1; e < q; e++ {
			j, v := g.missing[e], w*c[a*q+e]
			floats.AddScaled(out[i*l:(i+1)*l], v, b[j*l:(j+1)*l])
			floats.AddScaled(out[j*l:(j+1)*l], v, b[i*l:(i+1)*l])
		}
	}
}

// covarianceGap is a gap from the covariance.
type covarianceGap struct {
	*conditional
	d   int
	det float64
}

func (g *covarianceGap) complete(mean, x []float64) {
	for from := 0; from < len(x); from += g.d {
		g.fill(x[from:from+g.d], mean, x[from:from+g.d])
	}
}

func (g *covarianceGap) logDet() float64 { return g.det }

func (g *covarianceGap) addSquares(squares []float64, w float64) {
	for a, j := range g.pattern.missing {
		squares[j] += w * g.rest.At(a, a)
	}
}

func (g *covarianceGap) addTo(scatter []float64, w float64) {
	for a, i := range g.pattern.missing {
		for b, j := range g.pattern.missing {
			scatter[i*g.d+j] += w * g.rest.At(a, b)
		}
	}
}

func (g *covarianceGap) addProduct(out []float64, w float64, b []float64, l int) {
	for a, i := range g.pattern.missing {
		for e, j := range g.pattern.missing {
			floats.AddScaled(out[i*l:(i+1)*l], w*g.rest.At(a, e), b[j*l:(j+1)*l])
		}
	}
}

// lostGap stands for one that arithmetic could not make. Its density is not a
// number, which ends the run.
type lostGap struct{}

func (lostGap) complete(_, _ []float64)                               {}
func (lostGap) logDet() float64                                       { return math.NaN() }
func (lostGap) addSquares(_ []float64, _ float64)                     {}
func (lostGap) addTo(_ []float64, _ float64)                          {}
func (lostGap) addProduct(_ []float64, _ float64, _ []float64, _ int) {}
