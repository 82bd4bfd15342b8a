package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/internal/kernel"
	"likely/internal/safetensors"
)

// Full gives each component a covariance of its own, without restriction:
// K·D(D+1)/2 parameters.
var Full Covariance = full{}

type full struct{}

func (full) String() string { return "full" }

func (f full) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func (full) NumParameters(k, d int) int { return k * d * (d + 1) / 2 }

func (full) scales() bool { return true }

func (full) needs(int) need { return needScatters }

func (full) maximize(m *moments, floor float64, keep shapes) (shapes, error) {
	s := &fullShapes{d: m.d, of: Full, components: make([]fullShape, m.k)}
	scatters, errs := m.allScatters(), make([]error, m.k)
	forEach(m.k, func(k int) {
		if m.empty(k) {
			s.components[k], errs[k] = keptFull(keep, k)
			return
		}
		c := scatters[k]
		floats.Scale(1/m.divisor(k), c)
		var err error
		if s.components[k], err = newFullShape(m.d, c, floor); err != nil {
			errs[k] = m.collapsed(k, err)
		}
	})
	return s, firstError(errs)
}

// keptFull returns the covariance that a component without rows had.
func keptFull(keep shapes, k int) (fullShape, error) {
	if keep == nil {
		return fullShape{}, noRows(k)
	}
	return keep.(*fullShapes).components[k], nil
}

func (full) toTensor(s shapes) safetensors.Tensor { return s.(*fullShapes).tensor() }

func (f full) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	return fullFromTensor(f, t, k, d)
}

// fullFromTensor rebuilds K unrestricted matrices for a family that is saved as
// such.
func fullFromTensor(of Covariance, t safetensors.Tensor, k, d int) (shapes, error) {
	if err := checkShape(t, k, d, d); err != nil {
		return nil, err
	}
	s := &fullShapes{d: d, of: of, components: make([]fullShape, k)}
	for i := range s.components {
		c, err := symmetrised(t.Data[i*d*d:(i+1)*d*d], d)
		if err != nil {
			return nil, fmt.Errorf("gmm: covariance %d %w", i+1, err)
		}
		if s.components[i], err = newFullShape(d, c, 0); err != nil {
			return nil, fmt.Errorf("gmm: covariance %d: %w", i+1, err)
		}
	}
	return s, nil
}

// fullShapes are K covariances, each a matrix of its own, or all the same one.
type fullShapes struct {
	d          int
	of         Covariance
	tied       bool      // components are copies of the first
	axes       []float64 // D×D, the axes that components share, one a column; or nil
	components []fullShape
}

// fullShape is one covariance Σ = LLᵀ.
type fullShape struct {
	sigma    []float64              // D×D
	factor   []float64              // L, D×D, lower triangular
	whiten   kernel.Packed[float64] // L⁻ᵀ, so that rows x·L⁻ᵀ have covariance I
	constant float64                // −½(D ln 2π + ln|Σ|)
	smallest float64                // smallest eigenvalue of Σ, or a bound
	atFloor  bool
}

func (s *fullShape) d() int { return int(math.Sqrt(float64(len(s.sigma)))) }

// newFullShape factors sigma (D×D, symmetric, taken over), after raising its
// eigenvalues to the floor if any lies below.
func newFullShape(d int, sigma []float64, floor float64) (fullShape, error) {
	s := fullShape{sigma: sigma}
	for i := range d { // sums of products may differ in the last digit
		for j := range i {
			sigma[i*d+j] = sigma[j*d+i]
		}
	}
	if floor > 0 {
		s.atFloor = raise(d, sigma, floor)
	}
	var chol mat.Cholesky
	if !chol.Factorize(mat.NewSymDense(d, sigma)) {
		return s, ErrCollapsed
	}
	var lower, inverse mat.TriDense
	chol.LTo(&lower)
	if err := inverse.InverseTri(&lower); err != nil {
		if _, nearly := err.(mat.Condition); !nearly {
			return s, ErrCollapsed
		}
	}
	s.factor = make([]float64, d*d)
	white := make([]float64, d*d)
	norm := 0.0 // ‖L⁻¹‖²_F = Σ 1/λᵢ ≥ 1/λ_min
	for i := range d {
		for j := range i + 1 {
			s.factor[i*d+j] = lower.At(i, j)
			white[i*d+j] = inverse.At(i, j)
			norm += white[i*d+j] * white[i*d+j]
		}
	}
	if math.IsNaN(norm) || math.IsInf(norm, 0) {
		return s, ErrCollapsed
	}
	s.smallest = 1 / norm
	s.whiten.PackUpper(true, d, white, d)
	logDet := 0.0
	for i := range d {
		logDet += math.Log(s.factor[i*d+i])
	}
	s.constant = -0.5*float64(d)*math.Log(2*math.Pi) - logDet
	return s, nil
}

// raise lifts the eigenvalues of sigma (D×D, symmetric, in place) to the floor
// and reports whether any was below. The result is the most likely covariance
// among those whose eigenvalues are at least the floor: the likelihood depends
// on the eigenvectors and, for each of them, on one eigenvalue alone. A
// Cholesky factorisation of Σ − floor·I settles the usual case in which nothing
// is to be done.
func raise(d int, sigma []float64, floor float64) bool {
	shifted := append([]float64{}, sigma...)
	for i := range d {
		shifted[i*d+i] -= floor
	}
	var chol mat.Cholesky
	if chol.Factorize(mat.NewSymDense(d, shifted)) {
		return false
	}
	var eigen mat.EigenSym
	if !eigen.Factorize(mat.NewSymDense(d, append([]float64{}, sigma...)), true) {
		return false // not finite: the caller's Cholesky fails and says so
	}
	values := eigen.Values(nil)
	active := false
	for i, v := range values {
		if v < floor {
			values[i], active = floor, true
		}
	}
	if !active {
		return false
	}
	var vectors mat.Dense
	eigen.VectorsTo(&vectors)
	for i := range d {
		for j := range i + 1 {
			var sum float64
			for q, v := range values {
				sum += v * vectors.At(i, q) * vectors.At(j, q)
			}
			sigma[i*d+j], sigma[j*d+i] = sum, sum
		}
	}
	return true
}

func (s *fullShapes) logDensities(dst, means, x []float64) {
	d, k := s.d, len(s.components)
	rows := len(x) / d
	tmp, squares := getBuffer(len(x)), getBuffer(rows)
	defer putBuffer(tmp)
	defer putBuffer(squares)
	if s.tied {
		s.tiedDensities(dst, means, x, *tmp)
		return
	}
	for c := range s.components {
		s.components[c].squares(*squares, *tmp, means[c*d:(c+1)*d], x)
		for i, q := range *squares {
			dst[i*k+c] = s.components[c].constant - 0.5*q
		}
	}
}

// squares stores the squared Mahalanobis distances of the rows of x in dst, by way
// of tmp, which is as long as x. It takes x − μ before the product: subtracting L⁻¹μ
// after it would lose the digits that x and μ share.
func (s *fullShape) squares(dst, tmp, mean, x []float64) {
	d := len(mean)
	for i := 0; i < len(x); i += d {
		kernel.Centre(tmp[i:i+d], x[i:i+d], mean, 1)
	}
	s.whiten.SumSquares(dst, len(dst), tmp, d, nil)
}

// tiedDensities whitens the rows once for all components. Taking the mean of the
// means out of both keeps the digits that they share.
func (s *fullShapes) tiedDensities(dst, means, x, tmp []float64) {
	d, k := s.d, len(s.components)
	rows := len(x) / d
	shape := &s.components[0]
	buffer := getBuffer(2*k*d + d + len(x))
	defer putBuffer(buffer)
	centre := (*buffer)[:d]
	offset := (*buffer)[d : d+k*d]
	white := (*buffer)[d+k*d : d+2*k*d]
	y := (*buffer)[d+2*k*d:]
	clear(centre)
	for c := range k {
		floats.AddScaled(centre, 1/float64(k), means[c*d:(c+1)*d])
	}
	for c := range k {
		floats.SubTo(offset[c*d:(c+1)*d], means[c*d:(c+1)*d], centre)
	}
	for i := range rows {
		floats.SubTo(tmp[i*d:(i+1)*d], x[i*d:(i+1)*d], centre)
	}
	shape.whiten.Mul(k, 1, offset, d, 0, white, d)
	shape.whiten.Mul(rows, 1, tmp, d, 0, y, d)
	squaredDistances(dst, k, d, white, nil, y)
	for i, q := range dst {
		dst[i] = shape.constant - 0.5*q
	}
}

func (s *fullShapes) logDensity(dst []float64, k int, mean, x []float64) {
	tmp := getBuffer(len(x))
	defer putBuffer(tmp)
	s.components[k].squares(dst, *tmp, mean, x)
	for i, q := range dst {
		dst[i] = s.components[k].constant - 0.5*q
	}
}

func (s *fullShapes) displace(dst []float64, k int, random *rand.Rand) {
	d, l := s.d, s.components[k].factor
	clear(dst)
	for j := range d {
		e := random.NormFloat64()
		for i := j; i < d; i++ {
			dst[i] += l[i*d+j] * e
		}
	}
}

func (s *fullShapes) at(k, i, j int) float64 { return s.components[k].sigma[i*s.d+j] }

func (s *fullShapes) times(k int, v []float64) []float64 {
	out := make([]float64, s.d)
	for i := range out {
		out[i] = floats.Dot(s.components[k].sigma[i*s.d:(i+1)*s.d], v)
	}
	return out
}

func (s *fullShapes) solve(k int, v []float64) []float64 {
	out, l := append([]float64{}, v...), s.components[k].factor
	for i := range out {
		row := l[i*s.d : i*s.d+i]
		out[i] = (out[i] - floats.Dot(row, out[:i])) / l[i*s.d+i]
	}
	for i := s.d - 1; i >= 0; i-- {
		out[i] /= l[i*s.d+i]
		floats.AddScaled(out[:i], -out[i], l[i*s.d:i*s.d+i])
	}
	return out
}

func (s *fullShapes) narrowest(k int) float64 { return s.components[k].smallest }

func (s *fullShapes) floored(k int) bool { return s.components[k].atFloor }

func (*fullShapes) heywood(int) int { return 0 }

func (s *fullShapes) rowsNeeded() int {
	if s.tied {
		return 2
	}
	return s.d + 1
}

func (s *fullShapes) rescaled(scale []float64) (shapes, error) {
	out := &fullShapes{d: s.d, of: s.of, tied: s.tied, components: make([]fullShape, len(s.components))}
	for k, c := range s.components {
		if s.tied && k > 0 {
			out.components[k] = out.components[0]
			continue
		}
		sigma := make([]float64, len(c.sigma))
		for i := range s.d {
			for j := range s.d {
				sigma[i*s.d+j] = c.sigma[i*s.d+j] * (scale[i] * scale[j])
			}
		}
		// The factor is that of the rescaled matrix, as a reader of the
		// parameters has it.
		shape, err := newFullShape(s.d, sigma, 0)
		if err != nil {
			return nil, errRescaled(k)
		}
		shape.atFloor = c.atFloor
		out.components[k] = shape
	}
	return out, nil
}

func (s *fullShapes) reordered(order []int) shapes {
	out := &fullShapes{d: s.d, of: s.of, tied: s.tied, components: make([]fullShape, len(order))}
	for i, k := range order {
		out.components[i] = s.components[k]
	}
	return out
}

func (s *fullShapes) tensor() safetensors.Tensor {
	t := safetensors.Tensor{Name: "covariances", Shape: []int{len(s.components), s.d, s.d}}
	for _, c := range s.components {
		t.Data = append(t.Data, c.sigma...)
	}
	return t
}

func (s *fullShapes) family() Covariance { return s.of }
