package main

import (
	"github.com/spf13/pflag"

	"likely/compare"
)

// registerTraining adds the flags of how the networks are trained.
func registerTraining(set *pflag.FlagSet, c *compare.TrainingConfig) {
	set.StringVar(&c.Optimizer, "vae-optimizer", "adam", "adam, adamw or sgd")
	set.Float64Var(&c.Beta1, "vae-beta1", 0, "β₁ of adam; 0: 0.9")
	set.Float64Var(&c.Beta2, "vae-beta2", 0, "β₂ of adam; 0: 0.999")
	set.Float64Var(&c.Epsilon, "vae-epsilon", 0, "ε of adam; 0: 1e-8")
	set.Float64Var(&c.Momentum, "vae-momentum", 0, "momentum of sgd")
	set.Float64Var(&c.Decay, "vae-decay", 0, "weight decay of adamw and sgd; 0: 0.01 for adamw, none for sgd")
	set.TextVar(&c.Schedule, "vae-schedule", c.Schedule, "course of the learning rate: descend (constant, then linearly to 0), constant, cosine,\nplateau (a third whenever the validation bound stops rising), or stages\n(of the IWAE paper; 364 or 3280 epochs)")
	set.IntVar(&c.Patience, "vae-patience", 0, "epochs without gain on the validation rows after which training turns or ends;\n0: a sixth of the epochs, but at least 10")
	set.Float64Var(&c.Clip, "vae-clip", 0, "cut gradients longer than this; 0: never")
	set.Float64Var(&c.FreeNats, "vae-free-nats", 0, "divergence that each dimension of the code has free while training")
	set.Float64Var(&c.Corruption, "ae-corruption", 0, "standard deviation of noise on what the plain autoencoder sees, relative to the\ncolumns' scale: a denoising autoencoder; 0: none")
}
