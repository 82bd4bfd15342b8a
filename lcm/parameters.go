package lcm

import "slices"

// parameters are those of K classes, column by column of each kind (see layout).
type parameters struct {
	k         int
	logWeight []float64 // ln πₖ, K
	linear    []float64 // probability of a 1, or rate, K×linear columns
	level     []float64 // probabilities of categories, K×levels
	mean      []float64 // of NegativeBinomial columns, K×counts
	size      []float64 // their r: the variance is mean + mean²/r; +Inf for Poisson
	centre    []float64 // of Normal columns, K×normals
	variance  []float64
}

func newParameters(k int, l *layout) *parameters {
	return &parameters{
		k: k, logWeight: make([]float64, k), linear: make([]float64, k*len(l.linear)),
		level: make([]float64, k*l.levels()),
		mean:  make([]float64, k*len(l.counts)), size: make([]float64, k*len(l.counts)),
		centre: make([]float64, k*len(l.normals)), variance: make([]float64, k*len(l.normals)),
	}
}

func (p *parameters) clone() *parameters {
	return &parameters{
		k: p.k, logWeight: slices.Clone(p.logWeight), linear: slices.Clone(p.linear), level: slices.Clone(p.level),
		mean: slices.Clone(p.mean), size: slices.Clone(p.size), centre: slices.Clone(p.centre), variance: slices.Clone(p.variance),
	}
}

// reorder moves class order[i] to place i.
func (p *parameters) reorder(order []int) {
	for _, x := range [][]float64{p.logWeight, p.linear, p.level, p.mean, p.size, p.centre, p.variance} {
		width := len(x) / p.k
		old := slices.Clone(x)
		for to, from := range order {
			copy(x[to*width:(to+1)*width], old[from*width:(from+1)*width])
		}
	}
}

// row returns class k's row of a matrix with K rows.
func row[T any](x []T, k, width int) []T { return x[k*width : (k+1)*width] }
