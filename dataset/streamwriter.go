package dataset

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// streamWriter takes in the rows of a file: it checks them, writes them to the
// temporary file, each with its weight at the end if it has one, and draws the sample.
type streamWriter struct {
	ctx    context.Context
	path   string
	opt    Options
	to     *bufio.Writer
	random *rand.Rand

	columns  []string // of the file
	weightAt int      // the column of the weights, or −1
	seen     []bool   // columns that have held a value
	facts    []*columnFacts
	rows     int
	counted  int // rows with a positive weight
	total    float64
	missing  int
	number   []byte

	most    int       // rows of the sample
	values  []float64 // of the sample, row by row
	weights []float64
	kept    []int // row of the file of each row of the sample
	lines   []int32

	notes  []Note
	levels [][]string // of the columns, where they are known
}

// begin is told the columns before the first row.
func (w *streamWriter) begin(c *choice) {
	w.columns, w.weightAt = c.columns, c.weights
	if w.opt.categories() {
		for range c.columns {
			w.facts = append(w.facts, newColumnFacts())
		}
	}
	w.seen, w.number = make([]bool, len(c.columns)), make([]byte, 8*len(c.columns))
}

// row takes in a row, and keeps it in the sample or does not: by Vitter's algorithm R
// (1985), under which every set of rows is equally likely at any time.
func (w *streamWriter) row(row []float64, line int32) error {
	if w.rows%4096 == 0 && w.ctx.Err() != nil {
		return fmt.Errorf("dataset: %w", w.ctx.Err())
	}
	weight, err := w.weigh(row, line)
	if err != nil {
		return err
	}
	if weight > 0 {
		w.look(row)
	}
	at := 0
	for j, v := range row {
		if j != w.weightAt {
			binary.LittleEndian.PutUint64(w.number[at:], math.Float64bits(v))
			at += 8
		}
	}
	if w.weightAt >= 0 {
		binary.LittleEndian.PutUint64(w.number[at:], math.Float64bits(weight))
	}
	if _, err := w.to.Write(w.number); err != nil {
		return w.full(err)
	}
	if weight > 0 {
		w.draw(row, weight, line)
	}
	w.rows++
	return nil
}

// weigh returns the weight of a row.
func (w *streamWriter) weigh(row []float64, line int32) (float64, error) {
	weight := 1.0
	if w.weightAt >= 0 {
		weight = row[w.weightAt]
		if err := checkWeight(weight, w.where(line, w.weightAt)); err != nil {
			return 0, err
		}
	}
	w.total += weight
	return weight, nil
}

// look notes what a row lacks.
func (w *streamWriter) look(row []float64) {
	for j, v := range row {
		switch {
		case j == w.weightAt:
		case math.IsNaN(v):
			w.missing++
		default:
			w.seen[j] = true
			if w.facts != nil {
				w.facts[j].add(v)
			}
		}
	}
}

// columnFacts returns what is known of the columns but for that of the weights.
func (w *streamWriter) columnFacts() []*columnFacts {
	if w.weightAt < 0 {
		return w.facts
	}
	return slices.Delete(w.facts, w.weightAt, w.weightAt+1)
}

// draw decides on a row of positive weight.
func (w *streamWriter) draw(row []float64, weight float64, line int32) {
	at, d := w.counted, len(row)
	if w.counted >= w.most {
		at = w.random.IntN(w.counted + 1)
	} else {
		w.values = append(w.values, row...)
		w.weights, w.kept, w.lines = append(w.weights, weight), append(w.kept, w.rows), append(w.lines, line)
	}
	w.counted++
	if at < w.most {
		copy(w.values[at*d:], row)
		w.weights[at], w.kept[at], w.lines[at] = weight, w.rows, line
	}
}

// finish completes the temporary file and looks at what no single row shows.
func (w *streamWriter) finish() error {
	if err := w.to.Flush(); err != nil {
		return w.full(err)
	}
	if w.weightAt >= 0 {
		if err := checkWeightSum(w.total, w.path, columnPlace(w.columns, w.weightAt)); err != nil {
			return err
		}
	}
	for j, found := range w.seen {
		if !found && j != w.weightAt && w.opt.Like == nil {
			return errHollowColumn(w.path, w.columns, j)
		}
	}
	return nil
}

// where says in words where the current row is; col is as in [Dataset.Where].
func (w *streamWriter) where(line int32, col int) string {
	d := &Dataset{File: w.path, Columns: w.columns}
	if line > 0 {
		d.sampled = map[int]int32{w.rows: line}
	}
	return d.Where(w.rows, col)
}

// full says that the temporary file cannot be written.
func (w *streamWriter) full(err error) error {
	return fmt.Errorf("dataset: row %d of %s, in the temporary file: %w; set TMPDIR to a folder with room for all numbers at 8 bytes each", w.rows+1, w.path, err)
}

// sample returns the rows that were drawn, in the order of the file.
func (w *streamWriter) sample() *Dataset {
	order := make([]int, len(w.kept))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return w.kept[a] - w.kept[b] })
	d, at := len(w.columns), w.weightAt
	out := &Dataset{Columns: w.columns, rows: make([]int, len(order)), Absent: w.rows - w.counted}
	if at >= 0 {
		out.Columns = slices.Delete(slices.Clone(w.columns), at, at+1)
		out.Weights = make([]float64, len(order))
	}
	out.Notes = w.notes
	if out.Levels = w.levels; out.Levels != nil && at >= 0 {
		out.Levels = slices.Delete(slices.Clone(w.levels), at, at+1)
	}
	out.X = mat.NewDense(len(order), len(out.Columns), nil)
	lines := make(map[int]int32, len(order))
	for to, from := range order {
		row := w.values[from*d : (from+1)*d]
		if at >= 0 {
			copy(out.X.RawRowView(to), row[:at])
			copy(out.X.RawRowView(to)[at:], row[at+1:])
			out.Weights[to] = w.weights[from]
		} else {
			out.X.SetRow(to, row)
		}
		out.rows[to] = w.kept[from]
		lines[w.kept[from]] = w.lines[from]
	}
	if w.lines[0] > 0 {
		out.sampled = lines
	}
	return out
}
