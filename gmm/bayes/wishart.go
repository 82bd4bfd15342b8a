package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"

	"likely/density"
	"likely/gmm"
)

// wisharts are Wishart distributions of the precisions, one for each component or
// one for all: Bishop 2006, eq. 10.60–10.63, and for a shared Λ
//
//	W⁻¹ = W₀⁻¹ + Σₖ NₖSₖ + …    ν = ν₀ + N
type wisharts struct {
	k, d     int
	freedom0 float64
	scale0   []float64 // W₀⁻¹, D×D
	logB0    float64   // ln B(W₀, ν₀)

	scale   []*mat.SymDense // W⁻¹ of each group
	freedom []float64       // ν of each group
}

func newWisharts(s Settings, covariance mat.Symmetric, groups int) (*wisharts, error) {
	d := covariance.SymmetricDim()
	w := &wisharts{k: s.Components, d: d, freedom0: s.DegreesOfFreedom, scale0: make([]float64, d*d), scale: make([]*mat.SymDense, groups), freedom: make([]float64, groups)}
	for i := range d {
		for j := range d {
			w.scale0[i*d+j] = s.DegreesOfFreedom * covariance.At(i, j)
		}
	}
	var chol mat.Cholesky
	if !chol.Factorize(mat.NewSymDense(d, w.scale0)) {
		if s.Covariance != nil {
			return nil, density.SettingErrorf(ErrSettings, "bayes: {Covariance} is not positive definite: {err}")
		}
		return nil, density.SettingErrorf(ErrSingular, "bayes: {err}; drop columns that others determine, or give {Covariance}")
	}
	w.logB0 = logB(-chol.LogDet(), s.DegreesOfFreedom, d)
	return w, nil
}

// logB returns ln B(W, ν), the normaliser of the Wishart density (Bishop 2006,
// B.79), given ln|W|.
func logB(logDet, freedom float64, d int) float64 {
	v := -0.5*freedom*logDet - 0.5*freedom*float64(d)*math.Ln2 - 0.25*float64(d*(d-1))*math.Log(math.Pi)
	for i := range d {
		v -= lgamma(0.5 * (freedom - float64(i)))
	}
	return v
}

// group returns the group of component k.
func (w *wisharts) group(k int) int { return min(k, len(w.scale)-1) }

func (w *wisharts) update(m *moments) (float64, error) {
	var bound float64
	for g := range w.scale {
		w.freedom[g] = w.freedom0
		w.scale[g] = mat.NewSymDense(w.d, append([]float64{}, w.scale0...))
	}
	for k, count := range m.count {
		w.freedom[w.group(k)] += count
		m.addScatter(w.scale[w.group(k)].RawSymmetric().Data, k)
	}
	for g, scale := range w.scale {
		var chol mat.Cholesky
		if !chol.Factorize(scale) {
			return 0, density.SettingErrorf(ErrSingular, "bayes: component %d: {err}; a larger {Covariance} would help", g+1)
		}
		bound += w.logB0 - logB(-chol.LogDet(), w.freedom[g], w.d)
	}
	return bound, nil
}

func (w *wisharts) mixture(weights []float64, means *mat.Dense) (*gmm.Model, error) {
	covs := make([]mat.Symmetric, w.k)
	for k := range covs {
		cov := mat.NewSymDense(w.d, nil)
		cov.ScaleSym(1/w.freedom[w.group(k)], w.scale[w.group(k)])
		covs[k] = cov
	}
	return gmm.New(weights, means, covs)
}

func (w *wisharts) slack(k int) float64 {
	nu := w.freedom[w.group(k)]
	v := float64(w.d) * (math.Ln2 - math.Log(nu))
	for i := range w.d {
		v += mathext.Digamma(0.5 * (nu - float64(i)))
	}
	return 0.5 * v
}

// predictive: Bishop 2006, eq. 10.81 and 10.82.
func (w *wisharts) predictive(k int, mean []float64, shrinkage float64, src rand.Source) student {
	freedom := w.freedom[w.group(k)] + 1 - float64(w.d)
	scale := mat.NewSymDense(w.d, nil)
	scale.ScaleSym((1+shrinkage)/(freedom*shrinkage), w.scale[w.group(k)])
	return newElliptic(mean, scale, freedom, src)
}

// A code holds, for each group, the lower triangle of L with Λ = LLᵀ, row by row, with
// the logarithms of its diagonal.

func (w *wisharts) codeDim() int { return len(w.scale) * w.size() }

func (w *wisharts) size() int { return w.d * (w.d + 1) / 2 }

// of returns W⁻¹ and ν of a group in the prior or in q.
func (w *wisharts) of(g int, prior bool) (*mat.SymDense, float64) {
	if prior {
		return mat.NewSymDense(w.d, w.scale0), w.freedom0
	}
	return w.scale[g], w.freedom[g]
}

// draw: L = AB with AAᵀ = W and B lower triangular, of normals and the roots of
// χ² variables (Bartlett 1933).
func (w *wisharts) draw(code []float64, prior bool, random *rand.Rand) {
	for g := range w.scale {
		scale, freedom := w.of(g, prior)
		var chol, of mat.Cholesky
		var inverse mat.SymDense
		if !chol.Factorize(scale) || chol.InverseTo(&inverse) != nil || !of.Factorize(&inverse) {
			panic("bayes: a scale matrix is not positive definite")
		}
		var a mat.TriDense
		of.LTo(&a)
		b := mat.NewTriDense(w.d, mat.Lower, nil)
		for i := range w.d {
			b.SetTri(i, i, math.Exp(0.5*(math.Ln2+logGamma(0.5*(freedom-float64(i)), random))))
			for j := range i {
				b.SetTri(i, j, random.NormFloat64())
			}
		}
		var l mat.TriDense
		l.MulTri(&a, b)
		at := g * w.size()
		for i := range w.d {
			for j := range i + 1 {
				code[at] = l.At(i, j)
				if i == j {
					code[at] = math.Log(code[at])
				}
				at++
			}
		}
	}
}

// logDensity: Wishart (Bishop 2006, B.78), and from Λ to L and the logarithms of its
// diagonal a Jacobian of 2^D Πᵢ lᵢᵢ^(D+2−i).
func (w *wisharts) logDensity(code []float64, prior bool) float64 {
	var value float64
	l := make([]float64, w.d*w.d)
	for g := range w.scale {
		scale, freedom := w.of(g, prior)
		w.factor(l, g, code)
		var chol mat.Cholesky
		if !chol.Factorize(scale) {
			panic("bayes: a scale matrix is not positive definite")
		}
		value += logB(-chol.LogDet(), freedom, w.d) + float64(w.d)*math.Ln2
		for i := range w.d {
			value += (freedom - float64(w.d) - 1 + float64(w.d+1-i)) * math.Log(l[i*w.d+i])
			for j := range w.d {
				var product float64
				for q := range min(i, j) + 1 {
					product += l[i*w.d+q] * l[j*w.d+q]
				}
				value -= 0.5 * scale.At(i, j) * product
			}
		}
	}
	return value
}

func (w *wisharts) factor(dst []float64, k int, code []float64) {
	clear(dst)
	at := w.group(k) * w.size()
	for i := range w.d {
		for j := range i + 1 {
			dst[i*w.d+j] = code[at]
			if i == j {
				dst[i*w.d+j] = math.Exp(code[at])
			}
			at++
		}
	}
}
