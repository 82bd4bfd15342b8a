package gmm

import (
	"io"

	"gonum.org/v1/gonum/mat"
)

// Float32Rows returns rows that are held in float32 (N×D, row-major) as a stream for
// [FitStream], which takes no copy of them: N·D·4 bytes, where a fit in memory has
// N·D·16 beside the responsibilities. They are widened a chunk at a time and the
// arithmetic is that of float64, so that the nats are those of the same rows in a
// *mat.Dense. It panics if x does not consist of whole rows.
func Float32Rows(x []float32, d int) Rows {
	if d < 1 || len(x)%d != 0 {
		panic("gmm: numbers that are not whole rows")
	}
	return &narrowRows{x: x, d: d}
}

type narrowRows struct {
	x  []float32
	d  int
	at int
}

// Dim returns the number of columns.
func (r *narrowRows) Dim() int { return r.d }

// Rewind goes back to the first row.
func (r *narrowRows) Rewind() error {
	r.at = 0
	return nil
}

// Next fills the first rows of dst and returns their number.
func (r *narrowRows) Next(dst *mat.Dense) (int, error) {
	room, _ := dst.Dims()
	n := min(room, (len(r.x)-r.at)/r.d)
	if n == 0 {
		return 0, io.EOF
	}
	for i := range n {
		row := dst.RawRowView(i)
		for j := range row {
			row[j] = float64(r.x[r.at+j])
		}
		r.at += r.d
	}
	return n, nil
}
