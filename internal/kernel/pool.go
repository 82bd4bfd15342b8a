package kernel

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// job is work that consists of numbered tasks, in any order.
type job interface{ task(i int) }

// pool are the goroutines that help a caller with its tasks. They live as long
// as the program. One caller at a time has their help; others do without.
type pool struct {
	caller  sync.Mutex
	helpers int // started so far

	// state is the number of the job, and in its lower half how many of its
	// tasks nobody has taken yet. Taking a task is one compare-and-swap, which
	// fails if the job has changed.
	state   atomic.Uint64
	job     job
	limit   atomic.Int64 // helpers that may take part
	pending atomic.Int64 // tasks not done yet, and one for the caller
	done    chan struct{}

	asleep atomic.Int64
	wake   chan struct{}
}

var helpers = pool{done: make(chan struct{}, 1), wake: make(chan struct{}, 1024)}

// workersDo runs tasks 0 to n−1 of j on the calling goroutine and up to
// workers−1 others, and returns when all are done.
func workersDo(j job, n, workers int) {
	h := &helpers
	if n == 1 || workers == 1 || !h.caller.TryLock() {
		for i := range n {
			j.task(i)
		}
		return
	}
	defer h.caller.Unlock()
	for h.helpers < workers-1 {
		go h.help(int64(h.helpers))
		h.helpers++
	}
	h.job = j
	h.limit.Store(int64(workers - 1))
	h.pending.Store(int64(n) + 1)
	h.state.Store((h.state.Load()>>32+1)<<32 | uint64(n))
	for range min(h.asleep.Load(), int64(min(n, workers)-1)) {
		select {
		case h.wake <- struct{}{}:
		default:
		}
	}
	for h.step() {
	}
	if h.pending.Add(-1) > 0 {
		h.await()
	}
	h.job = nil
}

// step does one task, if there is one left.
func (h *pool) step() bool {
	for {
		state := h.state.Load()
		left := state & (1<<32 - 1)
		if left == 0 {
			return false
		}
		if !h.state.CompareAndSwap(state, state-1) {
			continue
		}
		h.job.task(int(left) - 1)
		if h.pending.Add(-1) == 0 {
			h.done <- struct{}{}
		}
		return true
	}
}

// await waits for the helpers' last tasks, at first without giving up the
// processor: they are usually about to end.
func (h *pool) await() {
	for range 2000 {
		select {
		case <-h.done:
			return
		default:
		}
	}
	<-h.done
}

// ready tells whether there is a task for the helper of that number.
func (h *pool) ready(number int64) bool {
	return h.state.Load()&(1<<32-1) != 0 && number < h.limit.Load()
}

// help is the life of a helper.
func (h *pool) help(number int64) {
	for {
		for h.ready(number) {
			h.step()
		}
		if h.linger(number) {
			continue
		}
		h.asleep.Add(1)
		if !h.ready(number) {
			<-h.wake
			h.passOn(number)
		}
		h.asleep.Add(-1)
	}
}

// passOn wakes another helper if this one is not among those that may take
// part, which happens after GOMAXPROCS has fallen. Sleepers are woken in the
// order in which they went to sleep, so one that may comes up.
func (h *pool) passOn(number int64) {
	if number < h.limit.Load() || h.state.Load()&(1<<32-1) == 0 {
		return
	}
	select {
	case h.wake <- struct{}{}:
	default:
	}
}

// linger waits a short time for the next job, which in a training loop comes
// sooner than a sleeper could be woken. It tells whether there is one.
func (h *pool) linger(number int64) bool {
	for range 100 {
		for range 100 {
			if h.ready(number) {
				return true
			}
		}
		runtime.Gosched()
	}
	return false
}
