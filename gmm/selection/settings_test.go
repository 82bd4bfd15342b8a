package selection

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

func TestSettingsRoundTrip(t *testing.T) {
	for _, s := range []Settings{
		{},
		{Families: Families{gmm.Full, gmm.VEV, gmm.FactorAnalyzers(2)}, Components: []int{2, 4}, Criterion: CrossValidation, Folds: 5, Fit: gmm.Settings{Starts: 3, Covariance: gmm.Full}},
	} {
		for range 2 {
			text, err := json.Marshal(s)
			require.NoError(t, err)
			var back Settings
			require.NoError(t, json.Unmarshal(text, &back))
			require.Equal(t, s, back, "%s", text)
			require.NoError(t, s.resolve(mat.NewDense(9, 2, nil)))
		}
	}
	for by := BIC; by <= CrossValidation; by++ {
		text, err := by.MarshalText()
		require.NoError(t, err)
		var back Criterion
		require.NoError(t, back.UnmarshalText(text))
		require.Equal(t, by, back)
	}
	var c Criterion
	require.ErrorIs(t, c.UnmarshalText([]byte("best")), ErrSettings)
	f := Families{gmm.Full}
	require.Error(t, f.UnmarshalText([]byte("full,round")))
	require.Equal(t, Families{gmm.Full}, f)
}
