package eval

import (
	"cmp"
	"math"
	"slices"
)

// rule is an embedded pair of cubature rules on the cube [−1, 1]ᴸ.
type rule struct {
	nodes [][]float64
	// high and low are the weights of the two rules; they sum to 1, so that a
	// rule gives a mean over the cube.
	high, low []float64
	// order sorts the nodes in one dimension; nil in more.
	order []int
}

// newRule returns Gauss–Kronrod 7/15 for L = 1, and the rules of Genz & Malik
// (1980) of degree 7 and 5 for L = 2 or 3.
func newRule(l int) rule {
	if l == 1 {
		return kronrod()
	}
	return genzMalik(l)
}

// kronrod is the pair of QUADPACK's QK15 (Piessens et al. 1983).
func kronrod() rule {
	x := []float64{
		0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
		0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
		0.586087235467691130294144691693013, 0.405845151377397166906606412076961,
		0.207784955007898467600689403773245, 0,
	}
	k := []float64{
		0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
		0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
		0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
		0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
	}
	g := []float64{
		0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
		0.381830050505118944950369775488975, 0.417959183673469387755102040816327,
	}
	var r rule
	add := func(node, high, low float64) {
		r.nodes = append(r.nodes, []float64{node})
		r.high, r.low = append(r.high, high/2), append(r.low, low/2)
	}
	for i, v := range x {
		low := 0.0
		if i%2 == 1 {
			low = g[i/2]
		}
		add(v, k[i], low)
		if v != 0 {
			add(-v, k[i], low)
		}
	}
	for i := range r.nodes {
		r.order = append(r.order, i)
	}
	slices.SortFunc(r.order, func(a, b int) int { return cmp.Compare(r.nodes[a][0], r.nodes[b][0]) })
	return r
}

// genzMalik is the pair of degree 7 and 5 in n dimensions.
func genzMalik(n int) rule {
	f := float64(n)
	l2, l3, l4, l5 := math.Sqrt(9.0/70), math.Sqrt(9.0/10), math.Sqrt(9.0/10), math.Sqrt(9.0/19)
	high := []float64{(12824 - 9120*f + 400*f*f) / 19683, 980.0 / 6561, (1820 - 400*f) / 19683, 200.0 / 19683, 6859.0 / 19683 / math.Pow(2, f)}
	low := []float64{(729 - 950*f + 50*f*f) / 729, 245.0 / 486, (265 - 100*f) / 1458, 25.0 / 729, 0}
	var r rule
	add := func(kind int, node []float64) {
		r.nodes = append(r.nodes, node)
		r.high, r.low = append(r.high, high[kind]), append(r.low, low[kind])
	}
	add(0, make([]float64, n))
	for j := range n {
		for _, sign := range []float64{1, -1} {
			for kind, length := range []float64{1: l2, 2: l3} {
				if kind > 0 {
					node := make([]float64, n)
					node[j] = sign * length
					add(kind, node)
				}
			}
			for k := range j {
				for _, other := range []float64{1, -1} {
					node := make([]float64, n)
					node[j], node[k] = sign*l4, other*l4
					add(3, node)
				}
			}
		}
	}
	for corner := range 1 << n {
		node := make([]float64, n)
		for j := range n {
			node[j] = l5 * float64(2*(corner>>j&1)-1)
		}
		add(4, node)
	}
	return r
}
