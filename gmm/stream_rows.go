package gmm

import (
	"context"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/em"
)

// Rows is data that is read in chunks, such as a file larger than memory. It can be
// read from the beginning any number of times, with the same rows each time: Next fills
// the first rows of its argument and returns their number; the error is io.EOF after
// the last row, when the number is 0.
type Rows = em.Rows

// WeightedRows is Rows that says how often each of them counts, as Settings.Weights
// does for rows in memory. Rows of weight 0 are passed over, whatever they hold.
type WeightedRows = em.WeightedRows

// streamRows is the number of rows that are held at once: 16 blocks.
const streamRows = 16 * blockRows

// chunk is as many rows of a stream as are held at once, without those of weight 0.
type chunk struct {
	x      *mat.Dense // rows×D, which may be overwritten
	weight []float64  // nil for rows that count once
	number []int      // of each row in the stream, from 0
}

func (c *chunk) rows() int { return len(c.number) }

// name says which row of the stream row i is, from 1.
func (c *chunk) name(i int) int { return c.number[i] + 1 }

// eachChunk reads all rows and calls f with each chunk. Chunks are always full but for
// the last, however rows arrive, so that sums have one order. Where values may be missing,
// rows without any are passed over as those of weight 0 are.
func eachChunk(ctx context.Context, rows Rows, missing bool, f func(c *chunk) error) error {
	how := em.Reading{Size: streamRows, Missing: missing, Weight: errWeight, Wrap: em.Wrapper("gmm")}
	return em.EachChunk(ctx, rows, how, func(c *em.Chunk) error {
		return f(&chunk{x: c.X, weight: c.Weight, number: c.Number})
	})
}

// columnMoments are running moments of the columns of chunks, of what they hold.
type columnMoments struct {
	em.Moments
	least, most []float64 // D
	rows        int
	total       float64
	lacks       bool // whether values are missing
}

func newColumnMoments(d int) *columnMoments {
	m := &columnMoments{Moments: em.NewMoments(d), least: make([]float64, d), most: make([]float64, d)}
	fill(m.least, math.Inf(1))
	fill(m.most, math.Inf(-1))
	return m
}

// add takes in a chunk, or returns an error for a value that cannot be used.
func (m *columnMoments) add(c *chunk, missing bool) error {
	for i := range c.rows() {
		for j, v := range c.x.RawRowView(i) {
			if err := checkValue(v, c.name(i), j, missing); err != nil {
				return err
			}
			if math.IsNaN(v) {
				m.lacks = true
				continue
			}
			m.least[j], m.most[j] = min(m.least[j], v), max(m.most[j], v)
		}
	}
	m.rows += c.rows()
	count := float64(c.rows())
	if c.weight != nil {
		count = sum(c.weight)
	}
	m.total += count
	if c.weight == nil && !m.lacks {
		mean, variance := density.Moments(c.x)
		for j, v := range variance {
			m.Join(j, count, mean[j], v*count)
		}
		return nil
	}
	s := &scaledRows{n: c.rows(), d: len(m.Mean), weight: c.weight}
	weight, mean, squares := s.columnSums(c.x)
	for j, w := range weight {
		if w > 0 {
			m.Join(j, w, mean[j], squares[j])
		}
	}
	return nil
}

// scale returns how EM sees the columns, the transform that it works behind, and the
// mean logarithm of its Jacobian over what rows hold. Rows are not at hand to tell
// outliers by.
func (m *columnMoments) scale(alike bool) (columnScale, density.Transform, float64, error) {
	variance := make([]float64, len(m.Mean))
	for j, w := range m.Weight {
		if !(w > 0) {
			return columnScale{}, density.Transform{}, 0, errEmptyColumn(j)
		}
		variance[j] = m.Squares[j] / w
	}
	if err := checkVariances(m.Mean, variance); err != nil {
		return columnScale{}, density.Transform{}, 0, err
	}
	columns := newColumnScale(variance, variance, alike)
	var jacobian float64
	for j, v := range columns.unit {
		jacobian -= m.Weight[j] / m.total * math.Log(v)
	}
	return columns, density.Transform{Shift: m.Mean, Scale: columns.unit}, jacobian, nil
}
