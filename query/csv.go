package query

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"strconv"

	"gonum.org/v1/gonum/mat"
)

// Quantiles are the probabilities that predictions are written with, if no others are
// asked for.
var Quantiles = []float64{0.05, 0.25, 0.5, 0.75, 0.95}

// WriteAssignment writes a CSV line per row: its number from 1 and, for a mixture, the
// most probable component, from 1, and the probabilities of all; else mean and standard
// deviation of each dimension of the code.
func WriteAssignment(w io.Writer, a *Assignment) error {
	c := csv.NewWriter(w)
	head := []string{"row"}
	if a.Responsibilities != nil {
		n, k := a.Responsibilities.Dims()
		head = append(head, "component")
		for j := range k {
			head = append(head, fmt.Sprintf("p%d", j+1))
		}
		c.Write(head)
		for i := range n {
			r := a.Responsibilities.RawRowView(i)
			best := 0
			for j, v := range r {
				if v > r[best] {
					best = j
				}
			}
			c.Write(append([]string{strconv.Itoa(i + 1), strconv.Itoa(best + 1)}, numbers(r)...))
		}
	} else {
		n, l := a.Mean.Dims()
		for j := range l {
			head = append(head, fmt.Sprintf("z%d", j+1), fmt.Sprintf("z%d_sd", j+1))
		}
		c.Write(head)
		for i := range n {
			line := []string{strconv.Itoa(i + 1)}
			for j := range l {
				line = append(line, number(a.Mean.At(i, j)), number(a.StdDev.At(i, j)))
			}
			c.Write(line)
		}
	}
	c.Flush()
	return c.Error()
}

// WriteColumns writes a CSV line per row (N×D, as from [Model.Rows]): its number from 1,
// what the model says of column j, and, where actual (N×D, in the units of the data; may
// be nil) has a value there, the value with its log density or log probability in nats. A
// column of categories has the probability of each; any other mean, standard deviation
// and quantiles. Answers that are not exact have standard errors.
func (m *Model) WriteColumns(ctx context.Context, w io.Writer, rows *mat.Dense, j int, quantiles []float64, actual *mat.Dense) error {
	c := csv.NewWriter(w)
	c.Write(m.columnHead(j, quantiles, actual != nil))
	return m.EachColumn(ctx, rows, j, func(from int, columns []Column) error {
		for i := range columns {
			line := append([]string{strconv.Itoa(from + i + 1)}, columns[i].cells(quantiles)...)
			if actual != nil {
				line = append(line, columns[i].actual(actual.At(from+i, j))...)
			}
			c.Write(line)
		}
		c.Flush()
		return c.Error()
	})
}

// columnHead names the cells of a line.
func (m *Model) columnHead(j int, quantiles []float64, actual bool) []string {
	head := []string{"row"}
	if levels := m.levels(j); levels != nil {
		head = append(head, "most_probable")
		for _, name := range levels {
			head = append(head, "p("+name+")")
		}
	} else {
		head = append(head, "mean")
		if !m.Exact() {
			head = append(head, "mean_se")
		}
		head = append(head, "sd")
		for _, p := range quantiles {
			head = append(head, "q"+number(p))
		}
	}
	if actual {
		head = append(head, "value", "log_prob")
		if !m.Exact() {
			head = append(head, "log_prob_se")
		}
	}
	return head
}

// cells returns what the distribution is, as columnHead names it.
func (c *Column) cells(quantiles []float64) []string {
	var line []string
	if c.levels != nil {
		line = append(line, c.levels[int(c.mode(len(c.levels)))])
		for v := range c.levels {
			line = append(line, number(math.Exp(c.LogProb(float64(v)))))
		}
		return line
	}
	line = append(line, number(c.Mean()))
	if c.sampled {
		line = append(line, number(c.MeanErr()))
	}
	line = append(line, number(c.StdDev()))
	for _, p := range quantiles {
		line = append(line, number(c.Quantile(p)))
	}
	return line
}

// actual returns the cells on a value that a row has, empty where it has none.
func (c *Column) actual(v float64) []string {
	cells := make([]string, 2, 3)
	if !math.IsNaN(v) {
		cells[0], cells[1] = number(v), number(c.LogProb(v))
		if c.levels != nil {
			cells[0] = c.levels[int(v)]
		}
	}
	if c.sampled {
		cells = append(cells, "")
		if !math.IsNaN(v) {
			cells[2] = number(c.LogProbErr(v))
		}
	}
	return cells
}

// WriteRows writes rows in the units of the data (N×D) as CSV lines, categories by name;
// first returns what stands before the cells of a line.
func (m *Model) WriteRows(w *csv.Writer, x *mat.Dense, first func(row int) []string) error {
	n, _ := x.Dims()
	for i := range n {
		line := first(i)
		for j, v := range x.RawRowView(i) {
			if levels := m.levels(j); levels != nil && !math.IsNaN(v) {
				line = append(line, levels[int(v)])
			} else {
				line = append(line, number(v))
			}
		}
		w.Write(line)
	}
	w.Flush()
	return w.Error()
}

func numbers(values []float64) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = number(v)
	}
	return out
}

// number formats v so that it reads back to the same bits; NaN is empty.
func number(v float64) string {
	if math.IsNaN(v) {
		return ""
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
