package compare

import (
	"math"

	"likely/dataset"
	"likely/density"
	"likely/vae"
)

// maxLevel is the highest level that a likelihood of levels takes.
const maxLevel = 65535

// levelled returns an error if the data are not levels 0, 1, 2, …, as the likelihood
// asks for.
func levelled(d *dataset.Dataset, l vae.Likelihood) error {
	for i := range d.Rows() {
		for j, v := range d.X.RawRowView(i) {
			if !(v >= 0 && v <= maxLevel) || v != math.Trunc(v) {
				return density.SettingErrorf(density.ErrSupport, "{Likelihood=%v}: %s is %v, not a level 0, 1, 2, … such as a byte of grey: {err}; give the levels as they are stored, or another likelihood", l, d.Where(i, j), v)
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
