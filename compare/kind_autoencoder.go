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

func (autoencoder) LeftOut(c *Settings, d *Data) Reason {
	if d.Preparation.Measure == density.Discrete && d.Preparation.Types == nil {
		return notOf(density.Discrete)
	}
	return c.wideNetwork(d)
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
	return j.fitNetwork(ctx, d, k.Name(), plainNetwork{j, d, s})
}

// plainNetwork is the plain autoencoder of some data as a [network].
type plainNetwork struct {
	j *Job
	d *Data
	s vae.Settings
}

func (plainNetwork) course() *course { return nil }

func (n plainNetwork) settings() vae.Settings { return n.s }

func (plainNetwork) scaled() bool { return false }

func (plainNetwork) plain() bool { return true }

func (n plainNetwork) trainer(train, valid *Part, s vae.Settings, src rand.Source) (trainer, error) {
	s.Weights, s.ValidWeights = train.Weights, valid.weights()
	return vae.NewAutoencoderTrainer(n.d.trainingRows(train, s.Dynamic), valid.rows(), s, src)
}

func (n plainNetwork) density(ctx context.Context, t trainer, train, held *Part) (saved.Fitted, *vae.Report, error) {
	a, report, err := t.(*vae.AutoencoderTrainer).Autoencoder()
	if err != nil {
		return nil, nil, err
	}
	sigmas, _ := declaredSigma(a, n.j, train, held)
	m, err := n.assume(ctx, a, train, sigmas)
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
	sigmas, source, err := n.chooseSigma(ctx, m, held)
	if err != nil {
		return nil, err
	}
	return fit, addDensity(ctx, fit, m, n.j, n.d, sigmas, source)
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
func addDensity(ctx context.Context, fit *Fit, a *vae.Autoencoder, j *Job, d *Data, sigmas []float64, source string) error {
	k := j.codeComponents(d.Train)
	begin := time.Now()
	mixture := gmm.Settings{Components: k, Floor: j.Settings.Floor, Iterations: j.Settings.GMM.Iterations, Weights: d.Train.Weights}
	m, report, err := densityOf(ctx, a, sigmas, d.Train, mixture, density.NewSource(j.Settings.Seed, "comparison.ae codes"))
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
	fit.Warnings = append(fit.Warnings, fmt.Sprintf("%s, and noise of standard deviation %.3g around the decoder (%s, in transformed units; %s declares another)", text, sigmas[0], source, j.spelling()("Sigma", "fixed:V")))
	return fit.record(fit.Settings, map[string]any{"sigma": vae.Fixed(sigmas[0])})
}

// densityOf makes a density of an autoencoder with one σ, or with one for each column.
func densityOf(ctx context.Context, a *vae.Autoencoder, sigmas []float64, train *Part, s gmm.Settings, src rand.Source) (*vae.Model, *gmm.Report, error) {
	if a.Config().Columns != nil {
		return a.DensityPerDim(ctx, train.Model, sigmas, s, src)
	}
	return a.Density(ctx, train.Model, sigmas[0], s, src)
}

// declaredSigma returns the standard deviation around the decoder of an autoencoder,
// for its columns where they differ, else one; 0 for data that have none, and where it
// is from.
func declaredSigma(a *vae.Autoencoder, j *Job, train, held *Part) (sigmas []float64, source string) {
	c := a.Config()
	if c.Columns == nil && c.Likelihood != vae.Gaussian {
		return []float64{0}, ""
	}
	if v, ok := j.Settings.Sigma.Value.Constant(); ok && c.Columns == nil {
		return []float64{v}, "as declared"
	}
	rows, source := train, "its error on the training rows"
	if held != nil {
		rows, source = held, "its error on rows that it was not trained on"
	}
	floor := j.Settings.Floor
	if floor == 0 {
		floor = density.DefaultFloor
	}
	variance := observedVariance(train.Model, train.Weights)
	if c.Columns == nil {
		return []float64{max(a.ResidualSigma(rows.Model, rows.Weights), math.Sqrt(floor*mean(variance)))}, source
	}
	sigmas = a.ResidualSigmas(rows.Model, rows.Weights)
	if slices.ContainsFunc(sigmas, math.IsNaN) { // a column that has no value there
		sigmas = a.ResidualSigmas(train.Model, train.Weights)
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
