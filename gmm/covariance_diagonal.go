package gmm

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"likely/internal/safetensors"
)

// The families whose ellipsoids have the columns for axes.
var (
	// Diagonal gives each component a variance for each column and no
	// correlation within it: K·D parameters.
	Diagonal Covariance = &axisFamily{
		name: "diag", parameters: func(k, d int) int { return k * d }, unitFree: true,
		byComponent: true, byColumn: true, solve: solveDiagonal,
	}
	// TiedDiagonal gives all components the same variance for each column: D
	// parameters.
	TiedDiagonal Covariance = &axisFamily{
		name: "tied-diag", parameters: func(_, d int) int { return d }, unitFree: true,
		byColumn: true, solve: solveTiedDiagonal,
	}
	// Spherical gives each component one variance for all columns: K
	// parameters.
	Spherical Covariance = &axisFamily{
		name: "spherical", parameters: func(k, _ int) int { return k },
		byComponent: true, solve: solveSpherical,
	}
	// TiedSpherical gives all components one variance for all columns: 1
	// parameter.
	TiedSpherical Covariance = &axisFamily{
		name: "tied-spherical", parameters: func(_, _ int) int { return 1 },
		solve: solveTiedSpherical,
	}
)

// axisFamily is a family of diagonal covariances. solve turns the squares about
// the means (K×D, overwritten) into the most likely variances of at least floor.
type axisFamily struct {
	name                  string
	parameters            func(k, d int) int
	unitFree              bool
	coupled               bool // components share something: none may be without rows
	byComponent, byColumn bool // which dimensions saved variances have
	solve                 func(m *moments, squares []float64, floor float64)
}

func (f *axisFamily) String() string { return f.name }

func (f *axisFamily) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

func (f *axisFamily) NumParameters(k, d int) int { return f.parameters(k, d) }

func (*axisFamily) needs(int) need { return needSquares }

func (f *axisFamily) scales() bool { return f.unitFree }

func (f *axisFamily) maximize(m *moments, floor float64, keep shapes) (shapes, error) {
	if f.coupled {
		if err := m.noneEmpty(); err != nil {
			return nil, err
		}
	}
	variances := m.squares()
	held := make([]bool, m.k)
	f.solve(m, variances, floor)
	for k := range m.k {
		row := variances[k*m.d : (k+1)*m.d]
		if m.empty(k) && f.byComponent {
			if keep == nil {
				return nil, noRows(k)
			}
			old := keep.(*diagonalShapes)
			copy(row, old.variances[k*m.d:(k+1)*m.d])
			held[k] = old.held[k]
			continue
		}
		for j, v := range row {
			if v <= floor*(1+heldMargin) {
				row[j], held[k] = max(v, floor), floor > 0
			}
			if !(row[j] > 0) || math.IsInf(row[j], 1) {
				return nil, m.collapsed(k, fmt.Errorf("column %d: %w", j+1, ErrCollapsed))
			}
		}
	}
	s := newDiagonalShapes(f, m.k, m.d, variances)
	s.held = held
	return s, nil
}

func solveDiagonal(m *moments, v []float64, floor float64) {
	for i := range v {
		v[i] = max(v[i]/m.divisor(i/m.d), floor)
	}
}

func solveTiedDiagonal(m *moments, v []float64, floor float64) {
	for j := range m.d {
		var sum float64
		for k := range m.k {
			sum += v[k*m.d+j]
		}
		for k := range m.k {
			v[k*m.d+j] = max(sum/m.pooledDivisor(), floor)
		}
	}
}

func solveSpherical(m *moments, v []float64, floor float64) {
	for k := range m.k {
		fill(v[k*m.d:(k+1)*m.d], max(sum(v[k*m.d:(k+1)*m.d])/(float64(m.d)*m.divisor(k)), floor))
	}
}

func solveTiedSpherical(m *moments, v []float64, floor float64) {
	fill(v, max(sum(v)/(float64(m.d)*m.pooledDivisor()), floor))
}

// strides returns what an index into saved variances grows by with the component
// and with the column, and the shape of the tensor.
func (f *axisFamily) strides(k, d int) (byComponent, byColumn int, shape []int) {
	switch {
	case f.byComponent && f.byColumn:
		return d, 1, []int{k, d}
	case f.byComponent:
		return 1, 0, []int{k}
	case f.byColumn:
		return 0, 1, []int{d}
	}
	return 0, 0, []int{1}
}

func (f *axisFamily) toTensor(s shapes) safetensors.Tensor {
	t := s.(*diagonalShapes)
	byComponent, byColumn, shape := f.strides(t.k, t.d)
	size := 1
	for _, n := range shape {
		size *= n
	}
	out := safetensors.Tensor{Name: "covariances", Shape: shape, Data: make([]float64, size)}
	for i, v := range t.variances {
		out.Data[i/t.d*byComponent+i%t.d*byColumn] = v
	}
	return out
}

func (f *axisFamily) fromTensor(t safetensors.Tensor, k, d int) (shapes, error) {
	byComponent, byColumn, shape := f.strides(k, d)
	if err := checkShape(t, shape...); err != nil {
		return nil, err
	}
	variances := make([]float64, k*d)
	for i := range variances {
		v := t.Data[i/d*byComponent+i%d*byColumn]
		if !(v > 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("gmm: variance of component %d in column %d is %v: %w; want a positive number", i/d+1, i%d+1, v, ErrParameters)
		}
		variances[i] = v
	}
	return newDiagonalShapes(f, k, d, variances), nil
}

// diagonalShapes are K diagonal covariances.
type diagonalShapes struct {
	k, d      int
	of        Covariance
	variances []float64 // K×D
	inverse   []float64 // 1/standard deviation, K×D
	constant  []float64 // −½(D ln 2π + Σ ln variance), K
	held      []bool    // by the floor, K
}

// newDiagonalShapes takes over the positive variances (K×D).
func newDiagonalShapes(of Covariance, k, d int, variances []float64) *diagonalShapes {
	s := &diagonalShapes{k: k, d: d, of: of, variances: variances, inverse: make([]float64, k*d), constant: make([]float64, k), held: make([]bool, k)}
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

func (s *diagonalShapes) logDensities(dst, means, x []float64) {
	squaredDistances(dst, s.k, s.d, means, s.inverse, x)
	for i := 0; i < len(dst); i += s.k {
		row := dst[i : i+s.k]
		for k, c := range s.constant {
			row[k] = c - 0.5*row[k]
		}
	}
}

func (s *diagonalShapes) logDensity(dst []float64, k int, mean, x []float64) {
	inverse := s.inverse[k*s.d : (k+1)*s.d]
	mean = mean[:len(inverse)]
	for i := range dst {
		row := x[i*s.d : (i+1)*s.d][:len(inverse)]
		var sum float64
		for j, v := range inverse {
			e := (row[j] - mean[j]) * v
			sum += e * e
		}
		dst[i] = s.constant[k] - 0.5*sum
	}
}

func (s *diagonalShapes) displace(dst []float64, k int, random *rand.Rand) {
	for j := range dst {
		dst[j] = math.Sqrt(s.variances[k*s.d+j]) * random.NormFloat64()
	}
}

func (s *diagonalShapes) times(k int, v []float64) []float64 {
	out := make([]float64, s.d)
	floats.MulTo(out, v, s.variances[k*s.d:(k+1)*s.d])
	return out
}

func (s *diagonalShapes) solve(k int, v []float64) []float64 {
	out := make([]float64, s.d)
	floats.DivTo(out, v, s.variances[k*s.d:(k+1)*s.d])
	return out
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

func (*diagonalShapes) heywood(int) int { return 0 }

func (*diagonalShapes) rowsNeeded() int { return 2 }

func (s *diagonalShapes) rescaled(scale []float64) (shapes, error) {
	variances := make([]float64, len(s.variances))
	for i, v := range s.variances {
		variances[i] = v * (scale[i%s.d] * scale[i%s.d])
		if !(variances[i] > 0) || math.IsInf(variances[i], 1) {
			return nil, errRescaled(i / s.d)
		}
	}
	out := newDiagonalShapes(s.of, s.k, s.d, variances)
	out.held = s.held
	return out, nil
}

func (s *diagonalShapes) reordered(order []int) shapes {
	variances := make([]float64, 0, len(order)*s.d)
	held := make([]bool, 0, len(order))
	for _, k := range order {
		variances = append(variances, s.variances[k*s.d:(k+1)*s.d]...)
		held = append(held, s.held[k])
	}
	out := newDiagonalShapes(s.of, len(order), s.d, variances)
	out.held = held
	return out
}

func (s *diagonalShapes) family() Covariance { return s.of }
