package dataset

import (
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
)

// The measure is the product of those of the columns.
func TestMeasureOf(t *testing.T) {
	for _, one := range []struct {
		want  density.Measure
		types []ColumnType
	}{
		{density.Binary, []ColumnType{Binary, Binary}},
		{density.Discrete, []ColumnType{Binary, Count}},
		{density.Discrete, []ColumnType{Categorical}},
		{density.Mixed, []ColumnType{Binary, Continuous}},
		{density.Mixed, []ColumnType{Rounded, Categorical, Count}},
		{density.Mixed, []ColumnType{Binary, Constant}},
		{density.Continuous, []ColumnType{Rounded, Continuous, Identifier}},
		{density.Continuous, nil},
	} {
		require.Equal(t, one.want, MeasureOf(one.types), "%v", one.types)
	}
}
