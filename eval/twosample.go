package eval

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/spread"
)

// TwoSample is the outcome of a test whether two sets of rows are from one
// distribution.
type TwoSample struct {
	// Statistic is the energy distance 2E|X−Y| − E|X−X′| − E|Y−Y′| ≥ 0, in
	// standard deviations of the pooled columns.
	Statistic float64
	// PValue is the share of permutations, this one among them, with a
	// statistic at least as large.
	PValue       float64
	Permutations int
}

// EnergyTest compares rows x (N×D) with rows y (M×D), such as held-out rows with
// rows drawn from a model, by their energy distance (Székely & Rizzo 2013), which
// is 0 for equal distributions only. Columns are divided by their pooled standard
// deviations. The p-value is exact under permutation of the rows, whatever the
// distributions. The cost is (N+M)²·D, and (N+M)² for each permutation.
func EnergyTest(ctx context.Context, x, y *mat.Dense, permutations int, seed uint64) (*TwoSample, error) {
	n, d := x.Dims()
	m, width := y.Dims()
	if d != width {
		panic("eval: two samples differ in dimension")
	}
	if n < 2 || m < 2 || permutations < 1 {
		return nil, fmt.Errorf("eval: energy test of %d against %d rows with %d permutations: %w; want 2 rows or more of each, and a permutation", n, m, permutations, ErrSettings)
	}
	pooled := mat.NewDense(n+m, d, nil)
	pooled.Slice(0, n, 0, d).(*mat.Dense).Copy(x)
	pooled.Slice(n, n+m, 0, d).(*mat.Dense).Copy(y)
	_, variance := density.Moments(pooled)
	for i := range n + m {
		row := pooled.RawRowView(i)
		for j, v := range variance {
			if v > 0 {
				row[j] /= math.Sqrt(v)
			}
		}
	}
	distances := mat.NewDense(n+m, n+m, nil)
	err := spread.Each(ctx, n+m, nil, func() func(i int) error {
		return func(i int) error {
			to, row := distances.RawRowView(i), pooled.RawRowView(i)
			for k := range to {
				var square float64
				for j, v := range pooled.RawRowView(k) {
					square += (v - row[j]) * (v - row[j])
				}
				to[k] = math.Sqrt(square)
			}
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("eval: energy test: %w", err)
	}
	identity := make([]bool, n+m)
	for i := range n {
		identity[i] = true
	}
	out := &TwoSample{Statistic: energyDistance(distances, identity, n), Permutations: permutations}
	larger := make([]bool, permutations)
	err = spread.Each(ctx, permutations, nil, func() func(i int) error {
		first := make([]bool, n+m)
		return func(i int) error {
			random := rand.New(density.NewSource(seed, "eval.energy", uint64(i)))
			for k, r := range random.Perm(n + m) {
				first[r] = k < n
			}
			larger[i] = energyDistance(distances, first, n) >= out.Statistic
			return nil
		}
	})
	if err != nil {
		return nil, fmt.Errorf("eval: energy test: %w", err)
	}
	count := 1
	for _, l := range larger {
		if l {
			count++
		}
	}
	out.PValue = float64(count) / float64(permutations+1)
	return out, nil
}

// energyDistance computes the statistic where first says which n rows are the
// first sample.
func energyDistance(distances *mat.Dense, first []bool, n int) float64 {
	var within, between, other float64
	for i, a := range first {
		row := distances.RawRowView(i)
		for k := range i {
			switch {
			case a != first[k]:
				between += row[k]
			case a:
				within += row[k]
			default:
				other += row[k]
			}
		}
	}
	p, q := float64(n), float64(len(first)-n)
	return 2 * (between/(p*q) - within/(p*p) - other/(q*q))
}
