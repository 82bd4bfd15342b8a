package vae

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/internal/kernel"
)

// Trainer is a fit that goes step by step, so that it can be shown, stopped
// and resumed:
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
type Trainer struct {
	family   string
	exPost   int // components of a prior to fit after training; 0: none
	dynamic  bool
	training training
}

// training is a run with its arithmetic hidden.
type training interface {
	next() error
	done() bool
	epoch() int
	history() *Report
	table() *mat.Dense
	result() (*coder, *Report, error)
	write(w io.Writer) error
	read(from io.Reader) error
	close()
}

// NewTrainer prepares a fit of a variational autoencoder; see [Fit] for the
// arguments and the errors.
func NewTrainer(train, valid *mat.Dense, s Settings, src rand.Source) (*Trainer, error) {
	return newTraining(familyVAE, train, valid, s, src.Uint64)
}

// NewAutoencoderTrainer prepares a fit of a plain autoencoder; see
// [FitAutoencoder].
func NewAutoencoderTrainer(train, valid *mat.Dense, s Settings, src rand.Source) (*Trainer, error) {
	s.Samples, s.Sigma, s.Objective, s.Prior = 1, Sigma{}, ELBO, StandardNormal
	return newTraining(familyAE, train, valid, s, src.Uint64)
}

func newTraining(family string, train, valid *mat.Dense, s Settings, seed func() uint64) (*Trainer, error) {
	n, d := train.Dims()
	if n < 2 {
		return nil, fmt.Errorf("vae: %d training rows: %w; a fit needs two or more", n, ErrRows)
	}
	s, err := s.resolve(n)
	if err != nil {
		return nil, err
	}
	if s.Schedule == Plateau && valid == nil {
		return nil, fmt.Errorf("vae: schedule plateau without validation rows: %w; keep some, or use another schedule", ErrRows)
	}
	config := Config{
		Family: family, Dim: d, Latent: s.Latent, Hidden: s.Hidden, Activation: s.Activation, Norm: s.Norm,
		Likelihood: s.Likelihood, Sigma: s.Sigma, Precision: s.Precision,
	}
	if s.Prior.learned() {
		config.Prior = s.Prior
	}
	config.FullPosterior = s.FullPosterior && family == familyVAE
	if s.Likelihood == StudentT {
		config.Freedom = s.Freedom
	}
	if s.Likelihood == DiscretizedLogistic {
		config.Levels = s.Levels
	}
	if err := config.check(); err != nil {
		return nil, err
	}
	if err := config.checkMemory(&s, freeMemory()); err != nil {
		return nil, err
	}
	if err := checkRows(&config, s.Dynamic, train, valid); err != nil {
		return nil, err
	}
	t := &Trainer{family: family, dynamic: s.Dynamic}
	if s.Prior.kind == priorExPost {
		t.exPost = s.Prior.components
	}
	if s.Precision == Float64 {
		t.training, err = start[float64](config, train, valid, s, seed())
	} else {
		t.training, err = start[float32](config, train, valid, s, seed())
	}
	if err != nil {
		return nil, err
	}
	return t, nil
}

// start prepares a run.
func start[T kernel.Float](c Config, train, valid *mat.Dense, s Settings, seed uint64) (training, error) {
	scale, err := scaling(&c, train)
	if err != nil {
		return nil, err
	}
	floor := floors(&c, s.Floor, train)
	if c.networkScale() && floor != nil {
		// In the units of training until the networks are folded.
		c.Floor = make([]float64, c.Dim)
		for j, v := range floor {
			c.Floor[j] = v / (scale.Scale[j] * scale.Scale[j])
		}
	}
	t := newTrainState(newNetwork[T](c), s, train, floor, scale, seed)
	return newRun(t, train, valid, floor, scale), nil
}

// Step makes one optimiser step. It is one minibatch, followed at the end of
// an epoch by the evaluation of the validation rows. An error wraps
// [ErrDiverged]; the trainer is then of no further use.
func (t *Trainer) Step() error { return t.training.next() }

// Epoch makes the steps up to the end of the epoch under way and returns its
// line of the history, the last one if training is done. If ctx ends, it
// returns its error between two steps; the trainer may go on later.
func (t *Trainer) Epoch(ctx context.Context) (Epoch, error) {
	for epoch := t.training.epoch(); !t.training.done() && t.training.epoch() == epoch; {
		if ctx.Err() != nil {
			return Epoch{}, fmt.Errorf("vae: stopped in epoch %d: %w", epoch+1, context.Cause(ctx))
		}
		if err := t.training.next(); err != nil {
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
func (t *Trainer) Done() bool { return t.training.done() }

// Model returns the model of the best weights so far, and the report. It may
// be called at any time, for a trainer of [NewTrainer] only.
func (t *Trainer) Model() (*Model, *Report, error) {
	if t.family != familyVAE {
		panic("vae: Model of an autoencoder's trainer")
	}
	c, report, err := t.training.result()
	if err != nil {
		return nil, report, err
	}
	m, err := newModel(c)
	if err != nil {
		return nil, report, err
	}
	if t.exPost > 0 {
		if m, err = t.fitPrior(m, report); err != nil {
			return nil, report, err
		}
	}
	if m.Activity(t.training.table()).Active == 0 {
		report.warn("vae: the code carries no information (posterior collapse): q(z|x) is the prior for every x; Settings.Warmup, a Beta below 1 or FreeNats may help, as may a decoder with fewer hidden units or Sigma shared")
	}
	return m, report, nil
}

// fitPrior fits the prior that Settings asked for to codes of the training rows.
func (t *Trainer) fitPrior(m *Model, report *Report) (*Model, error) {
	x := t.training.table()
	if t.dynamic {
		x = mat.DenseCopyOf(x)
		bits := density.NewSource(report.Seed, "vae ex-post bits")
		n, _ := x.Dims()
		for i := range n {
			binarize(x.RawRowView(i), bits)
		}
	}
	fitted, mixture, err := m.FitPrior(context.Background(), x, gmm.Settings{Components: t.exPost}, density.NewSource(report.Seed, "vae ex-post"))
	if err != nil {
		return nil, fmt.Errorf("vae: fitting the prior to the codes: %w", err)
	}
	for _, w := range mixture.Warnings {
		report.warn("vae: the mixture fitted to the codes: %v", w.Renamed(map[string]string{"Components": "Prior=ex-post:K"}))
	}
	return fitted, nil
}

// Autoencoder is Model for a trainer of [NewAutoencoderTrainer].
func (t *Trainer) Autoencoder() (*Autoencoder, *Report, error) {
	if t.family != familyAE {
		panic("vae: Autoencoder of a variational autoencoder's trainer")
	}
	c, report, err := t.training.result()
	if err != nil {
		return nil, report, err
	}
	return &Autoencoder{c}, report, nil
}

// Close ends the goroutines of the trainer.
func (t *Trainer) Close() { t.training.close() }

func (r *run[T]) done() bool { return r.progress.Done }

func (r *run[T]) epoch() int { return r.progress.Epoch }

func (r *run[T]) table() *mat.Dense { return r.train }

func (r *run[T]) history() *Report { return r.report }

// result makes a model of the best weights and completes a copy of the report.
func (r *run[T]) result() (*coder, *Report, error) {
	report := *r.report
	report.History = slices.Clone(report.History)
	report.Warnings = slices.Clone(report.Warnings)
	report.Steps = *r.optimizer.Count()
	if !finite(r.best) {
		return nil, &report, fmt.Errorf("vae: a weight of the best epoch is not finite: %w; a smaller Settings.Rate (now %v) would help", ErrDiverged, r.settings.Rate)
	}
	c := r.net.config
	c.Floor = nil
	if c.networkScale() {
		c.Floor = r.floor
	}
	net, theta := newNetwork[T](c), slices.Clone(r.best)
	fold(net, theta, r.scale)
	model := newCoder(net, theta)
	// Probabilities of levels cannot grow without limit: a scale at its floor is
	// reported and no reason to warn.
	if report.FloorActive = model.floorActive(r.floor, r.train); report.FloorActive && model.config.Likelihood != DiscretizedLogistic {
		report.warn("vae: the variance of p(x|z) is held up by the floor; columns with few distinct values want dequantising, or a larger Settings.Floor, or Sigma shared")
	}
	report.Idle = net.idleUnits(theta, r.train, report.Seed)
	report.warnIdle(&c)
	if report.BestEpoch == 0 && r.progress.Epoch > 0 {
		return nil, &report, fmt.Errorf("vae: the validation bound was never finite: %w; a smaller Settings.Rate (now %v) would help", ErrDiverged, r.settings.Rate)
	}
	return model, &report, nil
}
