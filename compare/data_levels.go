package compare

import (
	"fmt"
	"math"

	"likely/dataset"
	"likely/density"
)

// discretized is the likelihood of levels as they are, without noise.
const discretized = "discretized-logistic"

// maxLevel is the highest level that it takes.
const maxLevel = 65535

// levelled returns an error if the data are not levels 0, 1, 2, …
func levelled(d *dataset.Dataset) error {
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if !(v >= 0 && v <= maxLevel) || v != math.Trunc(v) {
				return fmt.Errorf("--vae-likelihood %s: %s is %v, not a level 0, 1, 2, … such as a byte of grey: %w; give the levels as they are stored, or another likelihood", discretized, d.Where(i, j), v, density.ErrSupport)
			}
		}
	}
	return nil
}

// levels returns how many levels the data have: 256 for bytes, which all data
// below 256 are taken for unless their format declares fewer.
func levels(d *dataset.Dataset) int {
	_, high := d.Range()
	if d.Hi <= d.Lo && high < 256 {
		high = 255
	}
	return int(high) + 1
}
