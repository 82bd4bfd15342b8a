package gmm

import (
	"encoding/binary"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/internal/em"
)

// scaledRows are the rows of the data brought to mean 0 and, but for outliers, variance
// 1 in each column, or on average, in which EM works.
type scaledRows struct {
	n, d      int
	x         []float64 // N×D, contiguous
	transform density.Transform
	columns   columnScale
	jacobian  float64   // mean over the rows
	distinct  int       // rows that differ from all before, counted up to a limit
	total     float64   // Σ wᵢ
	weight    []float64 // N, or nil for rows that count once
	label     []int     // component of each row, −1 for unknown; or nil
	patterns  []pattern // of missing values, nil if there are none
	kept      []int     // the rows of the data that these are; nil: all
	sample    bool      // whether these are some of many
}

// scaleRows checks and scales x (N×D). Rows of weight 0 are left out. Counting
// distinct rows stops at Components.
func scaleRows(x *mat.Dense, c Settings) (*scaledRows, error) {
	x, s, err := selectRows(x, c)
	if err != nil {
		return nil, err
	}
	if err := s.check(x, c.Missing); err != nil {
		return nil, err
	}
	if patterns, lacks := patternsOf(s.n, s.d, x.At); lacks {
		s.patterns = patterns
	}
	mean, variance := s.columnMoments(x)
	if err := checkVariances(mean, variance); err != nil {
		return nil, err
	}
	s.columns = newColumnScale(variance, withoutOutliers(x, s.weight, variance), !c.Covariance.scales())
	s.transform = density.Transform{Shift: mean, Scale: s.columns.unit}
	s.jacobian = s.meanJacobian()
	s.x = s.transform.Apply(nil, x).RawMatrix().Data
	s.fillGaps()
	s.distinct = s.countDistinct(c.Components)
	return s, nil
}

// smallestVariance is that of a column below which the variances of components, which
// the floor bounds by a share of it, lose digits; above largestVariance they may
// overflow, as a component can be as wide as N times the columns.
const smallestVariance, largestVariance = 1e-290, 1e290

// checkVariances returns an error for columns that are constant, or so wide or narrow
// that arithmetic cannot hold their moments.
func checkVariances(mean, variance []float64) error {
	for j, v := range variance {
		switch {
		case !(v <= largestVariance):
			return fmt.Errorf("gmm: the variance of column %d overflows: %w; divide the column by a power of ten", j+1, density.ErrNonFinite)
		case !(v > 0):
			return fmt.Errorf("gmm: column %d has the single value %v: %w; drop the column, or spread discrete values by dequantising", j+1, mean[j], density.ErrConstant)
		case v < smallestVariance:
			return fmt.Errorf("gmm: the variance of column %d is %.3g, which leaves no digits for those of components: %w; multiply the column by a power of ten", j+1, v, density.ErrNonFinite)
		}
	}
	return nil
}

// selectRows returns the rows of positive weight, with their weights and labels. Where
// values may be missing, rows without any are left out too: whatever the model, their
// likelihood is 1.
func selectRows(x *mat.Dense, c Settings) (*mat.Dense, *scaledRows, error) {
	if x == nil || x.IsEmpty() {
		return nil, nil, errNoRows()
	}
	n, d := x.Dims()
	if c.Weights != nil && len(c.Weights) != n || c.Labels != nil && len(c.Labels) != n {
		panic("gmm: weights or labels and data differ in length")
	}
	for i, l := range c.Labels {
		if l < -1 || l >= c.Components {
			return nil, nil, density.SettingErrorf(ErrSettings, "gmm: {Labels}, row %d is %d with %d components: {err}; want a component from 0, or −1 for unknown", i+1, l, c.Components)
		}
	}
	s := &scaledRows{n: n, d: d, total: float64(n), label: c.Labels}
	hollow := 0
	if c.Missing {
		for i := range n {
			if !em.HoldsValue(x.RawRowView(i)) {
				hollow++
			}
		}
	}
	if c.Weights == nil && hollow == 0 {
		return x, s, nil
	}
	s.total = 0
	weighted := 0
	for i := range n {
		w := 1.0
		if c.Weights != nil {
			w = c.Weights[i]
		}
		if !(w >= 0) || math.IsInf(w, 0) {
			return nil, nil, errWeight(i, w)
		}
		if w > 0 {
			weighted++
		}
		if w == 0 || hollow > 0 && !em.HoldsValue(x.RawRowView(i)) {
			continue
		}
		s.total += w
		s.kept = append(s.kept, i)
		if c.Weights != nil {
			s.weight = append(s.weight, w)
		}
	}
	if weighted == 0 {
		return nil, nil, errNoWeight()
	}
	if len(s.kept) == 0 {
		return nil, nil, errEmptyColumn(0)
	}
	if math.IsInf(s.total, 0) {
		return nil, nil, errWeightSum()
	}
	s.n = len(s.kept)
	out := mat.NewDense(s.n, d, nil)
	for to, from := range s.kept {
		out.SetRow(to, x.RawRowView(from))
	}
	if c.Labels != nil {
		s.label = make([]int, s.n)
		for to, from := range s.kept {
			s.label[to] = c.Labels[from]
		}
	}
	return out, s, nil
}

// fillGaps replaces missing values by 0, the column's mean, which is what k-means sees.
func (s *scaledRows) fillGaps() {
	for _, p := range s.patterns {
		for _, i := range p.rows {
			for _, j := range p.missing {
				s.x[i*s.d+j] = 0
			}
		}
	}
}

func errWeight(row int, w float64) error {
	return density.SettingErrorf(ErrSettings, "gmm: {Weights}, row %d is %v: {err}; want a nonnegative number", row+1, w)
}

func errNoWeight() error {
	return density.SettingErrorf(ErrSettings, "gmm: {Weights} are all 0: {err}; want one that is positive")
}

func errWeightSum() error {
	return density.SettingErrorf(ErrSettings, "gmm: {Weights} sum to infinity: {err}; scale them to the number of rows they are worth")
}

// meanJacobian returns what is added to the mean log-density of the scaled rows to
// have it in the units of the data: missing values have no density to change.
func (s *scaledRows) meanJacobian() float64 {
	if s.patterns == nil {
		return s.transform.LogJacobian()
	}
	var total float64
	for _, p := range s.patterns {
		var logs, weight float64
		for _, j := range p.observed {
			logs -= math.Log(s.transform.Scale[j])
		}
		for _, i := range p.rows {
			weight += s.weightOf(i)
		}
		total += logs * weight
	}
	return total / s.total
}

// columnMoments returns weighted means and variances of what the columns hold.
func (s *scaledRows) columnMoments(x *mat.Dense) (mean, variance []float64) {
	if s.weight == nil && s.patterns == nil {
		return density.Moments(x)
	}
	total, mean, variance := s.columnSums(x)
	for j, w := range total {
		variance[j] /= w
	}
	return mean, variance
}

// columnSums returns the weight of the values that each column holds, their mean and
// the sum of squares about it.
func (s *scaledRows) columnSums(x *mat.Dense) (weight, mean, squares []float64) {
	weight, mean, squares = make([]float64, s.d), make([]float64, s.d), make([]float64, s.d)
	for j := range s.d {
		first := math.NaN() // offsets from it: a constant column has variance 0 exactly
		for i := range s.n {
			v := x.At(i, j)
			if math.IsNaN(v) {
				continue
			}
			if math.IsNaN(first) {
				first = v
			}
			weight[j] += s.weightOf(i)
			mean[j] += s.weightOf(i) * (v - first)
		}
		mean[j] = first + mean[j]/weight[j]
		for i := range s.n {
			if e := x.At(i, j) - mean[j]; !math.IsNaN(e) {
				squares[j] += s.weightOf(i) * (e * e)
			}
		}
	}
	return weight, mean, squares
}

// forceLabels makes every component impossible for a labelled row but its own, in
// the log joint densities of rows [from, to).
func (s *scaledRows) forceLabels(joint []float64, from, to int) {
	k := len(joint) / (to - from)
	for i := from; i < to && s.label != nil; i++ {
		s.forceLabel(joint[(i-from)*k:(i-from+1)*k], i)
	}
}

// forceLabel does so in the log joint densities of row i.
func (s *scaledRows) forceLabel(joint []float64, i int) {
	if s.label == nil || s.label[i] < 0 {
		return
	}
	for c := range joint {
		if c != s.label[i] {
			joint[c] = math.Inf(-1)
		}
	}
}

// weightOf returns wᵢ.
func (s *scaledRows) weightOf(i int) float64 {
	if s.weight == nil {
		return 1
	}
	return s.weight[i]
}

// countDistinct counts the rows that differ from all before them, up to limit.
func (s *scaledRows) countDistinct(limit int) int {
	seen := make(map[string]struct{})
	key := make([]byte, 0, 8*s.d)
	for i := 0; i < s.n && len(seen) < limit; i++ {
		key = key[:0]
		for _, v := range s.row(i) {
			key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v+0)) // −0 is 0
		}
		seen[string(key)] = struct{}{}
	}
	return len(seen)
}

func (s *scaledRows) row(i int) []float64 { return s.x[i*s.d : (i+1)*s.d] }
