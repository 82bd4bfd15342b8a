package gmm

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

type hierarchicalStart struct{}

// hierarchicalRows bounds the rows that are clustered hierarchically, at a cost
// that grows with their square.
const hierarchicalRows = 2000

func (hierarchicalStart) String() string { return "hierarchical" }

func (s hierarchicalStart) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (hierarchicalStart) repeats() bool { return false }

func (hierarchicalStart) assign(ctx context.Context, e *EM, _ int, src rand.Source) error {
	s := e.scaled.forDistances()
	rows := make([]int, s.n)
	for i := range rows {
		rows[i] = i
	}
	if s.n > hierarchicalRows {
		rand.New(src).Shuffle(s.n, func(a, b int) { rows[a], rows[b] = rows[b], rows[a] })
		rows = rows[:hierarchicalRows]
	}
	centres := ward(s, rows, e.k)
	assigned, distance := make([]int, s.n), make([]float64, s.n)
	if len(rows) < s.n {
		assign(ctx, s, centres.means, assigned, distance)
	} else {
		copy(assigned, centres.member)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("gmm: %w", err)
	}
	for i, l := range s.label {
		if l >= 0 {
			assigned[i] = l
		}
	}
	e.harden(assigned)
	return nil
}

// partition is the result of a hierarchical clustering.
type partition struct {
	means  []float64 // K×D
	member []int     // cluster of each of the rows given
}

// ward merges single rows to k clusters, each time the two whose union raises the
// sum of squares least (Ward 1963), by following chains of nearest neighbours
// (Murtagh 1983), which takes O(n²) distances.
func ward(s *scaledRows, rows []int, k int) partition {
	n, d := len(rows), s.d
	mean, mass := make([]float64, n*d), make([]float64, n)
	for i, r := range rows {
		copy(mean[i*d:], s.row(r))
		mass[i] = s.weightOf(r)
	}
	type merge struct {
		a, b int
		cost float64
	}
	rise := func(a, b int) float64 {
		return mass[a] * mass[b] / (mass[a] + mass[b]) * squaredDistance(mean[a*d:(a+1)*d], mean[b*d:(b+1)*d])
	}
	var merges []merge
	var chain []int
	for len(merges) < n-1 {
		if len(chain) == 0 {
			for i := range mass {
				if mass[i] > 0 {
					chain = append(chain, i)
					break
				}
			}
		}
		top := chain[len(chain)-1]
		nearest, least := -1, math.Inf(1)
		if len(chain) > 1 { // of equals the one before, so that the chain ends
			nearest = chain[len(chain)-2]
			least = rise(top, nearest)
		}
		for i := range mass {
			if i != top && mass[i] > 0 {
				if q := rise(top, i); q < least {
					nearest, least = i, q
				}
			}
		}
		if len(chain) < 2 || nearest != chain[len(chain)-2] {
			chain = append(chain, nearest)
			continue
		}
		chain = chain[:len(chain)-2]
		merges = append(merges, merge{top, nearest, least})
		total := mass[top] + mass[nearest]
		for j := range d {
			mean[nearest*d+j] = (mass[top]*mean[top*d+j] + mass[nearest]*mean[nearest*d+j]) / total
		}
		mass[nearest], mass[top] = total, 0
	}
	// Chains find merges out of order; the cheapest n−k make the partition.
	order := make([]int, len(merges))
	costs := make([]float64, len(merges))
	for i, m := range merges {
		costs[i] = m.cost
	}
	floats.ArgsortStable(costs, order)
	parent := make([]int, n)
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			i = parent[i]
		}
		return i
	}
	for _, q := range order[:max(n-k, 0)] {
		parent[root(merges[q].a)] = root(merges[q].b)
	}
	out := partition{means: make([]float64, k*d), member: make([]int, n)}
	index := make(map[int]int)
	total := make([]float64, k)
	for i, r := range rows {
		c, ok := index[root(i)]
		if !ok {
			c = len(index)
			index[root(i)] = c
		}
		out.member[i] = c
		total[c] += s.weightOf(r)
		floats.AddScaled(out.means[c*d:(c+1)*d], s.weightOf(r), s.row(r))
	}
	for c, w := range total {
		floats.Scale(1/w, out.means[c*d:(c+1)*d])
	}
	return out
}
