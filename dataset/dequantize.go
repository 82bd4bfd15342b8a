package dataset

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Dequantize spreads discrete levels over the gap above them,
//
//	y = x + U·step        U uniform on (0,1), independent for each cell
//
// which turns a probability of levels into a density. The mean log-density of
// y is a lower bound on the mean log-probability of x after adding
// D·ln step (Theis, van den Oord & Bethge 2016, section 3.1): without the
// noise a density could put infinite mass on the levels.
//
// The step is that of the data: Step or Steps where declared, else what
// [DetectSteps] finds, which is then set in the result. Data that are not on
// a lattice are an error that wraps [ErrLattice]; data that are not
// [density.Continuous] any more one that wraps [ErrMeasure].
//
// Values stay in original units, so 8-bit images lie in (0,256) and log p is
// in nats of those units. For images scaled to [0,1], y/256, every log p is
// larger by exactly D·ln 256; bits per dimension of 8-bit images, as
// commonly quoted, are those of the original units.
//
// The noise is fixed once, by the seed and by the row and column that a cell
// has in the original data: it does not depend on how the data are split,
// shuffled or cut into batches.
func (d *Dataset) Dequantize(seed uint64) (*Dataset, error) {
	if d.Measure != density.Continuous {
		return nil, fmt.Errorf("dataset: %s is %s already: %w; dequantise the original levels", d.Place(), d.Measure, ErrMeasure)
	}
	steps, err := d.levelSteps()
	if err != nil {
		return nil, err
	}
	x := mat.NewDense(d.Rows(), d.Dim(), nil)
	for i := range d.Rows() {
		src := d.rowSource(seed, "dataset.dequantize", i)
		row := x.RawRowView(i)
		for j, v := range d.X.RawRowView(i) {
			row[j] = v + float64(uniform(src)*steps[j]) // rounded, so that no platform fuses the two
		}
	}
	out := d.with(x)
	out.origin = nil // levels are known, and the noise ends the range
	out.Measure = density.Dequantized
	out.Step, out.Steps = steps[0], nil
	for _, s := range steps {
		if s != steps[0] {
			out.Step, out.Steps = 0, steps
			break
		}
	}
	return out, nil
}

// levelSteps returns the step of each column, declared or detected.
func (d *Dataset) levelSteps() ([]float64, error) {
	if d.Step == 0 && d.Steps == nil {
		steps, err := detectSteps(d.root().X)
		if err != nil {
			return nil, fmt.Errorf("dataset: %s cannot be dequantised: %w", d.Place(), err)
		}
		known := *d
		known.Steps = steps
		return known.declaredSteps()
	}
	return d.declaredSteps()
}

// declaredSteps returns the step of each column as it was declared, or what
// is not on a level.
func (d *Dataset) declaredSteps() ([]float64, error) {
	steps := d.Steps
	if steps == nil {
		steps = make([]float64, d.Dim())
		for j := range steps {
			steps[j] = d.Step
		}
	}
	first := slices.Clone(d.X.RawRowView(0))
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if math.IsNaN(v) {
				continue
			}
			if math.IsNaN(first[j]) {
				first[j] = v
			}
			if !onLevel(v-first[j], steps[j], max(v, -v, first[j], -first[j])) {
				return nil, fmt.Errorf("dataset: %s is %v, not a whole number of steps of %v from %v: %w; the data are continuous or the step is another",
					d.Where(i, j), v, steps[j], first[j], ErrLattice)
			}
		}
	}
	return steps, nil
}

// rowSource is the stream that belongs to row i of d, by its number in the
// original data.
func (d *Dataset) rowSource(seed uint64, purpose string, i int) rand.Source {
	return density.NewSource(seed, purpose, d.part, uint64(d.Row(i)))
}

// uniform returns one of the 2³² midpoints (k+½)/2³². Unlike a draw with 53
// digits it cannot round up to the next level when it is added to one, and
// its mean is ½ exactly.
func uniform(src rand.Source) float64 {
	return (float64(src.Uint64()>>32) + 0.5) * 0x1p-32
}
