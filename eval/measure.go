package eval

import (
	"fmt"
	"slices"

	"likely/density"
)

// measureOf returns the measure of a result: the one asked for, if the model's
// density can be one with respect to it. A model of bits or levels gives
// probabilities, and its result says so even where nothing is asked for, since the
// zero value of a measure is continuous; anything else that does not go together is
// an error that wraps ErrMismatch.
func measureOf(m density.Model, asked density.Measure) (density.Measure, error) {
	measured, ok := m.(density.Measured)
	if !ok {
		return asked, nil
	}
	possible := measured.Measures()
	switch {
	case slices.Contains(possible, asked):
		return asked, nil
	case asked == density.Continuous:
		return possible[0], nil
	}
	return asked, fmt.Errorf("eval: %v data under a model with a density on %v data: %w; binarise or dequantise the data as the model's training rows were", asked, possible[0], ErrMismatch)
}
