// Package spread runs independent units of work on all cores.
package spread

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Each calls the function that work returns for every i in [0, n), on up to
// GOMAXPROCS goroutines. work is called once for each of them: what it allocates
// is the goroutine's own. Each unit must write to what belongs to i alone; the
// result then does not depend on the number of cores. progress, if not nil, is
// told how many are done.
//
// The error is that of ctx, or else that of the smallest i that has one: which it
// is does not depend on the order of work either.
func Each(ctx context.Context, n int, progress func(done, total int), work func() func(i int) error) error {
	if ctx == nil { // here, where a caller can recover, and not on a goroutine
		panic("spread: nil context")
	}
	errs := make([]error, n)
	var next, done atomic.Int64
	var group sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		group.Go(func() {
			unit := work()
			for {
				i := int(next.Add(1)) - 1
				if i >= n || ctx.Err() != nil {
					return
				}
				errs[i] = unit(i)
				if count := int(done.Add(1)); progress != nil {
					progress(count, n)
				}
			}
		})
	}
	group.Wait()
	if err := ctx.Err(); err != nil {
		return err
	}
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
