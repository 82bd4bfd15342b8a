package lcm

import (
	"maps"
	"math"
	"slices"

	"likely/internal/em"
)

// facts are what a fit knows of all rows of a stream before EM: what [newData] finds in
// memory, from a pass over the rows.
type facts struct {
	em.Moments
	total  float64
	rows   int
	lacks  []bool
	counts []map[float64]bool // distinct values of NegativeBinomial columns
}

func newFacts(width int) *facts {
	return &facts{Moments: em.NewMoments(width), lacks: make([]bool, width), counts: make([]map[float64]bool, width)}
}

// add takes in a chunk, or returns an error for a value that its column cannot have.
func (f *facts) add(c *em.Chunk, s Settings) error {
	n, _ := c.X.Dims()
	for i := range n {
		if err := checkRow(c.X.RawRowView(i), c.Number[i], s.Columns, s.Missing); err != nil {
			return err
		}
	}
	weightOf := func(i int) float64 {
		if c.Weight == nil {
			return 1
		}
		return c.Weight[i]
	}
	f.rows += n
	for i := range n {
		f.total += weightOf(i)
	}
	for j, column := range s.Columns {
		var weight, sum float64
		for i := range n {
			v := c.X.At(i, j)
			if math.IsNaN(v) {
				f.lacks[j] = true
				continue
			}
			weight, sum = weight+weightOf(i), sum+weightOf(i)*v
			if column.Kind == NegativeBinomial {
				if f.counts[j] == nil {
					f.counts[j] = make(map[float64]bool)
				}
				f.counts[j][v] = true
			}
		}
		if !(weight > 0) {
			continue
		}
		mean, squares := sum/weight, 0.0
		for i := range n {
			if v := c.X.At(i, j); !math.IsNaN(v) {
				squares += weightOf(i) * ((v - mean) * (v - mean))
			}
		}
		f.Join(j, weight, mean, squares)
	}
	return nil
}

// describe puts what is known into the data of a run.
func (f *facts) describe(d *data) error {
	if f.rows == 0 {
		return errNoRows()
	}
	l := d.layout
	d.total, d.present = f.total, f.rows
	for j, w := range f.Weight {
		if !(w > 0) {
			return errHollowColumn(j)
		}
	}
	for _, j := range l.normals {
		variance := f.Squares[j] / f.Weight[j]
		if err := checkVariance(j, f.Mean[j], variance); err != nil {
			return err
		}
		scale := math.Sqrt(variance)
		d.shift, d.scale = append(d.shift, f.Mean[j]), append(d.scale, scale)
		d.jacobian -= math.Log(scale) * (f.Weight[j] / f.total)
	}
	d.mean = make([]float64, len(l.columns))
	for j, c := range l.columns {
		if c.Kind == Poisson || c.Kind == NegativeBinomial {
			d.mean[j] = expected(f.Mean[j]*f.Weight[j], f.Weight[j])
		}
	}
	if len(l.counts) > 0 {
		d.values = &countTable{first: []int{0}}
		for _, j := range l.counts {
			d.values.values = append(d.values.values, slices.Sorted(maps.Keys(f.counts[j]))...)
			d.values.first = append(d.values.first, len(d.values.values))
		}
	}
	return nil
}
