package dataset

import (
	"slices"

	"likely/density"
)

// MeasureOf returns the measure of a density of columns of some types: binary or
// discrete where values are counted, continuous where they are measured, mixed where
// some are. A constant column or an identifier is taken for measured.
func MeasureOf(types []ColumnType) density.Measure {
	counted, bits := 0, 0
	for _, t := range types {
		if t.Discrete() {
			counted++
		}
		if t == Binary {
			bits++
		}
	}
	switch {
	case len(types) > 0 && bits == len(types):
		return density.Binary
	case len(types) > 0 && counted == len(types):
		return density.Discrete
	case counted > 0:
		return density.Mixed
	}
	return density.Continuous
}

// Select returns the columns of the given numbers (from 0), in their order. Rows of
// images are images no longer, if a pixel is gone. It panics if there are none.
func (d *Dataset) Select(columns []int) *Dataset {
	if len(columns) == 0 {
		panic("dataset: no columns to select")
	}
	if len(columns) == d.Dim() && slices.Equal(columns, seq(d.Dim())) {
		return d
	}
	out := d.with(d.X)
	out.keep(columns)
	if d.origin != nil {
		out.origin = d.origin.Select(columns)
	}
	return out
}
