package compare

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
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

func (autoencoder) LeftOut(_ *Settings, d *Data) Reason {
	if d.Preparation.Measure == density.Discrete && d.Preparation.Types == nil {
		return notOf(density.Discrete)
	}
	return Reason{}
}

func (k autoencoder) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s, err := j.networkSettings(d, k.Name(), false)
	if err != nil {
		return nil, err
	}
	if s.Columns != nil {
		poissonCounts(s.Columns)
	} else if s.Likelihood != vae.Bernoulli {
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
func (autoencoder) Activity(f saved.Fitted, x *mat.Dense, weights []float64) (active int, rate []float64) {
	return variational{}.Activity(f, x, weights)
}

// poissonCounts gives counts a likelihood without a dispersion: a plain autoencoder has
// none to learn.
func poissonCounts(columns []vae.Column) {
	for j, c := range columns {
		if c.Likelihood == vae.NegativeBinomial {
			columns[j].Likelihood = vae.Poisson
		}
	}
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
	sigmas, source := declaredSigma(a, j, d)
	k := max(min(codeComponents, d.Train.Rows()/codeRows), 1)
	if p := j.Settings.VAE.Prior; p == vae.ExPost(p.Components()) {
		k = p.Components()
	}
	begin := time.Now()
	mixture := gmm.Settings{Components: k, Floor: j.Settings.Floor, Iterations: j.Settings.GMM.Iterations, Weights: d.Train.Weights}
	m, report, err := densityOf(ctx, a, sigmas, d, mixture, density.NewSource(j.Settings.Seed, "comparison.ae codes"))
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
	text := fmt.Sprintf("its log p assumes what training did not: that codes follow a mixture of %d Gaussians fitted to those of the training rows", k)
	switch {
	case source == "":
		fit.Warnings = append(fit.Warnings, text)
		return nil
	case a.Config().Columns != nil:
		fit.Warnings = append(fit.Warnings, fmt.Sprintf("%s, and noise around the decoder of each measured column as large as %s", text, source))
		return fit.record(fit.Settings, map[string]any{"sigmas": sigmas})
	}
	fit.Warnings = append(fit.Warnings, fmt.Sprintf("%s, and noise of standard deviation %.3g around the decoder (%s, in transformed units; %s declares another)", text, sigmas[0], source, j.spelling()("vae.Sigma", "fixed:V")))
	return fit.record(fit.Settings, map[string]any{"sigma": vae.Fixed(sigmas[0])})
}

// densityOf makes a density of an autoencoder with one σ, or with one for each column.
func densityOf(ctx context.Context, a *vae.Autoencoder, sigmas []float64, d *Data, s gmm.Settings, src rand.Source) (*vae.Model, *gmm.Report, error) {
	if a.Config().Columns != nil {
		return a.DensityPerDim(ctx, d.Train.Model, sigmas, s, src)
	}
	return a.Density(ctx, d.Train.Model, sigmas[0], s, src)
}

// declaredSigma returns the standard deviation around the decoder of an autoencoder,
// for its columns where they differ, else one; 0 for data that have none, and where it
// is from.
func declaredSigma(a *vae.Autoencoder, j *Job, d *Data) (sigmas []float64, source string) {
	c := a.Config()
	if c.Columns == nil && c.Likelihood != vae.Gaussian {
		return []float64{0}, ""
	}
	if v, ok := j.Settings.VAE.Sigma.Constant(); ok && c.Columns == nil {
		return []float64{v}, "as declared"
	}
	rows, source := d.Train, "its error on the training rows"
	if d.Valid != nil {
		rows, source = d.Valid, "its error on the validation rows"
	}
	floor := j.Settings.Floor
	if floor == 0 {
		floor = density.DefaultFloor
	}
	variance := observedVariance(d.Train.Model, d.Train.Weights)
	if c.Columns == nil {
		return []float64{max(a.ResidualSigma(rows.Model, rows.Weights), math.Sqrt(floor*mean(variance)))}, source
	}
	sigmas = a.ResidualSigmas(rows.Model, rows.Weights)
	if slices.ContainsFunc(sigmas, math.IsNaN) { // a column that has no value there
		sigmas = a.ResidualSigmas(d.Train.Model, d.Train.Weights)
	}
	measured := false
	for k, v := range sigmas {
		if c.Columns[k].Likelihood == vae.Gaussian {
			sigmas[k], measured = max(v, math.Sqrt(floor*variance[k])), true
		}
	}
	if !measured {
		return sigmas, ""
	}
	return sigmas, source
}

// observedVariance returns the variance of each column of x (N×D) over the values that
// are there.
func observedVariance(x *mat.Dense, weights []float64) []float64 {
	_, variance := density.WeightedMoments(x, weights)
	n, _ := x.Dims()
	for j, v := range variance {
		if !math.IsNaN(v) {
			continue
		}
		var there, weight []float64
		for i := range n {
			if v := x.At(i, j); !math.IsNaN(v) {
				there = append(there, v)
				if weights != nil {
					weight = append(weight, weights[i])
				}
			}
		}
		_, one := density.WeightedMoments(mat.NewDense(len(there), 1, there), weight)
		variance[j] = one[0]
	}
	return variance
}
