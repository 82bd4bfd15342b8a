package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distmv"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
)

var _ density.Exact = (*Posterior)(nil)

// Dim returns D.
func (p *Posterior) Dim() int { return p.d }

// student is one component of the predictive density: Student's t with the given
// degrees of freedom and scale matrix (Bishop 2006, eq. 10.81).
func (p *Posterior) student(k int) (scale *mat.SymDense, freedom float64) {
	freedom = p.freedom[k] + 1 - float64(p.d)
	scale = mat.NewSymDense(p.d, nil)
	scale.ScaleSym((1+p.shrinkage[k])/(freedom*p.shrinkage[k]), p.scale[k])
	return scale, freedom
}

// LogProb stores the predictive log density E_q[p(x|θ)] of each row of x (N×D), in
// nats, in dst (length N, or nil) and returns it.
func (p *Posterior) LogProb(dst []float64, x *mat.Dense) []float64 {
	n, d := x.Dims()
	if d != p.d {
		panic("bayes: data and model differ in width")
	}
	dst = density.Resize(dst, n)
	k := p.settings.Components
	weights := p.Weights()
	components := make([]*distmv.StudentsT, k)
	for c := range components {
		scale, freedom := p.student(c)
		t, ok := distmv.NewStudentsT(p.mean[c], scale, freedom, nil)
		if !ok {
			panic("bayes: a scale matrix is not positive definite")
		}
		components[c] = t
	}
	joint := make([]float64, k)
	for i := range dst {
		for c, t := range components {
			joint[c] = math.Log(weights[c]) + t.LogProb(x.RawRowView(i))
		}
		dst[i] = density.LogSumExp(joint)
	}
	return dst
}

// Rand fills dst (N×D) with draws from the predictive distribution.
func (p *Posterior) Rand(dst *mat.Dense, src rand.Source) {
	n, d := dst.Dims()
	if d != p.d {
		panic("bayes: data and model differ in width")
	}
	random := rand.New(src)
	weights := distuv.NewCategorical(p.Weights(), src)
	factors := make([]mat.TriDense, p.settings.Components)
	freedom := make([]float64, p.settings.Components)
	for k := range factors {
		var chol mat.Cholesky
		var scale *mat.SymDense
		scale, freedom[k] = p.student(k)
		if !chol.Factorize(scale) {
			panic("bayes: a scale matrix is not positive definite")
		}
		chol.LTo(&factors[k])
	}
	e := mat.NewVecDense(d, nil)
	for i := range n {
		k := int(weights.Rand())
		for j := range d {
			e.SetVec(j, random.NormFloat64())
		}
		e.MulVec(&factors[k], e)
		stretch := math.Sqrt(freedom[k] / distuv.ChiSquared{K: freedom[k], Src: src}.Rand())
		for j := range d {
			dst.Set(i, j, p.mean[k][j]+stretch*e.AtVec(j))
		}
	}
}
