package vae

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestChoicesRoundTripAsText(t *testing.T) {
	c := Config{
		Dim: 3, Latent: 2, Hidden: []int{4}, Activation: GELU,
		Likelihood: Bernoulli, Sigma: Fixed(0.25), Floor: []float64{1, 2, 3}, Precision: Float64,
	}
	text, err := json.Marshal(c)
	require.NoError(t, err)
	require.JSONEq(t, `{"family":"vae","dim":3,"latent":2,"hidden":[4],"activation":"gelu",
		"likelihood":"bernoulli","sigma":"fixed:0.25","floor":[1,2,3],"precision":"float64"}`, string(text))
	var back Config
	require.NoError(t, json.Unmarshal(text, &back))
	require.Equal(t, c, back)

	for _, s := range []Sigma{Network, Shared, PerDim, Fixed(1e-3)} {
		var back Sigma
		require.NoError(t, back.UnmarshalText([]byte(s.String())))
		require.Equal(t, s, back)
	}
	for _, text := range []string{"", "fixed:", "fixed:0", "fixed:-1", "fixed:NaN", "fixed:Inf", "Shared"} {
		var s Sigma
		require.Error(t, s.UnmarshalText([]byte(text)), text)
	}
	var a Activation
	require.ErrorContains(t, a.UnmarshalText([]byte("swish")), `"tanh"`)
	var p Precision
	require.Error(t, p.UnmarshalText([]byte("float16")))
	var l Likelihood
	require.ErrorContains(t, l.UnmarshalText([]byte("cauchy")), `"gaussian"`)
	require.Equal(t, Gaussian, l)
}

// Configurations of model files keep their keys and words: these are of files that were
// written before likelihoods, kinds and optimisers were what they are now.
func TestOldConfigsAreRead(t *testing.T) {
	for text, want := range map[string]Config{
		`{"activation":"tanh","dim":4,"family":"vae","freedom":4,"hidden":[16],"latent":2,"likelihood":"student-t","precision":"float32","sigma":"network"}`: {Dim: 4, Latent: 2, Hidden: []int{16}, Likelihood: StudentT, Freedom: 4},
		`{"activation":"tanh","dim":2,"family":"vae","hidden":[],"latent":1,"likelihood":"discretized-logistic","levels":17,"precision":"float64","sigma":"per-dim","full_posterior":true}`: {
			Dim: 2, Latent: 1, Hidden: []int{}, Likelihood: DiscretizedLogistic, Levels: 17, Precision: Float64, Sigma: PerDim, FullPosterior: true,
		},
		`{"activation":"relu","dim":3,"family":"ae","hidden":[8],"latent":2,"likelihood":"gaussian","norm":"layer","precision":"float32","sigma":"network"}`: {Kind: Plain, Dim: 3, Latent: 2, Hidden: []int{8}, Activation: ReLU, Norm: LayerNorm},
		`{"activation":"tanh","dim":3,"family":"vae","hidden":[8],"latent":2,"likelihood":"bernoulli","precision":"float32","sigma":"network","autoencoder":true,"prior":"vamp:5"}`: {
			Dim: 3, Latent: 2, Hidden: []int{8}, Likelihood: Bernoulli, Autoencoder: true, Prior: Vamp(5),
		},
	} {
		var got Config
		require.NoError(t, json.Unmarshal([]byte(text), &got))
		require.Equal(t, want, got)
		require.NoError(t, got.check())
		again, err := json.Marshal(got)
		require.NoError(t, err)
		require.JSONEq(t, text, string(again))
	}
	var c Config
	require.Error(t, json.Unmarshal([]byte(`{"family":"gmm"}`), &c))
}
