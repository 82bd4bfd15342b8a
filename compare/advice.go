package compare

import (
	"strings"

	"likely/density"
)

// The packages advise in terms of their settings; a user of the command knows
// flags.
var advice = strings.NewReplacer(
	"Settings.Epochs", "--vae-epochs",
	"Settings.Rate", "--vae-rate",
	"Settings.Samples", "--vae-samples",
	"Settings.Floor", "--floor",
	"Settings.Warmup, a Beta below 1 or FreeNats", "--vae-warmup, a --vae-beta below 1 or --vae-free-nats",
	"Settings.Latent", "--vae-latent",
	"Settings.Hidden", "--vae-hidden",
	"Norm layer", "--vae-norm layer",
	"Activation elu", "--vae-activation elu",
	"Sigma shared", "--vae-sigma shared",
	"Settings.Prior", "--vae-prior",
)

// mixtureFlags are the flags of the settings of a mixture and of its selection.
var mixtureFlags = map[string]string{
	"Components": "gmm-components", "gmm.Components": "gmm-components",
	"Covariance": "gmm-covariance", "Families": "gmm-covariance", "Criterion": "gmm-criterion",
	"Starts": "gmm-starts", "SplitMerge": "gmm-split-merge", "Iterations": "gmm-iterations",
	"Floor": "floor", "Missing": "missing", "gmm.Missing": "missing", "Weights": "weights", "gmm.Weights": "weights",
	"Prior": "vae-prior", // that a mixture fitted to codes is
}

// mixtureAdvice returns the warnings of a fit in terms of flags, and of the nats that
// a row has in the original data.
func mixtureAdvice(warnings []density.Warning, jacobian float64) []string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, w.In(density.Flag(mixtureFlags), jacobian))
	}
	return lines
}

// translate turns advice of a package into advice for the command. The prefix
// that names the package vae goes: it stands for both kinds of autoencoder.
func translate(text string) string {
	return advice.Replace(strings.TrimPrefix(text, "vae: "))
}

// translated is an error whose advice is in terms of flags.
type translated struct{ error }

func (t translated) Error() string {
	return advice.Replace(density.ErrorIn(t.error, density.Flag(mixtureFlags)))
}

func (t translated) Unwrap() error { return t.error }
