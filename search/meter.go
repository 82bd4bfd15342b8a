package search

import (
	"sync"
	"time"
)

// Meter counts work against a budget. It is safe for concurrent use.
type Meter struct {
	mu    sync.Mutex
	most  float64 // work
	spent float64

	limit time.Duration // 0: the budget is work
	begun time.Time
	now   func() time.Time
}

// NewMeter returns a meter for so many floating-point operations.
func NewMeter(work float64) *Meter { return &Meter{most: work} }

// assumedSpeed is how many operations a second are expected before any were seen.
const assumedSpeed = 2e10

// NewClock returns a meter for a time, which begins with the first question.
func NewClock(limit time.Duration) *Meter { return &Meter{limit: limit, now: time.Now} }

// Spend adds work that was done.
func (m *Meter) Spend(work float64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.start()
	m.spent += work
}

// Left returns the work that is left, at least 0. Of a clock it is what the time that is
// left is worth at the speed that was seen.
func (m *Meter) Left() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.limit == 0 {
		return max(m.most-m.spent, 0)
	}
	m.start()
	elapsed := m.now().Sub(m.begun).Seconds()
	speed := assumedSpeed
	if m.spent > 0 && elapsed > 0 {
		speed = m.spent / elapsed
	}
	return max(m.limit.Seconds()-elapsed, 0) * speed
}

// Spent returns the work that was done.
func (m *Meter) Spent() float64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.spent
}

// Timed says whether the budget is a time, which no two runs spend alike.
func (m *Meter) Timed() bool { return m.limit > 0 }

func (m *Meter) start() {
	if m.limit > 0 && m.begun.IsZero() {
		m.begun = m.now()
	}
}

// Most returns the work that may be done, and Limit the time: what the meter was made
// with, 0 for the other.
func (m *Meter) Most() float64 { return m.most }

// Limit is described at [Meter.Most].
func (m *Meter) Limit() time.Duration { return m.limit }
