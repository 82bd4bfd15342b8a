package vae

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/kernel"
)

// heads says which outputs of the decoder belong to a column: column j has the
// locations [loc[j], loc[j+1]) and the scales [scale[j], scale[j+1]), of which there is
// one or none. The encoder sees as many numbers of a column as it has locations.
type heads struct {
	loc, scale []int // length D + 1
	// network says whether scales are outputs of the decoder, behind all locations.
	network bool
}

func (h *heads) locations() int { return h.loc[len(h.loc)-1] }

func (h *heads) scales() int { return h.scale[len(h.scale)-1] }

// eachScale calls f with the number of each scale and that of its column.
func (h *heads) eachScale(f func(k, j int)) {
	for j, k := range h.scale[:len(h.scale)-1] {
		if h.scale[j+1] > k {
			f(k, j)
		}
	}
}

// spread stores the scales s in the places of their columns in dst (length D), and NaN
// in those of other columns.
func (h *heads) spread(dst, s []float64) {
	for j := range dst {
		dst[j] = math.NaN()
	}
	h.eachScale(func(k, j int) { dst[j] = s[k] })
}

// outputs returns the width of the decoder's output.
func (h *heads) outputs() int {
	if h.network {
		return h.locations() + h.scales()
	}
	return h.locations()
}

// columnwise is p(x|z) of a row, the product over its parts. A missing value, NaN,
// is left out: columns are independent given z, so what remains is p of the values
// that are there.
type columnwise struct {
	heads
	parts []columnPart
}

type columnPart struct {
	observation
	from, to int
}

// newObservation returns p(x|z) in the units of the data.
func newObservation(c *Config) *columnwise {
	f := &columnwise{heads: heads{loc: make([]int, 1, c.Dim+1), scale: make([]int, 1, c.Dim+1)}}
	for p := range c.parts() {
		o := p.observation()
		f.parts = append(f.parts, columnPart{o, p.from, p.to})
		scales := 0
		if o.scaled() {
			scales = 1
		}
		for range p.to - p.from {
			f.loc = append(f.loc, f.locations()+p.width())
			f.scale = append(f.scale, f.scales()+scales)
		}
	}
	f.network = f.scaled() && c.Sigma.source == fromNetwork
	return f
}

// scaled says whether a column has a scale.
func (f *columnwise) scaled() bool { return f.scales() > 0 }

// with returns f with other parts.
func (f *columnwise) with(change func(observation) observation) *columnwise {
	out := &columnwise{heads: f.heads}
	for _, p := range f.parts {
		out.parts = append(out.parts, columnPart{change(p.observation), p.from, p.to})
	}
	return out
}

// transformed returns the likelihood of t(x).
func (f *columnwise) transformed() *columnwise { return f.with(observation.transformed) }

// presentValues returns the next values [from, to) of x, at or after from and before end,
// that are there, side by side; none if from = to.
func presentValues[T kernel.Float](x []T, from, end int) (first, last int) {
	for from < end && x[from] != x[from] {
		from++
	}
	to := from
	for to < end && x[to] == x[to] {
		to++
	}
	return from, to
}

// span is the part of a vector that belongs to the columns [from, to), whose places are
// given; of none, none.
func span[T any](v []T, places []int, from, to int) []T {
	if v == nil {
		return nil
	}
	return v[places[from]:places[to]]
}

// logProb returns log p(x|z) in nats, of the values of x (length D) that are there.
// loc and tmp have an element for each location, s and w for each scale.
func (f *columnwise) logProb(x, loc, s, w, tmp []float64) float64 {
	var sum float64
	for _, p := range f.parts {
		for a, b := presentValues(x, p.from, p.to); a < b; a, b = presentValues(x, b, p.to) {
			sum += p.logProb(x[a:b], span(loc, f.loc, a, b), span(s, f.scale, a, b), span(w, f.scale, a, b), span(tmp, f.loc, a, b))
		}
	}
	return sum
}

// mean stores E[x|z] in dst, of categories the most probable.
func (f *columnwise) mean(dst, loc, s []float64) {
	for _, p := range f.parts {
		p.mean(dst[p.from:p.to], span(loc, f.loc, p.from, p.to), span(s, f.scale, p.from, p.to))
	}
}

// quantile stores the lowest values at which the distribution functions of the columns
// reach q, 0 < q < 1, in dst.
func (f *columnwise) quantile(dst []float64, q float64, loc, s []float64) {
	for _, p := range f.parts {
		p.quantile(dst[p.from:p.to], q, span(loc, f.loc, p.from, p.to), span(s, f.scale, p.from, p.to))
	}
}

// noise stores draws in dst that sample turns into a draw of x.
func (f *columnwise) noise(dst []float64, random *rand.Rand) {
	for _, p := range f.parts {
		p.noise(dst[p.from:p.to], random)
	}
}

func (f *columnwise) sample(dst, loc, s []float64) {
	for _, p := range f.parts {
		p.sample(dst[p.from:p.to], span(loc, f.loc, p.from, p.to), span(s, f.scale, p.from, p.to))
	}
}

// information stores the Fisher information of the columns whose value in x is there,
// and 0 of others.
func (f *columnwise) information(byLoc, byS, both, x, loc, s, w []float64) {
	clear(byLoc)
	clear(byS)
	clear(both)
	for _, p := range f.parts {
		for a, b := presentValues(x, p.from, p.to); a < b; a, b = presentValues(x, b, p.to) {
			p.information(span(byLoc, f.loc, a, b), span(byS, f.scale, a, b), span(both, f.scale, a, b),
				span(loc, f.loc, a, b), span(s, f.scale, a, b), span(w, f.scale, a, b))
		}
	}
}

// distance stores in dst how far y is from x in each column, squared.
func (f *columnwise) distance(dst, x, y []float64) {
	for _, p := range f.parts {
		p.distance(dst[p.from:p.to], x[p.from:p.to], y[p.from:p.to])
	}
}

// check returns an error that names the first value outside the support. missing says
// that NaN stands for a missing value.
func (f *columnwise) check(x *mat.Dense, missing bool) error {
	n, _ := x.Dims()
	for i := range n {
		row := x.RawRowView(i)
		for _, p := range f.parts {
			for j := p.from; j < p.to; j++ {
				if missing && row[j] != row[j] {
					continue
				}
				if c := p.check(row[j]); c != nil {
					return c.at(i, j, row[j])
				}
			}
		}
	}
	return nil
}

// transform returns t for training rows with these moments.
func (f *columnwise) transform(of moments, perColumn bool) (density.Transform, error) {
	t := density.NewIdentity(len(of.mean))
	for _, p := range f.parts {
		own, err := p.transform(of.columns(p.from, p.to), perColumn)
		if err != nil {
			return t, err
		}
		copy(t.Shift[p.from:], own.Shift)
		copy(t.Scale[p.from:], own.Scale)
	}
	return t, nil
}

// inputs returns the transform under which the encoder sees the columns.
func (f *columnwise) inputs(of moments, t density.Transform) density.Transform {
	in := density.NewIdentity(len(of.mean))
	for _, p := range f.parts {
		own := p.inputs(of.columns(p.from, p.to), partOf(t, p.from, p.to))
		copy(in.Shift[p.from:], own.Shift)
		copy(in.Scale[p.from:], own.Scale)
	}
	return in
}

// units returns the factor and the shift that take a term log p(t(x)|z) to log p(x|z),
// for a row without gaps. Parts that differ all have the factor 1.
func (f *columnwise) units(t density.Transform) (factor, shift float64) {
	for _, p := range f.parts {
		own, by := p.units(partOf(t, p.from, p.to))
		factor = own
		shift += by
	}
	return factor, shift
}

// absent returns the part of the shift of units that belongs to missing values, in the
// weighted mean over the rows of x.
func (f *columnwise) absent(t density.Transform, x *mat.Dense, weights []float64) float64 {
	if !hasGaps(x) {
		return 0
	}
	n, _ := x.Dims()
	weight := relativeWeights(weights, n)
	var total float64
	for _, p := range f.parts {
		for j := p.from; j < p.to; j++ {
			_, shift := p.units(partOf(t, j, j+1))
			for i, w := range weight {
				if v := x.At(i, j); v != v {
					total += w * shift / float64(n)
				}
			}
		}
	}
	return total
}

// partOf returns the transform of the columns [from, to).
func partOf(t density.Transform, from, to int) density.Transform {
	return density.Transform{Shift: t.Shift[from:to], Scale: t.Scale[from:to]}
}

// bias stores the locations that training starts from in dst, for columns whose numbers
// as the decoder's locations have them, of t(x), have the given means; see spread.
func (f *columnwise) bias(dst, means []float64) {
	for _, p := range f.parts {
		for k := f.loc[p.from]; k < f.loc[p.to]; k++ {
			dst[k] = p.bias(means[k])
		}
	}
}

// floor returns the smallest exp(s) of each scale in the units of x, or nil for none.
// variance is that of the columns, and is overwritten.
func (f *columnwise) floor(variance []float64, relative float64) []float64 {
	var floors []float64
	some := false
	for _, p := range f.parts {
		if !p.scaled() {
			continue
		}
		own := p.floor(variance[p.from:p.to], relative)
		some = some || own != nil
		for k := range p.to - p.from {
			if own == nil {
				floors = append(floors, noFloor)
			} else {
				floors = append(floors, own[k])
			}
		}
	}
	if !some {
		return nil
	}
	return floors
}

// noFloor is a variance that no column has, where others have a floor.
const noFloor = 0x1p-1022
