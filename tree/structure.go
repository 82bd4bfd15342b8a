package tree

import "math"

// counts are those of all pairs of values of all columns, ΣL×ΣL: how often value a of
// column i and value b of column j stand in one row. It is symmetric; the blocks on the
// diagonal hold how often each value stands in a column.
type counts struct {
	levels, offset []int
	n              []float64 // ΣL×ΣL
	rows           float64   // added rows, spread evenly over all values
}

// cell returns the smoothed count of value a of column i with value b of column j.
func (c *counts) cell(i, a, j, b int) float64 {
	states := c.offset[len(c.levels)]
	return c.n[(c.offset[i]+a)*states+c.offset[j]+b] + c.rows/float64(c.levels[i]*c.levels[j])
}

// information returns the mutual information of two columns, in nats.
func (c *counts) information(i, j int) float64 {
	li, lj := c.levels[i], c.levels[j]
	left, right, total := make([]float64, li), make([]float64, lj), 0.0
	for a := range li {
		for b := range lj {
			v := c.cell(i, a, j, b)
			left[a] += v
			right[b] += v
			total += v
		}
	}
	var sum float64
	for a := range li {
		for b := range lj {
			if v := c.cell(i, a, j, b); v > 0 {
				sum += v * math.Log(v*total/(left[a]*right[b]))
			}
		}
	}
	if total == 0 { // columns that are never observed together
		return 0
	}
	return sum / total
}

// spanningTree returns the parents of the tree with the largest sum of mutual
// information, rooted at the first column, by Prim's algorithm: O(D²) beside the
// O(D²·L²) of the information itself.
func (c *counts) spanningTree() []int {
	d := len(c.levels)
	parents, best := make([]int, d), make([]float64, d)
	for j := range best {
		best[j] = math.Inf(-1)
	}
	inside := make([]bool, d)
	parents[0] = -1
	for last, size := 0, 1; size < d; size++ {
		inside[last] = true
		next := -1
		for j := range d {
			if inside[j] {
				continue
			}
			if v := c.information(last, j); v > best[j] {
				best[j], parents[j] = v, last
			}
			if next < 0 || best[j] > best[next] {
				next = j
			}
		}
		last = next
	}
	return parents
}

// model returns the tree of largest likelihood for the counts.
func (c *counts) model() (*Model, error) {
	parents := c.spanningTree()
	probabilities := make([][]float64, len(parents))
	for j, p := range parents {
		probabilities[j] = c.given(p, j)
	}
	return New(c.levels, parents, probabilities)
}

// given returns the distributions of column j for each value of column p, or its own
// where p is −1.
func (c *counts) given(p, j int) []float64 {
	l := c.levels[j]
	own := make([]float64, l)
	for b := range own {
		own[b] = c.n[(c.offset[j]+b)*c.offset[len(c.levels)]+c.offset[j]+b] + c.rows/float64(l)
	}
	normalize(own)
	if p < 0 {
		return own
	}
	out := make([]float64, c.levels[p]*l)
	for a := range c.levels[p] {
		row := out[a*l : (a+1)*l]
		for b := range row {
			row[b] = c.cell(p, a, j, b)
		}
		if !normalize(row) {
			copy(row, own) // a value that no row has: any distribution does
		}
	}
	return out
}

// normalize makes the numbers sum to 1, unless all are 0.
func normalize(p []float64) bool {
	var sum float64
	for _, v := range p {
		sum += v
	}
	if sum == 0 {
		return false
	}
	for i := range p {
		p[i] /= sum
	}
	return true
}
