package density

import (
	"errors"
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Errors that name what is wrong with data. They are wrapped with the place.
var (
	// ErrNonFinite reports a NaN or an infinity.
	ErrNonFinite = errors.New("value is not finite")
	// ErrConstant reports a column with a single value, whose density is
	// degenerate.
	ErrConstant = errors.New("column is constant")
	// ErrSupport reports a value outside the support of the model.
	ErrSupport = errors.New("value is outside the model's support")
)

// CheckFinite returns an error that names the first row and column (counted
// from 1) of x at which a value is NaN or infinite, or nil.
func CheckFinite(x *mat.Dense) error {
	n, _ := x.Dims()
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("density: row %d, column %d is %v: %w; remove the row or fill the value in", i+1, j+1, v, ErrNonFinite)
			}
		}
	}
	return nil
}

// CheckBinary returns an error that names the first row and column (counted
// from 1) of x that is neither 0 nor 1, or nil.
func CheckBinary(x *mat.Dense) error {
	n, _ := x.Dims()
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if v != 0 && v != 1 {
				return fmt.Errorf("density: row %d, column %d is %v, neither 0 nor 1: %w; binarise the data or use a continuous likelihood", i+1, j+1, v, ErrSupport)
			}
		}
	}
	return nil
}
