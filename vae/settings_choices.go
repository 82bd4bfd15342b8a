package vae

import (
	"fmt"

	"likely/internal/kernel"
)

// Activation is the nonlinearity of the hidden layers.
type Activation int

// The activations. Tanh is the zero value: smooth and bounded, it is the
// hardest to upset.
const (
	Tanh Activation = iota
	ReLU
	ELU
	GELU
	Softplus
)

var (
	activationNames = [...]string{"tanh", "relu", "elu", "gelu", "softplus"}
	activations     = [...]kernel.Activation{kernel.Tanh, kernel.ReLU, kernel.ELU, kernel.GELU, kernel.Softplus}
)

// String returns the name that the command and saved models use.
func (a Activation) String() string { return enumName(int(a), activationNames[:], "Activation") }

// MarshalText implements encoding.TextMarshaler.
func (a Activation) MarshalText() ([]byte, error) {
	return enumMarshal(int(a), activationNames[:], "activation")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (a *Activation) UnmarshalText(text []byte) error {
	i, err := enumParse(text, activationNames[:], "activation")
	*a = Activation(i)
	return err
}

// Norm is how hidden layers are normalised before their nonlinearity.
type Norm int

// The normalisations. NoNorm is the zero value.
const (
	NoNorm Norm = iota
	// LayerNorm brings the units of each row to mean 0 and variance 1, and gives
	// each unit a gain and a shift (Ba, Kiros & Hinton 2016). No row depends on
	// others, so the bound keeps its meaning, as it would not under batch
	// normalisation.
	LayerNorm
)

var normNames = [...]string{"none", "layer"}

// String returns none or layer.
func (n Norm) String() string { return enumName(int(n), normNames[:], "Norm") }

// MarshalText implements encoding.TextMarshaler.
func (n Norm) MarshalText() ([]byte, error) {
	return enumMarshal(int(n), normNames[:], "normalisation")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Norm) UnmarshalText(text []byte) error {
	i, err := enumParse(text, normNames[:], "normalisation")
	*n = Norm(i)
	return err
}

// Precision is the arithmetic of the networks. Log-densities are accumulated
// in float64 either way.
type Precision int

// The precisions. Float32 is the zero value.
const (
	Float32 Precision = iota
	Float64
)

var precisionNames = [...]string{"float32", "float64"}

// String returns float32 or float64.
func (p Precision) String() string { return enumName(int(p), precisionNames[:], "Precision") }

// MarshalText implements encoding.TextMarshaler.
func (p Precision) MarshalText() ([]byte, error) {
	return enumMarshal(int(p), precisionNames[:], "precision")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Precision) UnmarshalText(text []byte) error {
	i, err := enumParse(text, precisionNames[:], "precision")
	*p = Precision(i)
	return err
}

func enumName(i int, names []string, kind string) string {
	if i < 0 || i >= len(names) {
		return fmt.Sprintf("%s(%d)", kind, i)
	}
	return names[i]
}

func enumMarshal(i int, names []string, kind string) ([]byte, error) {
	if i < 0 || i >= len(names) {
		return nil, fmt.Errorf("vae: unknown %s %d", kind, i)
	}
	return []byte(names[i]), nil
}

func enumParse(text []byte, names []string, kind string) (int, error) {
	for i, name := range names {
		if name == string(text) {
			return i, nil
		}
	}
	return 0, fmt.Errorf("vae: unknown %s %q; want one of %q", kind, text, names)
}
