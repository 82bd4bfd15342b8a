package vae

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"slices"

	"likely/density"
)

// ErrMemory reports a network too large for the memory.
var ErrMemory = errors.New("not enough memory")

// unknownMemory is what is assumed where the system does not tell, in bytes.
const unknownMemory = 16 << 30

// freeMemory returns the bytes that may be taken: what Linux says is available, and
// no more than Go's own limit.
func freeMemory() float64 {
	free := float64(unknownMemory)
	if file, err := os.Open("/proc/meminfo"); err == nil {
		defer file.Close()
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var kilobytes float64
			if _, err := fmt.Sscanf(lines.Text(), "MemAvailable: %f kB", &kilobytes); err == nil {
				free = 1024 * kilobytes
				break
			}
		}
	}
	if limit := debug.SetMemoryLimit(-1); limit < math.MaxInt64 {
		free = min(free, float64(limit))
	}
	return free
}

// copies is the number of times the parameters are held in training: themselves,
// their gradient, two moments of Adam, the best so far, those laid out for
// validation, and those of the finished model, twice.
const copies = 8

// trainingBytes returns about what training takes, beside the data.
func (c *Config) trainingBytes(s *Settings) float64 {
	size := 4.0
	if c.Precision == Float64 {
		size = 8
	}
	q := newPosterior[float64](c)
	var widths float64 // of a row on the tapes
	for _, w := range slices.Concat(c.encoderWidths(q.outputs(c.Latent)), c.decoderWidths()) {
		widths += float64(w)
	}
	batch, draws := float64(s.Batch), float64(s.Batch)*float64(s.Samples)
	var shares float64 // of a learned prior's components
	if c.Prior.learned() {
		shares = float64(c.Prior.components)
	}
	var decoder float64
	for _, w := range c.decoderWidths() {
		decoder += float64(w)
	}
	codes := float64(s.Objective.codes())
	return 8*batch*codes + size*3*decoder*codes + size*(copies*c.size()+(3*widths+shares)*draws+float64(q.cached(c.Latent))*batch)
}

// checkMemory returns an error, before anything is allocated, if the free bytes are
// not enough to train the model.
func (c *Config) checkMemory(s *Settings, free float64) error {
	need := c.trainingBytes(s)
	if need <= free {
		return nil
	}
	return density.SettingErrorf(ErrMemory, "vae: %.3g parameters and minibatches of %.3g draws take about %.3g GB to train and %.3g GB are free: {err}; a smaller {Latent} (now %d), a narrower {Hidden}, a smaller {Batch} or fewer {Samples} would help",
		c.size(), float64(s.Batch)*float64(s.Samples), need/1e9, free/1e9, c.Latent)
}
