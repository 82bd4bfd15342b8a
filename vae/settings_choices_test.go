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
