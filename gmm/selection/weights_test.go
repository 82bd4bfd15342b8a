package selection

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// Weights are repetitions, of training and of validation rows; in cross-validation
// the folds keep a row's repetitions together, so weights of 2 change the errors
// alone.
func TestWeightedSelection(t *testing.T) {
	x := open(t, "iris")
	n, d := x.Dims()
	weights := make([]float64, n)
	var many []float64
	for i := range weights {
		weights[i] = float64(i % 3)
		for range i % 3 {
			many = append(many, x.RawRowView(i)...)
		}
	}
	rows := mat.NewDense(len(many)/d, d, many)
	s := Settings{Families: []gmm.Covariance{gmm.Tied, gmm.Diagonal}, Components: []int{1, 2}, Criterion: HeldOut, Valid: rows}
	want, err := Select(context.Background(), rows, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	var kept []float64
	var counts []float64
	for i, w := range weights {
		if w > 0 {
			kept, counts = append(kept, x.RawRowView(i)...), append(counts, w)
		}
	}
	s.Fit.Weights, s.Valid, s.ValidWeights = weights, mat.NewDense(len(counts), d, kept), counts
	got, err := Select(context.Background(), x, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	for i, a := range want.Candidates {
		b := got.Candidates[i]
		for c := BIC; c <= HeldOut; c++ {
			near(t, a.Value(c), b.Value(c), 1e-6)
		}
		near(t, a.HeldOutErr, b.HeldOutErr, 1e-8)
	}

	s = Settings{Families: s.Families, Components: s.Components, Criterion: CrossValidation}
	once, err := Select(context.Background(), x, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	s.Fit.Weights = make([]float64, n)
	for i := range n {
		s.Fit.Weights[i] = 2
	}
	twice, err := Select(context.Background(), x, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	near(t, once.Best().HeldOut, twice.Best().HeldOut, 1e-6)
	near(t, once.Best().HeldOutErr*math.Sqrt(149./299), twice.Best().HeldOutErr, 1e-6)
}

// A row of weight 0 is absent from all criteria, even one so far away that its
// log p is −Inf.
func TestAbsentRows(t *testing.T) {
	x := open(t, "iris")
	n, d := x.Dims()
	far := mat.NewDense(n+1, d, nil)
	far.Copy(x)
	for j := range d {
		far.Set(n, j, 1e200)
	}
	weights := make([]float64, n+1)
	for i := range n {
		weights[i] = 1
	}
	s := Settings{Families: []gmm.Covariance{gmm.Full}, Components: []int{2}, Criterion: HeldOut, Valid: x}
	want, err := Select(context.Background(), x, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	s.Fit.Weights, s.Valid, s.ValidWeights = weights, far, weights
	got, err := Select(context.Background(), far, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	require.True(t, math.IsInf(got.Best().Model.LogProb(nil, far)[n], -1), "the row is far enough")
	for c := BIC; c <= HeldOut; c++ {
		near(t, want.Best().Value(c), got.Best().Value(c), 1e-8)
	}
	near(t, want.Best().HeldOutErr, got.Best().HeldOutErr, 1e-10)
	s = Settings{Families: s.Families, Components: s.Components, Criterion: CrossValidation, Fit: s.Fit}
	got, err = Select(context.Background(), far, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	require.False(t, math.IsNaN(got.Best().HeldOut) || math.IsInf(got.Best().HeldOut, 0))
}

// Cross-validation divides the rows that are there.
func TestFoldsOfPresentRows(t *testing.T) {
	x := open(t, "faithful")
	n, d := x.Dims()
	weights := make([]float64, n+20)
	more := mat.NewDense(n+20, d, nil)
	for i := range n {
		weights[i] = 1
		more.SetRow(i, x.RawRowView(i))
	}
	for i := range 20 {
		more.SetRow(n+i, []float64{math.NaN(), 1})
	}
	s := Settings{Families: []gmm.Covariance{gmm.Full}, Components: []int{2}, Criterion: CrossValidation, Folds: 5, Fit: gmm.Settings{Starts: 1}}
	want, err := Select(context.Background(), x, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	s.Fit.Weights = weights
	got, err := Select(context.Background(), more, s, density.NewSource(1, "test"))
	require.NoError(t, err)
	near(t, want.Best().HeldOut, got.Best().HeldOut, 1e-9)
	near(t, want.Best().HeldOutErr, got.Best().HeldOutErr, 1e-9)
}

func TestWeightMistakes(t *testing.T) {
	x := open(t, "iris")
	n, _ := x.Dims()
	uniform := func(w float64) []float64 {
		weights := make([]float64, n)
		for i := range weights {
			weights[i] = w
		}
		return weights
	}
	negative := uniform(1)
	negative[4] = -1
	for name, c := range map[string]struct {
		s    Settings
		says string
	}{
		"negative":       {Settings{Fit: gmm.Settings{Weights: negative}}, "Weights, row 5 is -1"},
		"negative valid": {Settings{Valid: x, ValidWeights: negative}, "ValidWeights, row 5 is -1"},
		"none counts":    {Settings{Valid: x, ValidWeights: uniform(0)}, "all 0"},
		"no rows":        {Settings{ValidWeights: uniform(1)}, "without Settings.Valid"},
		"shares, BIC":    {Settings{Fit: gmm.Settings{Weights: uniform(1 / float64(n))}}, "sum to 1"},
		"shares, ICL":    {Settings{Criterion: ICL, Fit: gmm.Settings{Weights: uniform(0.5 / float64(n))}}, "sum to 0.5"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Select(context.Background(), x, c.s, density.NewSource(1, "test"))
			require.ErrorIs(t, err, ErrSettings)
			require.ErrorContains(t, err, c.says)
		})
	}
	require.Panics(t, func() {
		_, _ = Select(context.Background(), x, Settings{Valid: x, ValidWeights: []float64{1}}, density.NewSource(1, "test"))
	})
}
