package dataset

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
)

// Align puts the columns of d into the order of another table's, by name.
// Columns that this does not have are left out with a note; one that d lacks is
// an error that wraps [ErrMismatch]. Where either table has no names of its own,
// the columns stand for each other as they come, and there must be as many.
// It returns d itself where nothing is to be done.
func Align(d *Dataset, like *Schema) (*Dataset, error) { return align(d, like, false) }

// align is Align; absentMissing says that columns which d lacks are missing values.
func align(d *Dataset, like *Schema, absentMissing bool) (*Dataset, error) {
	if !Named(d.Columns) || !Named(like.Columns) {
		if d.Dim() != len(like.Columns) {
			return nil, fmt.Errorf("dataset: %s has %s where the training data have %d: %w; give a file with the same columns in the same order",
				d.Place(), count(d.Dim(), "column"), len(like.Columns), ErrMismatch)
		}
		return d, nil
	}
	if slices.Equal(d.Columns, like.Columns) {
		return d, nil
	}
	c, err := choose(d.Columns, true, Options{Like: like, AbsentMissing: absentMissing})
	if err != nil {
		return nil, fmt.Errorf("dataset: %s %w", d.Place(), err)
	}
	at := make(map[string]int, d.Dim())
	for j, name := range d.Columns {
		at[name] = j
	}
	order := make([]int, len(like.Columns))
	sorted := true
	last := -1
	for j, name := range like.Columns {
		from, there := at[name]
		if !there {
			order[j] = absent
			continue
		}
		order[j] = from
		sorted = sorted && from > last
		last = from
	}
	out := d.with(d.X)
	out.Notes = append(slices.Clone(d.Notes), c.notes...)
	if !sorted {
		out.Notes = append(out.Notes, Note{Kind: NoteReading, Text: "the columns are put into the order of the training data, by name"})
	}
	out.keep(order)
	for j, from := range order {
		if from == absent {
			out.Columns[j] = like.Columns[j]
			if out.Levels == nil && like.Levels != nil {
				out.Levels = make([][]string, len(order))
			}
			if like.Levels != nil {
				out.Levels[j] = like.Levels[j]
			}
		}
	}
	return out, nil
}

// absent stands for a column that is not there.
const absent = -1

// keep makes the given columns, in their order, those of d. An absent one has missing
// values.
func (d *Dataset) keep(order []int) {
	x := mat.NewDense(d.Rows(), len(order), nil)
	for i := range d.Rows() {
		from, to := d.X.RawRowView(i), x.RawRowView(i)
		for k, j := range order {
			if j == absent {
				to[k] = math.NaN()
			} else {
				to[k] = from[j]
			}
		}
	}
	d.X = x
	d.Columns = pick(d.Columns, order)
	d.Types, d.Levels, d.Steps = pick(d.Types, order), pick(d.Levels, order), pick(d.Steps, order)
	if d.IsImage() {
		d.Height, d.Width = 0, 0
	}
}

// pick returns the given elements, zeros for absent ones, or nil for nil.
func pick[T any](from []T, order []int) []T {
	if from == nil {
		return nil
	}
	out := make([]T, len(order))
	for k, j := range order {
		if j != absent {
			out[k] = from[j]
		}
	}
	return out
}

// seq returns 0 to n−1.
func seq(n int) []int {
	out := make([]int, n)
	for i := range out {
		out[i] = i
	}
	return out
}
