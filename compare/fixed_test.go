package compare

import (
	"likely/gmm"
	"likely/gmm/selection"
)

// fixed returns settings that leave nothing to the data: a mixture of five full
// components, networks of one size, one split. Tests of other things than choices take
// them, for their time. Epochs are to be set.
func fixed() Settings {
	c := Default()
	c.Folds = OneSplit
	c.Components, c.Families = Given(Range{5, 5}), Given(selection.Families{gmm.Full})
	c.VAE.Latent, c.VAE.Hidden, c.VAE.Epochs = 2, []int{200, 200}, 100
	return c
}
