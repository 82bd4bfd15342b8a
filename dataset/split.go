package dataset

import (
	"math"
	"math/rand/v2"

	"likely/density"
)

// Split deals n rows into training, validation and test rows (indices from
// 0). holdout in [0,1) is the test's share of all rows; valid in [0,1) is the
// validation's share of what then remains. Shares are rounded to whole rows;
// a positive share takes at least one row, as long as one is left to train
// on.
//
// The rows are shuffled by a stream of the seed, and the parts keep that
// order, so that the first rows of a part are a fair sample of it even where
// the file is sorted. The test rows depend on n, holdout and seed alone, not
// on valid. With holdout and valid both 0 all rows are training rows, in
// their original order.
func Split(n int, holdout, valid float64, seed uint64) (train, validation, test []int) {
	if n < 1 || !(holdout >= 0 && holdout < 1) || !(valid >= 0 && valid < 1) {
		panic("dataset: split needs a row and shares in [0,1)")
	}
	var order []int
	if holdout == 0 && valid == 0 {
		order = make([]int, n)
		for i := range order {
			order[i] = i
		}
	} else {
		order = rand.New(density.NewSource(seed, "dataset.split")).Perm(n)
	}
	tests := share(n, holdout)
	valids := share(n-tests, valid)
	test, rest := order[:tests:tests], order[tests:]
	return rest[valids:], rest[:valids:valids], test
}

// share rounds p·n to whole rows, at least 1 if p is positive and at most
// n−1.
func share(n int, p float64) int {
	if p == 0 {
		return 0
	}
	k := int(math.Round(p * float64(n)))
	return min(max(k, 1), n-1)
}

// Split cuts d by [Dataset.SplitRows]. A part without rows is nil.
func (d *Dataset) Split(holdout, valid float64, seed uint64) (train, validation, test *Dataset) {
	part := func(rows []int) *Dataset {
		if len(rows) == 0 {
			return nil
		}
		return d.Take(rows)
	}
	a, b, c := d.SplitRows(holdout, valid, seed)
	return part(a), part(b), part(c)
}
