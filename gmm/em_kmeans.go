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
	s = s.forDistances()
	var best []int
	smallest := math.Inf(1)
	for range runs {
		if assigned, squares := kmeans(ctx, s, k, src); best == nil || squares < smallest {
			best, smallest = assigned, squares
		}
	}
	return best
}

// forDistances returns the rows in units of the columns' standard deviations, in which
// outliers count, so that a column that has some does not decide alone.
func (s *scaledRows) forDistances() *scaledRows {
	if s.columns.clusters == nil {
		return s
	}
	out := *s
	out.x = make([]float64, len(s.x))
	for i, v := range s.x {
		out.x[i] = v * s.columns.clusters[i%s.d]
	}
	return &out
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
		s.addMembers(centres, mass, count, assigned)
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

// addMembers adds the weighted rows of each cluster to its centre, and their weights
// and numbers to mass and count.
func (s *scaledRows) addMembers(centres, mass []float64, count, assigned []int) {
	type part struct {
		centres, mass []float64
		count         []int
	}
	parts := make([]part, segments(s.n))
	forSegments(s.n, func(q, from, to int) {
		p := part{make([]float64, len(centres)), make([]float64, len(mass)), make([]int, len(count))}
		for i := from; i < to; i++ {
			c, w := assigned[i], s.weightOf(i)
			p.count[c]++
			p.mass[c] += w
			floats.AddScaled(p.centres[c*s.d:(c+1)*s.d], w, s.row(i))
		}
		parts[q] = p
	})
	for _, p := range parts {
		floats.Add(centres, p.centres)
		floats.Add(mass, p.mass)
		for c, n := range p.count {
			count[c] += n
		}
	}
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
			s.approach(nearest, centre)
		}
	}
	var trials []float64
	for c := range k {
		if labelled[c] != nil {
			continue
		}
		trials = trials[:0]
		for range 2 + int(math.Log(float64(k))) {
			trials = append(trials, s.row(s.drawFar(nearest, random))...)
			if math.IsInf(nearest[0], 1) {
				break // the first centre is any row
			}
		}
		copy(centres[c*s.d:], s.approach(nearest, trials))
	}
	return centres
}

// approach finds which of some points (×D) leaves the smallest weighted sum of squared
// distances, where each row counts its distance from the point or the one in nearest,
// whichever is smaller. It puts these into nearest and returns the point.
func (s *scaledRows) approach(nearest, points []float64) []float64 {
	k := len(points) / s.d
	distances := make([]float64, s.n*k)
	blocks := make([][]float64, (s.n+blockRows-1)/blockRows)
	forBlocks(s.n, func(b, from, to int) {
		part := distances[from*k : to*k]
		squaredDistances(part, k, s.d, points, nil, s.x[from*s.d:to*s.d])
		blocks[b] = make([]float64, k)
		for i := range part {
			part[i] = min(part[i], nearest[from+i/k])
			blocks[b][i%k] += s.weightOf(from+i/k) * part[i]
		}
	})
	left := make([]float64, k)
	for _, b := range blocks {
		floats.Add(left, b)
	}
	best := floats.MinIdx(left)
	for i := range nearest {
		nearest[i] = distances[i*k+best]
	}
	return points[best*s.d : (best+1)*s.d]
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
		k := len(centres) / s.d
		distances := getBuffer((to - from) * k)
		defer putBuffer(distances)
		squaredDistances(*distances, k, s.d, centres, nil, s.x[from*s.d:to*s.d])
		for i := from; i < to; i++ {
			row := (*distances)[(i-from)*k : (i-from+1)*k]
			best := floats.MinIdx(row)
			if s.label != nil && s.label[i] >= 0 {
				best = s.label[i]
			}
			distance[i] = row[best]
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
