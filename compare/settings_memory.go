package compare

import (
	"fmt"
	"math"
	"runtime"
	"slices"

	"likely/internal/budget"
)

// mostComponents bounds the components of a mixture before the rows are known, of
// which there must be more.
const mostComponents = 1 << 20

// sampleCost is the memory of an importance sample of one row, in bytes: its weight
// and what is made of it to judge the weights' tail.
const sampleCost = 128

// CheckSamples returns an error if so many importance samples of a row do not fit
// into memory.
func CheckSamples(samples int) error {
	return budget.Check(samples, sampleCost*float64(runtime.GOMAXPROCS(0)))
}

// checkMemory reports the first number that asks for more memory than there is. It
// looks at what the settings alone decide; the rest is known when the data are.
func (c *Settings) checkMemory() error {
	if c.Classes.Value.To > mostComponents {
		return usagef("{Classes} up to %d: want at most %d, and fewer than the rows", c.Classes.Value.To, mostComponents)
	}
	if c.Components.Value.To > mostComponents {
		return usagef("{Components} up to %d: want at most %d, and fewer than the rows", c.Components.Value.To, mostComponents)
	}
	for _, one := range []struct {
		name  string
		value int
		err   error
	}{
		{"EvalSamples", c.EvalSamples, CheckSamples(c.EvalSamples)},
		{"gmm.Starts", c.GMM.Starts, budget.Check(c.GMM.Starts, 1<<12)},
		{"lcm.Starts", c.LCM.Starts, budget.Check(c.LCM.Starts, 1<<12)},
		{"vae.Latent", c.VAE.Latent, checkSquare(c.VAE.Latent)},
		{"vae.Samples", c.VAE.Samples, budget.Check(c.VAE.Samples, c.drawCost())},
		{"vae.Batch", c.VAE.Batch, budget.Check(c.VAE.Batch, 8)},
		{"made.Orders", c.MADE.Orders, budget.Check(c.MADE.Orders, 1<<12)},
		{"made.Components", c.MADE.Components, budget.Check(c.MADE.Components, 1<<8)},
		{"made.Batch", c.MADE.Batch, budget.Check(c.MADE.Batch, 8)},
	} {
		if one.err != nil {
			return usagef("{%s} %d: %v", one.name, one.value, one.err)
		}
	}
	if err := checkLayers("vae.Hidden", c.VAE.Hidden, c.VAE.Latent); err != nil {
		return err
	}
	return checkLayers("made.Hidden", c.MADE.Hidden, 0)
}

// checkLayers reports the first layer of so many units that asks for more memory than
// there is; last is the width of what follows.
func checkLayers(name string, hidden []int, last int) error {
	for i, width := range hidden {
		next := last
		if i+1 < len(hidden) {
			next = hidden[i+1]
		}
		// A weight has a gradient for each core, two moments, and the best copy.
		if err := budget.Check(width, float64(max(next, 1))*8*float64(4+runtime.GOMAXPROCS(0))); err != nil {
			return usagef("{%s} has a layer of width %d: %v", name, width, err)
		}
	}
	return nil
}

// drawCost is the memory of one draw of the code for each row of a batch, in bytes.
func (c *Settings) drawCost() float64 {
	widest := max(c.VAE.Latent, 2)
	if len(c.VAE.Hidden) > 0 {
		widest = max(widest, slices.Max(c.VAE.Hidden))
	}
	batch := c.VAE.Batch
	if s, err := c.VAE.Resolve(manyRows); err == nil {
		batch = s.Batch
	}
	return float64(batch) * float64(widest) * 8 * 4
}

// checkSquare returns an error if matrices of that order do not fit into memory, such
// as those of the codes' mixture.
func checkSquare(order int) error {
	const bytes = 8 * 8 // of a matrix and those made of it
	if most := int(math.Sqrt(budget.Limit() / bytes)); order > most {
		return fmt.Errorf("matrices of that order do not fit into memory; give at most %d", most)
	}
	return nil
}
