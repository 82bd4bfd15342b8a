package vae

import (
	"bytes"
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/elbo"
)

// repeated returns random rows with whole weights, and the table in which each row
// stands that often.
func repeated(n, d int, seed uint64) (x *mat.Dense, weights []float64, table *mat.Dense) {
	x, weights = normals(n, d, seed), make([]float64, n)
	random := rand.New(source(seed))
	var rows []float64
	for i := range weights {
		weights[i] = float64(1 + random.IntN(4))
		for range int(weights[i]) {
			rows = append(rows, x.RawRowView(i)...)
		}
	}
	return x, weights, mat.NewDense(len(rows)/d, d, rows)
}

// Without noise, and with all rows in one minibatch, weights are repetitions: the same
// networks but for rounding, which 60 steps of Adam enlarge.
func TestWeightsAreRepetitionsInTraining(t *testing.T) {
	x, weights, table := repeated(20, 3, 1)
	valid, validWeights, validTable := repeated(9, 3, 2)
	s := Settings{Hidden: []int{6}, Epochs: 60, Batch: 1000, Precision: Float64, Schedule: Constant}
	want, wantReport, err := FitAutoencoder(context.Background(), table, validTable, s, source(1))
	require.NoError(t, err)
	s.Weights, s.ValidWeights = weights, validWeights
	got, report, err := FitAutoencoder(context.Background(), x, valid, s, source(1))
	require.NoError(t, err)
	for i, tensor := range want.Tensors() {
		for k, v := range tensor.Data {
			near(t, v, got.Tensors()[i].Data[k], 1e-7, tensor.Name)
		}
	}
	for i, line := range wantReport.History {
		near(t, line.Train, report.History[i].Train, 1e-7)
		near(t, line.Valid, report.History[i].Valid, 1e-7)
	}
}

// The optimum of a linear model with weights is that of the repeated rows, whose
// largest likelihood is a closed form (Tipping & Bishop 1999).
func TestWeightedLinearModelReachesPPCA(t *testing.T) {
	x, weights, table := repeated(60, 4, 3)
	stretch := []float64{3, 1, 0.5, 0.5}
	for _, rows := range []*mat.Dense{x, table} {
		rows.Apply(func(_, j int, v float64) float64 { return v * stretch[j] }, rows)
	}
	best := ppcaMaximum(t, table, 1)
	s := Settings{Latent: 1, Hidden: []int{}, Sigma: Shared, Weights: weights}
	for _, sigma := range []Sigma{Shared, Optimal} {
		s.Sigma = sigma
		m, _, err := Fit(context.Background(), x, nil, s, source(1))
		require.NoError(t, err)
		near(t, best, sum(exactLogProb(t, m, table)), 0.3, "%v", sigma)
		s.Weights = nil
		m, _, err = Fit(context.Background(), x, nil, s, source(1))
		require.NoError(t, err)
		require.Less(t, sum(exactLogProb(t, m, table)), best-0.5, "weights made no difference: the test shows nothing")
		s.Weights = weights
	}
}

// The gradient of the weighted mean bound is its derivative, for priors and objectives
// of either kind.
func TestWeightedGradient(t *testing.T) {
	for _, c := range []Config{{}, {Sigma: PerDim}, {Prior: LearnedMixture(2)}, {Prior: Vamp(2), FullPosterior: true}, {Kind: Plain}} {
		for _, o := range []Objective{ELBO, SampledELBO, IWAE} {
			s := Settings{Samples: 2, Objective: o}
			if c.Kind == Plain {
				if o != ELBO {
					continue
				}
				s.Samples = 1
			}
			c.Dim, c.Latent, c.Hidden = 3, 2, []int{4}
			tr := testTrainer(t, c, s, nil)
			random := rand.New(source(5))
			for i := range tr.rowWeight {
				tr.rowWeight[i] = 2 * random.Float64()
			}
			checkGradient(t, tr, []int{4, 0, 6, 2, 5})
		}
	}
}

// Weights of 1 are none, to the last bit; weights are what they are to each other; a
// row of weight 0 is absent, whatever is in it; a checkpoint knows them.
func TestWeightsOfOneZeroAndMany(t *testing.T) {
	x, valid := normals(50, 3, 1), normals(12, 3, 2)
	ones := func(n int, v float64) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = v
		}
		return w
	}
	for _, s := range []Settings{
		{Hidden: []int{5}, Epochs: 4, Batch: 16},
		{Hidden: []int{5}, Epochs: 4, Batch: 16, Prior: LearnedMixture(2), FullPosterior: true},
		{Hidden: []int{}, Epochs: 4, Prior: Vamp(3), Objective: DReG, Samples: 2, Sigma: Optimal},
	} {
		want, _, err := Fit(context.Background(), x, valid, s, source(1))
		require.NoError(t, err)
		weighted := s
		weighted.Weights, weighted.ValidWeights = ones(50, 1), ones(12, 1)
		got, _, err := Fit(context.Background(), x, valid, weighted, source(1))
		require.NoError(t, err)
		require.Equal(t, want.Tensors(), got.Tensors())

		weighted.Weights, weighted.ValidWeights = ones(50, 8), ones(12, 0.5)
		got, _, err = Fit(context.Background(), x, valid, weighted, source(1))
		require.NoError(t, err)
		require.Equal(t, want.Tensors(), got.Tensors())

		more, moreValid := mat.NewDense(52, 3, nil), mat.NewDense(13, 3, nil)
		more.Slice(1, 51, 0, 3).(*mat.Dense).Copy(x)
		more.Set(0, 1, math.NaN())
		more.Set(51, 2, 1e9)
		moreValid.Slice(0, 12, 0, 3).(*mat.Dense).Copy(valid)
		moreValid.Set(12, 0, math.Inf(1))
		weighted.Weights, weighted.ValidWeights = ones(52, 1), ones(13, 1)
		weighted.Weights[0], weighted.Weights[51], weighted.ValidWeights[12] = 0, 0, 0
		got, report, err := Fit(context.Background(), more, moreValid, weighted, source(1))
		require.NoError(t, err)
		require.Equal(t, want.Tensors(), got.Tensors())
		require.Equal(t, 50, report.Rows)
	}

	s := Settings{Hidden: []int{3}, Epochs: 2, Weights: ones(50, 1)}
	first, err := NewTrainer(x, nil, s, source(1))
	require.NoError(t, err)
	defer first.Close()
	var file bytes.Buffer
	require.NoError(t, first.WriteCheckpoint(&file))
	s.Weights = append(ones(49, 1), 2)
	second, err := NewTrainer(x, nil, s, source(1))
	require.NoError(t, err)
	defer second.Close()
	require.ErrorIs(t, second.Resume(&file), ErrCheckpoint)

	for name, s := range map[string]Settings{
		"Weights of row 2": {Weights: append([]float64{1, -1}, ones(48, 1)...)}, "NaN": {Weights: append(ones(49, 1), math.NaN())},
		"50 rows": {Weights: ones(3, 1)}, "add up to 0": {Weights: ones(50, 0)}, "Inf": {Weights: ones(50, math.MaxFloat64)},
		"ValidWeights": {ValidWeights: ones(2, 1)},
	} {
		_, _, err := Fit(context.Background(), x, nil, s, source(1))
		require.ErrorIs(t, err, ErrSettings, name)
		require.ErrorContains(t, err, name)
	}
}

// An error names rows as the caller numbers them, absent ones included.
func TestErrorsCountAbsentRows(t *testing.T) {
	x := normals(6, 2, 1)
	x.Set(4, 1, math.NaN())
	weights := []float64{0, 1, 1, 0, 1, 1}
	_, _, err := Fit(context.Background(), x, nil, Settings{Weights: weights}, source(1))
	require.ErrorContains(t, err, "row 5, column 2")
	_, _, err = Fit(context.Background(), normals(6, 2, 1), x, Settings{ValidWeights: weights}, source(1))
	require.ErrorContains(t, err, "row 5, column 2")
	require.ErrorContains(t, err, "validation rows")
}

// The validation bound is the weighted mean of the rows'.
func TestWeightedValidationBound(t *testing.T) {
	x, valid := normals(100, 2, 1), normals(20, 2, 2)
	weights := make([]float64, 20)
	for i := range weights {
		weights[i] = float64(i * i)
	}
	m, report, err := Fit(context.Background(), x, valid, Settings{Latent: 1, Hidden: []int{}, Sigma: PerDim, Epochs: 20, ValidWeights: weights}, source(1))
	require.NoError(t, err)
	bound, err := elbo.ELBO(context.Background(), m, m.Encoder(), valid, elbo.Settings{Samples: 400, Seed: 1})
	require.NoError(t, err)
	var want, total float64
	for i, w := range weights {
		want += w * bound.PerRow[i]
		total += w
	}
	near(t, want/total, report.History[report.BestEpoch-1].Valid, 0.1)
	require.Greater(t, math.Abs(want/total-sum(bound.PerRow)/20), 0.2, "weights made no difference: the test shows nothing")
}
