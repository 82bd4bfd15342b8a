package dataset

import (
	"fmt"
	"slices"
)

// ColumnType says what kind of quantity a column holds. The measure of a
// density follows from it: volume for the first two, counting for the next
// three.
type ColumnType int

const (
	// Continuous values are real numbers.
	Continuous ColumnType = iota
	// Rounded values are real numbers on a grid that is coarse enough for
	// values to repeat: 5.1, 4.9, 4.7 cm.
	Rounded
	// Count values are numbers of things: 0, 1, 2, …
	Count
	// Binary values are 0 or 1.
	Binary
	// Categorical values are codes 0 to C−1 of levels without an order.
	Categorical
	// Constant columns have one value.
	Constant
	// Identifier columns number or name the rows.
	Identifier
)

var columnTypeNames = [...]string{"continuous", "rounded", "count", "binary", "categorical", "constant", "identifier"}

// String returns the name of the type, in lower case.
func (t ColumnType) String() string {
	if t < 0 || int(t) >= len(columnTypeNames) {
		return fmt.Sprintf("ColumnType(%d)", int(t))
	}
	return columnTypeNames[t]
}

// MarshalText implements encoding.TextMarshaler.
func (t ColumnType) MarshalText() ([]byte, error) {
	if t < 0 || int(t) >= len(columnTypeNames) {
		return nil, fmt.Errorf("dataset: unknown column type %d", int(t))
	}
	return []byte(t.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *ColumnType) UnmarshalText(text []byte) error {
	k := slices.Index(columnTypeNames[:], string(text))
	if k < 0 {
		return fmt.Errorf("dataset: no column type is called %s; it is one of %s", quote(string(text)), enumerate(columnTypeNames[:], len(columnTypeNames)))
	}
	*t = ColumnType(k)
	return nil
}

// Discrete reports whether values of the type are counted rather than
// measured, so that a model gives them probabilities. A constant column, which
// takes no part, is neither.
func (t ColumnType) Discrete() bool { return t == Count || t == Binary || t == Categorical }

// Schema is what the columns of a table are: what another table must have to
// be used with a model of the first.
type Schema struct {
	// Columns holds the D names.
	Columns []string
	// Types holds the type of each column, or is nil where they were not asked
	// for.
	Types []ColumnType
	// Levels holds the names of the levels of each categorical column, in the
	// order of their codes, and nil for other columns; or it is nil.
	Levels [][]string
}

// Schema returns what the columns of d are. It shares the slices.
func (d *Dataset) Schema() *Schema {
	return &Schema{Columns: d.Columns, Types: d.Types, Levels: d.Levels}
}

// levelsOf returns the levels of a column by its name, or nil.
func (s *Schema) levelsOf(name string) []string {
	if s == nil || s.Levels == nil {
		return nil
	}
	if j := slices.Index(s.Columns, name); j >= 0 {
		return s.Levels[j]
	}
	return nil
}
