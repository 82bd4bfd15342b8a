package gmm

import (
	"math"
	"math/rand/v2"
)

// kmeansIterations bounds Lloyd's algorithm, which usually ends much earlier.
const kmeansIterations = 300

// kmeans assigns each row to one of k clusters: Lloyd's algorithm from
// k-means++ seeds (Arthur & Vassilvitskii 2007). There must be at least k
// distinct rows; every cluster then has a row.
func kmeans(s *scaledRows, k int, src rand.Source) []int {
	centres := seeds(s, k, rand.New(src))
	assigned := make([]int, s.n)
	distance := make([]float64, s.n)
	for i := range assigned {
		assigned[i] = -1
	}
	count := make([]int, k)
	for range kmeansIterations {
		if !assign(s, centres, assigned, distance) {
			break
		}
		clear(centres)
		clear(count)
		for i, c := range assigned {
			count[c]++
			for j, v := range s.row(i) {
				centres[c*s.d+j] += v
			}
		}
		for c, n := range count {
			if n == 0 {
				reseed(s, centres[c*s.d:(c+1)*s.d], assigned, distance, count, c)
				continue
			}
			for j := range s.d {
				centres[c*s.d+j] /= float64(n)
			}
		}
	}
	return assigned
}

// seeds draws k rows, each with probability proportional to its squared
// distance from those drawn before; of 2 + ⌊ln k⌋ candidates the one that
// leaves the rows closest to their seeds is taken (greedy k-means++).
func seeds(s *scaledRows, k int, random *rand.Rand) []float64 {
	centres := make([]float64, 0, k*s.d)
	centres = append(centres, s.row(random.IntN(s.n))...)
	nearest := make([]float64, s.n)
	total := 0.0
	for i := range nearest {
		nearest[i] = squaredDistance(s.row(i), centres)
		total += nearest[i]
	}
	trials := 2 + int(math.Log(float64(k)))
	trial, best := make([]float64, s.n), make([]float64, s.n)
	for range k - 1 {
		pick, least := -1, math.Inf(1)
		for range trials {
			candidate := drawIndex(nearest, total, random)
			sum := 0.0
			for i, v := range nearest {
				trial[i] = min(v, squaredDistance(s.row(i), s.row(candidate)))
				sum += trial[i]
			}
			if sum < least {
				pick, least = candidate, sum
				best, trial = trial, best
			}
		}
		centres = append(centres, s.row(pick)...)
		nearest, best = best, nearest
		total = least
	}
	return centres
}

// assign gives each row to its nearest centre, stores the squared distances,
// and reports whether any row changed hands.
func assign(s *scaledRows, centres []float64, assigned []int, distance []float64) bool {
	changed := make([]bool, (s.n+blockRows-1)/blockRows)
	forBlocks(s.n, func(b, from, to int) {
		for i := from; i < to; i++ {
			best, nearest := 0, math.Inf(1)
			for c := range len(centres) / s.d {
				if q := squaredDistance(s.row(i), centres[c*s.d:(c+1)*s.d]); q < nearest {
					best, nearest = c, q
				}
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
