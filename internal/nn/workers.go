package nn

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Workers is a fixed set of goroutines that share out numbered parts of a task.
// Handing out a task does not allocate.
type Workers struct {
	size int
	work func(part int)
	next atomic.Int64
	last int64
	wake chan struct{}
	done sync.WaitGroup
}

// NewWorkers starts so many goroutines, or as many as GOMAXPROCS if size
// is 0, the calling goroutine included. Close ends it.
func NewWorkers(size int) *Workers {
	if size == 0 {
		size = runtime.GOMAXPROCS(0)
	}
	w := &Workers{size: size}
	w.wake = make(chan struct{}, w.size)
	for range w.size - 1 {
		go func() {
			for range w.wake {
				w.take()
				w.done.Done()
			}
		}()
	}
	return w
}

// Size returns the number of goroutines.
func (w *Workers) Size() int { return w.size }

// Run calls work(0) to work(parts−1), spread over the goroutines, and returns when
// all have returned.
func (w *Workers) Run(parts int, work func(part int)) {
	w.work, w.last = work, int64(parts)
	w.next.Store(0)
	helpers := min(w.size, parts) - 1
	if helpers > 0 {
		w.done.Add(helpers)
		for range helpers {
			w.wake <- struct{}{}
		}
	}
	w.take()
	w.done.Wait()
}

func (w *Workers) take() {
	for {
		part := w.next.Add(1) - 1
		if part >= w.last {
			return
		}
		w.work(int(part))
	}
}

// Close ends the goroutines.
func (w *Workers) Close() { close(w.wake) }
