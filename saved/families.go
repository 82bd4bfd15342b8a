package saved

import (
	"encoding/json"
	"fmt"
	"slices"

	"likely/gmm"
	"likely/internal/safetensors"
	"likely/kde"
	"likely/lcm"
	"likely/made"
	"likely/tree"
	"likely/vae"
)

// family is how models of one type are kept.
type family struct {
	// name is that of the type in the config.
	name string
	// owns says whether a model is of the type.
	owns func(Fitted) bool
	// config returns the model's own configuration.
	config func(Fitted) any
	// decode makes a model from its configuration and its own tensors.
	decode func(config []byte, tensors []safetensors.Tensor) (Fitted, error)
}

// families lists the types that can be kept. A new one is a line here.
var families = []family{
	entry("gmm", (*gmm.Model).Config, gmm.FromTensors),
	entry("lcm", (*lcm.Model).Config, lcm.FromTensors),
	entry("kde", (*kde.Model).Config, kde.FromTensors),
	entry("tree", (*tree.Model).Config, tree.FromTensors),
	entry("made", (*made.Model).Config, made.FromTensors),
	entry("vae", (*vae.Model).Config, vae.FromTensors),
	entry("ae", (*vae.Autoencoder).Config, vae.AutoencoderFromTensors),
}

// entry makes an entry of the functions of a model's package.
func entry[M Fitted, C any](name string, config func(M) C, decode func(C, []safetensors.Tensor) (M, error)) family {
	return family{
		name:   name,
		owns:   func(f Fitted) bool { _, ok := f.(M); return ok },
		config: func(f Fitted) any { return config(f.(M)) },
		decode: func(text []byte, tensors []safetensors.Tensor) (Fitted, error) {
			var c C
			if err := json.Unmarshal(text, &c); err != nil {
				return nil, err
			}
			return decode(c, tensors)
		},
	}
}

// familyOf returns the entry of a model.
func familyOf(f Fitted) family {
	i := slices.IndexFunc(families, func(one family) bool { return one.owns(f) })
	if i < 0 {
		panic("saved: unknown kind of model")
	}
	return families[i]
}

// rebuild makes a model of a family from its configuration and its own tensors.
func rebuild(name string, config []byte, tensors []safetensors.Tensor) (Fitted, error) {
	i := slices.IndexFunc(families, func(one family) bool { return one.name == name })
	if i < 0 {
		return nil, fmt.Errorf("unknown family %q", name)
	}
	return families[i].decode(config, tensors)
}
