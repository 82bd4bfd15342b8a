package lab

import (
	"math"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/mat"

	"likely/vae"
)

// rule is a quadrature rule for the mean under N(0, I): nodes (S×L, row-major) with
// weights that sum to 1.
type rule struct{ nodes, weights []float64 }

// product makes a rule of d dimensions of one.
func product(nodes, weights []float64, d int) rule {
	if d == 1 {
		return rule{nodes, weights}
	}
	var r rule
	for i, a := range nodes {
		for j, b := range nodes {
			r.nodes = append(r.nodes, a, b)
			r.weights = append(r.weights, weights[i]*weights[j])
		}
	}
	return r
}

// hermite is Gauss–Hermite quadrature with 9 nodes a dimension.
func hermite(d int) rule {
	const n = 9
	nodes, weights := make([]float64, n), make([]float64, n)
	quad.Hermite{}.FixedLocations(nodes, weights, math.Inf(-1), math.Inf(1))
	for i := range nodes { // the rule is for ∫ exp(−x²) f(x) dx
		weights[i] /= math.Sqrt(math.Pi)
		nodes[i] *= math.Sqrt2
	}
	return product(nodes, weights, d)
}

// trapezoid is the trapezoidal rule within six standard deviations, which for what a
// normal damps is nearly exact.
func trapezoid(d int) rule {
	const n, reach = 21, 6.0
	nodes, weights, sum := make([]float64, n), make([]float64, n), 0.0
	for i := range nodes {
		nodes[i] = -reach + 2*reach*float64(i)/(n-1)
		weights[i] = math.Exp(-nodes[i] * nodes[i] / 2)
		sum += weights[i]
	}
	for i := range weights {
		weights[i] /= sum
	}
	return product(nodes, weights, d)
}

// codeGrid is a grid of codes that stands for the prior, with the half of it that leaves
// every other node out, by which its error is seen.
type codeGrid struct {
	z      *mat.Dense // S×L
	log    []float64  // log of the weight of a node, p(z)·volume
	sparse []bool     // nodes of the half
}

// Nodes along a side of the grid, an odd number so that its half has the same ends, and
// how far it reaches.
const (
	nodes1, nodes2 = 1201, 97
	reach          = 5.5
)

func newCodeGrid(d int) *codeGrid {
	side := nodes1
	if d == 2 {
		side = nodes2
	}
	step := 2 * reach / float64(side-1)
	count := side
	if d == 2 {
		count = side * side
	}
	g := &codeGrid{z: mat.NewDense(count, d, nil), log: make([]float64, count), sparse: make([]bool, count)}
	for k := range count {
		g.sparse[k] = true
		for j, place := 0, k; j < d; j, place = j+1, place/side {
			v := -reach + step*float64(place%side)
			g.z.Set(k, j, v)
			g.log[k] += math.Log(step) - 0.5*(math.Log(2*math.Pi)+v*v)
			g.sparse[k] = g.sparse[k] && place%side%2 == 0
		}
	}
	return g
}

// logProb integrates p(x|z) p(z) over the codes for each row of x, by the trapezoidal
// rule, and says how much the mean of the rows differs from that of half the grid.
func (g *codeGrid) logProb(m *vae.Model, x *mat.Dense) (logp []float64, apart float64) {
	n, d := x.Dims()
	s, l := g.z.Dims()
	mean, logvar := mat.NewDense(s, d, nil), mat.NewDense(s, d, nil)
	m.Decode(mean, logvar, g.z)
	precision, constant := make([]float64, s*d), make([]float64, s)
	for k := range s {
		constant[k] = g.log[k]
		for j, v := range logvar.RawRowView(k) {
			precision[k*d+j] = math.Exp(-v)
			constant[k] -= 0.5 * (math.Log(2*math.Pi) + v)
		}
	}
	logp = make([]float64, n)
	terms := make([]float64, s)
	for i := range n {
		row, most := x.RawRowView(i), math.Inf(-1)
		for k := range s {
			v := constant[k]
			for j, mu := range mean.RawRowView(k) {
				v -= 0.5 * (row[j] - mu) * (row[j] - mu) * precision[k*d+j]
			}
			terms[k], most = v, max(most, v)
		}
		var whole, half float64
		for k, v := range terms {
			if v < most-negligible {
				continue
			}
			e := math.Exp(v - most)
			whole += e
			if g.sparse[k] {
				half += e
			}
		}
		logp[i] = most + math.Log(whole)
		apart += math.Abs(math.Log(whole)-math.Log(half)-float64(l)*math.Ln2) / float64(n)
	}
	return logp, apart
}

// negligible is how many nats below the largest a term of a sum of thousands is lost in
// its rounding.
const negligible = 46
