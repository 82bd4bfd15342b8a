package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
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
	begin := time.Now()
	t, err := vae.NewAutoencoderTrainer(d.trainingRows(s.Dynamic), d.validation(), s, density.NewSource(j.Settings.Seed, "comparison.ae"))
	if err != nil {
		return nil, of("vae", err)
	}
	defer t.Close()
	if err := j.train(ctx, t, k.Name(), d, nil); err != nil {
		return nil, of("vae", err)
	}
	m, report, err := t.Autoencoder()
	if err != nil {
		return nil, of("vae", err)
	}
	fit, err := j.networkFit(k.Name(), m, report, d, time.Since(begin), 0)
	if err != nil {
		return nil, err
	}
	fit.Family, fit.Assumed = k.Name(), true
	fit.History.Subtitle, fit.History.Quantity = "reconstruction, no density", "−½ squared error, scaled"
	return fit, addDensity(ctx, fit, m, j, d)
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

// addDensity makes a density of the plain autoencoder of a fit: a mixture on its
// codes, seen through its decoder with a σ that the run declares. What that
// assumes is said in the warnings. Where no mixture can be fitted the autoencoder
// stays what it is.
func addDensity(ctx context.Context, fit *Fit, a *vae.Autoencoder, j *Job, d *Data) error {
	sigma, source := declaredSigma(a, j, d)
	k := max(min(codeComponents, d.Train.Rows()/codeRows), 1)
	if p := j.Settings.VAE.Prior; p == vae.ExPost(p.Components()) {
		k = p.Components()
	}
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
	fit.Warnings = append(fit.Warnings, fmt.Sprintf("its log p assumes what training did not: that codes follow a mixture of %d Gaussians fitted to those of the training rows, and noise of standard deviation %.3g around the decoder (%s, in transformed units; %s declares another)", k, sigma, source, j.spelling()("vae.Sigma", "fixed:V")))
	return fit.record(fit.Settings, map[string]any{"sigma": vae.Fixed(sigma)})
}

// declaredSigma returns the standard deviation around the decoder of an
// autoencoder, 0 for binary data, and where it is from.
func declaredSigma(a *vae.Autoencoder, j *Job, d *Data) (sigma float64, source string) {
	if a.Config().Likelihood != vae.Gaussian {
		return 0, ""
	}
	if v, ok := j.Settings.VAE.Sigma.Constant(); ok {
		return v, "as declared"
	}
	rows, source := d.Train, "its error on the training rows"
	if d.Valid != nil {
		rows, source = d.Valid, "its error on the validation rows"
	}
	floor := j.Settings.Floor
	if floor == 0 {
		floor = density.DefaultFloor
	}
	_, variance := density.Moments(d.Train.Model)
	return max(a.ResidualSigma(rows.Model), math.Sqrt(floor*mean(variance))), source
}
