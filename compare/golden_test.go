package compare

import (
	"bytes"
	"encoding/csv"
	"math"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/dataset"
	"likely/density"
	"likely/eval"
	"likely/gmm"
	"likely/internal/safetensors"
	"likely/results"
	"likely/saved"
	"likely/vae"
)

// The golden comparison: three models whose parameters are written down, of rows
// that are written down, so that each number of the results can be computed from
// the formula of a normal distribution, here and without the code under test.

// goldenShift and goldenScale are the transform: model space is (x − shift)/scale.
var goldenShift, goldenScale = [2]float64{10, -3}, [2]float64{4, 0.5}

// goldenTrain and goldenTest are rows in model space.
var (
	goldenTrain = [][2]float64{{0.5, 0.25}, {-0.5, 0.75}, {0.25, -1}, {-1, 0.5}}
	goldenTest  = [][2]float64{{0, 0}, {1, -0.5}, {-0.75, 0.25}, {0.5, 1.25}, {-0.25, -1}, {0.25, 0.5}, {-1.5, 0}, {0.75, 0.75}, {1.5, 2.5}}
)

func goldenPart(d *Data, rows [][2]float64) *Part {
	x := mat.NewDense(len(rows), 2, nil)
	for i, r := range rows {
		x.SetRow(i, []float64{r[0]*goldenScale[0] + goldenShift[0], r[1]*goldenScale[1] + goldenShift[1]})
	}
	return d.part(&dataset.Dataset{Name: "golden", X: x, Columns: []string{"a", "b"}})
}

// goldenFits returns the data and three models: N(0, I), N((3, 0), I), and a linear
// VAE with the decoder (z/2, z) ± (1, 1) and the encoder N(0.6, 0.25), whatever x is.
func goldenFits(t *testing.T) (*Data, []*Fit) {
	d := &Data{}
	d.Preparation = saved.NewPreparation(&dataset.Dataset{Columns: []string{"a", "b"}}, false, dataset.NotBinarized, 1)
	d.Preparation.Transform = density.Transform{Shift: goldenShift[:], Scale: goldenScale[:]}
	d.Train, d.Test = goldenPart(d, goldenTrain), goldenPart(d, goldenTest)
	d.All = d.Test.Dataset

	one := mat.NewSymDense(2, []float64{1, 0, 0, 1})
	good, err := gmm.New([]float64{1}, mat.NewDense(1, 2, nil), []mat.Symmetric{one})
	require.NoError(t, err)
	bad, err := gmm.New([]float64{1}, mat.NewDense(1, 2, []float64{3, 0}), []mat.Symmetric{one})
	require.NoError(t, err)
	linear, err := vae.FromTensors(vae.Config{Dim: 2, Latent: 1, Hidden: []int{}, Sigma: vae.Shared, Precision: vae.Float64}, []safetensors.Tensor{
		{Name: "encoder.mean.weight", Shape: []int{1, 2}, Data: []float64{0, 0}}, {Name: "encoder.mean.bias", Shape: []int{1}, Data: []float64{0.6}},
		{Name: "encoder.logvar.weight", Shape: []int{1, 2}, Data: []float64{0, 0}}, {Name: "encoder.logvar.bias", Shape: []int{1}, Data: []float64{math.Log(0.25)}},
		{Name: "decoder.mean.weight", Shape: []int{2, 1}, Data: []float64{0.5, 1}}, {Name: "decoder.mean.bias", Shape: []int{2}, Data: []float64{0, 0}},
		{Name: "decoder.logvar", Shape: []int{1}, Data: []float64{0}},
	})
	require.NoError(t, err)
	fit := func(name string, m saved.Fitted, k Kind) *Fit {
		return &Fit{Model: &saved.Model{Name: name, Fitted: m, Preparation: d.Preparation}, Kind: k}
	}
	return d, []*Fit{fit("bad", bad, mixture{}), fit("good", good, mixture{}), fit("linear", linear, variational{})}
}

// goldenLogs are log p of a row in model space under the three models. The VAE's is
// that of N(0, WWᵀ + I), WWᵀ + I = [1.25 0.5; 0.5 2], of determinant 2.25 and inverse
// [2 −0.5; −0.5 1.25]/2.25.
func goldenLogs(r [2]float64) [3]float64 {
	square := r[0]*r[0] + r[1]*r[1]
	return [3]float64{
		-math.Log(2*math.Pi) - 0.5*(square-6*r[0]+9),
		-math.Log(2*math.Pi) - 0.5*square,
		-math.Log(2*math.Pi) - 0.5*math.Log(2.25) - 0.5*(2*r[0]*r[0]-r[0]*r[1]+1.25*r[1]*r[1])/2.25,
	}
}

// goldenJacobian takes log p to the units of the data: −ln 4 − ln ½.
var goldenJacobian = -math.Ln2

// meanAndError returns the mean of some values and its standard error, sd/√n.
func meanAndError(values []float64) (mean, err float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v / n
	}
	for _, v := range values {
		err += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(err / (n - 1) / n)
}

func goldenResults(t *testing.T) *results.Results {
	d, fits := goldenFits(t)
	c := Default()
	c.GapRows = 0
	out := &Outcome{Data: d, Fits: fits, Results: &results.Results{}}
	require.NoError(t, (&Job{Settings: c}).evaluateAll(t.Context(), out))
	return out.Results
}

// log p of each model, on each part, with its error and in bits, is that of the
// formula in the units of the data.
func TestGoldenScores(t *testing.T) {
	r := goldenResults(t)
	for k, m := range r.Models {
		for part, rows := range map[string][][2]float64{"train": goldenTrain, "test": goldenTest} {
			var values []float64
			for _, row := range rows {
				values = append(values, goldenLogs(row)[k]+goldenJacobian)
			}
			mean, se := meanAndError(values)
			s := m.Split(part)
			require.InDelta(t, mean, *s.Nats, 1e-12, "%s %s", m.Name, part)
			require.InDelta(t, se, *s.SEData, 1e-12, "%s %s", m.Name, part)
			require.Zero(t, *s.SESamples)
			require.InDelta(t, -mean/2/math.Ln2, *s.BitsPerDim, 1e-12)
			require.Equal(t, len(rows), s.Rows)
			require.Equal(t, density.ExactValue, *s.Kind)
		}
		require.Nil(t, m.Valid)
	}
}

// Each pair has the mean of the differences and their own error, and the better
// model is named, on whichever side it stands.
func TestGoldenPairs(t *testing.T) {
	r := goldenResults(t)
	require.Len(t, r.Pairs, 3)
	names := []string{"bad", "good", "linear"}
	at := 0
	for a := range names {
		for b := a + 1; b < len(names); b++ {
			p := r.Pairs[at]
			at++
			var values []float64
			for _, row := range goldenTest {
				logs := goldenLogs(row)
				values = append(values, logs[a]-logs[b])
			}
			mean, se := meanAndError(values)
			require.Equal(t, names[a], p.A)
			require.Equal(t, names[b], p.B)
			require.InDelta(t, mean, p.Diff, 1e-12)
			require.InDelta(t, se, *p.SE, 1e-12)
			require.Equal(t, len(goldenTest), p.Rows)
		}
	}
	// (3, 0) is far from all rows: it loses to both, and these two are close.
	require.Equal(t, "good", r.Pairs[0].Better)
	require.Equal(t, "linear", r.Pairs[1].Better)
	require.Less(t, math.Abs(r.Pairs[2].Diff), 2**r.Pairs[2].SE)
	require.Empty(t, r.Pairs[2].Better)

	d, fits := goldenFits(t)
	out := &Outcome{Data: d, Fits: []*Fit{fits[1], fits[0]}, Results: &results.Results{}}
	require.NoError(t, (&Job{Settings: Default()}).evaluateAll(t.Context(), out))
	require.Equal(t, "good", out.Results.Pairs[0].Better, "the better one may come first")
}

// The reconstruction of every row is the decoder's mean at the code 0.6, (0.3, 0.6)
// in model space; its error is the root of the mean square of all entries, in the
// units of the data.
func TestGoldenReconstruction(t *testing.T) {
	m := goldenResults(t).Models
	require.Nil(t, m[0].Test.ReconstructionRMSE)
	for part, rows := range map[string][][2]float64{"train": goldenTrain, "test": goldenTest} {
		var square float64
		for _, r := range rows {
			a, b := 4*(r[0]-0.3), 0.5*(r[1]-0.6)
			square += a*a + b*b
		}
		require.InDelta(t, math.Sqrt(square/float64(2*len(rows))), *m[2].Split(part).ReconstructionRMSE, 1e-12)
	}
}

// The rate is the divergence of N(0.6, 0.25) from N(0, 1); with the distortion it
// sums to the bound, all in nats of the data. The distortion is sampled, with 100
// draws for each of 9 rows: 5 standard errors, which one seed in two million exceeds.
func TestGoldenBound(t *testing.T) {
	m := goldenResults(t).Models[2]
	require.Nil(t, goldenResults(t).Models[0].Bounds)
	b := m.Bounds
	require.Equal(t, "test", b.On)
	require.InDelta(t, 0.5*(0.25+0.36-1-math.Log(0.25)), *b.Rate, 1e-12)
	require.InDelta(t, -*b.ELBO, *b.Rate+*b.Distortion, 1e-12)

	// E over z of ½|x − Wz|² + ln 2π, with E z = 0.6 and Var z = 0.25.
	var distortion, exact float64
	for _, r := range goldenTest {
		a, c := r[0]-0.3, r[1]-0.6
		distortion += math.Log(2*math.Pi) + 0.5*(a*a+c*c+0.25*1.25) - goldenJacobian
		exact += goldenLogs(r)[2] + goldenJacobian
	}
	n := float64(len(goldenTest))
	require.InDelta(t, distortion/n, *b.Distortion, 5**b.ELBOSESamples)
	require.Positive(t, *b.ELBOSESamples)
	require.InDelta(t, exact/n-*b.ELBO, *m.Gap.Total, 1e-12)
	require.Equal(t, *b.ELBOSESamples, *m.Gap.SE, "log p is exact")
	require.Greater(t, *b.IWAE, *b.ELBO)
	require.Less(t, *b.IWAE, exact/n+5**b.IWAESESamples)
}

// A saved model scores rows in the units of the data, and what is drawn from it is
// in these units too.
func TestGoldenScoreAndSample(t *testing.T) {
	d, fits := goldenFits(t)
	for k, fit := range fits {
		r, err := Score(t.Context(), fit.Model, d.Test.Dataset, 100, 1)
		require.NoError(t, err)
		for i, row := range goldenTest {
			require.InDelta(t, goldenLogs(row)[k]+goldenJacobian, r.LogProb[i], 1e-12, "%s row %d", fit.Model.Name, i+1)
		}
	}

	// N((3, 0), I) has the mean (22, −3) and the deviations (4, ½) in the units of
	// the data; with 4000 draws, 5 standard errors are 0.08 deviations of a mean and
	// 0.056 of a deviation.
	const n = 4000
	var text bytes.Buffer
	require.NoError(t, WriteSamples(t.Context(), &text, fits[0].Model, n, 1))
	lines, err := csv.NewReader(&text).ReadAll()
	require.NoError(t, err)
	require.Equal(t, []string{"a", "b"}, lines[0])
	require.Len(t, lines, n+1)
	for j, want := range [][2]float64{{22, 4}, {-3, 0.5}} {
		var values []float64
		for _, line := range lines[1:] {
			v, err := strconv.ParseFloat(line[j], 64)
			require.NoError(t, err)
			values = append(values, v)
		}
		mean, se := meanAndError(values)
		require.InDelta(t, want[0], mean, 0.08*want[1])
		require.InDelta(t, want[1], se*math.Sqrt(n), 0.056*want[1])
	}
}

// Scores are written with row numbers from 1, and no error where the number is exact.
func TestWriteScores(t *testing.T) {
	var text bytes.Buffer
	require.NoError(t, WriteScores(&text, &eval.Result{LogProb: []float64{-1.5, math.Inf(-1)}, Kind: density.ExactValue}))
	require.Equal(t, "row,log_prob,kind,se,khat\n1,-1.5,exact,,\n2,-Inf,exact,,\n", text.String())
	text.Reset()
	require.NoError(t, WriteScores(&text, &eval.Result{LogProb: []float64{-2}, StdErr: []float64{0.25}, KHat: []float64{math.NaN()}, Kind: density.Consistent}))
	require.Equal(t, "row,log_prob,kind,se,khat\n1,-2,consistent,0.25,\n", text.String())
}

// Criteria are in the units of the data: of one Gaussian on faithful the total
// log-likelihood is −1289.796745 (mclust and scikit-learn agree), of two −1130.263960,
// and BIC, AIC and ICL are what their definitions make of these.
func TestGoldenSelection(t *testing.T) {
	c := Default()
	c.Dataset, c.Models, c.Holdout, c.Valid = "faithful", []string{"gmm"}, 0, 0
	c.Components, c.GMM.Starts = Range{1, 2}, 3
	r := run(t, c)
	s := r.Models[0].Selection
	require.Equal(t, "bic", s.Criterion)
	require.Len(t, s.Candidates, 2)
	for i, want := range []struct {
		components, parameters int
		logLik                 float64
	}{{2, 11, -1130.263960}, {1, 5, -1289.796745}} {
		got := s.Candidates[i]
		require.Equal(t, want.components, got.Components)
		require.Equal(t, want.parameters, got.Parameters)
		require.InDelta(t, want.logLik, *got.LogLik, 2e-3) // which the tolerance leaves
		require.InDelta(t, 2**got.LogLik-float64(want.parameters)*math.Log(272), *got.BIC, 1e-9)
		require.InDelta(t, 2**got.LogLik-2*float64(want.parameters), *got.AIC, 1e-9)
		require.LessOrEqual(t, *got.ICL, *got.BIC)
		require.Less(t, *got.BIC-*got.ICL, 10.0)
	}
	require.InDelta(t, *s.Candidates[1].BIC, *s.Candidates[1].ICL, 1e-9, "one component has no entropy")
	require.InDelta(t, *s.Candidates[0].LogLik, 272**r.Models[0].Train.Nats, 1e-8)
}
