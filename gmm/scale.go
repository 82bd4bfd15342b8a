package gmm

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// scaledRows are the rows of the data brought to mean 0 and variance 1 in each
// column, in which EM works.
type scaledRows struct {
	n, d      int
	x         []float64 // N×D, contiguous
	transform density.Transform
	jacobian  float64
	distinct  int // rows that differ from all before, counted up to a limit
}

// scaleRows checks and scales x (N×D); counting distinct rows stops at limit. A
// constant column is an error: its density is infinite, and a floor would have
// nothing to be relative to.
func scaleRows(x *mat.Dense, limit int) (*scaledRows, error) {
	if err := density.CheckFinite(x); err != nil {
		return nil, fmt.Errorf("gmm: %w", err)
	}
	n, d := x.Dims()
	s := &scaledRows{n: n, d: d}
	mean, variance := density.Moments(x)
	s.transform = density.Transform{Shift: mean, Scale: variance}
	for j, v := range variance {
		if !(v > 0) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("gmm: column %d has the single value %v: %w; drop the column, or spread discrete values by dequantising", j+1, mean[j], density.ErrConstant)
		}
		variance[j] = math.Sqrt(v)
	}
	s.jacobian = s.transform.LogJacobian()
	s.x = s.transform.Apply(nil, x).RawMatrix().Data
	s.distinct = s.countDistinct(limit)
	return s, nil
}

// countDistinct counts the rows that differ from all before them, up to limit.
func (s *scaledRows) countDistinct(limit int) int {
	var kept []int
rows:
	for i := range s.n {
		for _, j := range kept {
			if s.equal(i, j) {
				continue rows
			}
		}
		kept = append(kept, i)
		if len(kept) == limit {
			break
		}
	}
	return len(kept)
}

func (s *scaledRows) equal(i, j int) bool {
	a, b := s.row(i), s.row(j)
	for c, v := range a {
		if v != b[c] {
			return false
		}
	}
	return true
}

func (s *scaledRows) row(i int) []float64 { return s.x[i*s.d : (i+1)*s.d] }
