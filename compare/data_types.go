package compare

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/internal/oneline"
	"likely/lcm"
	"likely/results"
)

// typesDecide says whether the measure follows from the types of the columns, not from
// a setting.
func (c *Settings) typesDecide() bool {
	return c.Binarize == dataset.NotBinarized && c.Dequantize != DequantizeAlways && !c.levels()
}

// leaveIdentifiers returns the data without the columns that number or name the rows:
// they say nothing about other rows. Where nothing would be left, all stay.
func (d *Data) leaveIdentifiers(all, test *dataset.Dataset) (*dataset.Dataset, *dataset.Dataset) {
	var kept []int
	var names []string
	for j, kind := range all.Types {
		if kind == dataset.Identifier {
			names = append(names, all.Columns[j])
		} else {
			kept = append(kept, j)
		}
	}
	if len(names) == 0 || len(kept) == 0 {
		return all, test
	}
	d.warnf("%s: %s names or numbers the rows and is left out; {Types=%s=continuous} keeps it", all.Place(), oneline.List(names), names[0])
	if test != nil {
		test = test.Select(kept)
	}
	if d.Stream != nil {
		d.Stream.Select(kept)
		return d.Stream.Sample, test
	}
	return all.Select(kept), test
}

// onMeasure declares the measure of the data: where their types decide, the one that
// follows from these.
func onMeasure(c *Settings, d *dataset.Dataset) (*dataset.Dataset, error) {
	if !c.typesDecide() {
		return d, uncategorised(d)
	}
	out := *d
	out.Types = settleConstants(d)
	if m := dataset.MeasureOf(out.Types); m != density.Continuous {
		out.Measure = m
	}
	return &out, nil
}

// settleConstants gives constant columns of numbers a type where all others are counted:
// that of the others, if their value is one of it. Elsewhere they stay what they are.
func settleConstants(d *dataset.Dataset) []dataset.ColumnType {
	types := slices.Clone(d.Types)
	bits := false
	for _, kind := range types {
		if kind != dataset.Constant && !kind.Discrete() {
			return types
		}
		bits = bits || kind == dataset.Binary
	}
	if !slices.ContainsFunc(types, dataset.ColumnType.Discrete) {
		return types
	}
	for j, kind := range types {
		if kind != dataset.Constant {
			continue
		}
		value := math.NaN()
		for i := 0; i < d.Rows() && math.IsNaN(value); i++ {
			value = d.X.At(i, j)
		}
		switch {
		case bits && (value == 0 || value == 1):
			types[j] = dataset.Binary
		case value >= 0 && value == math.Trunc(value):
			types[j] = dataset.Count
		}
	}
	return types
}

// uncategorised returns an error that names columns of categories: their codes are no
// quantities, which noise and thresholds are for.
func uncategorised(d *dataset.Dataset) error {
	var names []string
	for j, levels := range d.Levels {
		if levels != nil {
			names = append(names, d.Columns[j])
		}
	}
	if names == nil {
		return nil
	}
	drop := "{Drop}"
	if text := strings.Join(names, ","); text == oneline.Short(text) {
		drop = "{Drop=" + text + "}"
	}
	return density.SettingErrorf(density.ErrSupport, "%s: %s holds categories, which {Dequantize}, {Binarize} and likelihoods of levels are not for: {err}; leave them out with %s", d.Place(), oneline.List(names), drop)
}

// standardizing returns the transform that gives the measured columns of the training
// rows mean 0 and variance 1, or mean 0 alone, and leaves counted ones as they are.
func standardizing(c *Settings, train *dataset.Dataset) (density.Transform, error) {
	var columns []int
	for j := range train.Dim() {
		if train.Measure != density.Mixed || !train.Types[j].Discrete() {
			columns = append(columns, j)
		}
	}
	x := train.X
	if len(columns) < train.Dim() {
		x = mat.NewDense(train.Rows(), len(columns), nil)
		for k, j := range columns {
			x.SetCol(k, mat.Col(nil, j, train.X))
		}
	}
	var t density.Transform
	var err error
	if c.Transform == Center {
		t = density.NewWeightedCentering(x, train.Weights)
	} else if t, err = density.NewWeightedStandardizing(x, train.Weights); err != nil {
		return t, fmt.Errorf("%s: %w", train.Place(), err)
	}
	out := density.NewIdentity(train.Dim())
	for k, j := range columns {
		out.Shift[j], out.Scale[j] = t.Shift[k], t.Scale[k]
	}
	return out, nil
}

// classColumns returns the columns as a mixture of classes sees them; nil: all are bits.
func (d *Data) classColumns() []lcm.Column {
	p := &d.Preparation
	if p.Types == nil {
		return nil
	}
	columns := make([]lcm.Column, len(p.Types))
	for j, kind := range p.Types {
		switch kind {
		case dataset.Binary:
			columns[j].Kind = lcm.Bernoulli
		case dataset.Categorical:
			columns[j] = lcm.Column{Kind: lcm.Categorical, Levels: len(p.Levels[j])}
		case dataset.Count:
			columns[j].Kind = lcm.NegativeBinomial
		default:
			columns[j].Kind = lcm.Normal
		}
	}
	return columns
}

// describeColumns returns what the columns are, where their types make the measure.
func (d *Data) describeColumns() []results.Column {
	p := &d.Preparation
	if p.Types == nil {
		return nil
	}
	out := make([]results.Column, len(p.Types))
	for j, kind := range p.Types {
		out[j] = results.Column{Name: p.Columns[j], Type: kind.String()}
		if p.Levels != nil {
			out[j].Levels = p.Levels[j]
		}
	}
	return out
}
