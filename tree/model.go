package tree

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Model is a tree of discrete columns: a density.Exact against counting measure. A row
// holds the values 0, 1, …, L−1 of each column; any other has probability 0.
type Model struct {
	levels  []int
	parents []int // −1: the root
	order   []int // all columns, parents before children
	offset  []int // where the values of a column begin among those of all; D+1
	// probability of column j: L(parent)×L(j), one distribution a row; 1×L(j) of the root.
	probability, log [][]float64
}

// New returns the tree in which column j has the given number of values levels[j] ≥ 1
// and the parent parents[j], −1 for the root alone. probabilities[j] are those of
// column j given each value of its parent: one distribution a row, row-major; a single
// row for the root. All are copied. What is no tree, or no distribution, is an error
// that wraps [ErrParameters] and names the column, from 1.
func New(levels, parents []int, probabilities [][]float64) (*Model, error) {
	d := len(levels)
	if d == 0 || len(parents) != d || len(probabilities) != d {
		panic("tree: levels, parents and probabilities differ in length or are empty")
	}
	m := &Model{
		levels: slices.Clone(levels), parents: slices.Clone(parents), offset: offsets(levels),
		probability: make([][]float64, d), log: make([][]float64, d),
	}
	if err := m.sort(); err != nil {
		return nil, err
	}
	for j, p := range probabilities {
		rows := 1
		if parents[j] >= 0 {
			rows = levels[parents[j]]
		}
		if len(p) != rows*levels[j] {
			return nil, fmt.Errorf("tree: column %d has %d probabilities, want %d: %w", j+1, len(p), rows*levels[j], ErrParameters)
		}
		for r := range rows {
			var sum float64
			for _, v := range p[r*levels[j] : (r+1)*levels[j]] {
				if !(v >= 0) {
					return nil, fmt.Errorf("tree: column %d has the probability %v: %w", j+1, v, ErrParameters)
				}
				sum += v
			}
			if !(math.Abs(sum-1) <= 1e-6) {
				return nil, fmt.Errorf("tree: the probabilities of column %d sum to %v, want 1: %w", j+1, sum, ErrParameters)
			}
		}
		m.probability[j] = slices.Clone(p)
		m.log[j] = make([]float64, len(p))
		for i, v := range p {
			m.log[j][i] = math.Log(v)
		}
	}
	return m, nil
}

// sort finds the order of columns, breadth first from the root, or an error.
func (m *Model) sort() error {
	d := len(m.levels)
	children := make([][]int, d)
	for j, p := range m.parents {
		switch {
		case m.levels[j] < 1:
			return fmt.Errorf("tree: column %d has %d values: %w; want at least 1", j+1, m.levels[j], ErrParameters)
		case p < -1 || p >= d || p == j:
			return fmt.Errorf("tree: column %d has the parent %d: %w", j+1, p, ErrParameters)
		case p >= 0:
			children[p] = append(children[p], j)
		case len(m.order) > 0:
			return fmt.Errorf("tree: columns %d and %d are both the root: %w", m.order[0]+1, j+1, ErrParameters)
		default:
			m.order = append(m.order, j)
		}
	}
	for at := 0; at < len(m.order); at++ {
		m.order = append(m.order, children[m.order[at]]...)
	}
	if len(m.order) != d {
		return fmt.Errorf("tree: %d of %d columns hang from the root: %w", len(m.order), d, ErrParameters)
	}
	return nil
}

// offsets returns where the values of each column begin, and their number.
func offsets(levels []int) []int {
	offset := make([]int, len(levels)+1)
	for j, l := range levels {
		offset[j+1] = offset[j] + l
	}
	return offset
}

// Dim returns D.
func (m *Model) Dim() int { return len(m.levels) }

// Levels returns the number of values of each column.
func (m *Model) Levels() []int { return slices.Clone(m.levels) }

// Parents returns the column that each column depends on, −1 for the root.
func (m *Model) Parents() []int { return slices.Clone(m.parents) }

// Probabilities returns the distributions of column j, one a row for each value of its
// parent (L(parent)×L(j), or 1×L(j) for the root).
func (m *Model) Probabilities(j int) *mat.Dense {
	p := m.probability[j]
	return mat.NewDense(len(p)/m.levels[j], m.levels[j], slices.Clone(p))
}

// Measures returns what the probabilities are densities against: counting measure on
// {0,1}^D where all columns have two values, on levels otherwise.
func (m *Model) Measures() []density.Measure {
	for _, l := range m.levels {
		if l != 2 {
			return []density.Measure{density.Discrete}
		}
	}
	return []density.Measure{density.Binary, density.Discrete}
}

// NumParameters returns Σⱼ L(parent)·(L(j)−1).
func (m *Model) NumParameters() int {
	var count int
	for j, p := range m.probability {
		count += len(p) / m.levels[j] * (m.levels[j] - 1)
	}
	return count
}

// LogProb stores ln p(xᵢ) for each row of x (N×D) in dst (length N, or nil) and returns
// it, in nats: −Inf for what cannot occur, NaN for a row with a missing value, which
// [Model.LogProbObserved] knows. The cost is O(D) a row.
func (m *Model) LogProb(dst []float64, x *mat.Dense) []float64 {
	dst = density.Resize(dst, m.rows(x))
	for i := range dst {
		dst[i] = m.logProb(x.RawRowView(i))
	}
	return dst
}

func (m *Model) logProb(row []float64) float64 {
	var sum float64
	gap := false
	for _, j := range m.order {
		v, ok := level(row[j], m.levels[j])
		if !ok {
			if math.IsNaN(row[j]) {
				gap = true
				continue
			}
			return math.Inf(-1)
		}
		if gap {
			continue
		}
		if p := m.parents[j]; p >= 0 {
			v += int(row[p]) * m.levels[j]
		}
		sum += m.log[j][v]
	}
	if gap {
		return math.NaN()
	}
	return sum
}

// level returns the value of a column that v is, of so many.
func level(v float64, levels int) (int, bool) {
	if !(v >= 0 && v < float64(levels)) {
		return 0, false
	}
	l := int(v)
	return l, float64(l) == v
}

// Rand fills dst (N×D) with one independent draw a row.
func (m *Model) Rand(dst *mat.Dense, src rand.Source) {
	random := rand.New(src)
	for i := range m.rows(dst) {
		row := dst.RawRowView(i)
		for _, j := range m.order {
			from := 0
			if p := m.parents[j]; p >= 0 {
				from = int(row[p]) * m.levels[j]
			}
			row[j] = float64(draw(m.probability[j][from:from+m.levels[j]], random))
		}
	}
}

// draw returns an index with the given probabilities.
func draw(probabilities []float64, random *rand.Rand) int {
	u := random.Float64()
	last := 0
	for i, p := range probabilities {
		if p <= 0 {
			continue
		}
		last = i
		if u -= p; u < 0 {
			break
		}
	}
	return last
}

// rows returns the number of rows of x, which must have D columns.
func (m *Model) rows(x *mat.Dense) int {
	n, d := x.Dims()
	if d != len(m.levels) {
		panic("tree: dimension mismatch")
	}
	return n
}
