package compare

import "strings"

// The packages advise in terms of their settings; a user of the command knows
// flags.
var advice = strings.NewReplacer(
	"Settings.Iterations", "--gmm-iterations",
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
	"fewer components", "fewer --gmm-components",
	"use at most", "use --gmm-components of at most",
)

// translate turns advice of a package into advice for the command. The prefix
// that names the package vae goes: it stands for both kinds of autoencoder.
func translate(text string) string {
	return advice.Replace(strings.TrimPrefix(text, "vae: "))
}

// translated is an error whose advice is in terms of flags.
type translated struct{ error }

func (t translated) Error() string { return advice.Replace(t.error.Error()) }

func (t translated) Unwrap() error { return t.error }
