package lcm

import (
	"fmt"
	"math"
	"slices"

	"likely/density"
)

// standardize brings the Normal columns to mean 0 and variance 1.
func (d *data) standardize() error {
	l, width := d.layout, len(d.layout.normals)
	d.shift, d.scale = make([]float64, width), make([]float64, width)
	for q, j := range l.normals {
		there := func(i int) bool { return d.normalMask == nil || d.normalMask[i*width+q] != 0 }
		first, found := 0.0, false
		var weight, sum, squares float64
		for i := range d.n {
			if !there(i) {
				continue
			}
			if v := d.normals[i*width+q]; !found {
				first, found = v, true
			}
			weight += d.weightOf(i)
			sum += d.weightOf(i) * (d.normals[i*width+q] - first)
		}
		mean := first + sum/weight
		for i := range d.n {
			if there(i) {
				e := d.normals[i*width+q] - mean
				squares += d.weightOf(i) * (e * e)
			}
		}
		variance := squares / weight
		if err := checkVariance(j, mean, variance); err != nil {
			return err
		}
		d.shift[q], d.scale[q] = mean, math.Sqrt(variance)
		d.jacobian -= math.Log(d.scale[q]) * (weight / d.total)
	}
	d.scaleNormals()
	return nil
}

// scaleNormals brings Normal columns to the scale of a fit.
func (d *data) scaleNormals() {
	width := len(d.layout.normals)
	for i := range d.n {
		for q := range width {
			if at := i*width + q; d.normalMask == nil || d.normalMask[at] != 0 {
				d.normals[at] = (d.normals[at] - d.shift[q]) / d.scale[q]
			}
		}
	}
}

// checkVariance returns an error for a column that is constant, or so wide or narrow that
// arithmetic cannot hold the variances of classes.
func checkVariance(j int, mean, variance float64) error {
	switch {
	case !(variance <= largestVariance):
		return fmt.Errorf("lcm: the variance of column %d overflows: %w; divide the column by a power of ten", j+1, density.ErrNonFinite)
	case !(variance > 0):
		return fmt.Errorf("lcm: column %d has the single value %v: %w; drop the column", j+1, mean, density.ErrConstant)
	case variance < smallestVariance:
		return fmt.Errorf("lcm: the variance of column %d is %.3g, which leaves no digits for those of classes: %w; multiply the column by a power of ten", j+1, variance, density.ErrNonFinite)
	}
	return nil
}

// tabulate finds the distinct counts of the NegativeBinomial columns.
func (d *data) tabulate() {
	width := len(d.layout.counts)
	if width == 0 {
		return
	}
	d.values = &countTable{first: []int{0}}
	for q := range width {
		var values []float64
		for i := range d.n {
			if v := d.counts[i*width+q]; !math.IsNaN(v) {
				values = append(values, v)
			}
		}
		slices.Sort(values)
		d.values.values = append(d.values.values, slices.Compact(values)...)
		d.values.first = append(d.values.first, len(d.values.values))
	}
	d.place()
}

// place finds the counts of the rows among the distinct ones.
func (d *data) place() {
	width := len(d.layout.counts)
	if width == 0 {
		return
	}
	d.places = make([]int32, d.n*width)
	for q := range width {
		values := d.values.values[d.values.first[q]:d.values.first[q+1]]
		for i := range d.n {
			d.places[i*width+q] = -1
			if v := d.counts[i*width+q]; !math.IsNaN(v) {
				at, _ := slices.BinarySearch(values, v)
				d.places[i*width+q] = int32(at)
			}
		}
	}
}

// averages computes the mean of each column that holds counts, at least that of one
// event in all rows: what the prior expects of a rate.
func (d *data) averages() {
	l := d.layout
	d.mean = make([]float64, len(l.columns))
	for j, c := range l.columns {
		if c.Kind != Poisson && c.Kind != NegativeBinomial {
			continue
		}
		var weight, sum float64
		q := l.place[j]
		for i := range d.n {
			switch {
			case c.Kind == NegativeBinomial:
				if v := d.counts[i*len(l.counts)+q]; !math.IsNaN(v) {
					weight, sum = weight+d.weightOf(i), sum+d.weightOf(i)*v
				}
			case d.linearMask == nil || d.linearMask[i*len(l.linear)+q] != 0:
				weight, sum = weight+d.weightOf(i), sum+d.weightOf(i)*d.linear[i*d.stride+q]
			}
		}
		d.mean[j] = expected(sum, weight)
	}
}

// expected returns the mean of a column of counts, at least that of one event.
func expected(sum, weight float64) float64 {
	if sum == 0 {
		sum = 1
	}
	return sum / weight
}

// middling returns parameters of classes that have no rows.
func (d *data) middling(k int) *parameters {
	l := d.layout
	p := newParameters(k, l)
	for c := range k {
		p.logWeight[c] = -math.Log(float64(k))
		for q, j := range l.linear {
			p.linear[c*len(l.linear)+q] = 0.5
			if l.columns[j].Kind == Poisson {
				p.linear[c*len(l.linear)+q] = d.mean[j]
			}
		}
		for _, j := range l.tables {
			q := l.place[j]
			for i := l.first[q]; i < l.first[q+1]; i++ {
				p.level[c*l.levels()+i] = 1 / float64(l.columns[j].Levels)
			}
		}
		for q, j := range l.counts {
			p.mean[c*len(l.counts)+q], p.size[c*len(l.counts)+q] = d.mean[j], math.Inf(1)
		}
		for q := range l.normals {
			p.variance[c*len(l.normals)+q] = 1
		}
	}
	return p
}
