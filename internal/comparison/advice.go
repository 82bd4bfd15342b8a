package comparison

import (
	"strings"

	"likely/density"
)

// The packages advise in terms of their settings; a user of the command knows
// flags.
var advice = strings.NewReplacer(
	"Settings.Iterations", "--gmm-iterations",
	"Settings.Floor", "--floor",
	"Settings.Samples", "--vae-samples",
	"fewer components", "fewer --gmm-components",
	"use at most", "use --gmm-components of at most",
)

// inFlags spells the settings of package vae.
var inFlags = density.Flag(map[string]string{
	"Latent": "vae-latent", "Hidden": "vae-hidden", "Activation": "vae-activation", "Norm": "vae-norm",
	"Likelihood": "vae-likelihood", "Freedom": "vae-freedom", "Sigma": "vae-sigma", "Floor": "floor",
	"Epochs": "vae-epochs", "Batch": "vae-batch", "Rate": "vae-rate", "Schedule": "vae-schedule",
	"FullPosterior": "vae-full-posterior", "Prior": "vae-prior", "Samples": "vae-samples", "Patience": "vae-patience",
	"Optimizer": "vae-optimizer", "Beta1": "vae-beta1", "Beta2": "vae-beta2", "Epsilon": "vae-epsilon",
	"Momentum": "vae-momentum", "Decay": "vae-decay", "Clip": "vae-clip", "Objective": "vae-objective",
	"Beta": "vae-beta", "Warmup": "vae-warmup", "FreeNats": "vae-free-nats", "Dynamic": "binarize dynamic",
	"Corruption": "ae-corruption", "Precision": "vae-precision",
})

// translate turns advice of a package into advice for the command. The prefix
// that names the package vae goes: it stands for both kinds of autoencoder.
func translate(text string) string {
	return advice.Replace(strings.TrimPrefix(text, "vae: "))
}

// translated is an error whose advice is in terms of flags.
type translated struct{ error }

func (t translated) Error() string { return advice.Replace(density.ErrorIn(t.error, inFlags)) }

func (t translated) Unwrap() error { return t.error }
