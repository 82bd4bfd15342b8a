package compare

import (
	"math"
	"sync"

	"likely/gmm"
	"likely/saved"
	"likely/vae"
)

// Frame is a model on the way to a fit.
type Frame struct {
	// At is the number of iterations or epochs made.
	At int
	// Model is in model space, as that of the fit.
	Model saved.Fitted
}

// mostWatched is the number of columns up to which the course of a fit is kept: a
// density over more of them cannot be drawn.
const mostWatched = 2

// course keeps models on the way to a fit, ever more seldom: some 25 of a thousand
// steps.
type course struct {
	mu     sync.Mutex
	starts map[int][]Frame
}

// newCourse returns a course; nil, which keeps nothing, for data of many columns.
func newCourse(d *Data) *course {
	if d.All.Dim() > mostWatched {
		return nil
	}
	return &course{starts: make(map[int][]Frame)}
}

// due says whether the model after so many steps is to be kept: each of the first few,
// then those a quarter further than the one before.
func due(step int) bool {
	for k := 0; ; k++ {
		switch mark := int(math.Round(4 * math.Pow(1.25, float64(k)))); {
		case step <= 4 || step == mark:
			return true
		case step < mark:
			return false
		}
	}
}

// add keeps a model after so many steps. A step that was taken back, and is made
// again, counts once.
func (c *course) add(start, step int, model func() saved.Fitted) {
	if c == nil || !due(step) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	frames := c.starts[start]
	for len(frames) > 0 && frames[len(frames)-1].At >= step {
		frames = frames[:len(frames)-1]
	}
	c.starts[start] = append(frames, Frame{At: step, Model: model()})
}

// end returns what was kept of a start, and the fitted model after its last step.
func (c *course) end(start, step int, model saved.Fitted) []Frame {
	if c == nil {
		return nil
	}
	frames := c.starts[start]
	for len(frames) > 0 && frames[len(frames)-1].At >= step {
		frames = frames[:len(frames)-1]
	}
	return append(frames, Frame{At: step, Model: model})
}

// watchMixture keeps the mixtures of all starts of a fit.
func (c *course) watchMixture() func(start, iteration int, run *gmm.EM) {
	if c == nil {
		return nil
	}
	return func(start, iteration int, run *gmm.EM) {
		c.add(start, iteration, func() saved.Fitted { return run.Model() })
	}
}

// watchNetwork returns what to call after each epoch: it keeps what training would
// return if it ended there. A prior that is fitted after training is not there before.
func (c *course) watchNetwork(t trainer) func() {
	network, ok := t.(*vae.Trainer)
	if c == nil || !ok {
		return func() {}
	}
	prior := network.Settings().Prior
	late := prior == vae.ExPost(prior.Components())
	epoch := 0
	return func() {
		if epoch++; late || epoch > 1 && !due(epoch) {
			return
		}
		m, report, err := network.Model()
		if err != nil {
			return // the end of the training says so
		}
		epoch = len(report.History) // more than were counted where training was resumed
		c.add(0, epoch, func() saved.Fitted { return m })
	}
}
