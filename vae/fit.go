package vae

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

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

func checkRows(c *Config, dynamic bool, train, valid *mat.Dense) error {
	obs := newObservation(c)
	check := obs.check
	if dynamic {
		check = checkUnit
	}
	if err := check(train); err != nil {
		return fmt.Errorf("vae: training rows: %w", err)
	}
	if valid == nil {
		return nil
	}
	if _, d := valid.Dims(); d != c.Dim {
		return fmt.Errorf("vae: training rows have %d columns and validation rows %d: %w", c.Dim, d, ErrRows)
	}
	if err := obs.check(valid); err != nil {
		return fmt.Errorf("vae: validation rows: %w", err)
	}
	return nil
}

// checkUnit returns an error that names a value outside [0, 1].
func checkUnit(x *mat.Dense) error {
	n, _ := x.Dims()
	for i := range n {
		for j, v := range x.RawRowView(i) {
			if !(v >= 0 && v <= 1) {
				return fmt.Errorf("vae: row %d, column %d is %v, not a number from 0 to 1: %w; scale the data to the unit interval", i+1, j+1, v, density.ErrSupport)
			}
		}
	}
	return nil
}

// floors returns the smallest variance of each column in the units of x, or
// nil for none.
func floors(c *Config, relative float64, x *mat.Dense) []float64 {
	obs := newObservation(c)
	if !obs.scaled() || c.Sigma.source == fromConstant {
		return nil
	}
	_, variance := density.Moments(x)
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
	near := func(s, floor float64) bool { return s <= math.Log(floor)+1e-6 }
	if !c.config.networkScale() {
		for j, s := range c.logvar {
			if near(s, floor[j]) {
				return true
			}
		}
		return false
	}
	n, d := x.Dims()
	mean, logvar := mat.NewDense(n, d, nil), mat.NewDense(n, d, nil)
	codes := mat.NewDense(n, c.config.Latent, nil)
	c.codes(codes, x)
	c.decodeMean(mean, logvar, codes)
	for i := range n {
		for j, s := range logvar.RawRowView(i) {
			if near(s, floor[j]) {
				return true
			}
		}
	}
	return false
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
