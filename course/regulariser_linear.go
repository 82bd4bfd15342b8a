package course

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/optimize"

	"likely/density"
)

// linearCoder is a linear autoencoder with noise, for centred rows:
//
//	q(z|x) = N(Vx, diag exp(2t))    p(x|z) = N(Wz, v·I),  v = exp(logVar)
//
// Its loss is a closed form for any penalty, and so is its density N(0, WWᵀ + vI).
type linearCoder struct {
	w      *mat.Dense // D×L
	v      *mat.Dense // L×D
	t      []float64  // L
	logVar float64
}

// unpack reads the parameters from a vector.
func unpack(p []float64, d, l int) *linearCoder {
	return &linearCoder{mat.NewDense(d, l, p[:d*l]), mat.NewDense(l, d, p[d*l:2*d*l]), p[2*d*l : 2*d*l+l], p[2*d*l+l]}
}

// linearLoss returns the mean loss for rows of covariance s and, where grad is not nil, its
// gradient.
//
//	A = tr(R S Rᵀ) + Σ exp(2t_l)·‖w_l‖²,   R = I − WV
//	loss = A/2v + D/2·ln 2πv + Σ penalty
func linearLoss(grad, p []float64, s *mat.SymDense, l int, price penalty) float64 {
	d := s.SymmetricDim()
	c := unpack(p, d, l)
	var rest, rs, vs mat.Dense
	rest.Mul(c.w, c.v)
	for i := range d {
		for j := range d {
			rest.Set(i, j, -rest.At(i, j))
		}
		rest.Set(i, i, 1+rest.At(i, i))
	}
	rs.Mul(&rest, s)
	vs.Mul(c.v, s)
	a, cost := 0.0, 0.0
	for i := range d {
		a += mat.Dot(rs.RowView(i), rest.RowView(i))
	}
	for k := range l {
		a += math.Exp(2*c.t[k]) * square(mat.Col(nil, k, c.w))
		cost += price.noise(c.t[k]) + price.mean*mat.Dot(vs.RowView(k), c.v.RowView(k))
	}
	variance := math.Exp(c.logVar)
	if grad != nil {
		g := unpack(grad, d, l)
		g.w.Mul(&rs, c.v.T())
		g.v.Mul(c.w.T(), &rs)
		for k := range l {
			noise := math.Exp(2 * c.t[k])
			for i := range d {
				g.w.Set(i, k, (-g.w.At(i, k)+noise*c.w.At(i, k))/variance)
				g.v.Set(k, i, -g.v.At(k, i)/variance+2*price.mean*vs.At(k, i))
			}
			g.t[k] = noise*square(mat.Col(nil, k, c.w))/variance + price.slope(c.t[k])
		}
		grad[len(grad)-1] = -a/(2*variance) + float64(d)/2
	}
	return a/(2*variance) + float64(d)/2*(c.logVar+math.Log(2*math.Pi)) + cost
}

// fitLinear minimises the loss on centred rows x (N×D) from the best of a few starts.
func fitLinear(x *mat.Dense, l int, price penalty, seed uint64) (*linearCoder, error) {
	n, d := x.Dims()
	var s mat.SymDense
	s.SymOuterK(1/float64(n), x.T())
	problem := optimize.Problem{
		Func: func(p []float64) float64 { return linearLoss(nil, p, &s, l, price) },
		Grad: func(grad, p []float64) { linearLoss(grad, p, &s, l, price) },
	}
	best, lowest := []float64(nil), math.Inf(1)
	for start := range 4 {
		rng := rand.New(density.NewSource(seed, "course regulariser", uint64(start)))
		p := make([]float64, 2*d*l+l+1)
		for i := range 2 * d * l {
			p[i] = 0.3 * rng.NormFloat64()
		}
		result, err := optimize.Minimize(problem, p, &optimize.Settings{GradientThreshold: 1e-7, MajorIterations: 3000}, &optimize.BFGS{})
		if result == nil {
			return nil, fmt.Errorf("the linear autoencoder: %w", err)
		}
		if result.F < lowest { // an error is that of a line search at the limit of precision
			best, lowest = result.X, result.F
		}
	}
	if best == nil {
		return nil, fmt.Errorf("the linear autoencoder has no optimum")
	}
	return unpack(best, d, l), nil
}

// encode returns the means of the codes of rows (N×L).
func (c *linearCoder) encode(x *mat.Dense) *mat.Dense {
	var z mat.Dense
	z.Mul(x, c.v.T())
	return &z
}

// deviations returns the standard deviations of the noise.
func (c *linearCoder) deviations() []float64 {
	sd := make([]float64, len(c.t))
	for k, t := range c.t {
		sd[k] = math.Exp(t)
	}
	return sd
}

// logProb returns log p(x) of each row, in closed form.
func (c *linearCoder) logProb(x *mat.Dense) ([]float64, error) {
	d, _ := c.w.Dims()
	var covariance mat.SymDense
	covariance.SymOuterK(1, c.w)
	for i := range d {
		covariance.SetSym(i, i, covariance.At(i, i)+math.Exp(c.logVar))
	}
	normal, err := density.NewNormal(make([]float64, d), &covariance)
	if err != nil {
		return nil, err
	}
	return normal.LogProb(nil, x), nil
}

// bound returns what a loss with the given price says of each row, with its sign turned:
// the evidence lower bound where the price is the KL.
func (c *linearCoder) bound(x *mat.Dense, price penalty) []float64 {
	n, d := x.Dims()
	z := c.encode(x)
	var back mat.Dense
	back.Mul(z, c.w.T())
	back.Sub(x, &back)
	values := make([]float64, n)
	for i := range n {
		a, cost := square(back.RawRowView(i)), 0.0
		for k, t := range c.t {
			a += math.Exp(2*t) * square(mat.Col(nil, k, c.w))
			cost += price.at(t, z.At(i, k))
		}
		values[i] = -a/(2*math.Exp(c.logVar)) - float64(d)/2*(c.logVar+math.Log(2*math.Pi)) - cost
	}
	return values
}
