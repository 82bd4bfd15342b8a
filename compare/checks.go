package compare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/vae"
)

// ChecksResult holds what can be known of a model beside its numbers: whether its
// rows look like the data, whether draws that stand for the posterior are from it,
// and how the importance weights are spread.
type ChecksResult struct {
	// TwoSample compares rows drawn from the model with those evaluated.
	TwoSample *TwoSampleResult `json:"two_sample,omitempty"`
	// CalibrationEncoder is that of the draws of the encoder, CalibrationWeighted
	// that of draws of the proposal that log p is estimated with, chosen by their
	// importance weights.
	CalibrationEncoder  *CalibrationResult `json:"calibration_encoder,omitempty"`
	CalibrationWeighted *CalibrationResult `json:"calibration_weighted,omitempty"`
	// Weights counts the importance weights of the encoder's draws.
	Weights *HistogramResult `json:"weights,omitempty"`
	// Rows holds the numbers of each of the first rows.
	Rows []RowResult `json:"rows,omitempty"`
}

// TwoSampleResult is an energy test (Székely & Rizzo 2013); a small p says that
// rows of the model can be told from the data.
type TwoSampleResult struct {
	Distance     float64 `json:"energy_distance"`
	P            float64 `json:"p_value"`
	Rows         int     `json:"rows"`
	RowsModel    int     `json:"rows_model"`
	Permutations int     `json:"permutations"`
}

// CalibrationResult says whether the codes of rows drawn from the model rank
// uniformly among draws given the row (Talts et al. 2018).
type CalibrationResult struct {
	// P is the smallest of the p-values of the dimensions, times their number;
	// Values are these.
	P      float64   `json:"p_value"`
	Values []float64 `json:"p_values"`
	// Counts[j][r] is the number of rows with r of the draws below the code in
	// dimension j.
	Counts  [][]int `json:"counts"`
	Rows    int     `json:"rows"`
	Samples int     `json:"samples,omitempty"`
}

// HistogramResult counts log weights in nats below the largest of their row.
type HistogramResult struct {
	From  float64 `json:"from_nats"`
	Width float64 `json:"width_nats"`
	// Counts are draws, Mass the share of the sum of weights that they carry in
	// the mean over rows; Below is the number of draws under the first bin.
	Counts []int     `json:"counts"`
	Mass   []float64 `json:"mass"`
	Below  int       `json:"below"`
	Rows   int       `json:"rows"`
	Draws  int       `json:"draws"`
}

// RowResult is what was found on one row, in nats of the original data. Errors are
// those of the draws.
type RowResult struct {
	Where           string       `json:"row"`
	Kind            density.Kind `json:"kind"`
	LogProb         *float64     `json:"log_prob_nats,omitempty"`
	SE              *float64     `json:"se_nats,omitempty"`
	ESS             *float64     `json:"ess,omitempty"`
	KHat            *float64     `json:"khat,omitempty"`
	ELBO            *float64     `json:"elbo_nats,omitempty"`
	ELBORefined     *float64     `json:"elbo_refined_nats,omitempty"`
	Approximation   *float64     `json:"approximation_nats,omitempty"`
	ApproximationSE *float64     `json:"approximation_se_nats,omitempty"`
	Amortization    *float64     `json:"amortization_nats,omitempty"`
	AmortizationSE  *float64     `json:"amortization_se_nats,omitempty"`
	Converged       bool         `json:"refinement_converged"`
}

const (
	testRows, permutations  = 500, 199
	calibrationSamples      = 500
	weightBins, weightRange = 24, 12.0
)

// twoSample tests whether rows drawn from a model can be told from the first rows
// of a part.
func (j *Job) twoSample(ctx context.Context, e *evaluation, m density.Model, part *Part) error {
	part = part.head(testRows)
	n := part.Rows()
	if n < 2 {
		return nil
	}
	x := mat.NewDense(n, m.Dim(), nil)
	m.Rand(x, density.NewSource(j.Config.Seed, "comparison.two samples "+e.name))
	t, err := eval.EnergyTest(ctx, part.Model, x, permutations, j.Config.Seed)
	if err != nil {
		return fmt.Errorf("rows of the model against the data: %w", err)
	}
	e.checks.TwoSample = &TwoSampleResult{Distance: t.Statistic, P: t.PValue, Rows: n, RowsModel: n, Permutations: t.Permutations}
	return nil
}

// check measures what the estimates of a VAE rest on.
func (j *Job) check(ctx context.Context, e *evaluation, m *vae.Model, r *reasons, logp *eval.Result, jacobian float64) error {
	samples := min(j.Config.EvalSamples, calibrationSamples)
	for _, one := range []struct {
		what    string
		q       density.Proposal
		samples int
		to      **CalibrationResult
	}{{"encoder", m.Encoder(), 0, &e.checks.CalibrationEncoder}, {"weights", elbo.Adaptive(m, m.Encoder()), samples, &e.checks.CalibrationWeighted}} {
		c, err := eval.Calibrate(ctx, m, one.q, eval.CalibrationSettings{Samples: one.samples, Seed: j.Config.Seed, Progress: j.follow(e.name, "calibration of the "+one.what)})
		if errors.Is(err, eval.ErrNoSimulation) {
			break
		}
		if err != nil {
			return fmt.Errorf("calibration of the %s: %w", one.what, err)
		}
		rows := 0
		for _, v := range c.Counts[0] {
			rows += v
		}
		p := min(1, float64(len(c.PValue))*slices.Min(c.PValue))
		*one.to = &CalibrationResult{P: p, Values: c.PValue, Counts: c.Counts, Rows: rows, Samples: one.samples}
	}
	e.checks.Rows = r.rows(logp, jacobian)
	var err error
	e.checks.Weights, err = j.weights(ctx, m, r.part)
	return err
}

// weights counts the importance weights of draws from the encoder for the rows of a
// part.
func (j *Job) weights(ctx context.Context, m *vae.Model, part *Part) (*HistogramResult, error) {
	n := part.Rows()
	each := make([]eval.Histogram, n)
	settings := elbo.Settings{Samples: j.Config.EvalSamples, Seed: j.Config.Seed}
	err := elbo.EachRow(ctx, m, m.Encoder(), part.Model, "comparison.weights", settings, func(row int, w *elbo.Weights) {
		each[row] = eval.NewHistogram(w.Log(nil), weightBins, weightRange)
	})
	if err != nil {
		return nil, fmt.Errorf("importance weights: %w", err)
	}
	return pool(each, settings.Samples), nil
}

// pool adds the histograms of rows up; their bins are the same, below the largest
// weight of each.
func pool(each []eval.Histogram, draws int) *HistogramResult {
	h := &HistogramResult{From: each[0].From, Width: each[0].Width, Counts: make([]int, len(each[0].Counts)), Mass: make([]float64, len(each[0].Counts)), Rows: len(each), Draws: draws}
	for _, one := range each {
		h.Below += one.Below
		for b, v := range one.Counts {
			h.Counts[b] += v
			h.Mass[b] += one.Mass[b] / float64(len(each))
		}
	}
	return h
}

// rows lists what was found on each row. logp is the estimate of importance
// sampling or the closed form; the reference of the gap stands in its place where
// it is exact.
func (r *reasons) rows(logp *eval.Result, jacobian float64) []RowResult {
	list := make([]RowResult, r.part.Rows())
	for i := range list {
		row := &list[i]
		*row = RowResult{
			Where: r.part.Where(i, -1), Kind: r.reference.Kind,
			LogProb: finite(r.reference.LogProb[i] + jacobian),
			ELBO:    finite(r.amortized.PerRow[i] + jacobian), ELBORefined: finite(r.refined.PerRow[i] + jacobian),
			Approximation: finite(r.gap.Approximation[i]), ApproximationSE: finite(r.gap.ApproximationErr[i]),
			Amortization: finite(r.gap.Amortization[i]), AmortizationSE: finite(r.gap.AmortizationErr[i]),
			Converged: r.onRow[i],
		}
		if r.reference.StdErr != nil {
			row.SE = finite(r.reference.StdErr[i])
		}
		if logp.KHat != nil {
			row.ESS, row.KHat = finite(logp.ESS[i]), finite(logp.KHat[i])
		}
	}
	return list
}

// writeChecks adds the checks to the text.
func (m *ModelResult) writeChecks(b *strings.Builder) {
	c := m.Checks
	if c == nil {
		return
	}
	verdict := func(p float64, yes, no string) string {
		if p < 0.05 {
			return yes
		}
		return no
	}
	b.WriteString("\n")
	if t := c.TwoSample; t != nil {
		fmt.Fprintf(b, "rows drawn from %s against %d of the data: energy distance %.3g, p = %.2g: %s\n", m.Name, t.Rows, t.Distance, t.P,
			verdict(t.P, "they can be told apart", "they cannot be told apart"))
	}
	for _, one := range []struct {
		c    *CalibrationResult
		what string
	}{{c.CalibrationEncoder, "draws from the encoder"}, {c.CalibrationWeighted, "the weighted draws of the estimate"}} {
		if one.c != nil {
			fmt.Fprintf(b, "codes of %d rows drawn from %s among %s: p = %.2g: %s\n", one.c.Rows, m.Name, one.what, one.c.P,
				verdict(one.c.P, "those are not from p(z|x)", "nothing says that those are not from p(z|x)"))
		}
	}
}
