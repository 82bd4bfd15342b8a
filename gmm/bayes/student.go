package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/distuv"
)

// elliptic is a multivariate Student's t of ν degrees of freedom,
//
//	ln p(x) = ln p(μ) − ½(ν+D) ln(1 + |L⁻¹(x−μ)|²/ν)        scale LLᵀ
//
// What draws from it is gonum's.
type elliptic struct {
	*distmv.StudentsT
	mean, lower   []float64 // D; D×D, row-major
	freedom, peak float64   // ν, ln p(μ)
}

func newElliptic(mean []float64, scale *mat.SymDense, freedom float64, src rand.Source) student {
	t, ok := distmv.NewStudentsT(mean, scale, freedom, src)
	var chol mat.Cholesky
	if !ok || !chol.Factorize(scale) {
		panic("bayes: a scale matrix is not positive definite")
	}
	var l mat.TriDense
	chol.LTo(&l)
	return elliptic{StudentsT: t, mean: mean, lower: mat.DenseCopyOf(&l).RawMatrix().Data, freedom: freedom, peak: t.LogProb(mean)}
}

func (t elliptic) LogProb(x, work []float64) float64 {
	d := len(work)
	var square float64
	for i := range work {
		row := t.lower[i*d : i*d+i+1]
		work[i] = (x[i] - t.mean[i] - floats.Dot(row[:i], work[:i])) / row[i]
		square += work[i] * work[i]
	}
	return t.peak - 0.5*(t.freedom+float64(d))*math.Log1p(square/t.freedom)
}

// columnwise is a product of one-dimensional distributions.
type columnwise struct {
	columns []distuv.StudentsT
	peak    float64 // ln p at the centre
}

func (t columnwise) LogProb(x, _ []float64) float64 {
	v := t.peak
	for j, one := range t.columns {
		e := (x[j] - one.Mu) / one.Sigma
		v -= 0.5 * (one.Nu + 1) * math.Log1p(e*e/one.Nu)
	}
	return v
}

func (t columnwise) Rand(x []float64) []float64 {
	for j, one := range t.columns {
		x[j] = one.Rand()
	}
	return x
}
