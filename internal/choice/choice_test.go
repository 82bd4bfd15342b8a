package choice

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// Of the log-likelihoods −1, −2 and −3 with the weights 2, 1 and 1 and 5 parameters,
// BIC is 2·(−7) − 5 ln 4, AIC 2·(−7) − 10, and ICL is below BIC by twice the entropy of
// the assignments, −2 ln 0.5 − ln 0.8 − ln 1.
func TestScoresByHand(t *testing.T) {
	logs := []float64{-1, -2, math.Inf(-1), -3}
	responsibilities := mat.NewDense(4, 2, []float64{0.5, 0.5, 0.2, 0.8, math.NaN(), math.NaN(), 1, 0})
	s := NewScores(logs, responsibilities, []float64{2, 1, 0, 1}, 5)
	require.InDelta(t, -7, s.LogLik, 1e-15)
	require.InDelta(t, -14-5*math.Log(4), s.BIC, 1e-14)
	require.InDelta(t, -24, s.AIC, 1e-14)
	require.InDelta(t, s.BIC+4*math.Log(0.5)+2*math.Log(0.8), s.ICL, 1e-14)
	require.True(t, math.IsNaN(s.HeldOut))
	require.Equal(t, []float64{s.BIC, s.AIC, s.ICL}, []float64{s.Value(BIC), s.Value(AIC), s.Value(ICL)})

	Hold(&s, []float64{-1, -3}, []float64{3, 1})
	require.InDelta(t, -1.5, s.HeldOut, 1e-15)
	require.InDelta(t, math.Sqrt((3*0.25+2.25)/3/4), s.HeldOutErr, 1e-15)
	require.Equal(t, s.HeldOut, s.Value(HeldOut))
	require.Equal(t, s.HeldOut, s.Value(CrossValidation))

	once := NewScores([]float64{-1, -1}, mat.NewDense(2, 1, []float64{1, 1}), nil, 1)
	require.InDelta(t, -4-math.Log(2), once.BIC, 1e-15, "rows without weights count once")
}

// Every row is held out once, in turn with its weight, and is then not among the rows
// that are fitted; absent rows are in neither.
func TestFolds(t *testing.T) {
	x := mat.NewDense(11, 1, nil)
	weights := make([]float64, 11)
	for i := range 11 {
		x.Set(i, 0, float64(i))
		weights[i] = float64(i + 1)
	}
	weights[4] = 0
	calls := 0
	values, held, err := Folds(x, weights, 3, density.NewSource(1, "folds"), func(part int, train *mat.Dense, w []float64, test *mat.Dense) ([]float64, error) {
		require.Equal(t, calls, part)
		calls++
		inside, outside := mat.Col(nil, 0, train), mat.Col(nil, 0, test)
		require.Len(t, w, len(inside))
		for i, v := range inside {
			require.Equal(t, v+1, w[i])
			require.NotContains(t, outside, v)
		}
		all := slices.Sorted(slices.Values(append(slices.Clone(inside), outside...)))
		require.Equal(t, []float64{0, 1, 2, 3, 5, 6, 7, 8, 9, 10}, all)
		return outside, nil
	})
	require.NoError(t, err)
	require.Equal(t, 3, calls)
	for i, v := range values {
		require.Equal(t, v+1, held[i])
	}
	slices.Sort(values)
	require.Equal(t, []float64{0, 1, 2, 3, 5, 6, 7, 8, 9, 10}, values)

	_, held, err = Folds(x, nil, 2, density.NewSource(1, "folds"), func(_ int, _ *mat.Dense, w []float64, test *mat.Dense) ([]float64, error) {
		require.Nil(t, w)
		return mat.Col(nil, 0, test), nil
	})
	require.NoError(t, err)
	require.Nil(t, held)
	failed := errors.New("no fit")
	_, _, err = Folds(x, nil, 2, density.NewSource(1, "folds"), func(part int, _ *mat.Dense, _ []float64, _ *mat.Dense) ([]float64, error) {
		if part == 1 {
			return nil, failed
		}
		return nil, nil
	})
	require.ErrorIs(t, err, failed)
	require.ErrorContains(t, err, "fold 2")
}

func TestTotalWeight(t *testing.T) {
	total, err := TotalWeight("Weights", []float64{1, 0, 2.5}, 3)
	require.NoError(t, err)
	require.Equal(t, 3.5, total)
	for _, bad := range [][]float64{{1, -1}, {1, math.NaN()}, {1, math.Inf(1)}, {0, 0}} {
		_, err := TotalWeight("Weights", bad, 2)
		require.ErrorIs(t, err, ErrSettings)
	}
	require.Panics(t, func() { TotalWeight("Weights", []float64{1}, 2) })
}

func TestCriteriaHaveNames(t *testing.T) {
	for c, name := range map[Criterion]string{BIC: "bic", AIC: "aic", ICL: "icl", HeldOut: "held-out", CrossValidation: "cv"} {
		require.Equal(t, name, c.String())
		require.NoError(t, c.Check())
		text, err := json.Marshal(c)
		require.NoError(t, err)
		var back Criterion
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, c, back)
	}
	_, err := ParseCriterion("best")
	require.ErrorIs(t, err, ErrSettings)
	require.ErrorIs(t, Criterion(9).Check(), ErrSettings)
	require.ErrorIs(t, Criterion(-1).Check(), ErrSettings)
	require.Equal(t, "Criterion(9)", Criterion(9).String())
}
