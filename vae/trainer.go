package vae

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// ErrClosed reports a step of a trainer after its end.
var ErrClosed = errors.New("the trainer is closed")

// Trainer is a fit of a variational autoencoder that goes step by step, so that it
// can be shown, stopped and resumed:
//
//	t, err := vae.NewTrainer(train, valid, settings, src)
//	defer t.Close()
//	for !t.Done() {
//		err = t.Step()
//	}
//	model, report, err := t.Model()
//
// The result is that of [Fit], to the last bit. A Trainer is for one goroutine
// at a time.
type Trainer struct{ *stepper }

// AutoencoderTrainer is a [Trainer] of a plain autoencoder. The result is that of
// [FitAutoencoder].
type AutoencoderTrainer struct{ *stepper }

// NewTrainer prepares a fit of a variational autoencoder; see [Fit] for the
// arguments and the errors.
func NewTrainer(train, valid *mat.Dense, s Settings, src rand.Source) (*Trainer, error) {
	t, err := newStepper(Variational, train, valid, s, src.Uint64)
	if err != nil {
		return nil, err
	}
	return &Trainer{t}, nil
}

// NewAutoencoderTrainer prepares a fit of a plain autoencoder; see
// [FitAutoencoder].
func NewAutoencoderTrainer(train, valid *mat.Dense, s Settings, src rand.Source) (*AutoencoderTrainer, error) {
	t, err := newStepper(Plain, train, valid, s.plain(), src.Uint64)
	if err != nil {
		return nil, err
	}
	return &AutoencoderTrainer{t}, nil
}

// stepper is what the trainers share.
type stepper struct {
	settings Settings // resolved
	training training
	closed   bool
}

// Settings returns what the fit does, with every default in the place of its zero
// value. A fit with these settings is the same.
func (t *stepper) Settings() Settings { return t.settings }

// Step makes one optimiser step. It is one minibatch, followed at the end of
// an epoch by the evaluation of the validation rows. An error wraps
// [ErrDiverged] or [ErrClosed]; the trainer is then of no further use.
func (t *stepper) Step() error {
	if t.closed {
		return fmt.Errorf("vae: a step in epoch %d: %w; make another one", t.training.epoch()+1, ErrClosed)
	}
	return t.training.next()
}

// Epoch makes the steps up to the end of the epoch under way and returns its
// line of the history, the last one if training is done. If ctx ends, it
// returns its error between two steps; the trainer may go on later.
func (t *stepper) Epoch(ctx context.Context) (Epoch, error) {
	for epoch := t.training.epoch(); !t.Done() && t.training.epoch() == epoch; {
		if err := ended(ctx); err != nil {
			return Epoch{}, fmt.Errorf("vae: stopped in epoch %d: %w", epoch+1, err)
		}
		if err := t.Step(); err != nil {
			return Epoch{}, err
		}
	}
	lines := t.training.history().History
	if len(lines) == 0 {
		return Epoch{}, nil
	}
	return lines[len(lines)-1], nil
}

// Done says whether training is over.
func (t *stepper) Done() bool { return t.training.done() }

// Close ends the goroutines of the trainer. What was trained can still be had.
func (t *stepper) Close() {
	if !t.closed {
		t.closed = true
		t.training.close()
	}
}

// WriteCheckpoint writes all that is needed to resume training between any
// two steps and arrive at the same model, to the last bit. The format is
// private to this package.
func (t *stepper) WriteCheckpoint(w io.Writer) error { return t.training.write(w) }

// Resume replaces the state of t, which was made from the same data and the
// same settings, by that of a checkpoint. The seed is that of the checkpoint.
// An error wraps [ErrCheckpoint] and leaves t as it was.
func (t *stepper) Resume(r io.Reader) error { return t.training.read(r) }

// run makes all steps.
func (t *stepper) run(ctx context.Context) error {
	for !t.Done() {
		if _, err := t.Epoch(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ended returns why ctx has ended, or nil.
func ended(ctx context.Context) error {
	switch {
	case ctx == nil:
		return errors.New("there is no context; give context.Background()")
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return nil
}

// result returns the networks of the best weights so far, and the report.
func (t *stepper) result() (*coder, *Report, error) {
	c, report, err := t.training.result()
	report.Settings = t.settings
	return c, report, err
}

// Model returns the model of the best weights so far, and the report. It may
// be called at any time.
func (t *Trainer) Model() (*Model, *Report, error) {
	c, report, err := t.result()
	if err != nil {
		return nil, report, err
	}
	m, err := newModel(c)
	if err != nil {
		return nil, report, err
	}
	if p := t.settings.Prior; p.kind == priorExPost {
		if m, err = t.fitPrior(m, report, p.components); err != nil {
			return nil, report, err
		}
	}
	if m.WeightedActivity(t.training.table(), t.settings.Weights).Active == 0 {
		report.warn("vae: the code carries no information (posterior collapse): q(z|x) is the prior for every x; {Warmup}, a {Beta} below 1 or {FreeNats} may help, as may a decoder with fewer units in {Hidden}, or {Sigma=shared}")
	}
	return m, report, nil
}

// fitPrior fits the prior that Settings asked for to codes of the training rows.
func (t *Trainer) fitPrior(m *Model, report *Report, components int) (*Model, error) {
	x := t.training.table()
	if t.settings.Dynamic {
		x = mat.DenseCopyOf(x)
		bits := density.NewSource(report.Seed, "vae ex-post bits")
		n, _ := x.Dims()
		for i := range n {
			binarize(x.RawRowView(i), bits)
		}
	}
	s := gmm.Settings{Components: components, Weights: t.settings.Weights, Floor: t.settings.Floor, Iterations: t.settings.PriorIterations}
	fitted, mixture, err := m.FitPrior(context.Background(), x, s, density.NewSource(report.Seed, "vae ex-post"))
	if err != nil {
		return nil, fmt.Errorf("vae: fitting the prior to the codes: %w", density.Respelled(err, density.Renaming(codesSettings)))
	}
	report.warnCodes(mixture)
	return fitted, nil
}

// Autoencoder returns the autoencoder of the best weights so far, and the report.
// It may be called at any time.
func (t *AutoencoderTrainer) Autoencoder() (*Autoencoder, *Report, error) {
	c, report, err := t.result()
	if err != nil {
		return nil, report, err
	}
	return &Autoencoder{c}, report, nil
}
