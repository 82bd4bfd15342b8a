package em

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/mat"
)

// Rows is data that is read in chunks, from the beginning any number of times.
type Rows interface {
	// Dim returns the number of columns.
	Dim() int
	// Rewind goes back to the first row.
	Rewind() error
	// Next fills the first rows of dst and returns their number; the error is
	// io.EOF after the last row, when the number is 0.
	Next(dst *mat.Dense) (int, error)
}

// WeightedRows is Rows that says how often each of them counts.
type WeightedRows interface {
	Rows
	// NextWeighted is Next, and fills as many weights; there is room for those of
	// all rows of dst.
	NextWeighted(dst *mat.Dense, weights []float64) (int, error)
}

// Chunk is as many rows of a stream as are held at once, without those that do not count.
type Chunk struct {
	X      *mat.Dense // rows×D, which may be overwritten
	Weight []float64  // nil for rows that count once
	Number []int      // of each row in the stream, from 0
}

// Reading says how rows are read.
type Reading struct {
	Size    int                              // rows of a chunk
	Missing bool                             // rows without any value are passed over, as those of weight 0
	Weight  func(row int, w float64) error   // the error for a weight that is none
	Wrap    func(what string, e error) error // an error of reading, in the words of a package
}

// EachChunk reads all rows and calls f with each chunk. Chunks are always full but for
// the last, however rows arrive, so that sums have one order.
func EachChunk(ctx context.Context, rows Rows, how Reading, f func(c *Chunk) error) error {
	if err := rows.Rewind(); err != nil {
		return how.Wrap("going back to the first row", err)
	}
	d := rows.Dim()
	weighted, _ := rows.(WeightedRows)
	data := make([]float64, how.Size*d)
	number := make([]int, how.Size)
	var weights []float64
	if weighted != nil {
		weights = make([]float64, how.Size)
	}
	filled, read := 0, 0
	for done := false; !done; {
		if err := ctx.Err(); err != nil {
			return how.Wrap("", err)
		}
		var n int
		var err error
		if to := mat.NewDense(how.Size-filled, d, data[filled*d:]); weighted != nil {
			n, err = weighted.NextWeighted(to, weights[filled:])
		} else {
			n, err = rows.Next(to)
		}
		switch {
		case errors.Is(err, io.EOF):
			done = true
		case err != nil:
			return how.Wrap("reading rows", err)
		}
		for i := filled; n > 0; i, n = i+1, n-1 {
			if weighted != nil {
				if w := weights[i]; !(w >= 0) || math.IsInf(w, 0) {
					return how.Weight(read, w)
				}
				weights[filled] = weights[i]
			}
			if filled < i {
				copy(data[filled*d:(filled+1)*d], data[i*d:(i+1)*d])
			}
			number[filled] = read
			read++
			if (weighted == nil || weights[filled] > 0) && (!how.Missing || HoldsValue(data[filled*d:(filled+1)*d])) {
				filled++
			}
		}
		if filled == how.Size || done && filled > 0 {
			c := &Chunk{X: mat.NewDense(filled, d, data[:filled*d]), Number: number[:filled]}
			if weighted != nil {
				c.Weight = weights[:filled]
			}
			if err := f(c); err != nil {
				return err
			}
			filled = 0
		}
	}
	return nil
}

// HoldsValue reports whether a row has a value that is not missing, NaN.
func HoldsValue(row []float64) bool {
	for _, v := range row {
		if v == v {
			return true
		}
	}
	return false
}

// Wrapper returns the Wrap of a package.
func Wrapper(pkg string) func(what string, e error) error {
	return func(what string, e error) error {
		if what == "" {
			return fmt.Errorf("%s: %w", pkg, e)
		}
		return fmt.Errorf("%s: %s: %w", pkg, what, e)
	}
}
