package novelty

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// ErrRows reports too few rows for a statistic.
var ErrRows = errors.New("too few rows")

// Copied is the outcome of the data-copying test.
type Copied struct {
	// Statistic is C_T: far below 0 the generated rows are nearer to training
	// rows than held-out rows are, and so copied; far above 0 they are farther,
	// and the model underfits.
	Statistic float64
	// Cells holds the z-score of each cell that counts, Weight its share of the
	// held-out rows.
	Cells, Weight []float64
	// Skipped is the share of held-out rows in cells with too few rows.
	Skipped float64
}

// minCell is the smallest number of rows of either kind that a cell is judged by.
const minCell = 5

// Copying is the data-copying statistic C_T (Meehan et al. 2020, section 3). The space
// is cut in k cells around the training rows. In each cell the Mann–Whitney statistic U
// counts how often a generated row is farther from its nearest training row than a
// held-out row is. It is standardised, and the mean over cells is weighted by their
// held-out rows. Under no copying each cell's score is standard normal. Columns of
// train (N×D), held and generated must agree.
func Copying(ctx context.Context, train, held, generated *mat.Dense, k int, src rand.Source) (*Copied, error) {
	n, _ := train.Dims()
	if k < 1 || n < k {
		return nil, fmt.Errorf("novelty: %d cells of %d rows: %w; want at least one row a cell", k, n, ErrRows)
	}
	c, err := newCells(ctx, train, k, src)
	if err != nil {
		return nil, fmt.Errorf("novelty: %w", err)
	}
	distances := [2][][]float64{make([][]float64, k), make([][]float64, k)}
	for side, x := range []*mat.Dense{held, generated} {
		own, err := c.assign(ctx, x)
		if err != nil {
			return nil, fmt.Errorf("novelty: %w", err)
		}
		near, err := nearest(ctx, x, train, 1, false)
		if err != nil {
			return nil, fmt.Errorf("novelty: %w", err)
		}
		for i, cell := range own {
			distances[side][cell] = append(distances[side][cell], near[i][0].square)
		}
	}
	out := &Copied{}
	total, _ := held.Dims()
	var weight float64
	for cell := range k {
		h, g := distances[0][cell], distances[1][cell]
		share := float64(len(h)) / float64(total)
		if len(h) < minCell || len(g) < minCell {
			out.Skipped += share
			continue
		}
		z := mannWhitney(g, h)
		out.Cells, out.Weight = append(out.Cells, z), append(out.Weight, share)
		out.Statistic += share * z
		weight += share
	}
	if weight == 0 {
		return nil, fmt.Errorf("novelty: no cell has %d held-out and %d generated rows: %w; want fewer cells or more rows", minCell, minCell, ErrRows)
	}
	out.Statistic /= weight
	return out, nil
}

// mannWhitney returns the standardised number of pairs with a above b; ties count
// half, and the variance is corrected for them.
func mannWhitney(a, b []float64) float64 {
	type value struct {
		v    float64
		from int
	}
	all := make([]value, 0, len(a)+len(b))
	for _, v := range a {
		all = append(all, value{v, 0})
	}
	for _, v := range b {
		all = append(all, value{v, 1})
	}
	slices.SortFunc(all, func(x, y value) int {
		switch {
		case x.v < y.v:
			return -1
		case x.v > y.v:
			return 1
		}
		return 0
	})
	na, nb := float64(len(a)), float64(len(b))
	n := na + nb
	var ranks, ties float64
	for i := 0; i < len(all); {
		j := i
		for j < len(all) && all[j].v == all[i].v {
			j++
		}
		t := float64(j - i)
		ties += t*t*t - t
		for ; i < j; i++ {
			if all[i].from == 0 {
				ranks += float64(j) - (t-1)/2
			}
		}
	}
	u := ranks - na*(na+1)/2
	variance := na * nb / 12 * (n + 1 - ties/(n*(n-1)))
	if variance <= 0 {
		return 0
	}
	return (u - na*nb/2) / math.Sqrt(variance)
}

// Control is a set of rows with known novelty.
type Control struct {
	Name string
	Rows *mat.Dense // n×D
}

// Controls returns the sets of n rows that statistics are calibrated with. Two are of
// held rows and of training rows, drawn without replacement where there are enough. One
// is training rows with noise of a hundredth of each column's standard deviation. The
// others are draws from normal kernel density estimates on the training rows; the
// bandwidths are in units of the same deviations. A statistic should not compare with
// these held rows: a set compared with itself says nothing.
func Controls(train, held *mat.Dense, n int, bandwidths []float64, src rand.Source) []Control {
	random := rand.New(src)
	_, variance := density.Moments(train)
	noisy := func(width float64) *mat.Dense {
		x := choose(train, n, random)
		for i := range n {
			row := x.RawRowView(i)
			for j := range row {
				row[j] += width * math.Sqrt(variance[j]) * random.NormFloat64()
			}
		}
		return x
	}
	out := []Control{
		{"held-out rows", choose(held, n, random)},
		{"training rows", choose(train, n, random)},
		{"training rows + noise", noisy(0.01)},
	}
	for _, width := range bandwidths {
		out = append(out, Control{fmt.Sprintf("kernel density, bandwidth %.3g", width), noisy(width)})
	}
	return out
}

// choose draws n rows, without replacement within each round through all.
func choose(x *mat.Dense, n int, random *rand.Rand) *mat.Dense {
	rows, d := x.Dims()
	out := mat.NewDense(n, d, nil)
	var order []int
	for i := range n {
		if i%rows == 0 {
			order = random.Perm(rows)
		}
		out.SetRow(i, x.RawRowView(order[i%rows]))
	}
	return out
}
