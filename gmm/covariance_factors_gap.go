package gmm

import (
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"

	"likely/internal/kernel"
)

func (s *factorShapes) completer() completer { return s }

// gap: what is observed speaks of what is not through the factors alone. With their
// precision given the observed columns, G = I + Λₒᵀ Ψₒ⁻¹ Λₒ (L×L),
//
//	x̂ₘ = μₘ + Λₘ G⁻¹ Λₒᵀ Ψₒ⁻¹ (xₒ−μₒ)        C = Λₘ G⁻¹ Λₘᵀ + Ψₘ
//
// at a cost of O(D·L²) for each set of rows that lack the same and O(D·L) a row.
func (s *factorShapes) gap(k int, p *pattern, old gap) gap {
	g, ok := old.(*factorGap)
	if !ok {
		g = new(factorGap)
	}
	c := &s.components[k]
	l := c.l
	g.pattern, g.shape = p, c
	g.observed, g.factor, g.z = resized(g.observed, len(p.observed)*l), resized(g.factor, l*l), resized(g.z, l)
	for a, j := range p.observed {
		floats.ScaleTo(g.observed[a*l:(a+1)*l], c.inverse[j], c.loadings[j*l:(j+1)*l])
	}
	clear(g.factor)
	if len(p.observed) > 0 {
		kernel.Syrk(true, l, len(p.observed), 1, g.observed, l, 0, g.factor, l)
	}
	for q := range l {
		g.factor[q*(l+1)]++
	}
	if _, ok := lapack64.Potrf(blas64.Symmetric{N: l, Stride: l, Data: g.factor, Uplo: blas.Upper}); !ok {
		return lostGap{}
	}
	return g
}

type factorGap struct {
	pattern  *pattern
	shape    *factorShape
	observed []float64 // Ψₒ^(−½)Λₒ, |o|×L
	factor   []float64 // U with UᵀU = G, L×L
	z        []float64 // L
}

// solve multiplies a matrix of L rows and n columns by G⁻¹, in place.
func (g *factorGap) solve(b []float64, n int) {
	l := g.shape.l
	lapack64.Potrs(blas64.Triangular{N: l, Stride: l, Data: g.factor, Uplo: blas.Upper, Diag: blas.NonUnit},
		blas64.General{Rows: l, Cols: n, Stride: n, Data: b})
}

func (g *factorGap) complete(mean, x []float64) {
	c := g.shape
	d, l := c.d, c.l
	for from := 0; from < len(x); from += d {
		row := x[from : from+d]
		clear(g.z)
		for a, j := range g.pattern.observed {
			floats.AddScaled(g.z, (row[j]-mean[j])*c.inverse[j], g.observed[a*l:(a+1)*l])
		}
		g.solve(g.z, 1)
		for _, j := range g.pattern.missing {
			row[j] = mean[j] + floats.Dot(c.loadings[j*l:(j+1)*l], g.z)
		}
	}
}

func (g *factorGap) logDet() float64 {
	v := g.shape.inner // ln|C| = ln|Σ| − ln|Σₒₒ|
	for q := range g.shape.l {
		v -= 2 * math.Log(g.factor[q*(g.shape.l+1)])
	}
	for _, j := range g.pattern.missing {
		v += math.Log(g.shape.noise[j])
	}
	return v
}

// reduced returns U⁻ᵀΛₘᵀ (L×|m|), so that C = reducedᵀ·reduced + Ψₘ.
func (g *factorGap) reduced() []float64 {
	l, q := g.shape.l, len(g.pattern.missing)
	out := make([]float64, l*q)
	for a, j := range g.pattern.missing {
		for i := range l {
			out[i*q+a] = g.shape.loadings[j*l+i]
		}
	}
	blas64.Trsm(blas.Left, blas.Trans, 1, blas64.Triangular{N: l, Stride: l, Data: g.factor, Uplo: blas.Upper, Diag: blas.NonUnit},
		blas64.General{Rows: l, Cols: q, Stride: q, Data: out})
	return out
}

func (g *factorGap) addSquares(squares []float64, w float64) {
	q := len(g.pattern.missing)
	reduced := g.reduced()
	for a, j := range g.pattern.missing {
		v := g.shape.noise[j]
		for i := a; i < len(reduced); i += q {
			v += reduced[i] * reduced[i]
		}
		squares[j] += w * v
	}
}

func (g *factorGap) addTo(scatter []float64, w float64) {
	d, q := g.shape.d, len(g.pattern.missing)
	reduced := g.reduced()
	for a, i := range g.pattern.missing {
		scatter[i*(d+1)] += w * g.shape.noise[i]
		for b, j := range g.pattern.missing[:a+1] {
			var v float64
			for e := 0; e < len(reduced); e += q {
				v += reduced[e+a] * reduced[e+b]
			}
			scatter[i*d+j] += w * v
			if a != b {
				scatter[j*d+i] += w * v
			}
		}
	}
}

func (g *factorGap) addProduct(out []float64, w float64, b []float64, l int) {
	c := g.shape
	inner := make([]float64, c.l*l) // G⁻¹ΛₘᵀBₘ
	for _, j := range g.pattern.missing {
		for q := range c.l {
			floats.AddScaled(inner[q*l:(q+1)*l], c.loadings[j*c.l+q], b[j*l:(j+1)*l])
		}
	}
	g.solve(inner, l)
	for _, j := range g.pattern.missing {
		to := out[j*l : (j+1)*l]
		floats.AddScaled(to, w*c.noise[j], b[j*l:(j+1)*l])
		for q := range c.l {
			floats.AddScaled(to, w*c.loadings[j*c.l+q], inner[q*l:(q+1)*l])
		}
	}
}
