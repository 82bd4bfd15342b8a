package compare

import (
	"strings"

	"likely/density"
)

// The packages advise in terms of their settings; a user of the command knows
// flags.
var advice = strings.NewReplacer(
	"Settings.Samples", "--vae-samples",
	"Settings.Floor", "--floor",
)

// mixtureFlags are the flags of the settings of a mixture and of its selection.
var mixtureFlags = map[string]string{
	"Components": "gmm-components", "gmm.Components": "gmm-components",
	"Covariance": "gmm-covariance", "Families": "gmm-covariance", "Criterion": "gmm-criterion",
	"Starts": "gmm-starts", "SplitMerge": "gmm-split-merge", "Iterations": "gmm-iterations",
	"Floor": "floor", "Missing": "missing", "gmm.Missing": "missing", "Weights": "weights", "gmm.Weights": "weights",
	"Prior": "vae-prior", // that a mixture fitted to codes is
}

// networkFlags are the flags of the settings of a network.
var networkFlags = map[string]string{
	"Latent": "vae-latent", "Hidden": "vae-hidden", "Activation": "vae-activation", "Norm": "vae-norm",
	"Likelihood": "vae-likelihood", "Freedom": "vae-freedom", "Sigma": "vae-sigma", "Floor": "floor",
	"Epochs": "vae-epochs", "Batch": "vae-batch", "Rate": "vae-rate", "Schedule": "vae-schedule",
	"FullPosterior": "vae-full-posterior", "Prior": "vae-prior", "Samples": "vae-samples", "Patience": "vae-patience",
	"Optimizer": "vae-optimizer", "Beta1": "vae-beta1", "Beta2": "vae-beta2", "Epsilon": "vae-epsilon",
	"Momentum": "vae-momentum", "Decay": "vae-decay", "Clip": "vae-clip", "Objective": "vae-objective",
	"Beta": "vae-beta", "Warmup": "vae-warmup", "FreeNats": "vae-free-nats", "Dynamic": "binarize dynamic",
	"Corruption": "ae-corruption", "Precision": "vae-precision", "gmm.Floor": "floor",
}

// flagOf spells any setting. What both kinds of model have in common has one flag.
func flagOf(setting, value string) string {
	if _, ok := networkFlags[setting]; ok {
		return density.Flag(networkFlags)(setting, value)
	}
	return density.Flag(mixtureFlags)(setting, value)
}

// mixtureAdvice returns the warnings of a fit in terms of flags, and of the nats that
// a row has in the original data.
func mixtureAdvice(warnings []density.Warning, jacobian float64) []string {
	var lines []string
	for _, w := range warnings {
		lines = append(lines, w.In(flagOf, jacobian))
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
	return advice.Replace(density.ErrorIn(t.error, flagOf))
}

func (t translated) Unwrap() error { return t.error }
