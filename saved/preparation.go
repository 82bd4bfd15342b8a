package saved

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"likely/dataset"
	"likely/density"
)

// Preparation is what was done to rows before a model saw them. It is saved
// with the model, so that other rows can be treated alike.
type Preparation struct {
	// Columns holds the names of the D columns.
	Columns []string `json:"columns"`
	// Measure is what the model's density is a density with respect to.
	Measure density.Measure `json:"measure"`
	// Binarize is how levels become bits. Evaluation treats
	// dynamic as static: one fixed draw.
	Binarize dataset.Binarization `json:"binarize"`
	// Seed fixed the noise or the draw.
	Seed uint64 `json:"data_seed,string"`
	// Step, Steps, Lo, Hi, Height and Width are those of the dataset.
	Step   float64   `json:"step,omitempty"`
	Steps  []float64 `json:"steps,omitempty"`
	Lo     float64   `json:"lo"`
	Hi     float64   `json:"hi"`
	Height int       `json:"height,omitempty"`
	Width  int       `json:"width,omitempty"`
	// Types holds the type of each column, and Levels the names of the levels of
	// each categorical one, where columns have probabilities of values as they are
	// (measure discrete or mixed); else both are nil.
	Types  []dataset.ColumnType `json:"column_types,omitempty"`
	Levels [][]string           `json:"column_levels,omitempty"`
	// Missing says that rows may lack values, NaN.
	Missing bool `json:"missing,omitempty"`
	// MissingValues are what stands for a missing value beside the usual.
	MissingValues []string `json:"missing_values,omitempty"`
	// Transform leads from the units of the data to model space. It is
	// saved as the tensors transform.shift and transform.scale.
	Transform density.Transform `json:"-"`
}

// ErrMismatch reports data of another shape than a model's.
var ErrMismatch = errors.New("data do not fit the model")

// NewPreparation describes what is to be done to d: spread its levels, binarise
// them, or neither.
func NewPreparation(d *dataset.Dataset, dequantize bool, binarize dataset.Binarization, seed uint64) Preparation {
	p := Preparation{
		Columns: d.Columns, Binarize: binarize, Seed: seed,
		Step: d.Step, Steps: d.Steps, Height: d.Height, Width: d.Width,
	}
	switch {
	case dequantize:
		p.Measure = density.Dequantized
	case d.Types != nil && (d.Measure == density.Discrete || d.Measure == density.Mixed):
		p.Measure, p.Types, p.Levels = d.Measure, d.Types, d.Levels
	case binarize == dataset.NotBinarized && d.Measure == density.Binary:
		p.Measure, p.Lo, p.Hi = density.Binary, 0, 1
	case binarize != dataset.NotBinarized:
		p.Measure = density.Binary
		p.Lo, p.Hi = d.Range()
	}
	return p
}

// Prepare spreads or binarises the levels of d as the preparation says; d
// itself is not changed. Data of another width are an error that wraps
// ErrMismatch. Steps that the preparation did not know are learned from d.
func (p *Preparation) Prepare(d *dataset.Dataset) (*dataset.Dataset, error) {
	if d.Dim() != len(p.Columns) {
		return nil, fmt.Errorf("%s has %d columns where the model has %d: %w; give a file with the columns %s", d.Place(), d.Dim(), len(p.Columns), ErrMismatch, short(strings.Join(p.Columns, ", ")))
	}
	for j, name := range p.Columns {
		if dataset.Named(p.Columns) && dataset.Named(d.Columns) && d.Columns[j] != name {
			return nil, fmt.Errorf("%s: column %d is called %s where the model has %s: %w; put the columns in the model's order", d.Place(), j+1, short(d.Columns[j]), short(name), ErrMismatch)
		}
	}
	dressed := *d
	dressed.Height, dressed.Width = p.Height, p.Width
	if p.Step != 0 || p.Steps != nil {
		dressed.Step, dressed.Steps = p.Step, p.Steps
	}
	if p.Measure == density.Binary {
		if err := p.checkScale(d); err != nil {
			return nil, err
		}
	}
	if p.Hi > p.Lo {
		dressed.Lo, dressed.Hi = p.Lo, p.Hi
	}
	switch {
	case p.Types != nil:
		dressed.Measure, dressed.Types = p.Measure, p.Types
		return &dressed, p.checkValues(d)
	case p.Measure == density.Dequantized:
		out, err := dressed.Dequantize(p.Seed)
		if err == nil {
			p.Step, p.Steps = out.Step, out.Steps
		}
		return out, err
	case p.Binarize == dataset.BinarizedThreshold:
		return dressed.BinarizeThreshold()
	case p.Measure == density.Binary && p.Binarize == dataset.NotBinarized:
		dressed.Measure = density.Binary
		return &dressed, checkBits(d)
	case p.Measure == density.Binary:
		return dressed.BinarizeStatic(p.Seed)
	}
	if p.Measure == density.Discrete {
		dressed.Measure = density.Discrete
		for i := range d.Rows() {
			for j, v := range d.X.RawRowView(i) {
				if !(v >= p.Lo && v <= p.Hi) || v != math.Trunc(v) {
					return nil, fmt.Errorf("%s is %v, where the model knows the levels %v, …, %v: %w; give levels as they are stored", d.Where(i, j), v, p.Lo, p.Hi, density.ErrSupport)
				}
			}
		}
	}
	return &dressed, nil
}

// checkBits returns an error that names the first value that is no bit; one that is
// missing may be any.
func checkBits(d *dataset.Dataset) error {
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if v != 0 && v != 1 && !math.IsNaN(v) {
				return fmt.Errorf("%s is %v, where the model knows 0 and 1: %w; give bits as they are", d.Where(i, j), v, density.ErrSupport)
			}
		}
	}
	return nil
}
