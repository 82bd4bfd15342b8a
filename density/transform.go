package density

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// DefaultFloor is the smallest variance, relative to that of the column in
// the training data, that any model of this project gives a column unless told
// otherwise. Without a floor the likelihood of mixtures and of VAEs with a
// free variance is unbounded (Mattei & Frellsen 2018). Being relative, it
// means the same on any scale of the data.
const DefaultFloor = 1e-6

// Transform is the invertible map from data space to model space
//
//	y = (x − shift) / scale        column by column
//
// with log p_X(x) = log p_Y(y) + [Transform.LogJacobian].
type Transform struct {
	Shift []float64 // length D, in the units of the data
	Scale []float64 // length D, positive, in the units of the data
}

// NewIdentity returns the transform of D columns that changes nothing.
func NewIdentity(d int) Transform {
	t := Transform{Shift: make([]float64, d), Scale: make([]float64, d)}
	for j := range t.Scale {
		t.Scale[j] = 1
	}
	return t
}

// NewCentering returns the transform that subtracts the column means of x
// (N×D) and leaves the scale alone.
func NewCentering(x *mat.Dense) Transform { return NewWeightedCentering(x, nil) }

// NewWeightedCentering is [NewCentering] with the means of [WeightedMoments].
func NewWeightedCentering(x *mat.Dense, weights []float64) Transform {
	_, d := x.Dims()
	t := NewIdentity(d)
	t.Shift, _ = WeightedMoments(x, weights)
	return t
}

// NewStandardizing returns the transform that gives each column of x (N×D)
// mean 0 and variance 1 (divisor N). A constant column is an error that wraps
// [ErrConstant] and names the column, counted from 1; one whose variance overflows
// wraps [ErrNonFinite].
func NewStandardizing(x *mat.Dense) (Transform, error) { return NewWeightedStandardizing(x, nil) }

// NewWeightedStandardizing is [NewStandardizing] with the mean and the variance of
// [WeightedMoments].
func NewWeightedStandardizing(x *mat.Dense, weights []float64) (Transform, error) {
	mean, variance := WeightedMoments(x, weights)
	for j, v := range variance {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return Transform{}, fmt.Errorf("density: the variance of column %d overflows: %w; divide the column by a power of ten", j+1, ErrNonFinite)
		}
		if !(v > 0) {
			return Transform{}, fmt.Errorf("density: column %d has the single value %v: %w; drop the column, or spread discrete values by dequantising", j+1, mean[j], ErrConstant)
		}
		variance[j] = math.Sqrt(v)
	}
	return Transform{Shift: mean, Scale: variance}, nil
}

// Moments returns the mean and the variance (divisor N, second moments about
// the mean) of each column of x (N×D, N ≥ 1).
func Moments(x *mat.Dense) (mean, variance []float64) { return WeightedMoments(x, nil) }

// WeightedMoments is [Moments] where row i counts wᵢ times (length N, positive;
// nil: once); the divisor is Σw.
func WeightedMoments(x *mat.Dense, weights []float64) (mean, variance []float64) {
	n, d := x.Dims()
	if weights != nil && len(weights) != n {
		panic("density: weights and data differ in length")
	}
	total := float64(n)
	weight := func(i int) float64 {
		if weights == nil {
			return 1
		}
		return weights[i]
	}
	if weights != nil {
		total = 0
		for _, w := range weights {
			total += w
		}
	}
	mean = make([]float64, d)
	variance = make([]float64, d)
	first := x.RawRowView(0)
	for i := range n {
		w := weight(i)
		for j, v := range x.RawRowView(i) {
			// Offsets from the first row: a constant column has mean
			// exactly that constant and variance exactly 0.
			mean[j] += w * (v - first[j])
		}
	}
	for j := range mean {
		mean[j] = first[j] + mean[j]/total
	}
	for i := range n {
		w := weight(i)
		for j, v := range x.RawRowView(i) {
			variance[j] += w * ((v - mean[j]) * (v - mean[j]))
		}
	}
	for j := range variance {
		variance[j] /= total
	}
	return mean, variance
}

// Dim returns D.
func (t Transform) Dim() int { return len(t.Shift) }

// LogJacobian returns ln |dy/dx| = −Σ ln scaleⱼ in nats: what is added to a
// log-density in model space to have it in the units of the data.
func (t Transform) LogJacobian() float64 {
	var sum float64
	for _, s := range t.Scale {
		sum -= math.Log(s)
	}
	return sum
}

// Apply stores (x − shift)/scale in dst (both N×D; dst may be x, or nil, and
// is then allocated) and returns dst.
func (t Transform) Apply(dst, x *mat.Dense) *mat.Dense {
	return t.each(dst, x, func(v, shift, scale float64) float64 { return (v - shift) / scale })
}

// Invert stores y·scale + shift in dst (both N×D; dst may be y, or nil, and
// is then allocated) and returns dst.
func (t Transform) Invert(dst, y *mat.Dense) *mat.Dense {
	return t.each(dst, y, func(v, shift, scale float64) float64 { return v*scale + shift })
}

func (t Transform) each(dst, x *mat.Dense, f func(v, shift, scale float64) float64) *mat.Dense {
	n, d := x.Dims()
	if d != t.Dim() {
		panic("density: transform and data differ in width")
	}
	if dst == nil {
		dst = mat.NewDense(n, d, nil)
	}
	if dn, dd := dst.Dims(); dn != n || dd != d {
		panic("density: dst and data differ in shape")
	}
	for i := range n {
		to := dst.RawRowView(i)
		for j, v := range x.RawRowView(i) {
			to[j] = f(v, t.Shift[j], t.Scale[j])
		}
	}
	return dst
}

// Check returns an error unless shift and scale have one length, all shifts
// are finite and all scales positive and finite, as a transform from a file
// may fail to be.
func (t Transform) Check() error {
	if len(t.Shift) != len(t.Scale) {
		return fmt.Errorf("density: a transform with %d shifts and %d scales", len(t.Shift), len(t.Scale))
	}
	for j := range t.Shift {
		if math.IsNaN(t.Shift[j]) || math.IsInf(t.Shift[j], 0) || !(t.Scale[j] > 0) || math.IsInf(t.Scale[j], 0) {
			return fmt.Errorf("density: column %d has shift %v and scale %v; want a finite shift and a positive, finite scale", j+1, t.Shift[j], t.Scale[j])
		}
	}
	return nil
}
