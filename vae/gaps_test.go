package vae

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/elbo"
	"likely/eval"
	"likely/gmm"
)

// withGaps returns a copy of x from which a share of the values is removed.
func withGaps(x *mat.Dense, share float64, seed uint64) *mat.Dense {
	random := rand.New(source(seed))
	out := mat.DenseCopyOf(x)
	out.Apply(func(_, _ int, v float64) float64 {
		if random.Float64() < share {
			return math.NaN()
		}
		return v
	}, out)
	return out
}

// With gaps a linear model has the density of the normal's margins: by quadrature over
// the code, and by p(x|z)·p(z)/p(z|x) at any code, with the posterior of the values that
// are there.
func TestLinearModelWithGapsIsClosedForm(t *testing.T) {
	x := withGaps(readTable(t, "iris.csv"), 0.3, 1)
	for _, sigma := range []Sigma{Shared, PerDim} {
		s := Settings{Latent: 1, Hidden: []int{}, Sigma: sigma, Missing: true, Epochs: 40, Precision: Float64}
		m, _, err := Fit(context.Background(), x, nil, s, source(1))
		require.NoError(t, err)
		marginal, ok, err := m.Marginal()
		require.NoError(t, err)
		require.True(t, ok)
		want := marginal.Observed().LogProb(nil, x)
		w, b := tensor(t, m.coder, "decoder.mean.weight"), tensor(t, m.coder, "decoder.mean.bias")
		n, d := x.Dims()
		z, posterior := normals(n, 1, 4), make([]float64, n)
		for i := range n {
			precision, pull := 1.0, 0.0
			for j := range d {
				if v := x.At(i, j); !math.IsNaN(v) {
					precision += w.At(j, 0) * w.At(j, 0) * m.precision[j]
					pull += w.At(j, 0) * (v - b.At(0, j)) * m.precision[j]
				}
			}
			e := z.At(i, 0) - pull/precision
			posterior[i] = 0.5 * (math.Log(precision) - log2Pi - e*e*precision)
		}
		lik, prior, grid := m.LogLik(nil, x, z), m.LogPrior(nil, z), exactLogProbGrid(m, x)
		for i := range want {
			near(t, want[i], grid[i], 1e-9)
			near(t, want[i], lik[i]+prior[i]-posterior[i], 1e-9)
		}
		// And so it is by what the command uses where there is no closed form.
		if sigma == Shared {
			got, err := eval.LogProb(context.Background(), m, elbo.Adaptive(m, m.Encoder()), x, eval.Settings{Samples: 2000, Seed: 1})
			require.NoError(t, err)
			for i, v := range got.LogProb {
				near(t, want[i], v, 5*got.StdErr[i]+1e-6, "row %d", i+1)
			}
		}
	}
}

// On iris with a fifth of its values removed training reaches the largest likelihood of
// the values that are there, which package gmm finds by EM. The bound of one draw does
// not: a linear q(z|x) is no posterior of rows with gaps, so the objective is that of
// MIWAE, whose bound is tight (Mattei & Frellsen 2019).
func TestTrainingWithGapsReachesTheMaximum(t *testing.T) {
	x := withGaps(readTable(t, "iris.csv"), 0.2, 1)
	latent := []int{1, 2}
	if testing.Short() {
		latent = latent[:1]
	}
	for _, l := range latent {
		family, err := gmm.ParseCovariance([]string{"ppca:1", "ppca:2"}[l-1])
		require.NoError(t, err)
		best, _, err := gmm.Fit(context.Background(), x, gmm.Settings{Components: 1, Covariance: family, Missing: true, Tolerance: 1e-12, Iterations: 100000}, source(1))
		require.NoError(t, err)
		s := Settings{Latent: l, Hidden: []int{}, Sigma: Shared, Missing: true, Objective: DReG, Samples: 32}
		if testing.Short() {
			s.Samples, s.Epochs = 16, 3000
		}
		m, _, err := Fit(context.Background(), x, nil, s, source(1))
		require.NoError(t, err)
		marginal, ok, err := m.Marginal()
		require.NoError(t, err)
		require.True(t, ok)
		want, got := sum(best.Observed().LogProb(nil, x)), sum(marginal.Observed().LogProb(nil, x))
		t.Logf("L = %d: maximum %.4f, reached %.4f nats", l, want, got)
		near(t, want, got, 0.2)
		require.Less(t, got, want+1e-3)
	}
}

// Columns are independent given z: log p(x|z), its gradient and its curvature are sums
// over the values that are there, for every likelihood and in both arithmetics.
func TestGapsLeaveOutTheirColumns(t *testing.T) {
	for i, c := range curvatureCases {
		m := bentModel(t, c.c, uint64(10+i))
		l, d := m.LatentDim(), m.Dim()
		z, whole := normals(1, l, 7), mat.NewDense(1, d, nil)
		m.RandGiven(whole, z, source(3))
		for pattern := range 1 << d {
			x := mat.NewDense(1, d, nil)
			log, grad, curvature := 0.0, make([]float64, l), make([]float64, l*l)
			one, slope, bend := mat.NewDense(1, d, nil), mat.NewDense(1, l, nil), mat.NewDense(1, l*l, nil)
			for j := range d {
				x.Set(0, j, math.NaN())
				if pattern>>j&1 == 0 {
					continue
				}
				x.Set(0, j, whole.At(0, j))
				for k := range d {
					one.Set(0, k, math.NaN())
				}
				one.Set(0, j, whole.At(0, j))
				log += m.LogLikCurvature(nil, slope, bend, one, z)[0]
				for k, v := range slope.RawRowView(0) {
					grad[k] += v
				}
				for k, v := range bend.RawRowView(0) {
					curvature[k] += v
				}
			}
			near(t, log, m.LogLik(nil, x, z)[0], 1e-9, "%s: pattern %b", c.name, pattern)
			near(t, log, m.LogLikCurvature(nil, slope, bend, x, z)[0], 1e-9)
			for k, v := range slope.RawRowView(0) {
				near(t, grad[k], v, 1e-9)
			}
			for k, v := range bend.RawRowView(0) {
				near(t, curvature[k], v, 1e-9*(1+math.Abs(v)), "%s: pattern %b", c.name, pattern)
			}
		}
	}
}

// Settings.Missing does nothing to rows without gaps, to the last bit, and a row without
// any value does nothing to a fit.
func TestNoGapsNoDifference(t *testing.T) {
	x := readTable(t, "faithful.csv")
	s := Settings{Hidden: []int{8}, Epochs: 3, Batch: 32}
	want, wantReport, err := Fit(context.Background(), x, x, s, source(1))
	require.NoError(t, err)
	s.Missing = true
	got, report, err := Fit(context.Background(), x, x, s, source(1))
	require.NoError(t, err)
	require.Equal(t, want.Tensors(), got.Tensors())
	require.Equal(t, wantReport.History, report.History)
	require.False(t, got.Config().Mask)

	gaps := withGaps(x, 0.2, 1)
	n, d := gaps.Dims()
	for i := range n {
		gaps.Set(i, 0, x.At(i, 0)) // no row is empty
	}
	want, _, err = Fit(context.Background(), gaps, nil, s, source(1))
	require.NoError(t, err)
	require.True(t, want.Config().Mask)
	more := mat.NewDense(n+1, d, nil)
	more.Slice(1, n+1, 0, d).(*mat.Dense).Copy(gaps)
	more.SetRow(0, []float64{math.NaN(), math.NaN()})
	got, report, err = Fit(context.Background(), more, nil, s, source(1))
	require.NoError(t, err)
	require.Equal(t, want.Tensors(), got.Tensors())
	require.Equal(t, n, report.Rows)
}

// A row without any value counts 0 nats: its posterior is the prior, whatever that is.
func TestEmptyRowCountsNothing(t *testing.T) {
	x := withGaps(readTable(t, "faithful.csv"), 0.2, 1)
	empty := mat.NewDense(1, 2, []float64{math.NaN(), math.NaN()})
	for _, prior := range []Prior{StandardNormal, Vamp(3), LearnedMixture(2), ExPost(2)} {
		for _, full := range []bool{false, true} {
			s := Settings{Hidden: []int{6}, Epochs: 3, Missing: true, Prior: prior, FullPosterior: full}
			m, report, err := Fit(context.Background(), x, empty, s, source(1))
			require.NoError(t, err)
			if prior == StandardNormal {
				for _, e := range report.History {
					near(t, 0, e.Valid, 1e-12)
				}
			}
			bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), empty, elbo.Settings{Samples: 20, Seed: 1})
			require.NoError(t, err)
			near(t, 0, bound.PerRow[0], 1e-12)
			got, err := eval.LogProb(context.Background(), m, elbo.Adaptive(m, m.Encoder()), empty, eval.Settings{Samples: 100, Seed: 1})
			require.NoError(t, err)
			near(t, 0, got.LogProb[0], 1e-12, "%v", prior)
			near(t, 0, got.StdErr[0], 1e-12)
			require.NoError(t, density.CheckFinite(m.Reconstruct(nil, empty)))
			require.Zero(t, m.ReconstructionError(nil, empty)[0])
		}
	}
}

// The history of a fit with gaps is in nats of the data: at a rate too small to move it,
// the mean bound of the rows and that of the validation rows agree with the model's, but
// for the noise of few draws. The units of missing values would add 5 nats.
func TestHistoryWithGapsIsInNatsOfTheData(t *testing.T) {
	x := withGaps(readTable(t, "iris.csv"), 0.3, 2)
	x.Scale(100, x)
	n, _ := x.Dims()
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 1 + float64(i%3)
	}
	for _, sigma := range []Sigma{Network, Shared, PerDim} {
		s := Settings{Hidden: []int{6}, Sigma: sigma, Epochs: 1, Rate: 1e-12, Missing: true, Weights: weights, ValidWeights: weights, Samples: 64, Batch: 150}
		m, report, err := Fit(context.Background(), x, x, s, source(1))
		require.NoError(t, err)
		bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), x, elbo.Settings{Samples: 400, Seed: 1})
		require.NoError(t, err)
		var want, total float64
		for i, v := range bound.PerRow {
			want += weights[i] * v
			total += weights[i]
		}
		near(t, want/total, report.History[0].Train, 1)
		near(t, want/total, report.History[0].Valid, 1)
	}
}

// So is that of columns of several likelihoods, of which one has units.
func TestHistoryOfColumnsIsInNatsOfTheData(t *testing.T) {
	x := withGaps(mixedRows(120, 3), 0.2, 2)
	for i := range 120 {
		x.Set(i, 2, 1e4*x.At(i, 2))
	}
	s := Settings{Columns: fourColumns, Hidden: []int{6}, Epochs: 1, Rate: 1e-12, Missing: true, Samples: 64, Batch: 120}
	m, report, err := Fit(context.Background(), x, x, s, source(1))
	require.NoError(t, err)
	bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), x, elbo.Settings{Samples: 400, Seed: 1})
	require.NoError(t, err)
	near(t, sum(bound.PerRow)/120, report.History[0].Train, 1)
	near(t, sum(bound.PerRow)/120, report.History[0].Valid, 1)
}

// σ from residuals and σ from a gradient agree where values are missing.
func TestOptimalSigmaWithGaps(t *testing.T) {
	x := withGaps(readTable(t, "iris.csv"), 0.2, 1)
	var got [2]float64
	for k, sigma := range []Sigma{Shared, Optimal} {
		m, _, err := Fit(context.Background(), x, nil, Settings{Latent: 1, Hidden: []int{}, Sigma: sigma, Missing: true, Samples: 1, Epochs: 2000}, source(1))
		require.NoError(t, err)
		got[k] = m.logvar[0]
	}
	near(t, got[0], got[1], 0.05)
}

// In the place of a missing value the encoder sees the weighted mean of those that are
// there, of a category the shares of its levels, and behind all columns the mask.
func TestEncoderSeesMeansAndMask(t *testing.T) {
	x := withGaps(mixedRows(60, 1), 0.3, 4)
	n, d := x.Dims()
	weights := make([]float64, n)
	for i := range weights {
		weights[i] = 1 + float64(i%2)
	}
	m := columnModel(t, Settings{Missing: true, Weights: weights}, x)
	loc := []int{0, 1, 4, 5, 6}
	fill, total := make([]float64, 6), make([]float64, d)
	for i, w := range weights {
		for j, v := range x.RawRowView(i) {
			if math.IsNaN(v) {
				continue
			}
			total[j] += w
			if j == 1 {
				fill[1+int(v)] += w
			} else {
				fill[loc[j]] += w * v
			}
		}
	}
	seen := mat.NewDense(n, 6+d, nil)
	for j := range d {
		for k := loc[j]; k < loc[j+1]; k++ {
			fill[k] /= total[j]
			near(t, fill[k], m.Config().Fill[k], 1e-12)
		}
		for i := range n {
			switch v := x.At(i, j); {
			case math.IsNaN(v):
				for k := loc[j]; k < loc[j+1]; k++ {
					seen.Set(i, k, fill[k])
				}
				seen.Set(i, 6+j, 1)
			case j == 1:
				seen.Set(i, 1+int(v), 1)
			default:
				seen.Set(i, loc[j], v)
			}
		}
	}
	mean, logvar := m.Encoder().Moments(x)
	m.posteriorsBy(seen, m.encodeSeen, func(i int, h, _ []float64) {
		if empty(x.RawRowView(i)) {
			return
		}
		for k := range 2 {
			near(t, h[k], mean.At(i, k), 1e-9)
			near(t, h[2+k], logvar.At(i, k), 1e-9)
		}
	})
}

// Every likelihood and prior trains on rows with gaps, stops and goes on to the same
// bits, and comes back from its tensors.
func TestGapsWithEveryLikelihood(t *testing.T) {
	bits := mat.NewDense(40, 3, nil)
	bits.Apply(func(i, j int, _ float64) float64 { return float64((i*(j+2) + i/7) % 2) }, bits)
	x := withGaps(bits, 0.3, 1)
	count := 0
	for _, l := range append(Likelihoods(), ByColumn) {
		for _, prior := range []Prior{StandardNormal, Vamp(3)} {
			count++
			s := Settings{Hidden: []int{6}, Epochs: 2, Batch: 15, Likelihood: l, Prior: prior, Missing: true, Levels: 4, Precision: Precision(count % 2), Corruption: 0.1 * float64(count%3), Dynamic: l == Bernoulli}
			if l == ByColumn {
				s.Columns = []Column{{Categorical, 3}, {Likelihood: Gaussian}, {Likelihood: NegativeBinomial}}
			}
			want, report, err := Fit(context.Background(), x, x, s, source(1))
			require.NoError(t, err, l)
			require.NoError(t, density.CheckFinite(mat.NewDense(1, 2, []float64{report.History[1].Train, report.History[1].Valid})))
			first, err := NewTrainer(x, x, s, source(1))
			require.NoError(t, err)
			require.NoError(t, first.Step())
			var file bytes.Buffer
			require.NoError(t, first.WriteCheckpoint(&file))
			first.Close()
			second, err := NewTrainer(x, x, s, source(2))
			require.NoError(t, err)
			require.NoError(t, second.Resume(&file))
			for !second.Done() {
				require.NoError(t, second.Step())
			}
			got, _, err := second.Model()
			require.NoError(t, err)
			second.Close()
			require.Equal(t, want.Tensors(), got.Tensors(), l)
			back, err := FromTensors(got.Config(), got.Tensors())
			require.NoError(t, err)
			require.Equal(t, scoresOf(t, want, x), scoresOf(t, back, x))
			require.NoError(t, density.CheckFinite(want.Reconstruct(nil, x)))
		}
	}
}

func TestBadGaps(t *testing.T) {
	x := readTable(t, "faithful.csv")
	column, rows := mat.DenseCopyOf(x), mat.NewDense(3, 2, nil)
	n, _ := x.Dims()
	for i := range n {
		column.Set(i, 1, math.NaN())
	}
	rows.Apply(func(_, _ int, _ float64) float64 { return math.NaN() }, rows)
	infinite := mat.DenseCopyOf(x)
	infinite.Set(2, 1, math.Inf(1))
	for _, c := range []struct {
		x    *mat.Dense
		s    Settings
		want error
		text string
	}{
		{column, Settings{Missing: true}, density.ErrNonFinite, "column 2 of the training rows has no value"},
		{rows, Settings{Missing: true}, ErrRows, "no row has a value"},
		{infinite, Settings{Missing: true}, density.ErrNonFinite, "row 3, column 2 is +Inf"},
		{column, Settings{}, density.ErrNonFinite, "set Settings.Missing for values that are missing"},
	} {
		_, _, err := Fit(context.Background(), c.x, nil, c.s, source(1))
		require.ErrorIs(t, err, c.want)
		require.ErrorContains(t, err, c.text)
	}
	// A model that was not asked for gaps says that it has no number for them.
	m, _, err := Fit(context.Background(), x, nil, Settings{Hidden: []int{4}, Epochs: 1}, source(1))
	require.NoError(t, err)
	_, err = elbo.ELBO(context.Background(), m, m.Encoder(), density.Rows(column, 0, 3), elbo.Settings{Samples: 2, Seed: 1})
	require.ErrorIs(t, err, elbo.ErrNotANumber)
}
