package nn

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// Crew is a fixed set of goroutines that share out numbered parts of a job.
// Handing out a job does not allocate.
type Crew struct {
	size int
	work func(part int)
	next atomic.Int64
	last int64
	wake chan struct{}
	done sync.WaitGroup
}

// NewCrew starts a crew of the given size, or as large as GOMAXPROCS if size
// is 0, the calling goroutine included. Close ends it.
func NewCrew(size int) *Crew {
	if size == 0 {
		size = runtime.GOMAXPROCS(0)
	}
	c := &Crew{size: size}
	c.wake = make(chan struct{}, c.size)
	for range c.size - 1 {
		go func() {
			for range c.wake {
				c.take()
				c.done.Done()
			}
		}()
	}
	return c
}

// Size returns the number of goroutines.
func (c *Crew) Size() int { return c.size }

// Run calls work(0) to work(parts−1), spread over the crew, and returns when
// all have returned.
func (c *Crew) Run(parts int, work func(part int)) {
	c.work, c.last = work, int64(parts)
	c.next.Store(0)
	helpers := min(c.size, parts) - 1
	if helpers > 0 {
		c.done.Add(helpers)
		for range helpers {
			c.wake <- struct{}{}
		}
	}
	c.take()
	c.done.Wait()
}

func (c *Crew) take() {
	for {
		part := c.next.Add(1) - 1
		if part >= c.last {
			return
		}
		c.work(int(part))
	}
}

// Close ends the goroutines of the crew.
func (c *Crew) Close() { close(c.wake) }
