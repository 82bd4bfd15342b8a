package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"

	"likely/internal/safetensors"
)

// Diagonal gives each component a variance for each column and no correlation
// within it: K·D parameters.
var Diagonal Covariance = diagonal{}

type diagonal struct{}

func (diagonal) String() string { return "diag" }

func (diagonal) NumParameters(k, d int) int { return k * d }

func (diagonal) maximize(m *moments, floor float64, keep shapes) (shapes, error) {
	variances := make([]float64, m.k*m.d)
	held := make([]bool, m.k)
	for k := range m.k {
		row := variances[k*m.d : (k+1)*m.d]
		if m.empty(k) {
			if keep == nil {
				return nil, fmt.Errorf("gmm: component %d has no rows: %w; use fewer components", k+1, ErrCollapsed)
			}
			old := keep.(*diagonalShapes)
			copy(row, old.variances[k*m.d:(k+1)*m.d])
			held[k] = old.held[k]
			continue
		}
		m.squares(row, k)
		for j, v := range row {
			row[j] = v / m.count[k]
			if row[j] < floor {
				row[j], held[k] = floor, true
			}
			if !(row[j] > 0) {
				return nil, fmt.Errorf("gmm: component %d collapsed in column %d onto %.3g of %d rows: %w; use fewer components or a larger Settings.Floor", k+1, j+1, m.count[k], m.n, ErrCollapsed)
			}
		}
	}
	s := newDiagonalShapes(m.k, m.d, variances)
	s.held = held
	return s, nil
}

func (diagonal) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	if err := checkShape(t, k, d); err != nil {
		return nil, err
	}
	for i, v := range t.Data {
		if !(v > 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("gmm: variance of component %d in column %d is %v: %w", i/d+1, i%d+1, v, ErrParameters)
		}
	}
	return newDiagonalShapes(k, d, append([]float64{}, t.Data...)), nil
}

// diagonalShapes are K diagonal covariances.
type diagonalShapes struct {
	k, d      int
	variances []float64 // K×D
	inverse   []float64 // 1/standard deviation, K×D
	constant  []float64 // −½(D ln 2π + Σ ln variance), K
	held      []bool    // by the floor, K
}

// newDiagonalShapes takes over the positive variances (K×D).
func newDiagonalShapes(k, d int, variances []float64) *diagonalShapes {
	s := &diagonalShapes{k: k, d: d, variances: variances, inverse: make([]float64, k*d), constant: make([]float64, k), held: make([]bool, k)}
	for i := range k {
		sum := 0.0
		for j := i * d; j < (i+1)*d; j++ {
			s.inverse[j] = 1 / math.Sqrt(variances[j])
			sum += math.Log(variances[j])
		}
		s.constant[i] = -0.5 * (float64(d)*math.Log(2*math.Pi) + sum)
	}
	return s
}

func (s *diagonalShapes) logDensity(dst []float64, stride, k int, mean, x, _ []float64) {
	d := s.d
	inverse := s.inverse[k*d : (k+1)*d]
	for i := range len(x) / d {
		var sum float64
		for j, v := range x[i*d : (i+1)*d] {
			e := (v - mean[j]) * inverse[j]
			sum += e * e
		}
		dst[i*stride] = s.constant[k] - 0.5*sum
	}
}

func (s *diagonalShapes) displace(dst []float64, k int, random *rand.Rand) {
	for j := range dst {
		dst[j] = math.Sqrt(s.variances[k*s.d+j]) * random.NormFloat64()
	}
}

func (s *diagonalShapes) at(k, i, j int) float64 {
	if i != j {
		return 0
	}
	return s.variances[k*s.d+i]
}

func (s *diagonalShapes) narrowest(k int) float64 {
	smallest := math.Inf(1)
	for _, v := range s.variances[k*s.d : (k+1)*s.d] {
		smallest = min(smallest, v)
	}
	return smallest
}

func (s *diagonalShapes) floored(k int) bool { return s.held[k] }

func (s *diagonalShapes) rescaled(scale []float64) shapes {
	variances := make([]float64, len(s.variances))
	for i, v := range s.variances {
		variances[i] = v * (scale[i%s.d] * scale[i%s.d])
	}
	out := newDiagonalShapes(s.k, s.d, variances)
	out.held = s.held
	return out
}

func (s *diagonalShapes) reordered(order []int) shapes {
	variances := make([]float64, 0, len(order)*s.d)
	held := make([]bool, 0, len(order))
	for _, k := range order {
		variances = append(variances, s.variances[k*s.d:(k+1)*s.d]...)
		held = append(held, s.held[k])
	}
	out := newDiagonalShapes(len(order), s.d, variances)
	out.held = held
	return out
}

func (s *diagonalShapes) tensor() safetensors.Tensor {
	return safetensors.Tensor{Name: "covariances", Shape: []int{s.k, s.d}, Data: append([]float64{}, s.variances...)}
}

func (s *diagonalShapes) family() Covariance { return Diagonal }
