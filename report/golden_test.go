package report

import (
	"bytes"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/compare"
	"likely/dataset"
	"likely/density"
	"likely/gmm"
	"likely/results"
	"likely/saved"
)

func given(v float64) *float64 { return &v }

func exact(nats, se float64, rows int) *results.Split {
	kind := density.ExactValue
	return &results.Split{Kind: &kind, Nats: given(nats), SEData: given(se), SESamples: given(0), Rows: rows, BitsPerDim: given(-nats / 2 / math.Ln2)}
}

// golden are results of three models that a person wrote down.
func golden() *results.Results {
	kind := density.Consistent
	sampled := exact(-2.5, 0.11, 40)
	sampled.Kind, sampled.SESamples, sampled.Samples = &kind, given(0.004), 500
	sampled.ReconstructionRMSE = given(0.4321)
	return &results.Results{
		Seed:    7,
		Dataset: results.Dataset{Name: "golden", RowsTrain: 100, RowsValid: 20, RowsTest: 40, Dim: 2, Measure: density.Continuous},
		Models: []*results.Model{
			{Name: "gaussian", Parameters: 5, FitSeconds: 0.25, Train: exact(-4, 0.2, 100), Test: exact(-4.25, 0.3, 40)},
			{Name: "gmm", Parameters: 11, FitSeconds: 12.4, Train: exact(-2, 0.2, 100), Test: exact(-2.25, 0.12, 40)},
			{
				Name: "vae", Parameters: 50, FitSeconds: 3, Train: exact(-2.25, 0.1, 100), Test: sampled,
				Bounds: &results.Bounds{On: "test", ELBO: given(-3), ELBOSEData: given(0.15), ELBOSESamples: given(0.01)},
			},
		},
		Pairs: []results.Pair{
			{A: "gaussian", B: "gmm", Diff: -2, SE: given(0.35), Rows: 40, Better: "gmm"},
			{A: "gaussian", B: "vae", Diff: -1.75, SE: given(0.3), Rows: 40, Better: "vae"},
			{A: "gmm", B: "vae", Diff: 0.25, SE: given(0.0125), Rows: 40, Better: "gmm"},
		},
	}
}

// The text shows each number with the digits that its error warrants, a sign that is
// a minus, the bound below its model, the model that is better in each pair, and the
// winner of all.
func TestGoldenText(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, Text(&text, golden()))
	require.Equal(t, `golden: 100 rows to train, 20 to validate, 40 to test; 2 columns, continuous; seed 7

model      test log p              kind of number            bits/dim   train log p   RMSE    parameters   fit
gaussian   −4.25 ± 0.30            exact                     3.066      −4.00         –       5            0.25 s
gmm        −2.25 ± 0.12            exact                     1.623      −2.00         –       11           12 s
vae        −2.50 ± 0.11 ± 0.004    estimate, 500 draws/row   1.803      −2.25         0.432   50           3.00 s
           ≥ −3.00 ± 0.15 ± 0.01   lower bound (ELBO)                                                      

log p is in nats per row of the original data; higher is better. ± is one standard error over rows;
a second ± is that of the draws, or of the integral. RMSE is the reconstruction error in the units of the data.

mean difference of log p on the same 40 test rows, in nats; it counts beyond two standard errors:
  gaussian − gmm  −2.00 ± 0.35   gmm is better
  gaussian − vae  −1.75 ± 0.30   vae is better
  gmm − vae       0.250 ± 0.013  gmm is better

winner: gmm, ahead of every other density by more than two standard errors
`, text.String())
}

// Without test rows the training rows are shown once, and nothing is compared.
func TestTextWithoutTestRows(t *testing.T) {
	r := golden()
	r.Dataset.RowsTest, r.Pairs = 0, nil
	for _, m := range r.Models {
		m.Test, m.Bounds = nil, nil
	}
	var text bytes.Buffer
	require.NoError(t, Text(&text, r))
	require.Contains(t, text.String(), "model      train log p    kind of number")
	require.NotContains(t, text.String(), "test log p")
	require.Contains(t, text.String(), "no rows were held out, so the models are not compared")
	require.NotContains(t, text.String(), "winner")
}

// A line of CSV has each number of a part in its column, in full.
func TestGoldenCSV(t *testing.T) {
	var text bytes.Buffer
	r := golden()
	r.Models = r.Models[1:]
	r.Models[0].Valid = &results.Split{Rows: 20}
	require.NoError(t, CSV(&text, r))
	require.Equal(t, `model,split,kind,nats,se_data,se_samples,bits_per_dim,rows,samples,reconstruction_rmse
gmm,train,exact,-2,0.2,0,1.4426950408889634,100,,
gmm,valid,,,,,,20,,
gmm,test,exact,-2.25,0.12,0,1.6230319210000839,40,,
vae,train,exact,-2.25,0.1,0,1.6230319210000839,100,,
vae,test,consistent,-2.5,0.11,0.004,1.8033688011112043,40,500,0.4321
`, text.String())
}

// Two digits of the error, between 1 and 6 places; 3 where there is none.
func TestDigits(t *testing.T) {
	for se, want := range map[float64]int{0.35: 2, 0.035: 3, 0.1: 2, 0.0999: 3, 3.5: 1, 350: 1, 1e-12: 6, 0: 3, math.NaN(): 3, -1: 3} {
		require.Equal(t, want, digits(se), "%v", se)
	}
	require.Equal(t, "−0.50", signed(-0.5, 2))
	require.Equal(t, "0.5", signed(0.5, 1))
	require.Equal(t, "9.99 s", secondsText(9.99))
	require.Equal(t, "10 s", secondsText(10))
}

// The parts of a gap, what overfitting and the rate are, and both sandwiches, each in
// its words.
func TestGoldenGap(t *testing.T) {
	m := golden().Models[2]
	m.Gap = results.NewGap(density.Estimate{Value: 0.5, SampleErr: 0.02, Rows: 8}, density.Estimate{Value: 0.125, SampleErr: 0.03}, density.Estimate{Value: 0.375, SampleErr: 0.04}, 8)
	m.Overfitting = &results.Overfitting{ELBOHeld: given(-3), ELBOTrain: given(-2.5), ELBO: given(-0.5), ELBOSE: given(0.2), Amortization: given(0.25), SE: given(0.05), RowsTrain: 9}
	m.RateSplit = &results.Rate{On: "test", Rate: given(2.5), Information: given(2.25), Marginal: given(0.25), Rows: 30}
	m.Sandwich = results.NewSandwich(density.Estimate{Value: -3.5, Rows: 20}, density.Estimate{Value: -3.25}, 0.25, 0.03, math.NaN())
	m.SandwichAnnealed = results.NewSandwich(density.Estimate{Value: -3.4, Rows: 20}, density.Estimate{Value: -3.3}, 0.1, 0.02, math.NaN())
	m.Checks = &results.Checks{
		TwoSample:          &results.TwoSample{Distance: 0.01, P: 0.04, Rows: 40},
		CalibrationEncoder: &results.Calibration{P: 0.051, Rows: 500},
	}
	r := golden()
	r.Models = []*results.Model{m}
	var text bytes.Buffer
	require.NoError(t, Text(&text, r))
	require.Contains(t, text.String(), `
why the ELBO of vae is 0.500 nats below log p, on the first 8 test rows (± of the draws):
  approximation gap  0.125 ± 0.03  no normal q(z|x) of the encoder's family is the posterior
  amortisation gap   0.375 ± 0.04  the encoder does not find the best of them
  of which the encoder has overfitted 0.250 ± 0.05: so much larger is it than on 9 training rows
  (the ELBO is −3 on these rows and −2.5 on those, a difference of −0.50 ± 0.2)
the rate, 2.5 nats on the first 30 test rows, is 2.25 of information on the row and 0.25 that the codes of all are from p(z)
on 20 rows drawn from the model, where log p can be bounded from both sides (expectations):
  −3.500 ≤ log p ≤ −3.250 by importance sampling, 0.25 ± 0.03 apart
  −3.400 ≤ log p ≤ −3.300 by annealing both ways, 0.1 ± 0.02 apart

rows drawn from vae against 40 of the data: energy distance 0.01, p = 0.04: they can be told apart
codes of 500 rows drawn from vae among draws from the encoder: p = 0.051: nothing says that those are not from p(z|x)
`)
	gaps := gapFigure(r)
	require.Len(t, gaps, 1)
	require.Equal(t, "vae", gaps[0].Name)
	require.Equal(t, "approximation", gaps[0].Parts[0].Name)
	require.Equal(t, [2]float64{0.125, 0.03}, [2]float64{gaps[0].Parts[0].Nats, gaps[0].Parts[0].StdErr})
	require.Equal(t, [2]float64{0.375, 0.04}, [2]float64{gaps[0].Parts[1].Nats, gaps[0].Parts[1].StdErr})
}

// What an estimator's number is to log p.
func TestNumberKind(t *testing.T) {
	for want, r := range map[string]results.Estimator{
		"refused: too many": {Refused: "too many", Kind: density.LowerBound},
		"exact":             {Kind: density.ExactValue},
		"exact to 1e-06":    {Kind: density.Quadrature, Error: given(1e-6)},
		"lower bound":       {Kind: density.LowerBound},
		"estimate; k̂ too large on 25 % of the rows": {Kind: density.Consistent, KHatBadShare: given(0.25)},
		"estimate": {Kind: density.Consistent, KHatBadShare: given(0)},
		"a note":   {Kind: density.Consistent, Note: "a note"},
	} {
		require.Equal(t, want, numberKind(&r))
	}
}

// The candidates in their order, with the criterion that they were chosen by.
func TestGoldenSelectionText(t *testing.T) {
	r := golden()
	r.Models = r.Models[1:2]
	r.Models[0].Selection = &results.Selection{Criterion: "bic", Candidates: []results.Candidate{
		{Covariance: "full", Components: 2, Parameters: 11, LogLik: given(-1130.264), BIC: given(-2322.192), AIC: given(-2282.528), ICL: given(-2322.695)},
		{Covariance: "tied", Components: 3, Parameters: 11, LogLik: given(-1126.316), BIC: given(-2314.3), ICL: given(-2357.8), Degenerate: true},
		{Covariance: "full", Components: 9, NotFitted: "collapsed"},
	}}
	var text bytes.Buffer
	require.NoError(t, Text(&text, r))
	require.Contains(t, text.String(), `
gmm chosen by bic (larger is better), the best of 3 candidates first:
  family             components  parameters  log L (nats, total)  BIC        ICL        held-out (nats/row)
  full               2           11          −1130.264            −2322.192  −2322.695  –
  tied (degenerate)  3           11          −1126.316            −2314.300  −2357.800  –
  1 could not be fitted; results.json says why
`)
}

// A number is called what it is.
func TestKindText(t *testing.T) {
	require.Equal(t, "no density", kindText(&results.Split{}))
	for want, kind := range map[string]density.Kind{
		"exact": density.ExactValue, "lower bound": density.LowerBound, "upper bound": density.UpperBound, "quadrature": density.Quadrature, "estimate, 5 draws/row": density.Consistent,
	} {
		require.Equal(t, want, kindText(&results.Split{Kind: &kind, Samples: 5}))
	}
}

// What is drawn is the density of the data: of N(0, 1) in units of 2 around 10, the
// peak is at 10 and has the height 1/(2√2π).
func TestPanels(t *testing.T) {
	m, err := gmm.New([]float64{1}, mat.NewDense(1, 1, nil), []mat.Symmetric{mat.NewSymDense(1, []float64{1})})
	require.NoError(t, err)
	p := saved.Preparation{Transform: density.Transform{Shift: []float64{10}, Scale: []float64{2}}}
	all := &dataset.Dataset{X: mat.NewDense(2, 1, []float64{9, 11}), Columns: []string{"a"}}
	list := panels(&compare.Outcome{
		Data:    &compare.Data{All: all, Preparation: p},
		Fits:    []*compare.Fit{{Model: &saved.Model{Name: "gmm", Fitted: m, Preparation: p}}},
		Results: &results.Results{Models: []*results.Model{{Name: "gmm", Train: exact(-2.5, 0.5, 40)}}},
	})
	require.Len(t, list, 1)
	require.Equal(t, "train: −2.50 ± 0.50 nats (exact)", list[0].Subtitle)
	logs := list[0].LogDensity(nil, mat.NewDense(2, 1, []float64{10, 14}))
	require.InDelta(t, -0.5*math.Log(2*math.Pi)-math.Ln2, logs[0], 1e-12)
	require.InDelta(t, logs[0]-2, logs[1], 1e-12)
}
