package vae

import (
	"likely/internal/kernel"
	"likely/internal/nn"
)

// Optimizer is the rule by which the gradient moves the weights.
type Optimizer int

const (
	// Adam is that of Kingma & Ba (2015). The zero value.
	Adam Optimizer = iota
	// AdamW is Adam with decay of the weights beside the gradient (Loshchilov &
	// Hutter 2019).
	AdamW
	// SGD is gradient descent, with momentum if it is asked for.
	SGD
)

var optimizerNames = [...]string{"adam", "adamw", "sgd"}

// adaptive says whether it has a learning rate for each weight.
func (o Optimizer) adaptive() bool { return o == Adam || o == AdamW }

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
