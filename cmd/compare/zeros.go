package main

import (
	"likely/gmm"
	"likely/kde"
	"likely/made"
	"likely/tree"
	"likely/vae"
)

// zeros is what the packages put in the place of settings that are 0, for the help.
type zeros struct {
	mixture            gmm.Settings
	kernels            kde.Settings
	tree               tree.Settings
	made               made.Settings
	net, linear, adamW vae.Settings
	// steps is the number of steps of a training, longPatience the patience of one of
	// so many epochs.
	steps, longPatience, madeSteps int
}

// standsFor asks the packages.
func standsFor() zeros {
	const many = 1 << 40 // rows
	long := settled(vae.Settings{}.Resolve(1))
	return zeros{
		mixture: settled(gmm.Settings{}.Resolved()),
		kernels: settled(kde.Settings{}.Resolved()),
		tree:    settled(tree.Settings{}.Resolved()),
		made:    settled(made.Settings{}.Resolved(many, 1)),
		net:     settled(vae.Settings{}.Resolve(many)),
		linear:  settled(vae.Settings{Hidden: []int{}}.Resolve(many)),
		adamW:   settled(vae.Settings{Optimizer: vae.AdamW}.Resolve(many)),
		steps:   long.Epochs, longPatience: long.Patience,
		madeSteps: settled(made.Settings{}.Resolved(1, 1)).Epochs,
	}
}

func settled[T any](s T, err error) T {
	if err != nil {
		panic("compare: the defaults of a package are impossible")
	}
	return s
}
