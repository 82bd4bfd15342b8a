package comparison

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
	"likely/internal/saved"
	"likely/vae"
)

// Fit is a fitted model with the story of its training. It is what a
// checkpoint keeps.
type Fit struct {
	Model *saved.Model `json:"-"`
	// Seconds is the time the fit took, Passes how often it saw each
	// training row.
	Seconds float64 `json:"seconds"`
	Passes  float64 `json:"passes"`
	// Settings is what the fit was asked to do, for results.json.
	Settings map[string]any `json:"settings"`
	History  History        `json:"history"`
	// FloorActive and Converged are absent where the family has no such
	// thing.
	FloorActive *bool    `json:"floor_active,omitempty"`
	Converged   *bool    `json:"converged,omitempty"`
	Warnings    []string `json:"warnings"`
	// Selection is how size and family were chosen, where they were.
	Selection *SelectionResult `json:"selection,omitempty"`
}

// History is the course of a fit, for the figure: a bound on the mean log p,
// in nats per row of the original data, after each iteration or epoch.
type History struct {
	Unit  string    `json:"unit"` // iteration or epoch
	Train []float64 `json:"train"`
	Valid []float64 `json:"valid,omitempty"`
	Best  int       `json:"best,omitempty"` // counted from 1; 0: the last
}

// family is an entry of the registry of models.
type family struct {
	name    string
	summary string
	// continuous and binary say on which measures the family is a density
	// (or, for the autoencoder, makes sense).
	continuous, binary bool
	// mixture says that rows may lack values, have weights, and be streamed.
	mixture bool
	fit     func(context.Context, *Job, *Data) (*Fit, error)
}

// families is the registry, in the order of reports. A new model is a new
// package and a line here.
var families = []family{
	{"gaussian", "one Gaussian with full covariance, in closed form: the baseline", true, false, true, fitGaussian},
	{"gmm", "a Gaussian mixture fitted by EM: its log p(x) is exact", true, false, true, fitMixture},
	{"ae", "a plain autoencoder, made a density by a mixture fitted to its codes", true, true, false, fitAutoencoder},
	{"vae", "a variational autoencoder: log p(x) is bounded and estimated", true, true, false, fitVAE},
}

// ModelNames returns the names that --models takes.
func ModelNames() []string {
	names := make([]string, len(families))
	for i, f := range families {
		names[i] = f.name
	}
	return names
}

// ModelSummaries returns a line of help for each model.
func ModelSummaries() []string {
	lines := make([]string, len(families))
	for i, f := range families {
		lines[i] = fmt.Sprintf("%-9s %s", f.name, f.summary)
	}
	return lines
}

func lookupFamily(name string) (family, bool) {
	i := slices.IndexFunc(families, func(f family) bool { return f.name == name })
	if i < 0 {
		return family{}, false
	}
	return families[i], true
}

// selectFamilies returns the families to fit: those asked for, or all that suit
// the measure. One that was asked for and does not suit is an error.
func selectFamilies(c *Config, d *Data) ([]family, error) {
	m := d.Preparation.Measure
	suits := func(f family) bool {
		if m == density.Discrete {
			return f.name == "vae"
		}
		if m == density.Binary {
			return f.binary
		}
		return f.continuous
	}
	var chosen []family
	if c.GapRows > 0 && c.mixturesOnly() != "" {
		d.Warnings = append(d.Warnings, fmt.Sprintf("the estimators of --eval-gap-rows are left out: they do not go with %s", c.mixturesOnly()))
	}
	if len(c.Models) == 0 {
		for _, f := range families {
			switch {
			case !f.mixture && c.mixturesOnly() != "":
				d.Warnings = append(d.Warnings, fmt.Sprintf("%s is left out: it has no exact way with %s", f.name, c.mixturesOnly()))
			case suits(f):
				chosen = append(chosen, f)
			default:
				d.Warnings = append(d.Warnings, fmt.Sprintf("%s is left out: it is no distribution of %s data", f.name, m))
			}
		}
		return chosen, nil
	}
	for _, name := range c.Models {
		f, _ := lookupFamily(name)
		if !f.mixture && c.Missing {
			return nil, usagef("--models %s with --missing: it has no exact way with missing values; leave it out, or fill the values in", name)
		}
		if !f.mixture && c.Weights != "" {
			return nil, usagef("--models %s with --weights: it has no exact way with weights; leave it out, or repeat the rows in the file", name)
		}
		if !suits(f) {
			return nil, fmt.Errorf("--models %s: a density on %s data is not what this model is; leave it out, or change --binarize or --vae-likelihood", name, m)
		}
		chosen = append(chosen, f)
	}
	return chosen, nil
}

// fitMixture fits the mixture that was asked for or, for a range of components or
// several families, the best of them by the selection criterion.
func fitMixture(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	families, err := parseFamilies(j.Config.GMM.Covariance, d.All.Dim())
	if err != nil {
		return nil, err
	}
	r := j.Config.GMM.Components
	if r.From < r.To || len(families) > 1 {
		return selectMixture(ctx, j, d, families)
	}
	return fitComponents(ctx, j, d, "gmm", families[0], r.From, j.Config.GMM.Starts)
}

// fitGaussian fits one component, whose closed form needs no second start.
func fitGaussian(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	return fitComponents(ctx, j, d, "gaussian", gmm.Full, 1, 1)
}

func fitComponents(ctx context.Context, j *Job, d *Data, name string, family gmm.Covariance, k, starts int) (*Fit, error) {
	task := name + ": EM"
	if k > 1 {
		task = fmt.Sprintf("%s: EM with %d components", name, k)
	}
	s := gmm.Settings{
		Components: k, Covariance: family, Starts: starts, SplitMerge: j.Config.GMM.moves(), Iterations: j.Config.GMM.Iterations, Floor: j.Config.Floor,
		Missing: j.Config.Missing, Weights: d.Train.Weights,
		Progress: func(start, iteration int, _ float64) {
			j.step(task, iteration, 0, fmt.Sprintf("start %d", start+1))
		},
	}
	begin := time.Now()
	m, report, err := gmm.Fit(ctx, d.Train.Model, s, density.NewSource(j.Config.Seed, "comparison."+name))
	if err != nil {
		return nil, err
	}
	fit := mixtureFit(name, m, report, d, time.Since(begin))
	fit.Settings["starts"] = starts
	return fit, nil
}

// vaeSettings turns the configuration into settings for either kind of
// autoencoder.
func vaeSettings(j *Job, d *Data, name string) (vae.Settings, error) {
	c := j.Config.VAE
	most := 0 // epochs, known below
	s := vae.Settings{
		Latent: c.Latent, Hidden: c.Hidden, Activation: c.Activation, Norm: c.Norm, Sigma: c.Sigma, Freedom: c.Freedom, Precision: c.Precision, Floor: j.Config.Floor,
		Epochs: c.Epochs, Batch: c.Batch, Rate: c.Rate, Samples: c.Samples,
		Objective: c.Objective, Beta: c.Beta, Warmup: c.Warmup, FullPosterior: c.FullPosterior, Prior: c.Prior,
		Dynamic: j.Config.Binarize == "dynamic",
		Progress: func(epoch int, train, _ float64) {
			note := fmt.Sprintf("bound %.4g nats", train+d.Preparation.Transform.LogJacobian())
			if name == "ae" {
				note = ""
			}
			j.step(name+": training, epoch", epoch, most, note)
		},
	}
	if c.Likelihood == discretized {
		s.Levels = int(d.Preparation.Hi) + 1
	}
	c.Training.apply(&s)
	if s.Epochs == 0 && c.Effort > 0 {
		s.Epochs = max(int(c.Effort*float64(s.DefaultEpochs(d.Train.Rows()))), 1)
	}
	if most = s.Epochs; most == 0 {
		most = s.DefaultEpochs(d.Train.Rows())
	}
	switch {
	case c.Likelihood != "auto":
		if err := s.Likelihood.UnmarshalText([]byte(c.Likelihood)); err != nil {
			return s, usagef("--vae-likelihood %q: want auto, gaussian, bernoulli, student-t, continuous-bernoulli or discretized-logistic", c.Likelihood)
		}
		if binary := d.Preparation.Measure == density.Binary; binary != (s.Likelihood == vae.Bernoulli) {
			return s, fmt.Errorf("--vae-likelihood %s: not a likelihood of %s data; leave the flag out, or change --binarize", c.Likelihood, d.Preparation.Measure)
		}
	case d.Preparation.Measure == density.Binary:
		s.Likelihood = vae.Bernoulli
	}
	return s, nil
}

func fitVAE(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s, err := vaeSettings(j, d, "vae")
	if err != nil {
		return nil, err
	}
	begin := time.Now()
	t, err := vae.NewTrainer(d.trainingRows(j.Config.Binarize), d.validation(), s, density.NewSource(j.Config.Seed, "comparison.vae"))
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := j.train(ctx, t, "vae", d); err != nil {
		return nil, err
	}
	m, report, err := t.Model()
	if err != nil {
		return nil, err
	}
	fit := autoencoderFit("vae", m, m.Config(), report, d, time.Since(begin), d.Preparation.Transform.LogJacobian())
	for key, value := range map[string]any{
		"objective": s.Objective, "samples": s.Samples, "beta": s.Beta, "warmup": s.Warmup, "full_posterior": s.FullPosterior,
		"dynamic_bits": s.Dynamic, "sigma": s.Sigma, "prior": s.Prior,
		"optimizer": j.Config.VAE.Training.Optimizer, "schedule": s.Schedule,
	} {
		fit.Settings[key] = value
	}
	if s.Likelihood == vae.StudentT {
		fit.Settings["freedom"] = m.Config().Freedom
	}
	if s.Likelihood == vae.Bernoulli || s.Likelihood == vae.ContinuousBernoulli {
		delete(fit.Settings, "sigma") // these have no scale
	}
	return fit, nil
}

func fitAutoencoder(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s, err := vaeSettings(j, d, "ae")
	if err != nil {
		return nil, err
	}
	if s.Likelihood != vae.Bernoulli {
		s.Likelihood = vae.Gaussian // squared error
	}
	s.Objective, s.Beta, s.Warmup, s.FullPosterior, s.Samples, s.FreeNats = vae.ELBO, 0, 0, false, 0, 0 // there is no q(z|x) in it
	s.Corruption = j.Config.VAE.Training.Corruption
	begin := time.Now()
	t, err := vae.NewAutoencoderTrainer(d.trainingRows(j.Config.Binarize), d.validation(), s, density.NewSource(j.Config.Seed, "comparison.ae"))
	if err != nil {
		return nil, err
	}
	defer t.Close()
	if err := j.train(ctx, t, "ae", d); err != nil {
		return nil, err
	}
	m, report, err := t.Autoencoder()
	if err != nil {
		return nil, err
	}
	fit := autoencoderFit("ae", m, m.Config(), report, d, time.Since(begin), 0)
	return fit, addDensity(ctx, fit, m, j, d)
}

// autoencoderFit tells the story of a trained network.
func autoencoderFit(name string, m saved.Fitted, c vae.Config, report *vae.Report, d *Data, took time.Duration, jacobian float64) *Fit {
	fit := &Fit{
		Model:   &saved.Model{Name: name, Fitted: m, Preparation: d.Preparation},
		Seconds: took.Seconds(),
		Passes:  float64(len(report.History)),
		Settings: map[string]any{"latent": c.Latent, "hidden": c.Hidden, "activation": c.Activation, "norm": c.Norm, "precision": c.Precision, "likelihood": c.Likelihood,
			"epochs_run": len(report.History), "epoch_kept": report.BestEpoch, "steps": report.Steps},
		History: History{Unit: "epoch", Best: report.BestEpoch},
	}
	for _, w := range report.Warnings {
		fit.Warnings = append(fit.Warnings, w.In(inFlags, jacobian))
	}
	fit.Converged = &report.Converged
	if name == "vae" {
		fit.FloorActive = &report.FloorActive
	}
	for _, e := range report.History {
		fit.History.Train = append(fit.History.Train, e.Train+jacobian)
		if d.Valid != nil {
			fit.History.Valid = append(fit.History.Valid, e.Valid+jacobian)
		}
	}
	return fit
}

func (d *Data) validation() *mat.Dense {
	if d.Valid == nil {
		return nil
	}
	return d.Valid.Model
}

func (d *Data) validationWeights() []float64 {
	if d.Valid == nil {
		return nil
	}
	return d.Valid.Weights
}

// trainingRows returns the rows that a network is trained on: those of the
// training part or, for dynamic binarisation, the grey values as probabilities,
// of which training draws fresh bits.
func (d *Data) trainingRows(binarize string) *mat.Dense {
	if binarize != "dynamic" {
		return d.Train.Model
	}
	low, high := d.All.Range()
	p := mat.NewDense(d.Train.Rows(), d.Train.Dim(), nil)
	for i := range d.Train.Rows() {
		row := p.RawRowView(i)
		for k, v := range d.All.X.RawRowView(d.Train.Row(i)) {
			row[k] = (v - low) / (high - low)
		}
	}
	return p
}

func shifted(values []float64, c float64) []float64 {
	out := make([]float64, len(values))
	for i, v := range values {
		out[i] = v + c
	}
	return out
}

func mean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}
