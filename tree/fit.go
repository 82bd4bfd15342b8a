package tree

import (
	"context"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// Report tells how a fit went.
type Report struct {
	// Information is the mutual information of each column with its parent, in nats;
	// 0 for the root. Their sum is what the tree gains over independent columns, in
	// nats a row.
	Information []float64
	// History is the mean log-likelihood of what is observed, in nats a row, before
	// each EM iteration and at the end; a single number without missing values.
	// The added rows of Settings.Count take part in it, so it never falls by more
	// than rounding.
	History []float64
	// Converged is whether EM met the tolerance before its iterations ran out.
	Converged bool
	// Warnings says what is doubtful about the result and what to try.
	Warnings []string
}

// Fit fits the tree of largest likelihood to the rows of x (N×D), each value one of
// 0, 1, …, L−1. There is no randomness in it: the same rows give the same bits on any
// number of cores.
//
// A value that is no level is an error that wraps density.ErrSupport and names row and
// column; NaN without Settings.Missing, one that wraps density.ErrNonFinite; a column
// without any value, and settings that make no sense, wrap [ErrSettings].
//
// The cost is O(N·(ΣL)²) for the counts of all pairs, as a matrix product, and
// O((ΣL)²) of memory. Rows with missing values cost O((ΣL)²·L) in each EM iteration.
func Fit(ctx context.Context, x *mat.Dense, s Settings) (*Model, *Report, error) {
	s, err := s.resolve()
	if err != nil {
		return nil, nil, err
	}
	t, err := readTable(x, s)
	if err != nil {
		return nil, nil, err
	}
	c, err := t.count(ctx)
	if err != nil {
		return nil, nil, err
	}
	c.rows = 4 * s.Count
	m, err := t.start(c)
	if err != nil {
		return nil, nil, err
	}
	report := &Report{Converged: true}
	if len(t.gapped) > 0 {
		if m, c, err = report.expect(ctx, t, c, m, s); err != nil {
			return nil, nil, err
		}
	} else {
		report.History = []float64{t.objective(m, c.rows, nil)}
	}
	report.Information = make([]float64, len(m.parents))
	for j, p := range m.parents {
		if p >= 0 {
			report.Information[j] = c.information(p, j)
		}
	}
	return m, report, nil
}

// start returns the tree of the counts. Pairs that are observed together may make a row
// impossible that observes others, so with gaps there must be some added rows.
func (t *table) start(c *counts) (*Model, error) {
	if len(t.gapped) > 0 && c.rows == 0 {
		smoothed := *c
		smoothed.rows = 1
		return smoothed.model()
	}
	return c.model()
}

// table is the data of a fit.
type table struct {
	x      *mat.Dense
	levels []int
	offset []int
	weight func(i int) float64
	total  float64 // Σ weights
	whole  []int   // rows of positive weight that lack nothing
	gapped []int   // and those that lack some values
}

// readTable checks the rows and counts the values of each column.
func readTable(x *mat.Dense, s Settings) (*table, error) {
	n, d := x.Dims()
	if s.Weights != nil && len(s.Weights) != n || s.Levels != nil && len(s.Levels) != d {
		panic("tree: weights or levels do not match the data")
	}
	t := &table{x: x, levels: make([]int, d), weight: func(int) float64 { return 1 }}
	if s.Weights != nil {
		t.weight = func(i int) float64 { return s.Weights[i] }
	}
	for i := range n {
		w := t.weight(i)
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, fmt.Errorf("tree: weight of row %d is %v: %w; want a nonnegative number", i+1, w, ErrSettings)
		}
		if w == 0 {
			continue
		}
		t.total += w
		row := x.RawRowView(i)
		if err := t.read(i, row, s); err != nil {
			return nil, err
		}
		if hasGap(row) {
			t.gapped = append(t.gapped, i)
		} else {
			t.whole = append(t.whole, i)
		}
	}
	if !(t.total > 0) || math.IsInf(t.total, 0) {
		return nil, fmt.Errorf("tree: the weights sum to %v: %w; want a positive, finite number", t.total, ErrSettings)
	}
	for j, l := range t.levels {
		if l == 0 {
			return nil, fmt.Errorf("tree: column %d has no value in any row: %w; drop the column", j+1, ErrSettings)
		}
		t.levels[j] = max(l, 2)
		if s.Levels != nil {
			t.levels[j] = s.Levels[j]
		}
	}
	t.offset = offsets(t.levels)
	return t, nil
}

// read checks a row and raises the numbers of values to hold it.
func (t *table) read(i int, row []float64, s Settings) error {
	for j, v := range row {
		if math.IsNaN(v) && s.Missing {
			continue
		}
		limit := maxStates
		if s.Levels != nil {
			limit = s.Levels[j]
		}
		l, ok := level(v, limit)
		switch {
		case ok:
			t.levels[j] = max(t.levels[j], l+1)
		case math.IsNaN(v):
			return fmt.Errorf("tree: row %d, column %d is NaN: %w; set Settings.Missing if the value is missing", i+1, j+1, density.ErrNonFinite)
		case v == math.Trunc(v) && v >= float64(limit):
			return fmt.Errorf("tree: row %d, column %d is %v, with values from 0 to %d: %w; raise Settings.Levels, or number the values without gaps", i+1, j+1, v, limit-1, density.ErrSupport)
		default:
			return fmt.Errorf("tree: row %d, column %d is %v, not one of 0, 1, 2, …: %w; number the values of the column", i+1, j+1, v, density.ErrSupport)
		}
	}
	return nil
}

// countRows is the number of rows whose pairs are counted in one product.
const countRows = 256

// count returns the counts of all pairs: a product of the rows with themselves, in
// which each value is a column of zeros and ones. A missing value is none of them.
func (t *table) count(ctx context.Context) (*counts, error) {
	states := t.offset[len(t.levels)]
	if states > maxStates {
		return nil, fmt.Errorf("tree: the columns have %d values together, more than %d: %w; drop columns with very many values", states, maxStates, ErrSettings)
	}
	c := &counts{levels: t.levels, offset: t.offset, n: make([]float64, states*states)}
	ones, weighted := make([]float64, countRows*states), make([]float64, countRows*states)
	n, _ := t.x.Dims()
	for from := 0; from < n; from += countRows {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("tree: %w", err)
		}
		rows := min(countRows, n-from)
		clear(ones)
		clear(weighted)
		for i := range rows {
			w := t.weight(from + i)
			if w == 0 {
				continue
			}
			for j, v := range t.x.RawRowView(from + i) {
				if !math.IsNaN(v) {
					at := i*states + t.offset[j] + int(v)
					ones[at], weighted[at] = 1, w
				}
			}
		}
		kernel.Gemm(true, false, states, states, rows, 1, ones, states, weighted, states, 1, c.n, states)
	}
	return c, nil
}

// objective returns what a fit maximises, in nats a row: the mean log-likelihood of
// what is observed, and of the added rows.
func (t *table) objective(m *Model, added float64, logs []float64) float64 {
	var sum float64
	for _, i := range t.whole {
		sum += t.weight(i) * m.logProb(t.x.RawRowView(i))
	}
	for q, i := range t.gapped {
		sum += t.weight(i) * logs[q]
	}
	if added > 0 {
		for _, log := range m.log {
			for _, v := range log {
				sum += added * v / float64(len(log))
			}
		}
	}
	return sum / t.total
}
