package compare

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"likely/density"
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

// A preset decides what the one before it decided, and neither touches what was chosen.
func TestApply(t *testing.T) {
	c := Default()
	c.Apply(Thorough, func(setting string) bool { return setting == "gmm.Starts" })
	require.Equal(t, Range{1, 10}, c.Components)
	require.Equal(t, Default().GMM.Starts, c.GMM.Starts, "given, though it is the default")
	require.Equal(t, 20, c.GapRows)

	c.EvalSamples = 77
	c.Apply(Quick, nil)
	require.Equal(t, Quick, c.Preset)
	require.Equal(t, Default().Components, c.Components, "it was that of thorough")
	require.Zero(t, c.GapRows)
	require.Equal(t, 0.25, c.Effort)
	require.Equal(t, 77, c.EvalSamples, "chosen, so it differs from what thorough says")
	require.Equal(t, Default().GMM.Starts, c.GMM.Starts, "chosen")

	c = Default()
	c.Apply(Thorough, nil)
	c.Apply(StandardWork, nil)
	require.Equal(t, Default(), c)
}

// What a record does not have is the default; what it has is not, be it zero.
func TestReadOntoDefaults(t *testing.T) {
	var got Settings
	require.NoError(t, got.Read([]byte(`{"dataset": "iris"}`)))
	want := Default()
	want.Dataset = "iris"
	require.Equal(t, want, got)

	text, err := json.Marshal(&Settings{Components: Range{1, 1}, Families: Default().Families})
	require.NoError(t, err)
	require.NoError(t, got.Read(text))
	again, err := json.Marshal(&got)
	require.NoError(t, err)
	require.JSONEq(t, string(text), string(again))
	require.Zero(t, got.Holdout)
	require.Zero(t, got.VAE.Latent)
	require.Empty(t, got.VAE.Hidden)
}

// The mixture of a plain autoencoder's codes has its own words.
func TestAdviceOnCodes(t *testing.T) {
	j := &Job{Spelling: density.Flag(map[string]string{"gmm.Iterations": "gmm-iterations", "vae.Prior": "vae-prior", "Families": "gmm-covariance"})}
	lines := j.advise([]density.Warning{
		{Text: "gmm: a start ended at {nats} nats per row; raise {Iterations}", LogProb: -2},
		density.Warnf("gmm: use a smaller {Components} or another {Covariance}"),
	}, codes, 5)
	require.Equal(t, []string{
		"the mixture fitted to the codes: a start ended at 3 nats per row; raise --gmm-iterations (nats of the codes)",
		"the mixture fitted to the codes: use a smaller --vae-prior ex-post:K or another codes.Settings.Covariance",
	}, lines)
}
