package vae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync/atomic"

	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Errors of fitting. They are wrapped with the place and the remedy.
var (
	// ErrDiverged reports that training produced a NaN or an infinity.
	ErrDiverged = errors.New("training diverged")
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrRows reports too few rows, or rows of the wrong width.
	ErrRows = errors.New("unusable rows")
)

// Fit trains a variational autoencoder on the rows of train (N×D) by
// maximising the evidence lower bound
//
//	E_q log p(x|z) − KL(q(z|x) ‖ p(z))
//
// with Adam and reparameterised draws from q(z|x) (Kingma & Welling 2014). The
// rows of valid (M×D, or nil) decide when to stop and which weights to keep.
// The same seed in src gives the same model, to the last bit, under any
// GOMAXPROCS. If ctx ends, Fit returns its error within one minibatch.
//
// Data that are not finite, or outside the support of Settings.Likelihood,
// give an error that names row and column; a bound that is not finite gives
// one that wraps [ErrDiverged] and names epoch, step and layer.
func Fit(ctx context.Context, train, valid *mat.Dense, s Settings, src rand.Source) (*Model, *Report, error) {
	t, err := NewTrainer(train, valid, s, src)
	if err != nil {
		return nil, nil, err
	}
	defer t.Close()
	if err := t.run(ctx); err != nil {
		return nil, t.training.history(), err
	}
	return t.Model()
}

// checkSome returns an error if there are no rows in x.
func checkSome(x *mat.Dense, what string) error {
	if x == nil || x.IsEmpty() {
		return fmt.Errorf("vae: no rows to %s: %w; give some", what, ErrRows)
	}
	return nil
}

func checkRows(c *Config, dynamic, missing bool, train, valid *mat.Dense) error {
	obs := newObservation(c)
	unit := obs
	if dynamic {
		unit = obs.with(func(o observation) observation { return probabilities{o} })
	}
	if err := unit.check(train, missing); err != nil {
		return fmt.Errorf("vae: training rows: %w", err)
	}
	if valid == nil {
		return nil
	}
	if _, d := valid.Dims(); d != c.Dim {
		return fmt.Errorf("vae: training rows have %d columns and validation rows %d: %w", c.Dim, d, ErrRows)
	}
	if err := obs.check(valid, missing); err != nil {
		return fmt.Errorf("vae: validation rows: %w", err)
	}
	return nil
}

// probabilities is a likelihood of bits that are drawn afresh with the probabilities
// that the data are.
type probabilities struct{ observation }

func (probabilities) check(v float64) *complaint { return checkUnit(v) }

// checkUnit says what is wrong with a value outside [0, 1].
func checkUnit(v float64) *complaint {
	if v >= 0 && v <= 1 {
		return nil
	}
	return &complaint{density.ErrSupport, ", not a number from 0 to 1", "scale the data to the unit interval"}
}

// floors returns the smallest variance of each scale in the units of the data, or nil
// for none.
func floors(c *Config, relative float64, of moments) []float64 {
	obs := newObservation(c)
	if !obs.scaled() || c.Sigma.source == fromConstant {
		return nil
	}
	variance := slices.Clone(of.variance)
	if c.Sigma.source == fromShared || c.Sigma.source == fromResiduals {
		var mean float64
		for _, v := range variance {
			mean += v / float64(len(variance))
		}
		for j := range variance {
			variance[j] = mean
		}
	}
	return obs.floor(variance, relative)
}

// floorActive says whether a variance of p(x|z) at the codes of the rows of x
// is at its floor.
func (c *coder) floorActive(floor []float64, x *mat.Dense) bool {
	if floor == nil {
		return false
	}
	at := func(s []float64) bool {
		for k, v := range s {
			if v <= math.Log(floor[k])+1e-6 {
				return true
			}
		}
		return false
	}
	if !c.obs.network {
		return at(c.logvar)
	}
	n, _ := x.Dims()
	codes := mat.NewDense(n, c.config.Latent, nil)
	c.codes(codes, x)
	var active atomic.Bool
	c.each(n, func(w *workspace, from, to int) {
		out := c.decode(w, codes, from, to)
		for i := from; i < to && !active.Load(); i++ {
			if _, s, _ := c.scale(w, out, i-from); at(s) {
				active.Store(true)
			}
		}
	})
	return active.Load()
}

// codes stores the mean of q(z|x) for each row of x (N×D) in dst (N×L).
func (c *coder) codes(dst, x *mat.Dense) {
	checkWidth(x, c.config.Dim)
	checkWidth(dst, c.config.Latent)
	n, _ := x.Dims()
	c.each(n, func(w *workspace, from, to int) {
		h := c.encode(w, x, from, to)
		for i := from; i < to; i++ {
			copy(dst.RawRowView(i), h[(i-from)*c.outputs:])
		}
	})
}
