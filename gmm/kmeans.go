package gmm

import (
	"context"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
)

// kmeansIterations bounds Lloyd's algorithm, which usually ends much earlier.
const kmeansIterations = 300

// cluster assigns each row to one of k clusters: of several runs of k-means the
// one with the smallest sum of squares.
func cluster(ctx context.Context, s *scaledRows, k, runs int, src rand.Source) []int {
	var best []int
	smallest := math.Inf(1)
	for range runs {
		if assigned, squares := kmeans(ctx, s, k, src); best == nil || squares < smallest {
			best, smallest = assigned, squares
		}
	}
	return best
}

// kmeans assigns each row to one of k clusters: Lloyd's algorithm from
// k-means++ seeds (Arthur & Vassilvitskii 2007). There must be at least k
// distinct rows; every cluster then has a row. Labelled rows stay with their
// label. The sum of squares about the centres comes with the clusters. If ctx
// ends, so does the search.
func kmeans(ctx context.Context, s *scaledRows, k int, src rand.Source) ([]int, float64) {
	centres := seeds(s, k, rand.New(src))
	assigned := make([]int, s.n)
	distance := make([]float64, s.n)
	for i := range assigned {
		assigned[i] = -1
	}
	count, mass := make([]int, k), make([]float64, k)
	for range kmeansIterations {
		if ctx.Err() != nil || !assign(ctx, s, centres, assigned, distance) {
			break
		}
		clear(centres)
		clear(count)
		clear(mass)
		for i, c := range assigned {
			w := s.weightOf(i)
			count[c]++
			mass[c] += w
			floats.AddScaled(centres[c*s.d:(c+1)*s.d], w, s.row(i))
		}
		for c, n := range count {
			if n == 0 {
				reseed(s, centres[c*s.d:(c+1)*s.d], assigned, distance, count, c)
				continue
			}
			floats.Scale(1/mass[c], centres[c*s.d:(c+1)*s.d])
		}
	}
	var squares float64
	for i, q := range distance {
		squares += s.weightOf(i) * q
	}
	return assigned, squares
}

// seeds draws k rows, each with probability proportional to its weight times its
// squared distance from those drawn before. Of 2+⌊ln k⌋ draws the one stands that
// leaves the smallest distances (the greedy variant of Arthur & Vassilvitskii,
// §5). Components that have labelled rows start from their mean.
func seeds(s *scaledRows, k int, random *rand.Rand) []float64 {
	centres := make([]float64, k*s.d)
	nearest := make([]float64, s.n) // squared distance from the centres placed
	fill(nearest, math.Inf(1))
	labelled := s.labelMeans(k)
	for c, centre := range labelled {
		if centre != nil {
			copy(centres[c*s.d:], centre)
			s.approach(nearest, nearest, centre)
		}
	}
	trial, best := make([]float64, s.n), make([]float64, s.n)
	for c := range k {
		if labelled[c] != nil {
			continue
		}
		smallest := math.Inf(1)
		for range 2 + int(math.Log(float64(k))) {
			i := s.drawFar(nearest, random)
			if left := s.approach(trial, nearest, s.row(i)); left < smallest {
				smallest = left
				trial, best = best, trial
				copy(centres[c*s.d:], s.row(i))
			}
			if math.IsInf(nearest[0], 1) {
				break // the first centre is any row
			}
		}
		nearest, best = best, nearest
	}
	return centres
}

// approach stores the smaller of nearest and the squared distance from centre in
// dst, and returns its weighted sum.
func (s *scaledRows) approach(dst, nearest, centre []float64) float64 {
	var total float64
	for i, q := range nearest {
		dst[i] = min(q, squaredDistance(s.row(i), centre))
		total += s.weightOf(i) * dst[i]
	}
	return total
}

// drawFar draws a row with probability proportional to its weight times nearest,
// or to its weight alone while nearest is infinite.
func (s *scaledRows) drawFar(nearest []float64, random *rand.Rand) int {
	mass := func(i int) float64 {
		if math.IsInf(nearest[i], 1) {
			return s.weightOf(i)
		}
		return s.weightOf(i) * nearest[i]
	}
	var total float64
	for i := range nearest {
		total += mass(i)
	}
	target := random.Float64() * total
	pick := 0
	for i := range nearest {
		if m := mass(i); m > 0 {
			pick = i // the last candidate stands if rounding overshoots
			if target -= m; target < 0 {
				break
			}
		}
	}
	return pick
}

// labelMeans returns the mean of the rows with each label, nil for labels without
// rows.
func (s *scaledRows) labelMeans(k int) [][]float64 {
	means := make([][]float64, k)
	mass := make([]float64, k)
	for i, l := range s.label {
		if l < 0 {
			continue
		}
		if means[l] == nil {
			means[l] = make([]float64, s.d)
		}
		mass[l] += s.weightOf(i)
		floats.AddScaled(means[l], s.weightOf(i), s.row(i))
	}
	for l, m := range means {
		if m != nil {
			floats.Scale(1/mass[l], m)
		}
	}
	return means
}

// assign gives each row to its nearest centre, stores the squared distances,
// and reports whether any row changed hands.
func assign(ctx context.Context, s *scaledRows, centres []float64, assigned []int, distance []float64) bool {
	changed := make([]bool, (s.n+blockRows-1)/blockRows)
	forBlocks(s.n, func(b, from, to int) {
		if ctx.Err() != nil {
			return
		}
		for i := from; i < to; i++ {
			best, nearest := 0, math.Inf(1)
			for c := range len(centres) / s.d {
				if q := squaredDistance(s.row(i), centres[c*s.d:(c+1)*s.d]); q < nearest {
					best, nearest = c, q
				}
			}
			if s.label != nil && s.label[i] >= 0 {
				best = s.label[i]
			}
			distance[i] = nearest
			if assigned[i] != best {
				assigned[i], changed[b] = best, true
			}
		}
	})
	for _, c := range changed {
		if c {
			return true
		}
	}
	return false
}

// reseed moves an empty cluster to the row that lies farthest from its centre
// among those whose cluster has others.
func reseed(s *scaledRows, centre []float64, assigned []int, distance []float64, count []int, cluster int) {
	far := -1
	for i, q := range distance {
		if count[assigned[i]] > 1 && (far < 0 || q > distance[far]) {
			far = i
		}
	}
	count[assigned[far]]--
	assigned[far], distance[far], count[cluster] = cluster, 0, 1
	copy(centre, s.row(far))
}

func squaredDistance(a, b []float64) float64 {
	var sum float64
	for j, v := range a {
		e := v - b[j]
		sum += e * e
	}
	return sum
}
