package selection

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"

	"likely/density"
	"likely/lcm"
)

// truth is a mixture of three classes of a bit, a category, a count and a number.
func truth(t *testing.T, n int, seed uint64) (*lcm.Model, *mat.Dense) {
	t.Helper()
	columns := []lcm.Column{{}, {}, {}, {}, {}, {}, {Kind: lcm.Categorical, Levels: 3}, {Kind: lcm.Poisson}}
	random := density.NewSource(seed, "classes")
	x := mat.NewDense(n, 8, nil)
	for i := range n {
		class := random.Uint64() % 3
		for j := range 6 {
			p := []float64{.9, .1}[(int(class)+j)%3/2]
			if float64(random.Uint64()>>11)/(1<<53) < p {
				x.Set(i, j, 1)
			}
		}
		code := class
		if random.Uint64()%5 == 0 {
			code = random.Uint64() % 3
		}
		x.Set(i, 6, float64(code))
		x.Set(i, 7, float64(class*3+random.Uint64()%4))
	}
	m, _, err := lcm.Fit(context.Background(), x, lcm.Settings{Components: 3, Columns: columns}, density.NewSource(seed, "fit"))
	require.NoError(t, err)
	return m, x
}

// Every criterion finds the three classes, or no fewer.
func TestSelectFindsThreeClasses(t *testing.T) {
	m, x := truth(t, 600, 1)
	valid := mat.NewDense(400, 8, nil)
	m.Rand(valid, density.NewSource(1, "valid"))
	fit := lcm.Settings{Columns: []lcm.Column{{}, {}, {}, {}, {}, {}, {Kind: lcm.Categorical}, {Kind: lcm.Poisson}}, Starts: 2, Tolerance: 1e-6}
	for _, by := range []Criterion{BIC, ICL, HeldOut, CrossValidation} {
		table, err := Select(context.Background(), x, Settings{Components: []int{1, 2, 3, 4}, Criterion: by, Valid: valid, Folds: 4, Fit: fit}, density.NewSource(1, "select"))
		require.NoError(t, err)
		if by == BIC || by == ICL {
			require.Equal(t, 3, table.Best().Components, "%v\n%v", by, table)
		} else { // a fourth class may be as good, with next to no rows
			require.GreaterOrEqual(t, table.Best().Components, 3, "%v\n%v", by, table)
		}
		require.Len(t, table.Candidates, 4)
		for _, c := range table.Candidates {
			require.LessOrEqual(t, c.Value(by), table.Best().Value(by))
		}
	}
}

// The criteria by their formulas, and held-out values by the model itself.
func TestScores(t *testing.T) {
	_, x := truth(t, 300, 2)
	weights := make([]float64, 300)
	for i := range weights {
		weights[i] = float64(i % 3)
	}
	columns := []lcm.Column{{}, {}, {}, {}, {}, {}, {Kind: lcm.Categorical}, {Kind: lcm.Poisson}}
	table, err := Select(context.Background(), x, Settings{Components: []int{2}, Valid: x, ValidWeights: weights, Fit: lcm.Settings{Columns: columns, Weights: weights}}, density.NewSource(2, "select"))
	require.NoError(t, err)
	c := table.Best()
	logs, r := c.Model.LogProb(nil, x), c.Model.Responsibilities(nil, x)
	var n, total, entropy float64
	for i, w := range weights {
		n, total = n+w, total+w*logs[i]
		entropy += w * math.Log(max(r.At(i, 0), r.At(i, 1)))
	}
	p := 1 + 2*(6+2+1)
	require.Equal(t, p, c.Parameters)
	require.InDelta(t, total, c.LogLik, 1e-9)
	require.InDelta(t, 2*total-float64(p)*math.Log(n), c.BIC, 1e-9)
	require.InDelta(t, 2*total-2*float64(p), c.AIC, 1e-9)
	require.InDelta(t, c.BIC+2*entropy, c.ICL, 1e-9)
	require.InDelta(t, stat.Mean(logs, weights), c.HeldOut, 1e-12)
	require.Contains(t, table.String(), "classes")
}

// The search ends after as many numbers that are worse as patience says.
func TestPatience(t *testing.T) {
	_, x := truth(t, 300, 3)
	columns := []lcm.Column{{}, {}, {}, {}, {}, {}, {Kind: lcm.Categorical}, {Kind: lcm.Poisson}}
	s := Settings{Components: []int{1, 2, 3, 4, 5, 6, 7}, Patience: 2, Fit: lcm.Settings{Columns: columns, Starts: 2}}
	table, err := Select(context.Background(), x, s, density.NewSource(3, "select"))
	require.NoError(t, err)
	require.Equal(t, 3, table.Best().Components)
	require.Len(t, table.Candidates, 5)
}

// A fold may lack a category that its test rows have.
func TestFoldsKnowAllCategories(t *testing.T) {
	x := mat.NewDense(40, 2, nil)
	for i := range 40 {
		x.SetRow(i, []float64{float64(i % 2), float64(i % 3)})
	}
	x.Set(17, 1, 9)
	s := Settings{Components: []int{1}, Criterion: CrossValidation, Folds: 5, Fit: lcm.Settings{Columns: []lcm.Column{{}, {Kind: lcm.Categorical}}}}
	table, err := Select(context.Background(), x, s, density.NewSource(4, "select"))
	require.NoError(t, err)
	require.False(t, math.IsInf(table.Best().HeldOut, 0) || math.IsNaN(table.Best().HeldOut))
}

func TestSelectRefuses(t *testing.T) {
	_, x := truth(t, 60, 5)
	columns := []lcm.Column{{}, {}, {}, {}, {}, {}, {Kind: lcm.Categorical}, {Kind: lcm.Poisson}}
	fit := lcm.Settings{Columns: columns, Starts: 1}
	strange := mat.DenseCopyOf(x)
	strange.Set(3, 6, 7)
	shares := make([]float64, 60)
	for i := range shares {
		shares[i] = 1.0 / 60
	}
	weighted := fit
	weighted.Weights = shares
	for _, c := range []struct {
		s    Settings
		is   error
		says string
	}{
		{Settings{Criterion: HeldOut, Fit: fit}, ErrSettings, "Settings.Valid"},
		{Settings{Criterion: 9, Fit: fit}, ErrSettings, "bic, aic"},
		{Settings{Criterion: CrossValidation, Folds: 61, Fit: fit}, ErrSettings, "Settings.Folds is 61"},
		{Settings{Components: []int{0}, Fit: fit}, ErrSettings, "has 0"},
		{Settings{Patience: -1, Fit: fit}, ErrSettings, "Settings.Patience"},
		{Settings{ValidWeights: shares, Fit: fit}, ErrSettings, "without Settings.Valid"},
		{Settings{Fit: weighted}, ErrSettings, "lcm.Settings.Weights sum to 1 rows"},
		{Settings{Components: []int{100}, Fit: fit}, lcm.ErrTooFewRows, "no sound candidate"},
		{Settings{Components: []int{1}, Valid: strange, Fit: fit}, density.ErrSupport, "row 4, column 7 is 7"},
	} {
		_, err := Select(context.Background(), x, c.s, density.NewSource(5, "select"))
		require.ErrorIs(t, err, c.is, c.says)
		require.ErrorContains(t, err, c.says)
	}
	var none context.Context
	_, err := Select(none, x, Settings{}, density.NewSource(5, "select"))
	require.ErrorIs(t, err, ErrSettings)
}

func TestSettingsRoundTrip(t *testing.T) {
	s := Settings{Components: []int{1, 5}, Criterion: ICL, Patience: 2, Folds: 3, Fit: lcm.Settings{Columns: []lcm.Column{{Kind: lcm.Categorical, Levels: 4}}, Starts: 3, Prior: &lcm.Prior{Levels: 2}}}
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var back Settings
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, s, back)
}
