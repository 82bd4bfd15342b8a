package vae

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
)

// inputs is what the encoder sees of a row: each value, or for a column of several
// locations a 1 in the place of the one that was seen and 0 in the others. In the place
// of a missing value stand the means of the column and, where there is a mask, behind
// all of them a 1 for each column whose value is missing (Mattei & Frellsen 2019, §3.2,
// there for zeros in the place of means).
type inputs struct {
	heads *heads
	fill  []float64 // one for each location; nil: rows are complete
	mask  bool
}

func newInputs(c *Config, h *heads) *inputs { return &inputs{h, c.Fill, c.Mask} }

// asTheyAre says whether the encoder sees the row itself.
func (in *inputs) asTheyAre() bool {
	return in.fill == nil && in.heads.locations() == len(in.heads.loc)-1
}

// see stores what the encoder sees of a row in dst. Where factor is not nil, values are
// taken to the units of the encoder by v·factor + shift.
func see[T, S kernel.Float](in *inputs, dst []T, row []S, factor, shift []T) {
	loc := in.heads.loc
	mask := dst[in.heads.locations():]
	for j, v := range row {
		to := dst[loc[j]:loc[j+1]]
		missing := v != v
		if in.mask {
			mask[j] = 0
			if missing {
				mask[j] = 1
			}
		}
		switch {
		case missing && in.fill != nil:
			copyTo(to, in.fill[loc[j]:loc[j+1]])
		case missing:
			for k := range to {
				to[k] = T(math.NaN())
			}
		case len(to) > 1:
			clear(to)
			if v >= 0 && v < S(len(to)) {
				to[int(v)] = 1
			}
		case factor != nil:
			to[0] = T(v)*factor[j] + shift[j]
		default:
			to[0] = T(v)
		}
	}
}

// means returns the weighted mean of what the encoder sees at each location, over the
// rows of x (N×D) that have a value there.
func (h *heads) means(x *mat.Dense, weights []float64, of moments) []float64 {
	means := make([]float64, h.locations())
	n, _ := x.Dims()
	weight := relativeWeights(weights, n)
	for j, mean := range of.mean {
		to := means[h.loc[j]:h.loc[j+1]]
		if len(to) == 1 {
			to[0] = mean
			continue
		}
		shares(to, weight, func(i int) float64 { return x.At(i, j) })
	}
	return means
}

// shares stores the share of the weight of the rows that have each of the values 0, 1,
// … in dst. Missing values do not count.
func shares(dst, weight []float64, value func(i int) float64) {
	var total float64
	for i, w := range weight {
		if v := value(i); v == v {
			dst[int(v)] += w
			total += w
		}
	}
	for k := range dst {
		dst[k] /= total
	}
}

// presentShare returns the share of the values of a row that are there.
func presentShare[T kernel.Float](row []T) float64 {
	count := 0
	for _, v := range row {
		if v == v {
			count++
		}
	}
	return float64(count) / float64(len(row))
}

// empty says whether a row has no value at all.
func empty(row []float64) bool {
	for _, v := range row {
		if v == v {
			return false
		}
	}
	return true
}

// hasGaps says whether a value of x is missing.
func hasGaps(x *mat.Dense) bool {
	n, _ := x.Dims()
	for i := range n {
		for _, v := range x.RawRowView(i) {
			if v != v {
				return true
			}
		}
	}
	return false
}
