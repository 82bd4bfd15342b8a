package gmm

import (
	"sync"

	"likely/internal/kernel"
	"likely/internal/spread"
)

// blockRows is the number of rows handled at once.
const blockRows = spread.BlockRows

// forBlocks is [spread.Blocks], forSegments [spread.Segments], of which there are
// segments(n), and forEach [spread.Do].
func forBlocks(n int, f func(block, from, to int)) { spread.Blocks(n, f) }

func forSegments(n int, f func(segment, from, to int)) { spread.Segments(n, f) }

func segments(n int) int { return spread.CountSegments(n) }

func forEach(n int, f func(i int)) { spread.Do(n, f) }

// firstError returns the first error of a list, or nil.
func firstError(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

var buffers = sync.Pool{New: func() any { return new([]float64) }}

// getBuffer returns a scratch slice of length n with arbitrary content.
func getBuffer(n int) *[]float64 {
	b := buffers.Get().(*[]float64)
	if cap(*b) < n {
		*b = make([]float64, n)
	}
	*b = (*b)[:n]
	return b
}

func putBuffer(b *[]float64) { buffers.Put(b) }

var centres = sync.Pool{New: func() any { return new(kernel.Centres[float64]) }}

// squaredDistances stores those of the rows of x to k points in dst (rows×k);
// scales may be nil.
func squaredDistances(dst []float64, k, d int, points, scales, x []float64) {
	c := centres.Get().(*kernel.Centres[float64])
	c.Pack(k, d, points, scales)
	c.Distances(dst, len(x)/d, x, d)
	centres.Put(c)
}
