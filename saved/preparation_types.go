package saved

import (
	"fmt"
	"math"
	"slices"

	"likely/dataset"
	"likely/density"
)

// Schema returns what the columns of rows for the model are called and hold: for
// dataset.Options.Like, with which a file is read as the training rows were.
func (p *Preparation) Schema() *dataset.Schema {
	return &dataset.Schema{Columns: p.Columns, Types: p.Types, Levels: p.Levels}
}

// checkValues returns an error that names the first value which is none of its
// column's type, or levels that are coded otherwise than the model's.
func (p *Preparation) checkValues(d *dataset.Dataset) error {
	for j, levels := range p.Levels {
		if levels != nil && (d.Levels == nil || !slices.Equal(d.Levels[j], levels)) {
			return fmt.Errorf("%s: column %d (%s) does not have the levels %s as the model has coded them: %w; read the file with the model's schema", d.Place(), j+1, short(p.Columns[j]), short(fmt.Sprint(levels)), ErrMismatch)
		}
	}
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if !math.IsNaN(v) && !p.holds(j, v) {
				return fmt.Errorf("%s is %v, where the model knows a %v column: %w; correct the value", d.Where(i, j), v, p.Types[j], density.ErrSupport)
			}
		}
	}
	return nil
}

// holds reports whether v is a value that column j may have.
func (p *Preparation) holds(j int, v float64) bool {
	switch p.Types[j] {
	case dataset.Binary:
		return v == 0 || v == 1
	case dataset.Count:
		return v >= 0 && v == math.Trunc(v)
	case dataset.Categorical:
		return v >= 0 && v == math.Trunc(v) && int(v) < len(p.Levels[j])
	}
	return !math.IsInf(v, 0)
}

// checkTypes checks types and levels of a file.
func (p *Preparation) checkTypes() error {
	d := len(p.Columns)
	switch {
	case p.Types == nil && p.Levels != nil:
		return fmt.Errorf("levels of columns without their types")
	case p.Types == nil && p.Measure == density.Mixed:
		return fmt.Errorf("the measure %s without types of columns", p.Measure)
	case p.Types == nil:
		return nil
	case len(p.Types) != d || p.Levels != nil && len(p.Levels) != d:
		return fmt.Errorf("%d types and the levels of %d columns for %d columns", len(p.Types), len(p.Levels), d)
	case dataset.MeasureOf(p.Types) != p.Measure || p.Measure != density.Discrete && p.Measure != density.Mixed:
		return fmt.Errorf("the measure %s for columns whose types make it %s", p.Measure, dataset.MeasureOf(p.Types))
	}
	for j, t := range p.Types {
		if has := p.Levels != nil && len(p.Levels[j]) > 0; has != (t == dataset.Categorical) {
			return fmt.Errorf("column %d is %v and has %v: want levels for categorical columns, and no others", j+1, t, map[bool]string{true: "levels", false: "none"}[has])
		}
		if t.Discrete() && (p.Transform.Scale[j] != 1 || p.Transform.Shift[j] != 0) {
			return fmt.Errorf("the transform of column %d is (x − %v)/%v; a %v column is not scaled: want 0 and 1", j+1, p.Transform.Shift[j], p.Transform.Scale[j], t)
		}
	}
	return nil
}
