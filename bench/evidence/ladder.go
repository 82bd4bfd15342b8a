package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/saved"
	"likely/vae"
)

// trust is what the default estimate of log p says of some rows, beside draws from the
// encoder and the prior alone, and beside annealing.
type trust struct {
	Model     string    `json:"model"`
	Latent    int       `json:"latent"`
	Rows      int       `json:"rows"`
	Samples   int       `json:"samples"`
	Encoder   outcome   `json:"encoder"`
	Ladder    outcome   `json:"ladder"`
	Rungs     []rungRow `json:"rungs"`
	Reference *compared `json:"annealing,omitempty"`
}

// outcome is one estimator on all rows.
type outcome struct {
	Nats        float64 `json:"nats"`
	SESamples   float64 `json:"se_samples"`
	BadShare    float64 `json:"khat_bad_share"`
	Evaluations float64 `json:"likelihood_evaluations_per_row"`
}

// rungRow is a line of eval.Result.RungTable.
type rungRow struct {
	Rung     string  `json:"rung"`
	Rows     int     `json:"rows"`
	KHat     float64 `json:"khat_median"`
	BadShare float64 `json:"khat_bad_share"`
	Back     int     `json:"went_back"`
	// Evaluations is their number for one of the rows.
	Evaluations float64 `json:"likelihood_evaluations_per_row"`
}

// compared is the ladder against annealing on the first rows.
type compared struct {
	Rows         int     `json:"rows"`
	Temperatures int     `json:"temperatures"`
	Chains       int     `json:"chains"`
	Nats         float64 `json:"nats"`
	// AnnealingSE is the standard error of one row of it, pooled over the rows.
	AnnealingSE float64 `json:"annealing_se"`
	// LadderMinus and EncoderMinus are mean differences from annealing, SE the
	// standard error of the former, and the shares those of rows whose ± 1.96
	// standard errors, of both, hold the difference.
	LadderMinus    float64 `json:"ladder_minus_annealing"`
	EncoderMinus   float64 `json:"encoder_minus_annealing"`
	SE             float64 `json:"se"`
	LadderCovered  float64 `json:"ladder_covered"`
	EncoderCovered float64 `json:"encoder_covered"`
}

func outcomeOf(r *eval.Result) outcome {
	e, n := r.Estimate(), float64(len(r.LogProb))
	return outcome{e.Value, e.SampleErr, float64(len(r.Untrusted())) / n, float64(r.Spent) / n}
}

// trusted measures one model on the first rows of the test set.
func (o *options) trusted(ctx context.Context, name string, m *vae.Model, x *mat.Dense, measure density.Measure) (*trust, error) {
	n, _ := x.Dims()
	settings := eval.Settings{Samples: o.samples, Seed: 1, Measure: measure}
	plain, err := eval.LogProb(ctx, m, elbo.Defensive([]float64{0.9, 0.1}, m.Encoder(), density.PriorProposal(m)), x, settings)
	if err != nil {
		return nil, err
	}
	climbed, err := eval.LogProb(ctx, m, elbo.Adaptive(m, m.Encoder()), x, settings)
	if err != nil {
		return nil, err
	}
	t := &trust{Model: name, Latent: m.LatentDim(), Rows: n, Samples: o.samples, Encoder: outcomeOf(plain), Ladder: outcomeOf(climbed)}
	for _, r := range climbed.RungTable() {
		t.Rungs = append(t.Rungs, rungRow{r.Rung.String(), r.Rows, r.KHat, float64(r.Untrusted) / float64(r.Rows), r.Back, r.Evaluations})
	}
	o.printf("%s, %d-D code, %d test rows, %d draws\n", name, t.Latent, n, o.samples)
	for _, line := range []struct {
		name string
		outcome
	}{{"encoder and prior", t.Encoder}, {"ladder (the default)", t.Ladder}} {
		o.printf("  %-22s log p %.3f ± %.3f   k̂ too large on %4.1f %%   %.0f evaluations a row\n", line.name, line.Nats, line.SESamples, 100*line.BadShare, line.Evaluations)
	}
	for _, r := range climbed.RungTable() {
		o.printf("    %v\n", r)
	}
	if o.referenceRows == 0 {
		return t, nil
	}
	return t, o.compare(ctx, t, m, x, plain, climbed)
}

// compare sets both estimates of the first rows beside annealing.
func (o *options) compare(ctx context.Context, t *trust, m *vae.Model, x *mat.Dense, plain, climbed *eval.Result) error {
	a, err := o.reference(ctx, t.Model, m, density.Rows(x, 0, min(o.referenceRows, t.Rows)), climbed.Measure)
	if err != nil {
		return err
	}
	c := &compared{Rows: len(a.LogProb), Temperatures: a.Temperatures, Chains: a.Chains, AnnealingSE: a.pooled()}
	n := float64(c.Rows)
	var squares float64
	for i, reference := range a.LogProb {
		c.Nats += reference / n
		d, e := climbed.LogProb[i]-reference, plain.LogProb[i]-reference
		se := math.Hypot(climbed.StdErr[i], c.AnnealingSE)
		c.LadderMinus += d / n
		c.EncoderMinus += e / n
		squares += se * se
		if math.Abs(d) <= 1.96*se {
			c.LadderCovered += 1 / n
		}
		if math.Abs(e) <= 1.96*math.Hypot(plain.StdErr[i], c.AnnealingSE) {
			c.EncoderCovered += 1 / n
		}
	}
	c.SE = math.Sqrt(squares) / n
	t.Reference = c
	o.printf("  annealing, %d rows × %d chains × %d temperatures: %.3f (a row ± %.2f); ladder %+.3f ± %.3f of it, covered %.0f %%; encoder %+.3f, covered %.0f %%\n",
		c.Rows, c.Chains, c.Temperatures, c.Nats, c.AnnealingSE, c.LadderMinus, c.SE, 100*c.LadderCovered, c.EncoderMinus, 100*c.EncoderCovered)
	return nil
}

// trustAll measures the saved models, or else networks trained here with codes of the
// given sizes.
func (o *options) trustAll(ctx context.Context, folder string) ([]*trust, error) {
	train, test, err := dataset.OpenPair(folder, dataset.Options{})
	if err != nil {
		return nil, err
	}
	if test == nil {
		return nil, fmt.Errorf("%s has no test rows; want a folder with the four files of MNIST", folder)
	}
	var all []*trust
	measured := func(name string, m *saved.Model) error {
		model, ok := m.Fitted.(*vae.Model)
		if !ok {
			return fmt.Errorf("%s holds no variational autoencoder", name)
		}
		rows, err := m.Preparation.Prepare(test.Head(o.trustRows))
		if err != nil {
			return err
		}
		t, err := o.trusted(ctx, name, model, m.Preparation.Transform.Apply(nil, rows.X), m.Preparation.Measure)
		all = append(all, t)
		return err
	}
	for _, file := range o.models {
		m, err := saved.Load(file)
		if err == nil {
			err = measured(file, m)
		}
		if err != nil {
			return nil, err
		}
	}
	if len(o.models) > 0 {
		return all, nil
	}
	for _, latent := range o.codes {
		for _, family := range []vae.Likelihood{vae.Bernoulli, vae.Gaussian} {
			m, err := o.trained(ctx, train, family, latent)
			if err == nil {
				err = measured(fmt.Sprintf("784-200-200-%d, %v", latent, family), m)
			}
			if err != nil {
				return nil, err
			}
		}
	}
	return all, nil
}

// trained returns a network trained on MNIST: on bits drawn afresh in each epoch, or on
// dequantised levels with σ(z) from the network.
func (o *options) trained(ctx context.Context, train *dataset.Dataset, family vae.Likelihood, latent int) (*saved.Model, error) {
	s := vae.Settings{Latent: latent, Likelihood: family, Epochs: o.epochs, Batch: 64}
	var p saved.Preparation
	x := mat.DenseCopyOf(train.X)
	if family == vae.Bernoulli {
		s.Dynamic = true
		p = saved.NewPreparation(train, false, dataset.BinarizedDynamic, 1)
		p.Transform = density.NewIdentity(train.Dim())
		lo, hi := train.Range()
		x.Apply(func(_, _ int, v float64) float64 { return (v - lo) / (hi - lo) }, x)
	} else {
		p = saved.NewPreparation(train, true, dataset.NotBinarized, 1)
		d, err := p.Prepare(train)
		if err != nil {
			return nil, err
		}
		p.Transform = density.NewCentering(d.X)
		p.Transform.Apply(x, d.X)
	}
	m, _, err := vae.Fit(ctx, x, nil, s, rand.NewPCG(1, 1))
	return &saved.Model{Name: "vae", Fitted: m, Preparation: p}, err
}
