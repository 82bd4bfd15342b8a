package compare

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval/explain"
	"likely/saved"
	"likely/vae"
)

// variational is the variational autoencoder.
type variational struct{}

func (variational) Name() string { return "vae" }

func (variational) Summary() string {
	return "a variational autoencoder: log p(x) is bounded and estimated"
}

func (variational) LeftOut(c *Settings, d *Data) Reason { return c.wideNetwork(d) }

// wideNetwork is the reason of a network whose first layer does not fit into memory.
func (c *Settings) wideNetwork(d *Data) Reason {
	if len(c.VAE.Hidden) == 0 {
		return Reason{}
	}
	if why := checkWeights(d.All.Dim(), c.VAE.Hidden[0], 1); why != "" {
		return Reason{Why: why, Setting: "vae.Hidden", Remedy: "give smaller layers", Said: true}
	}
	return Reason{}
}

func (k variational) Fit(ctx context.Context, j *Job, d *Data) (*Fit, error) {
	s, err := j.networkSettings(d, k.Name(), true)
	if err != nil {
		return nil, err
	}
	return j.fitNetwork(ctx, d, k.Name(), variationalNetwork{j, d, s, newCourse(d)})
}

// variationalNetwork is the variational autoencoder of some data as a [network].
type variationalNetwork struct {
	j *Job
	d *Data
	s vae.Settings
	// watch keeps models on the way to the last fit.
	watch *course
}

func (n variationalNetwork) course() *course { return n.watch }

func (n variationalNetwork) settings() vae.Settings { return n.s }

func (n variationalNetwork) scaled() bool { return n.s.Scaled() }

func (variationalNetwork) plain() bool { return false }

func (n variationalNetwork) trainer(train, valid *Part, s vae.Settings, src rand.Source) (trainer, error) {
	s.Weights, s.ValidWeights = train.Weights, valid.weights()
	return vae.NewTrainer(n.d.trainingRows(train, s.Dynamic), valid.rows(), s, src)
}

func (n variationalNetwork) density(_ context.Context, t trainer, _, _ *Part) (saved.Fitted, *vae.Report, error) {
	m, report, err := t.(*vae.Trainer).Model()
	if err != nil {
		return nil, nil, err
	}
	return m, report, nil
}

func (n variationalNetwork) finish(_ context.Context, t trainer, _ []judged, took time.Duration) (*Fit, error) {
	m, report, err := t.(*vae.Trainer).Model()
	if err != nil {
		return nil, of("vae", err)
	}
	fit, err := n.j.networkFit(variational{}.Name(), m, report, n.d, took, n.d.Preparation.Transform.LogJacobian())
	if err != nil {
		return nil, err
	}
	fit.FloorActive, fit.History.Subtitle = &report.FloorActive, "evidence lower bound"
	fit.Course = n.watch.end(0, len(report.History), m)
	return fit, nil
}

// Subject returns a variational autoencoder as what can be explained.
func (variational) Subject(f saved.Fitted) (explain.Subject, bool) {
	m, ok := f.(*vae.Model)
	if !ok {
		return explain.Subject{}, false
	}
	s := explain.Subject{
		Model: m, Encoder: m.Encoder(), Family: elbo.Diagonal,
		StandardNormal: m.Config().Prior == vae.StandardNormal && !m.Config().FullPosterior,
	}
	if m.Config().FullPosterior {
		s.Family = elbo.Full
	}
	if marginal, ok, err := m.Marginal(); ok && err == nil {
		s.Exact = marginal
	}
	return s, true
}

// Activity returns how much of the code is used.
func (variational) Activity(f saved.Fitted, x *mat.Dense, weights []float64) (active int, rate []float64) {
	a := f.(*vae.Model).WeightedActivity(x, weights)
	return a.Active, a.Rate
}

// networkSettings turns the settings of the comparison into those of either kind of
// autoencoder; bounded says that training raises a bound on log p.
func (j *Job) networkSettings(d *Data, name string, bounded bool) (vae.Settings, error) {
	c := &j.Settings
	s := c.VAE
	s.PriorIterations = c.GMM.Iterations
	s.Floor, s.Dynamic = c.Floor, c.Binarize == dataset.BinarizedDynamic
	s.Missing = c.Missing
	measure := d.Preparation.Measure
	switch {
	case c.Likelihood.Given && (c.Likelihood.Value != vae.ByColumn || d.Preparation.Types == nil):
		s.Likelihood = c.Likelihood.Value
		if !slices.Contains(s.Likelihood.Measures(), measure) {
			return s, density.SettingErrorf(nil, "{Likelihood=%v}: not a likelihood of %s data; leave it out, or change {Types} or {Binarize}", s.Likelihood, measure)
		}
	case d.Preparation.Types != nil:
		s.Columns = columnLikelihoods(d.Preparation.Types, d.Preparation.Levels)
	case measure == density.Binary:
		s.Likelihood = vae.Bernoulli
	}
	if c.levels() {
		s.Levels = int(d.Preparation.Hi) + 1
	}
	if c.Sigma.Given {
		s.Sigma = c.Sigma.Value
	}
	most := s.Epochs
	s.Progress = func(epoch int, train, _ float64) {
		note := ""
		if bounded {
			note = fmt.Sprintf("bound %.4g nats", train+d.Preparation.Transform.LogJacobian())
		}
		j.step(name+": training, epoch", epoch, most, note)
	}
	return s, nil
}

// columnLikelihoods returns the likelihood of each column by its type: counts, which
// vary more than Poisson variables as a rule, are negative binomial.
func columnLikelihoods(types []dataset.ColumnType, levels [][]string) []vae.Column {
	columns := make([]vae.Column, len(types))
	for j, kind := range types {
		switch kind {
		case dataset.Binary:
			columns[j].Likelihood = vae.Bernoulli
		case dataset.Categorical:
			columns[j] = vae.Column{Likelihood: vae.Categorical, Levels: len(levels[j])}
		case dataset.Count:
			columns[j].Likelihood = vae.NegativeBinomial
		default:
			columns[j].Likelihood = vae.Gaussian
		}
	}
	return columns
}

// networkRecord is what training came to, beside its settings.
type networkRecord struct {
	EpochsRun int `json:"epochs_run"`
	EpochKept int `json:"epoch_kept"`
	Steps     int `json:"steps"`
}

// networkFit tells the story of a trained network. jacobian takes its history to nats
// of the data.
func (j *Job) networkFit(name string, m saved.Fitted, report *vae.Report, d *Data, took time.Duration, jacobian float64) (*Fit, error) {
	fit := &Fit{
		Model:     &saved.Model{Name: name, Fitted: m, Preparation: d.Preparation},
		Seconds:   took.Seconds(),
		Passes:    float64(len(report.History)),
		Converged: &report.Converged,
		History:   History{Unit: "epoch", Best: report.BestEpoch},
		Warnings:  j.advise(report.Warnings, "vae", jacobian),
	}
	for _, e := range report.History {
		fit.History.Train = append(fit.History.Train, e.Train+jacobian)
		if !math.IsNaN(e.Valid) {
			fit.History.Valid = append(fit.History.Valid, e.Valid+jacobian)
		}
	}
	if err := fit.record(report.Settings, networkRecord{len(report.History), report.BestEpoch, report.Steps}); err != nil {
		return nil, err
	}
	if !report.Settings.Scaled() {
		return fit, fit.omit("sigma", "floor")
	}
	return fit, nil
}

// trainingRows returns the rows that a network is trained on: those of a part or, for
// dynamic binarisation, the grey values as probabilities, of which training draws fresh
// bits.
func (d *Data) trainingRows(of *Part, dynamic bool) *mat.Dense {
	if !dynamic {
		return of.Model
	}
	low, high := d.All.Range()
	p := mat.NewDense(of.Rows(), of.Dim(), nil)
	for i := range of.Rows() {
		row := p.RawRowView(i)
		for k, v := range d.All.X.RawRowView(of.Row(i)) {
			row[k] = (v - low) / (high - low)
		}
	}
	return p
}
