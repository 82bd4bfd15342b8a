package spread

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// BlockRows is the number of rows of data handled at once: small enough for a block of
// them to stay in the second-level cache, large enough for matrix products to
// run at speed. Sums over rows are taken block by block in order, so it is part
// of what makes results independent of the number of cores.
const BlockRows = 256

// MaxSegments bounds the partial sums that are held at once. It does not depend
// on the machine, so that sums do not either.
const MaxSegments = 16

// Do calls f(0) … f(n−1) on all cores, in no particular order.
func Do(n int, f func(i int)) {
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

// Blocks calls f for each block of n rows, on all cores. f gets the block's
// number and its rows [from, to) and must touch nothing that belongs to another
// block.
func Blocks(n int, f func(block, from, to int)) {
	Do((n+BlockRows-1)/BlockRows, func(b int) {
		f(b, b*BlockRows, min((b+1)*BlockRows, n))
	})
}

// CountSegments returns the number of segments that [Segments] cuts n rows into.
func CountSegments(n int) int { return min(MaxSegments, (n+BlockRows-1)/BlockRows) }

// Segments calls f for each of CountSegments(n) runs of whole blocks, on all cores:
// for sums that are too large to hold one for each block.
func Segments(n int, f func(segment, from, to int)) {
	blocks, count := (n+BlockRows-1)/BlockRows, CountSegments(n)
	Do(count, func(s int) {
		f(s, s*blocks/count*BlockRows, min((s+1)*blocks/count*BlockRows, n))
	})
}
