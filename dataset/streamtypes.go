package dataset

import (
	"fmt"
	"maps"
	"math"
	"slices"
)

// columnFacts are what a type is told from, of a column that is not held in memory.
type columnFacts struct {
	n         int // values that are not missing
	whole     bool
	ascending bool // each is more than the one before
	ordered   bool // each is one more than the one before
	last, lo  float64
	distinct  map[float64]bool // nil once there are more than maxCategories
}

func newColumnFacts() *columnFacts {
	return &columnFacts{whole: true, ascending: true, ordered: true, lo: math.Inf(1), distinct: make(map[float64]bool)}
}

// add takes in a value.
func (f *columnFacts) add(v float64) {
	f.whole = f.whole && v == math.Trunc(v)
	f.ascending = f.ascending && (f.n == 0 || v > f.last)
	f.ordered = f.ordered && (f.n == 0 || v == f.last+1)
	f.n, f.last, f.lo = f.n+1, v, min(f.lo, v)
	if f.distinct == nil || f.distinct[v] {
		return
	}
	if f.distinct[v+0] = true; len(f.distinct) > maxCategories {
		f.distinct = nil
	}
}

// values returns the different values, ascending; nil: there are many.
func (f *columnFacts) values() []float64 {
	if f.distinct == nil {
		return nil
	}
	return slices.Sorted(maps.Keys(f.distinct))
}

// kind tells the type as [Dataset.Typed] does, but that a column of many values is
// an identifier only if it ascends from row to row, and else continuous.
func (f *columnFacts) kind(name string) ColumnType {
	c := &column{name: name, n: f.n, distinct: f.values()}
	switch {
	case f.distinct != nil:
		return c.kind()
	case f.whole && (f.ascending && c.called() || f.ordered && (f.lo == 0 || f.lo == 1)):
		return Identifier
	}
	return Continuous
}

// fits returns an error if the values are not of a type that was asked for.
func (f *columnFacts) fits(place string, kind ColumnType) error {
	bits := f.distinct != nil
	for v := range f.distinct {
		bits = bits && (v == 0 || v == 1)
	}
	wrong := map[ColumnType]bool{
		Binary: !bits, Count: !f.whole || f.lo < 0, Constant: f.distinct == nil || len(f.distinct) > 1,
		Categorical: f.distinct == nil || len(f.distinct) > 1 && len(f.distinct) == f.n,
	}
	if wrong[kind] {
		return optionErrorf("dataset: %s: %w %s; give another in {Types}", place, ErrType, kind)
	}
	return nil
}

// typed gives the stream and its sample the types of the columns of all rows. Levels of
// categories are codes from then on.
func (s *Stream) typed(facts []*columnFacts, opt Options) error {
	names := s.Sample.Columns
	forced, err := opt.typed(names)
	if err != nil {
		return fmt.Errorf("dataset: %s: %w", s.Sample.Place(), err)
	}
	types := make([]ColumnType, len(names))
	s.codes = make([][]float64, len(names))
	var levels [][]string
	for j, f := range facts {
		kind, asked := forced[j]
		switch {
		case asked:
			if err := f.fits(fmt.Sprintf("%s, %s", s.Sample.Place(), columnPlace(names, j)), kind); err != nil {
				return err
			}
		case opt.Measured:
			kind = Continuous
		default:
			kind = f.kind(names[j])
		}
		if types[j] = kind; kind != Categorical {
			continue
		}
		if levels == nil {
			levels = make([][]string, len(names))
		}
		s.codes[j] = f.values()
		for _, v := range s.codes[j] {
			levels[j] = append(levels[j], levelName(v))
		}
	}
	s.Sample.Types, s.Sample.Levels = types, levels
	for i := range s.Sample.Rows() {
		s.encode(s.Sample.X.RawRowView(i))
	}
	return nil
}

// encode puts codes in the place of the values of categorical columns.
func (s *Stream) encode(row []float64) {
	for j, codes := range s.codes {
		if codes != nil && !math.IsNaN(row[j]) {
			code, _ := slices.BinarySearch(codes, row[j])
			row[j] = float64(code)
		}
	}
}

// Select leaves the columns of the given numbers (from 0), in their order, of the rows to
// come and of the sample.
func (s *Stream) Select(columns []int) {
	s.Sample = s.Sample.Select(columns)
	kept := make([]int, len(columns))
	for to, j := range columns {
		if kept[to] = j; s.kept != nil {
			kept[to] = s.kept[j]
		}
	}
	s.kept = kept
}
