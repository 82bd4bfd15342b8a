package compare

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/eval/explain"
	"likely/gmm"
	"likely/saved"
	"likely/vae"
)

// autoencoder is the plain autoencoder, made a density after its training.
type autoencoder struct{}

func (autoencoder) Name() string { return "ae" }

func (autoencoder) Summary() string {
	return "a plain autoencoder, made a density by a mixture fitted to its codes"
}

func (autoencoder) LeftOut(c *Settings, d *Data) Reason {
	if r := untyped(d); r.Why != "" {
		return r
	}
	if d.Preparation.Measure == density.Discrete {
		return notOf(density.Discrete)
	}
	return completeOnly(c)
}

func (k autoencoder) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s, err := j.networkSettings(d, k.Name(), false)
	if err != nil {
		return nil, err
	}
	if s.Likelihood != vae.Bernoulli {
		s.Likelihood = vae.Gaussian // squared error
	}
	return j.fitNetwork(ctx, d, k.Name(), plainNetwork{j, d, s})
}

// plainNetwork is the plain autoencoder of some data as a [network].
type plainNetwork struct {
	j *Job
	d *Data
	s vae.Settings
}

func (n plainNetwork) settings() vae.Settings { return n.s }

func (plainNetwork) scaled() bool { return false }

func (plainNetwork) plain() bool { return true }

func (n plainNetwork) trainer(train, valid *Part, s vae.Settings, src rand.Source) (trainer, error) {
	return vae.NewAutoencoderTrainer(n.d.trainingRows(train, s.Dynamic), valid.rows(), s, src)
}

func (n plainNetwork) density(ctx context.Context, t trainer, train, held *Part) (saved.Fitted, *vae.Report, error) {
	a, report, err := t.(*vae.AutoencoderTrainer).Autoencoder()
	if err != nil {
		return nil, nil, err
	}
	m, err := n.assume(ctx, a, train, n.sigma(a, held))
	if err != nil {
		return nil, nil, err
	}
	return m, report, nil
}

func (n plainNetwork) finish(ctx context.Context, t trainer, held []judged, took time.Duration) (*Fit, error) {
	m, report, err := t.(*vae.AutoencoderTrainer).Autoencoder()
	if err != nil {
		return nil, of("vae", err)
	}
	fit, err := n.j.networkFit(autoencoder{}.Name(), m, report, n.d, took, 0)
	if err != nil {
		return nil, err
	}
	fit.Family, fit.Assumed = autoencoder{}.Name(), true
	fit.History.Subtitle, fit.History.Quantity = "reconstruction, no density", "−½ squared error, scaled"
	sigma, source, err := n.chooseSigma(ctx, m, held)
	if err != nil {
		return nil, err
	}
	return fit, addDensity(ctx, fit, m, n.j, n.d, sigma, source)
}

// Subject returns the density as what can be explained, where one could be made.
func (autoencoder) Subject(f saved.Fitted) (explain.Subject, bool) {
	return variational{}.Subject(f)
}

// Activity returns how much of the code is used.
func (autoencoder) Activity(f saved.Fitted, x *mat.Dense) (active int, rate []float64) {
	return variational{}.Activity(f, x)
}

// codeComponents is the number of components of the mixture on the codes of a
// plain autoencoder, at most, and codeRows the number of training rows that there
// are for each at least, unless the prior ex-post:K says how many.
const (
	codeComponents = 10
	codeRows       = 20
)

// codeComponents returns the number of components of the mixture on the codes of some
// rows.
func (j *Job) codeComponents(rows *Part) int {
	if p := j.Settings.VAE.Prior; p == vae.ExPost(p.Components()) {
		return p.Components()
	}
	return max(min(codeComponents, rows.Rows()/codeRows), 1)
}

// addDensity makes a density of the plain autoencoder of a fit: a mixture on its
// codes, seen through its decoder with a σ that the run declares. What that
// assumes is said in the warnings. Where no mixture can be fitted the autoencoder
// stays what it is.
func addDensity(ctx context.Context, fit *Fit, a *vae.Autoencoder, j *Job, d *Data, sigma float64, source string) error {
	k := j.codeComponents(d.Train)
	begin := time.Now()
	mixture := gmm.Settings{Components: k, Floor: j.Settings.Floor, Iterations: j.Settings.GMM.Iterations}
	m, report, err := a.Density(ctx, d.Train.Model, sigma, mixture, density.NewSource(j.Settings.Seed, "comparison.ae codes"))
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, vae.ErrSigma):
		return err
	case err != nil:
		fit.Warnings = append(fit.Warnings, "no density: "+density.ErrorIn(of(codes, err), j.spelling()))
		return nil
	}
	fit.Warnings = append(fit.Warnings, j.advise(report.Warnings, codes, 0)...)
	mixture.Covariance = m.Prior().Family()
	if mixture, err = mixture.Resolved(); err != nil {
		return of(codes, err)
	}
	fit.Model.Fitted = m
	fit.Seconds += time.Since(begin).Seconds()
	if err := fit.record(fit.Settings, map[string]any{"prior": vae.ExPost(k), "codes": mixture}); err != nil {
		return err
	}
	if sigma == 0 {
		fit.Warnings = append(fit.Warnings, fmt.Sprintf("its log p assumes what training did not: that codes follow a mixture of %d Gaussians fitted to those of the training rows", k))
		return nil
	}
	fit.Warnings = append(fit.Warnings, fmt.Sprintf("its log p assumes what training did not: that codes follow a mixture of %d Gaussians fitted to those of the training rows, and noise of standard deviation %.3g around the decoder (%s, in transformed units; %s declares another)", k, sigma, source, j.spelling()("Sigma", "fixed:V")))
	return fit.record(fit.Settings, map[string]any{"sigma": vae.Fixed(sigma)})
}
