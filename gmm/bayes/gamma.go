package bayes

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"

	"likely/density"
	"likely/gmm"
)

// gammas are Gamma distributions of precisions along the columns, one for each group
// of elements that are equal: with a₀ = ν₀/2 and b₀ = ν₀/2 times the expected
// variance,
//
//	a = a₀ + ½Σ Nₖ    b = b₀ + ½Σ spreadₖⱼ        over the k and j of the group
//
// which in one column is the Wishart distribution.
type gammas struct {
	k, d                  int
	byComponent, byColumn bool
	shape0                float64
	rate0                 []float64 // of each group

	shape, rate []float64
}

func newGammas(s Settings, covariance mat.Symmetric, byComponent, byColumn bool) (*gammas, error) {
	d := covariance.SymmetricDim()
	g := &gammas{k: s.Components, d: d, byComponent: byComponent, byColumn: byColumn, shape0: s.DegreesOfFreedom / 2}
	groups := g.group(g.k-1, d-1) + 1
	g.rate0, g.shape, g.rate = make([]float64, groups), make([]float64, groups), make([]float64, groups)
	members := make([]float64, groups)
	for k := range g.k {
		for j := range d {
			v := covariance.At(j, j)
			if !(v > 0) || math.IsInf(v, 0) {
				if s.Covariance != nil {
					return nil, density.SettingErrorf(ErrSettings, "bayes: {Covariance} in column %d is %v: {err}; want a positive number", j+1, v)
				}
				return nil, density.SettingErrorf(ErrSingular, "bayes: column %d has a single value: {err}; drop it, or give {Covariance}", j+1)
			}
			g.rate0[g.group(k, j)] += v
			members[g.group(k, j)]++
		}
	}
	for i, n := range members {
		g.rate0[i] *= g.shape0 / n
	}
	return g, nil
}

// group returns the group of column j of component k.
func (g *gammas) group(k, j int) int {
	switch {
	case g.byComponent && g.byColumn:
		return k*g.d + j
	case g.byComponent:
		return k
	case g.byColumn:
		return j
	}
	return 0
}

func (g *gammas) update(m *moments) (float64, error) {
	for i, rate := range g.rate0 {
		g.shape[i], g.rate[i] = g.shape0, rate
	}
	squares := m.squares()
	for k, count := range m.count {
		for j := range g.d {
			g.shape[g.group(k, j)] += count / 2
			g.rate[g.group(k, j)] += squares[k*g.d+j] / 2
		}
	}
	var bound float64
	for i, a := range g.shape {
		bound += g.shape0*math.Log(g.rate0[i]) - lgamma(g.shape0) - a*math.Log(g.rate[i]) + lgamma(a)
	}
	return bound, nil
}

func (g *gammas) mixture(weights []float64, means *mat.Dense) (*gmm.Model, error) {
	variances := mat.NewDense(g.k, g.d, nil)
	variances.Apply(func(k, j int, _ float64) float64 { return g.rate[g.group(k, j)] / g.shape[g.group(k, j)] }, variances)
	return gmm.NewDiagonal(weights, means, variances)
}

func (g *gammas) slack(k int) float64 {
	var v float64
	for j := range g.d {
		a := g.shape[g.group(k, j)]
		v += mathext.Digamma(a) - math.Log(a)
	}
	return 0.5 * v
}

func (g *gammas) predictive(k int, mean []float64, shrinkage float64, src rand.Source) student {
	variance := func(j int) float64 {
		return g.rate[g.group(k, j)] / g.shape[g.group(k, j)] * (1 + 1/shrinkage)
	}
	if !g.byColumn { // one precision, and with it one stretch, for all columns
		scale := mat.NewSymDense(g.d, nil)
		for j := range g.d {
			scale.SetSym(j, j, variance(j))
		}
		return newElliptic(mean, scale, 2*g.shape[g.group(k, 0)], src)
	}
	var t columnwise
	for j, m := range mean {
		one := distuv.StudentsT{Mu: m, Sigma: math.Sqrt(variance(j)), Nu: 2 * g.shape[g.group(k, j)], Src: src}
		t.columns = append(t.columns, one)
		t.peak += one.LogProb(m)
	}
	return t
}

// A code holds the logarithm of each group's precision.

func (g *gammas) codeDim() int { return len(g.rate0) }

// of returns a and b of a group in the prior or in q.
func (g *gammas) of(i int, prior bool) (shape, rate float64) {
	if prior {
		return g.shape0, g.rate0[i]
	}
	return g.shape[i], g.rate[i]
}

func (g *gammas) draw(code []float64, prior bool, random *rand.Rand) {
	for i := range code {
		a, b := g.of(i, prior)
		code[i] = logGamma(a, random) - math.Log(b)
	}
}

func (g *gammas) logDensity(code []float64, prior bool) float64 {
	var value float64
	for i, v := range code {
		a, b := g.of(i, prior)
		value += a*(math.Log(b)+v) - lgamma(a) - b*math.Exp(v)
	}
	return value
}

func (g *gammas) factor(dst []float64, k int, code []float64) {
	clear(dst)
	for j := range g.d {
		dst[j*(g.d+1)] = math.Exp(0.5 * code[g.group(k, j)])
	}
}

// logGamma returns the logarithm of a draw from Gamma(a, 1), which for small a may be
// less than any positive number.
func logGamma(a float64, random *rand.Rand) float64 {
	u := math.Log(1 - random.Float64())
	return math.Log(distuv.Gamma{Alpha: a + 1, Beta: 1, Src: random}.Rand()) + u/a
}
