package novelty

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"
)

// Quality is what balls around the k nearest neighbours say of generated rows.
type Quality struct {
	// Precision is the share of generated rows inside a real ball, Recall that
	// of real rows inside a generated ball (Kynkäänniemi et al. 2019).
	Precision, Recall float64
	// Density is the mean number of real balls around a generated row, over k, and
	// Coverage the share of real balls with a generated row inside (Naeem et al. 2020).
	// One outlier with a large ball no longer makes everything precise.
	Density, Coverage float64
}

// Coverage computes precision, recall, density and coverage of generated rows
// against real ones, with a ball around each row that reaches to its k-th nearest
// neighbour of the same kind.
func Coverage(ctx context.Context, real, generated *mat.Dense, k int) (Quality, error) {
	n, _ := real.Dims()
	m, _ := generated.Dims()
	if k < 1 || k >= n || k >= m {
		return Quality{}, fmt.Errorf("novelty: %d neighbours among %d real and %d generated rows: %w", k, n, m, ErrRows)
	}
	var radii [2][]float64
	for side, x := range []*mat.Dense{real, generated} {
		near, err := nearest(ctx, x, x, k, true)
		if err != nil {
			return Quality{}, fmt.Errorf("novelty: %w", err)
		}
		for _, b := range near {
			radii[side] = append(radii[side], b[k-1].square)
		}
	}
	inside, covered := make([]bool, m), make([]bool, n) // generated in real, and real balls hit
	recalled := make([]bool, n)
	var q Quality
	for i := range n {
		if err := ctx.Err(); err != nil {
			return Quality{}, fmt.Errorf("novelty: %w", err)
		}
		row := real.RawRowView(i)
		for j := range m {
			square := distance(row, generated.RawRowView(j), math.Inf(1))
			if square <= radii[0][i] {
				inside[j], covered[i] = true, true
				q.Density += 1 / float64(k*m)
			}
			if square <= radii[1][j] {
				recalled[i] = true
			}
		}
	}
	q.Precision, q.Recall, q.Coverage = share(inside), share(recalled), share(covered)
	return q, nil
}

func share(of []bool) float64 {
	var count float64
	for _, b := range of {
		if b {
			count++
		}
	}
	return count / float64(len(of))
}

// Bins counts the statistically different bins (Richardson & Weiss 2018). The training
// rows are cut in k cells by k-means. A two-proportion test compares the share of
// generated rows in each with that of the training rows.
type Bins struct {
	// Z is the score of each bin: above 0 it has too many generated rows.
	Z []float64
	// Different is the number of bins with |Z| > 1.96; 5 % of them are so by
	// chance.
	Different int
}

// NewBins computes Bins with k cells.
func NewBins(ctx context.Context, train, generated *mat.Dense, k int, src rand.Source) (*Bins, error) {
	n, _ := train.Dims()
	m, _ := generated.Dims()
	if k < 1 || n < k || m < 1 {
		return nil, fmt.Errorf("novelty: %d bins of %d rows: %w", k, n, ErrRows)
	}
	c, err := newCells(ctx, train, k, src)
	if err != nil {
		return nil, fmt.Errorf("novelty: %w", err)
	}
	counts := [2][]float64{make([]float64, k), make([]float64, k)}
	for side, x := range []*mat.Dense{train, generated} {
		own, err := c.assign(ctx, x)
		if err != nil {
			return nil, fmt.Errorf("novelty: %w", err)
		}
		for _, cell := range own {
			counts[side][cell]++
		}
	}
	b := &Bins{Z: make([]float64, k)}
	for j := range k {
		p, q := counts[0][j]/float64(n), counts[1][j]/float64(m)
		pooled := (counts[0][j] + counts[1][j]) / float64(n+m)
		if err := math.Sqrt(pooled * (1 - pooled) * (1/float64(n) + 1/float64(m))); err > 0 {
			b.Z[j] = (q - p) / err
		}
		if math.Abs(b.Z[j]) > 1.96 {
			b.Different++
		}
	}
	return b, nil
}
