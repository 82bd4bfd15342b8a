package gmm

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// Resolved settings are their own, and JSON keeps them whole.
func TestSettingsRoundTrip(t *testing.T) {
	families := append(Covariances(), FactorAnalyzers(3), ProbabilisticPCA(12), nil)
	starts := []Start{nil, KMeans, Hierarchical, RandomResponsibilities}
	rapid.Check(t, func(t *rapid.T) {
		s := Settings{
			Components: rapid.IntRange(0, 9).Draw(t, "k"), Covariance: rapid.SampledFrom(families).Draw(t, "family"),
			Start: rapid.SampledFrom(starts).Draw(t, "start"), Starts: rapid.IntRange(0, 50).Draw(t, "starts"),
			SplitMerge: rapid.IntRange(-1, 5).Draw(t, "moves"), Plain: rapid.Bool().Draw(t, "plain"), Missing: rapid.Bool().Draw(t, "missing"),
			Iterations: rapid.IntRange(0, 100).Draw(t, "iterations"), Tolerance: rapid.SampledFrom([]float64{0, 1e-9, 0.1}).Draw(t, "tolerance"),
			Floor: rapid.SampledFrom([]float64{0, -1, -0.5, 1e-6, 0.25}).Draw(t, "floor"),
		}
		if rapid.Bool().Draw(t, "prior") {
			s.Prior = &Prior{Concentration: 1.5, Shrinkage: -1, Mean: []float64{1, 0.1}, DegreesOfFreedom: 4}
			if rapid.Bool().Draw(t, "scale") {
				s.Prior.Scale = mat.NewSymDense(2, []float64{2, 0.3, 0, 1})
			}
		}
		r, err := s.Resolved()
		require.NoError(t, err)
		again, err := r.Resolved()
		require.NoError(t, err)
		require.Equal(t, r, again)
		text, err := json.Marshal(r)
		require.NoError(t, err)
		var back Settings
		require.NoError(t, json.Unmarshal(text, &back), "%s", text)
		require.Equal(t, r, back)
		require.Equal(t, r.least(), back.least())
	})
}

// What is not in the text stays, and what cannot be read is an error that says so.
func TestSettingsFromJSON(t *testing.T) {
	s := Settings{Covariance: Tied, Start: Hierarchical, Starts: 7}
	require.NoError(t, json.Unmarshal([]byte(`{"components": 3, "covariance": null}`), &s))
	require.Equal(t, Settings{Components: 3, Covariance: Tied, Start: Hierarchical, Starts: 7}, s)
	require.NoError(t, json.Unmarshal([]byte(`{"covariance": "VVV", "start": "random"}`), &s))
	require.Equal(t, Settings{Components: 3, Covariance: Full, Start: RandomResponsibilities, Starts: 7}, s)
	for text, want := range map[string]string{
		`{"start": "given"}`:                     "give the mixture again",
		`{"start": "kmeans"}`:                    "want k-means, hierarchical or random",
		`{"covariance": "round"}`:                "unknown covariance family",
		`{"starts": "many"}`:                     "starts",
		`{"prior": {"scale": [[1, 2], [3, 1]]}}`: "not symmetric at (2, 1)",
		`{"prior": {"scale": [[1, 2]]}}`:         "want a square",
	} {
		require.ErrorContains(t, json.Unmarshal([]byte(text), &s), want)
	}
	m, _ := fit(t, open(t, "faithful"), Settings{Components: 1}, 1)
	text, err := json.Marshal(Settings{Start: From(m), Weights: []float64{1}, Labels: []int{1}, Progress: func(int, int, float64) {}})
	require.NoError(t, err)
	require.Contains(t, string(text), `"start":"given"`)
	require.NotContains(t, string(text), `1]`)
}
