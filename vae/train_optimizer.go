package vae

import (
	"likely/internal/kernel"
	"likely/internal/nn"
)

// Optimizer is the rule by which the gradient moves the weights.
type Optimizer int

// The optimisers. Adam is the zero value; with Settings.Decay it is AdamW.
const (
	Adam Optimizer = iota
	SGD
)

var optimizerNames = [...]string{"adam", "sgd"}

// String returns the name that the command uses.
func (o Optimizer) String() string { return enumName(int(o), optimizerNames[:], "Optimizer") }

// MarshalText implements encoding.TextMarshaler.
func (o Optimizer) MarshalText() ([]byte, error) {
	return enumMarshal(int(o), optimizerNames[:], "optimizer")
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (o *Optimizer) UnmarshalText(text []byte) error {
	i, err := enumParse(text, optimizerNames[:], "optimizer")
	*o = Optimizer(i)
	return err
}

func newOptimizer[T kernel.Float](s *Settings, size int) nn.Optimizer[T] {
	if s.Optimizer == SGD {
		sgd := nn.NewSGD[T](size)
		sgd.Momentum, sgd.Decay = s.Momentum, s.Decay
		return sgd
	}
	adam := nn.NewAdam[T](size)
	adam.Decay = s.Decay
	if s.Beta1 > 0 {
		adam.Beta1, adam.Beta2, adam.Epsilon = s.Beta1, s.Beta2, s.Epsilon
	}
	return adam
}
