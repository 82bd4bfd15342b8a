package gmm

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat/distuv"
)

// Score stores the gradient of log p at each row of x (N×D) in dst (N×D, or nil,
// and then allocated) and returns it, in nats per unit of x:
//
//	∇ log p(x) = Σₖ rₖ(x) Σₖ⁻¹ (μₖ − x)
func (m *Model) Score(dst, x *mat.Dense) *mat.Dense {
	n := m.rows(x)
	if dst == nil {
		dst = mat.NewDense(n, m.d, nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != m.d {
		panic("gmm: dst and data differ in shape")
	}
	r := m.Responsibilities(nil, x)
	forBlocks(n, func(_, from, to int) {
		e, out := make([]float64, m.d), make([]float64, m.d)
		for i := from; i < to; i++ {
			row := x.RawRowView(i)
			clear(out)
			for k := range m.k {
				w := r.At(i, k)
				if w == 0 {
					continue
				}
				floats.SubTo(e, m.mean(k), row)
				floats.AddScaled(out, w, m.shapes.solve(k, e))
			}
			copy(dst.RawRowView(i), out)
		}
	})
	return dst
}

// Ellipse returns n ≥ 3 points (n×2) around the ellipse that holds the given
// probability, in (0, 1), of component k of a mixture in two dimensions. The last
// point joins the first.
func (m *Model) Ellipse(k int, probability float64, n int) *mat.Dense {
	if m.d != 2 {
		panic("gmm: an ellipse of a mixture that is not in two dimensions")
	}
	if !(probability > 0 && probability < 1) || n < 3 {
		panic("gmm: an ellipse of no probability or too few points")
	}
	radius := math.Sqrt(distuv.ChiSquared{K: 2}.Quantile(probability))
	var eigen mat.EigenSym
	if !eigen.Factorize(m.Covariance(k), true) {
		panic("gmm: a covariance is not finite")
	}
	var axes mat.Dense
	eigen.VectorsTo(&axes)
	values := eigen.Values(nil)
	points := mat.NewDense(n, 2, nil)
	for i := range n {
		sin, cos := math.Sincos(2 * math.Pi * float64(i) / float64(n))
		a, b := radius*math.Sqrt(values[0])*cos, radius*math.Sqrt(values[1])*sin
		for j := range 2 {
			points.Set(i, j, m.mean(k)[j]+a*axes.At(j, 0)+b*axes.At(j, 1))
		}
	}
	return points
}

// densityDraws is the number of draws that HighestDensity estimates quantiles
// from; it leaves a standard error of at most 0.0016 in the probability.
const densityDraws = 100000

// HighestDensity returns, for each probability in (0, 1), the level of log p (in
// nats) above which that share of the mixture's probability lies: the border of
// the smallest region that holds it (Hyndman 1996). It is estimated from draws of
// the mixture; the share that a level truly holds has a standard error of at most
// 0.0016.
func (m *Model) HighestDensity(probabilities []float64, src rand.Source) []float64 {
	random := rand.New(src)
	logs := make([]float64, densityDraws)
	x := mat.NewDense(densityDraws/100, m.d, nil)
	for from := 0; from < densityDraws; from += densityDraws / 100 {
		for i := range densityDraws / 100 {
			m.displace(x.RawRowView(i), m.draw(random), random)
		}
		m.LogProb(logs[from:from+densityDraws/100], x)
	}
	slices.Sort(logs)
	levels := make([]float64, len(probabilities))
	for i, p := range probabilities {
		if !(p > 0 && p < 1) {
			panic("gmm: a region of no probability")
		}
		levels[i] = logs[min(int((1-p)*densityDraws), densityDraws-1)]
	}
	return levels
}
