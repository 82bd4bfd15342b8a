package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"likely/density"
	"likely/gmm"
	"likely/saved"
	"likely/vae"
)

// codeComponents is the number of components of the mixture on the codes of a
// plain autoencoder, at most, and codeRows the number of training rows that there
// are for each at least, unless --vae-prior ex-post:K says how many.
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
	if p := j.Config.VAE.Prior; p == vae.ExPost(p.Components()) {
		k = p.Components()
	}
	begin := time.Now()
	m, report, err := a.Density(ctx, d.Train.Model, sigma, gmm.Settings{Components: k, Floor: j.Config.Floor}, density.NewSource(j.Config.Seed, "comparison.ae codes"))
	switch {
	case ctx.Err() != nil:
		return err
	case errors.Is(err, vae.ErrSigma):
		return err
	case err != nil:
		fit.Warnings = append(fit.Warnings, fmt.Sprintf("no density: %v", err))
		return nil
	}
	for i, w := range report.Warnings {
		report.Warnings[i] = w.Renamed(map[string]string{"Components": "Prior=ex-post:K"})
	}
	for _, w := range mixtureAdvice(report.Warnings, 0) { // nats of codes
		fit.Warnings = append(fit.Warnings, "the mixture fitted to the codes: "+w)
	}
	fit.Model.Fitted = m
	fit.Seconds += time.Since(begin).Seconds()
	fit.Settings["prior"] = vae.ExPost(k)
	if sigma == 0 {
		fit.Warnings = append(fit.Warnings, fmt.Sprintf("its log p assumes what training did not: that codes follow a mixture of %d Gaussians fitted to those of the training rows", k))
		return nil
	}
	fit.Settings["sigma"] = vae.Fixed(sigma)
	fit.Warnings = append(fit.Warnings, fmt.Sprintf("its log p assumes what training did not: that codes follow a mixture of %d Gaussians fitted to those of the training rows, and noise of standard deviation %.3g around the decoder (%s, in transformed units; --vae-sigma fixed:V declares another)", k, sigma, source))
	return nil
}

// declaredSigma returns the standard deviation around the decoder of an
// autoencoder, 0 for binary data, and where it is from.
func declaredSigma(a *vae.Autoencoder, j *Job, d *Data) (sigma float64, source string) {
	if a.Config().Likelihood != vae.Gaussian {
		return 0, ""
	}
	if v, ok := j.Config.VAE.Sigma.Constant(); ok {
		return v, "as declared"
	}
	rows, source := d.Train, "its error on the training rows"
	if d.Valid != nil {
		rows, source = d.Valid, "its error on the validation rows"
	}
	floor := j.Config.Floor
	if floor == 0 {
		floor = density.DefaultFloor
	}
	_, variance := density.Moments(d.Train.Model)
	return max(a.ResidualSigma(rows.Model), math.Sqrt(floor*mean(variance))), source
}

// plain says whether a model is a plain autoencoder or a density made of one.
func plain(m *saved.Model) bool {
	switch f := m.Fitted.(type) {
	case *vae.Autoencoder:
		return true
	case *vae.Model:
		return f.Config().Autoencoder
	}
	return false
}
