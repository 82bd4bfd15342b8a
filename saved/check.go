package saved

import (
	"fmt"
	"math"
	"slices"

	"likely/dataset"
	"likely/density"
	"likely/internal/safetensors"
	"likely/vae"
)

// check returns an error if the preparation is not one of rows that the model can
// take, as that of a file from elsewhere may be.
func (p *Preparation) check(fitted Fitted) error {
	d := fitted.Dim()
	if len(p.Columns) != d {
		return fmt.Errorf("%d column names for %d columns", len(p.Columns), d)
	}
	if m, ok := fitted.(interface{ Measures() []density.Measure }); ok && !slices.Contains(m.Measures(), p.Measure) {
		return fmt.Errorf("the measure %s for a model whose measures are %v", p.Measure, m.Measures())
	}
	binary := p.Measure == density.Binary
	bits := binary && p.Binarize == dataset.NotBinarized // the rows are bits as they are
	if !binary && p.Binarize != dataset.NotBinarized {
		return fmt.Errorf("the measure %s with binarize %s; only binary goes with threshold, static or dynamic", p.Measure, p.Binarize)
	}
	if bits && (p.Lo != 0 || p.Hi != 1) {
		return fmt.Errorf("the measure %s without binarize, for levels from %v to %v; want 0 and 1", p.Measure, p.Lo, p.Hi)
	}
	if err := p.checkLevels(fitted); err != nil {
		return err
	}
	if p.Height < 0 || p.Width < 0 || (p.Height > 0 || p.Width > 0) && (p.Height == 0 || p.Width != d/p.Height || d%p.Height != 0) {
		return fmt.Errorf("pictures of %d by %d pixels for %d columns", p.Height, p.Width, d)
	}
	if p.Missing && p.Measure != density.Continuous && !bits && p.Types == nil {
		return fmt.Errorf("missing values among %s rows; only continuous ones, bits as they are and typed columns may lack values", p.Measure)
	}
	if p.Transform.Dim() != d {
		return fmt.Errorf("the transform has %d columns for %d", p.Transform.Dim(), d)
	}
	if err := p.Transform.Check(); err != nil {
		return err
	}
	if err := p.checkTypes(); err != nil {
		return err
	}
	if binary || p.Measure == density.Discrete {
		for j, scale := range p.Transform.Scale {
			if scale != 1 || p.Transform.Shift[j] != 0 {
				return fmt.Errorf("the transform of column %d is (x − %v)/%v; %s rows are not scaled: want 0 and 1", j+1, p.Transform.Shift[j], scale, p.Measure)
			}
		}
	}
	return nil
}

// checkLevels checks the steps between levels and their range.
func (p *Preparation) checkLevels(fitted Fitted) error {
	d := fitted.Dim()
	if len(p.Steps) != 0 && (len(p.Steps) != d || p.Step != 0) {
		return fmt.Errorf("%d steps and the step %v for %d columns; want one number for all columns or one for each", len(p.Steps), p.Step, d)
	}
	for j, s := range append([]float64{p.Step}, p.Steps...) {
		if !(s > 0 || s == 0 && j == 0) || math.IsInf(s, 0) {
			return fmt.Errorf("a step of %v between levels; want a positive number", s)
		}
	}
	if math.IsNaN(p.Lo) || math.IsInf(p.Lo, 0) || math.IsNaN(p.Hi) || math.IsInf(p.Hi, 0) || math.IsInf(p.Hi-p.Lo, 0) || p.Hi < p.Lo {
		return fmt.Errorf("levels from %v to %v; want finite numbers in order", p.Lo, p.Hi)
	}
	switch p.Measure {
	case density.Binary:
		if !(p.Hi > p.Lo) {
			return fmt.Errorf("binary rows from levels of %v to %v; want two different ones", p.Lo, p.Hi)
		}
	case density.Discrete:
		if p.Types != nil {
			break // what it holds, its types say
		}
		if p.Lo != 0 || !(p.Hi >= 1) || p.Hi != math.Trunc(p.Hi) {
			return fmt.Errorf("discrete rows from levels of %v to %v; want 0 and a whole number of at least 1", p.Lo, p.Hi)
		}
		if m, ok := fitted.(*vae.Model); ok && m.Config().Levels != 0 && float64(m.Config().Levels) != p.Hi+1 {
			return fmt.Errorf("levels from 0 to %v for a model of %d levels", p.Hi, m.Config().Levels)
		}
	}
	return nil
}

// checkScale returns an error if rows that are to be binarised are plainly on
// another scale than those that the model knows: scaled to 1 or binarised already,
// or not scaled where those were. They would all turn black, or all white.
func (p *Preparation) checkScale(d *dataset.Dataset) error {
	const grey = 15 // the range of the coarsest pictures that are not binary
	highest, at := math.Inf(-1), 0
	for i := range d.Rows() {
		if v := slices.Max(d.X.RawRowView(i)); v > highest {
			highest, at = v, i
		}
	}
	column := slices.Index(d.X.RawRowView(at), highest)
	switch {
	case p.Hi-p.Lo >= grey && highest > p.Lo && highest <= 1:
		return fmt.Errorf("%s: no value is above %v, where the model's rows had levels from %v to %v: %w; multiply the values by %v", d.Place(), highest, p.Lo, p.Hi, ErrMismatch, p.Hi)
	case highest > p.Lo+2*(p.Hi-p.Lo):
		return fmt.Errorf("%s is %v, where the model's rows had levels from %v to %v: %w; give levels on that scale", d.Where(at, column), highest, p.Lo, p.Hi, ErrMismatch)
	}
	return nil
}

// checkTensors returns an error for a tensor that the model does not have, or that is
// there twice: nobody would know which one counts.
func checkTensors(own []safetensors.Tensor, m Fitted) error {
	known := make(map[string]bool)
	for _, t := range m.Tensors() {
		known[t.Name] = true
	}
	for _, t := range own {
		if !known[t.Name] {
			return fmt.Errorf("tensor %s is none of the model's, or is there twice; leave it out", short(t.Name))
		}
		delete(known, t.Name)
	}
	return nil
}
