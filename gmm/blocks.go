package gmm

import (
	"runtime"
	"sync"
	"sync/atomic"

	"likely/internal/kernel"
)

// blockRows is the number of rows handled at once: small enough for a block of
// them to stay in the second-level cache, large enough for matrix products to
// run at speed. Sums over rows are taken block by block in order, so it is part
// of what makes results independent of the number of cores.
const blockRows = 256

// forBlocks calls f for each block of n rows, on all cores. f gets the block's
// number and its rows [from, to) and must touch nothing that belongs to another
// block.
func forBlocks(n int, f func(block, from, to int)) {
	forEach((n+blockRows-1)/blockRows, func(b int) {
		f(b, b*blockRows, min((b+1)*blockRows, n))
	})
}

// segments returns the number of segments that [forSegments] cuts n rows into.
func segments(n int) int { return min(maxSegments, (n+blockRows-1)/blockRows) }

// maxSegments bounds the partial sums that are held at once. It does not depend
// on the machine, so that sums do not either.
const maxSegments = 16

// forSegments calls f for each of segments(n) runs of whole blocks, on all cores:
// for sums that are too large to hold one for each block.
func forSegments(n int, f func(segment, from, to int)) {
	blocks, count := (n+blockRows-1)/blockRows, segments(n)
	forEach(count, func(s int) {
		f(s, s*blocks/count*blockRows, min((s+1)*blocks/count*blockRows, n))
	})
}

// forEach calls f(0) … f(n−1) on all cores, in no particular order.
func forEach(n int, f func(i int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers <= 1 {
		for i := range n {
			f(i)
		}
		return
	}
	var next atomic.Int64
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= n {
					return
				}
				f(i)
			}
		})
	}
	group.Wait()
}

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
