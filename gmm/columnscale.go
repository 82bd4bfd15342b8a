package gmm

import (
	"cmp"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
)

// columnScale says in which units EM sees the columns, and how small a variance is in
// them. A family that does not care for units sees each column in its own. Others see
// all in a common one, and their floor is that of the narrowest column: it binds where
// a component collapses, and never because a column is merely small.
type columnScale struct {
	unit []float64 // by which columns are divided, D
	// floor is what Settings.Floor is relative to, in squared units.
	floor float64
	// spread is the greatest variance of a column, in squared units, and at least 1.
	spread float64
	// own is the size of each column in units, D; nil: 1.
	own []float64
	// clusters is what rows are multiplied by, D, where distances are to be relative
	// to standard deviations; nil: nothing.
	clusters []float64
}

// finest bounds the differences of columns in a common unit: a floor of less than this
// share of the widest column is below what its rounding leaves of a narrow one.
const finest = 1e-4

// newColumnScale takes variances of the columns with all rows and without outliers.
// alike says that the columns have to have a common unit.
func newColumnScale(variance, robust []float64, alike bool) columnScale {
	d := len(variance)
	c := columnScale{unit: make([]float64, d), floor: 1, spread: 1}
	for j, v := range robust {
		c.unit[j] = math.Sqrt(v)
	}
	if alike {
		common := sum(robust) / float64(d)
		c.floor = max(floats.Min(robust), finest*floats.Max(robust)) / common
		c.own = make([]float64, d)
		for j, v := range robust {
			c.own[j] = math.Sqrt(v / common)
		}
		fill(c.unit, math.Sqrt(common))
	}
	for j, v := range variance {
		c.spread = max(c.spread, v/(c.unit[j]*c.unit[j]))
	}
	if !alike && !slices.Equal(variance, robust) {
		c.clusters = make([]float64, d)
		for j, v := range variance {
			c.clusters[j] = math.Sqrt(robust[j] / v)
		}
	}
	return c
}

// A few rows far out can make nearly all of a column's variance, beside which clusters
// look like points. Where the shorter half of the rows says that the scale of a column
// is so much smaller, that is what counts.
const (
	outlying     = 100  // of the variance to that of the shorter half
	mostOutlying = 1e8  // the greatest ratio that is followed
	rowsLookedAt = 2000 // evenly spaced
)

// shares of the rows whose shortest interval is a column's scale, and its length in a
// normal distribution, in σ. The first that has a length counts: half of the rows may
// hold the same value.
var shares = []struct{ share, normal float64 }{{0.5, 1.3489795004}, {0.75, 2.3006987607}, {0.9, 3.2897072539}}

// withoutOutliers returns the variances of columns, some of them replaced by those of
// a normal distribution whose shorter half is as long (Rousseeuw & Leroy 1988).
func withoutOutliers(x *mat.Dense, weight, variance []float64) []float64 {
	n, _ := x.Dims()
	step := (n + rowsLookedAt - 1) / rowsLookedAt
	out := slices.Clone(variance)
	var column []weighted
	for j, v := range variance {
		column = column[:0]
		for i := 0; i < n; i += step {
			if e := x.At(i, j); !math.IsNaN(e) {
				w := 1.0
				if weight != nil {
					w = weight[i]
				}
				column = append(column, weighted{e, w})
			}
		}
		slices.SortFunc(column, func(a, b weighted) int { return cmp.Compare(a.value, b.value) })
		for _, s := range shares {
			if size := shortestInterval(column, s.share) / s.normal; size > 0 {
				if size*size < v/outlying {
					out[j] = max(size*size, v/mostOutlying)
				}
				break
			}
		}
	}
	return out
}

// weighted is a value that counts so often.
type weighted struct{ value, weight float64 }

// shortestInterval returns the length of the shortest interval that holds a share of
// the weight of values, which ascend.
func shortestInterval(values []weighted, share float64) float64 {
	var total float64
	for _, v := range values {
		total += v.weight
	}
	shortest, held, to := math.Inf(1), 0.0, 0
	for _, from := range values {
		for ; to < len(values) && held < share*total; to++ {
			held += values[to].weight
		}
		if held < share*total {
			break
		}
		shortest = min(shortest, values[to-1].value-from.value)
		held -= from.weight
	}
	if math.IsInf(shortest, 1) {
		return 0
	}
	return shortest
}
