package dataset

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"
)

// A type is told from so many rows or more, where chance could make fewer look
// like it.
const (
	fewestForTwoValues  = 8  // two values that repeat: a coin
	fewestForIdentifier = 10 // 1, 2, 3, …
)

// Typed returns d with the type of each column in Types. The map, which may be
// nil, overrules what the values say, by name, number from 1 or pattern. A
// column of numbers that is Categorical is coded 0 to C−1, and Levels keeps the
// numbers. Values that do not fit a type that was asked for are an error that
// wraps [ErrType] and names one.
//
// The types are told from the values:
//
//   - Constant: one value.
//   - Binary: 0 and 1.
//   - Categorical: texts, and any other two values that repeat (8 rows or
//     more), since a column with two values is a coin whatever they are.
//   - Identifier: whole numbers that all differ, and are 0 or 1 and those that
//     follow, or are called id (10 rows or more).
//   - Count: whole numbers from 0 or 1 on, at most 256 different ones, and half as
//     many as values.
//   - Rounded: other values on a grid ([DetectSteps]) of which some repeat.
//   - Continuous: all others.
//
// Rows of images have one type for all pixels: Binary, or Rounded for levels of
// grey. It costs O(N·D·log N).
func (d *Dataset) Typed(types map[string]ColumnType) (*Dataset, error) {
	return d.typedAs(types, false)
}

// typedAs is Typed. With measured, numbers are Continuous unless types says otherwise.
func (d *Dataset) typedAs(types map[string]ColumnType, measured bool) (*Dataset, error) {
	forced, err := (&Options{Types: types}).typed(d.Columns)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w", d.Place(), err)
	}
	out := d.with(d.X)
	out.Types = make([]ColumnType, d.Dim())
	if d.IsImage() && !measured {
		block := d.imageType()
		for j := range out.Types {
			out.Types[j] = block
		}
	}
	for j := range out.Types {
		kind, asked := forced[j]
		if !asked && (d.IsImage() || measured && (d.Levels == nil || d.Levels[j] == nil)) {
			continue
		}
		c := d.column(j)
		if !asked {
			kind = c.kind()
		}
		if out.Types[j] = kind; asked {
			if err := d.fitsType(j, c, kind); err != nil {
				return nil, err
			}
		}
		if kind == Categorical && c.levels == nil {
			if err := out.recode(d, j, c); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// typed returns the types that were asked for, by column.
func (o *Options) typed(names []string) (map[int]ColumnType, error) {
	forced := make(map[int]ColumnType)
	for _, pattern := range slices.Sorted(maps.Keys(o.Types)) {
		found, err := findColumns(names, pattern)
		if err != nil {
			return nil, err
		}
		for _, j := range found {
			if other, again := forced[j]; again && other != o.Types[pattern] {
				return nil, fmt.Errorf("column %s is given the types %s and %s: %w; give one", quote(names[j]), other, o.Types[pattern], ErrType)
			}
			forced[j] = o.Types[pattern]
		}
	}
	return forced, nil
}

// column holds what a type is told from.
type column struct {
	name     string
	n        int       // of values that are not missing
	distinct []float64 // ascending, without missing values
	sorted   []float64 // all values, ascending
	levels   []string  // of texts
}

// column collects column j.
func (d *Dataset) column(j int) *column {
	c := &column{name: d.Columns[j], sorted: make([]float64, 0, d.Rows())}
	for i := range d.Rows() {
		if v := d.X.At(i, j); !math.IsNaN(v) {
			c.sorted = append(c.sorted, v)
		}
	}
	slices.Sort(c.sorted)
	c.n = len(c.sorted)
	c.distinct = slices.Compact(slices.Clone(c.sorted))
	if d.Levels != nil {
		c.levels = d.Levels[j]
	}
	return c
}

// kind tells the type of a column from its values.
func (c *column) kind() ColumnType {
	n, m := c.n, len(c.distinct)
	if c.levels != nil {
		return Categorical
	}
	if m <= 1 {
		return Constant
	}
	lo, hi := c.distinct[0], c.distinct[m-1]
	if m == 2 && lo == 0 && hi == 1 {
		return Binary
	}
	if m == 2 && n >= fewestForTwoValues {
		return Categorical
	}
	whole := whole(c.distinct)
	switch {
	case whole && m == n && n >= fewestForIdentifier && (c.called() || (lo == 0 || lo == 1) && hi-lo == float64(n-1)):
		return Identifier
	case whole && (lo == 0 || lo == 1) && m <= maxCategories && 2*m <= n && hi <= 1<<16:
		return Count
	case m < n && spacing(c.distinct) > 0:
		return Rounded
	}
	return Continuous
}

// called reports whether the name of a column says that it names the rows.
func (c *column) called() bool {
	name := strings.ToLower(c.name)
	switch name {
	case "id", "index", "key", "rowid", "row_id", "rownames", "uid", "uuid":
		return true
	}
	return strings.HasSuffix(name, "_id") || strings.HasSuffix(c.name, "ID") || strings.HasSuffix(c.name, "Id")
}

// step returns the spacing of the values, or 0 where they have none.
func (c *column) step() float64 {
	if len(c.distinct) < 2 || c.levels != nil {
		return 0
	}
	return spacing(c.distinct)
}

// imageType is the type of all pixels.
func (d *Dataset) imageType() ColumnType {
	for i := range d.Rows() {
		for _, v := range d.X.RawRowView(i) {
			if v != 0 && v != 1 && !math.IsNaN(v) {
				if d.Step > 0 {
					return Rounded
				}
				return Continuous
			}
		}
	}
	return Binary
}

// fitsType returns an error if the values of a column are not of a type.
func (d *Dataset) fitsType(j int, c *column, kind ColumnType) error {
	place := fmt.Sprintf("%s, %s", d.Place(), columnPlace(d.Columns, j))
	bad := func(fits func(float64) bool, want string) error {
		for i := range d.Rows() {
			if v := d.X.At(i, j); !math.IsNaN(v) && !fits(v) {
				return optionErrorf("dataset: %s is %v: %w %s, which has %s; give another in {Types}", d.Where(i, j), v, ErrType, kind, want)
			}
		}
		return nil
	}
	if c.levels != nil && kind != Categorical && kind != Identifier && !(kind == Binary && len(c.levels) == 2) && !(kind == Constant && len(c.levels) == 1) {
		return optionErrorf("dataset: %s holds texts such as %s: %w %s; make it categorical, or leave it out (%s)", place, quote(c.levels[0]), ErrType, kind, dropGap(d.Columns[j], j))
	}
	switch kind {
	case Binary:
		return bad(func(v float64) bool { return v == 0 || v == 1 }, "0 and 1; two other values are categorical")
	case Count:
		return bad(func(v float64) bool { return v >= 0 && v == math.Trunc(v) && v <= 1<<53 }, "whole numbers from 0 on")
	case Rounded:
		if len(c.distinct) < 2 || spacing(c.distinct) == 0 {
			return optionErrorf("dataset: %s: its values are on no grid: %w %s; it is continuous, in {Types}", place, ErrType, kind)
		}
	case Constant:
		if len(c.distinct) > 1 {
			return optionErrorf("dataset: %s has %d different values: %w %s; give another in {Types}", place, len(c.distinct), ErrType, kind)
		}
	case Categorical:
		if m := len(c.distinct); m > 1 && m == len(c.sorted) && c.levels == nil {
			return optionErrorf("dataset: %s has as many values as rows: %w %s, whose levels repeat; leave the column out (%s)", place, ErrType, kind, dropGap(d.Columns[j], j))
		} else if m > maxCategories {
			return optionErrorf("dataset: %s has %d different values: %w %s, which has at most %d levels; give another in {Types}", place, m, ErrType, kind, maxCategories)
		}
	}
	return nil
}

// recode turns the numbers of column j of from into codes, in out.
func (d *Dataset) recode(from *Dataset, j int, c *column) error {
	if d.X == from.X {
		d.X = mat.DenseCopyOf(from.X)
		d.Step, d.Steps, d.Lo, d.Hi = 0, nil, 0, 0
	}
	if d.Levels = slices.Clone(d.Levels); d.Levels == nil {
		d.Levels = make([][]string, d.Dim())
	}
	levels := make([]string, len(c.distinct))
	for k, v := range c.distinct {
		levels[k] = levelName(v)
	}
	d.Levels[j] = levels
	for i := range d.Rows() {
		if v := d.X.At(i, j); !math.IsNaN(v) {
			code, _ := slices.BinarySearch(c.distinct, v)
			d.X.Set(i, j, float64(code))
		}
	}
	return nil
}

// follow puts d into the order of other data and gives it their types, which its
// values must fit.
func (d *Dataset) follow(like *Schema, absentMissing bool) (*Dataset, error) {
	d, err := align(d, like, absentMissing)
	if err != nil || like.Types == nil {
		return d, err
	}
	out := d.with(d.X)
	out.Types = like.Types
	for j, kind := range like.Types {
		if kind == Binary || kind == Count {
			if err := d.fitsType(j, d.column(j), kind); err != nil {
				return nil, err
			}
		}
	}
	return out, nil
}

// adoptLevels turns the numbers of columns that other data have coded into the
// same codes. Texts have been given theirs by the reader.
func (d *Dataset) adoptLevels(like *Schema, unseenMissing bool) error {
	if like == nil || like.Levels == nil {
		return nil
	}
	for j, name := range d.Columns {
		levels := like.levelsOf(name)
		if !Named(like.Columns) || !Named(d.Columns) {
			if j >= len(like.Levels) {
				return nil
			}
			levels = like.Levels[j]
		}
		if levels == nil || d.Levels != nil && d.Levels[j] != nil {
			continue
		}
		codes := make(map[string]int, len(levels))
		for k, level := range levels {
			codes[level] = k
		}
		var unseen tally
		for i := range d.Rows() {
			v := d.X.At(i, j)
			if math.IsNaN(v) {
				continue
			}
			code, known := codes[levelName(v)]
			switch {
			case known:
				d.X.Set(i, j, float64(code))
			case unseenMissing:
				d.X.Set(i, j, math.NaN())
				unseen.add(i + 1)
			default:
				return optionErrorf("dataset: %s: %v is %w: the training data have %s; correct the value, or set {UnseenMissing} to take it for missing",
					d.Where(i, j), v, ErrUnseen, quoteList(levels))
			}
		}
		if unseen.count > 0 {
			d.Notes = append(d.Notes, Note{Kind: NoteReading, Column: name, Count: unseen.count,
				Text: fmt.Sprintf("%s: %d values that the training data do not have are taken for missing", columnPlace(d.Columns, j), unseen.count)})
		}
		if d.Levels == nil {
			d.Levels = make([][]string, d.Dim())
		}
		d.Levels[j] = levels
	}
	return nil
}
