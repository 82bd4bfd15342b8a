package compare

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/gmm"
	"likely/vae"
)

// A program that makes its own settings gets an error for what makes no sense, not a
// panic, and no setting is taken silently for another.
func TestRunChecksItsSettings(t *testing.T) {
	for name, change := range map[string]func(*Settings){
		"model":        func(c *Settings) { c.Models = []string{"gm"} },
		"components":   func(c *Settings) { c.GMM.Components = 3 },
		"floor":        func(c *Settings) { c.GMM.Floor = 0.1 },
		"likelihood":   func(c *Settings) { c.VAE.Likelihood = vae.StudentT },
		"weights":      func(c *Settings) { c.VAE.Weights = []float64{1} },
		"samples":      func(c *Settings) { c.EvalSamples = 1 },
		"classes":      func(c *Settings) { c.Classes = Given(Range{1, 1 << 40}) },
		"lcm starts":   func(c *Settings) { c.LCM.Starts = -1 },
		"codes, bits":  func(c *Settings) { c.MissingValues, c.Dequantize = []string{"-9"}, DequantizeAlways },
		"covariance":   func(c *Settings) { c.GMM.Covariance = gmm.Full },
		"share":        func(c *Settings) { c.Holdout = 1 },
		"learning":     func(c *Settings) { c.VAE.Rate = -1 },
		"plateau":      func(c *Settings) { c.VAE.Schedule, c.Valid = vae.Plateau, 0 },
		"network size": func(c *Settings) { c.VAE.Hidden = []int{0} },
	} {
		t.Run(name, func(t *testing.T) {
			c := Default()
			c.Dataset = "faithful"
			change(&c)
			_, err := (&Job{Settings: c}).Run(t.Context())
			require.ErrorIs(t, err, ErrUsage)
		})
	}
}

// Rows that are explained are among those that are evaluated.
func TestExplainsNoMoreThanItEvaluates(t *testing.T) {
	c := Default()
	c.Dataset, c.Models = "faithful", []string{"gmm", "vae"}
	c.Components, c.GMM.Starts = Range{2, 2}, 1
	c.VAE.Hidden, c.VAE.Epochs = []int{8}, 3
	c.EvalSamples, c.EvalRows, c.GapRows = 50, 2, 5
	o, err := (&Job{Settings: c}).Run(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, o.Results.Models[0].Estimators[0].Rows)
	require.Equal(t, 2, o.Results.Models[1].Gap.Rows)
	require.Equal(t, 2, o.Results.Models[1].GapTrain.Rows)
}

// The record of settings reads back to the same settings; one of another program does
// not.
func TestSettingsReadBack(t *testing.T) {
	c := Default()
	c.Models, c.Seed, c.Classes = []string{"vae"}, 1<<63+1, Given(Range{2, 9})
	c.VAE.Prior, c.VAE.Sigma, c.Likelihood = vae.Vamp(5), vae.Fixed(0.25), Given(vae.StudentT)
	text, err := json.Marshal(&c)
	require.NoError(t, err)
	var got Settings
	require.NoError(t, got.Read(text))
	require.Equal(t, c, got)
	require.ErrorIs(t, got.Read([]byte(`{"dataset": "iris", "tomorrow": 1}`)), ErrRecord)
	require.ErrorIs(t, got.Read(nil), ErrRecord)
}
