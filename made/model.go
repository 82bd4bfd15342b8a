package made

import (
	"context"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/nn"
	"likely/internal/spread"
)

// Model is the average of autoregressive densities in several orders of the columns: a
// density.Exact. It is against Lebesgue measure for continuous columns and counting
// measure for the others.
type Model struct {
	columns    []Column
	components int
	hidden     []int
	floor      float64
	transform  density.Transform // of the continuous columns; others stay as they are
	networks   []*network
	frozen     []*nn.Frozen[float64]
	jacobian   float64
	in, out    []int // where the inputs and outputs of a column begin
}

// newModel freezes the networks.
func newModel(s Settings, t density.Transform, networks []*network) *Model {
	m := &Model{columns: s.Columns, components: s.Components, hidden: s.Hidden, floor: s.Floor, transform: t, jacobian: t.LogJacobian(), networks: networks}
	m.in, m.out = places(m.columns, m.components)
	for _, n := range networks {
		m.frozen = append(m.frozen, n.mlp.Freeze(n.theta))
	}
	return m
}

// Dim returns D.
func (m *Model) Dim() int { return len(m.columns) }

// Columns returns what the columns are.
func (m *Model) Columns() []Column { return slices.Clone(m.columns) }

// Orders returns the order of the columns in each network (M×D).
func (m *Model) Orders() [][]int {
	out := make([][]int, len(m.networks))
	for i, n := range m.networks {
		out[i] = slices.Clone(n.order)
	}
	return out
}

// Measures returns what the density is one with respect to.
func (m *Model) Measures() []density.Measure {
	kinds := make(map[Kind]bool)
	for _, c := range m.columns {
		kinds[c.Kind] = true
	}
	switch {
	case kinds[Continuous] && len(kinds) > 1:
		return []density.Measure{density.Mixed}
	case kinds[Continuous]:
		return []density.Measure{density.Continuous, density.Dequantized}
	case kinds[Categorical]:
		return []density.Measure{density.Discrete}
	}
	return []density.Measure{density.Binary, density.Discrete}
}

// NumParameters returns the number of weights and biases that no mask cuts.
func (m *Model) NumParameters() int {
	var count int
	for _, n := range m.networks {
		for _, v := range n.mask {
			count += int(v)
		}
	}
	return count
}

// blockRows is the number of rows that pass through a network at once.
const blockRows = 64

// LogProb stores log p(xᵢ) in nats for each row of x (N×D) in dst (length N, or nil) and
// returns it: −Inf for a value that a discrete column cannot have, NaN for NaN. The cost
// is a pass through each network.
func (m *Model) LogProb(dst []float64, x *mat.Dense) []float64 {
	n := m.rows(x)
	dst = density.Resize(dst, n)
	blocks := (n + blockRows - 1) / blockRows
	// A context that does not end, and units that do not fail.
	_ = spread.Each(context.Background(), blocks, nil, func() func(b int) error {
		p := m.newPass(min(blockRows, n))
		return func(b int) error {
			from, to := b*blockRows, min((b+1)*blockRows, n)
			p.load(x, from, to)
			p.logs()
			p.average(dst[from:to])
			return nil
		}
	})
	return dst
}

// rows returns the number of rows of x, which must have D columns.
func (m *Model) rows(x *mat.Dense) int {
	n, d := x.Dims()
	if d != len(m.columns) {
		panic("made: dimension mismatch")
	}
	return n
}

// Rand fills dst (N×D) with one independent draw a row: an order, and then column after
// column. The cost is D passes through a network for each row.
func (m *Model) Rand(dst *mat.Dense, src rand.Source) {
	random := rand.New(src)
	n := m.rows(dst)
	of := make([][]int, len(m.networks))
	for i := range n {
		k := random.IntN(len(m.networks))
		of[k] = append(of[k], i)
	}
	p := m.newPass(min(blockRows, n))
	for k, rows := range of {
		for from := 0; from < len(rows); from += blockRows {
			p.draw(k, dst, rows[from:min(from+blockRows, len(rows))], random)
		}
	}
}
