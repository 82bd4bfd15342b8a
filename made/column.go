package made

import (
	"fmt"
	"slices"
)

// Kind is the kind of distribution that a column has given the columns before it.
type Kind int

const (
	// Continuous columns hold real numbers and have a mixture of normals.
	Continuous Kind = iota
	// Bernoulli columns hold 0 or 1.
	Bernoulli
	// Categorical columns hold codes 0 … Levels−1 whose order means nothing.
	Categorical
)

var kindNames = []string{"continuous", "bernoulli", "categorical"}

// String returns continuous, bernoulli or categorical.
func (k Kind) String() string {
	if k < 0 || int(k) >= len(kindNames) {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// MarshalText implements encoding.TextMarshaler.
func (k Kind) MarshalText() ([]byte, error) {
	if k < 0 || int(k) >= len(kindNames) {
		return nil, fmt.Errorf("made: unknown kind of column %d: %w", int(k), ErrSettings)
	}
	return []byte(k.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *Kind) UnmarshalText(text []byte) error {
	i := slices.Index(kindNames, string(text))
	if i < 0 {
		return fmt.Errorf("made: unknown kind of column %q: %w; want one of %q", text, ErrSettings, kindNames)
	}
	*k = Kind(i)
	return nil
}

// Column describes a column of the data.
type Column struct {
	Kind Kind `json:"kind"`
	// Levels is the number of categories of a Categorical column; in Settings 0: one
	// more than the largest code in the training rows.
	Levels int `json:"levels,omitempty"`
}

// inputs returns how many numbers the network is given of a column.
func (c Column) inputs() int {
	if c.Kind == Categorical {
		return c.Levels
	}
	return 1
}

// outputs returns how many numbers describe the column's distribution: of a mixture of
// so many normals logarithms of weights, means and logarithms of variances.
func (c Column) outputs(components int) int {
	switch c.Kind {
	case Continuous:
		return 3 * components
	case Categorical:
		return c.Levels
	}
	return 1
}

// holds reports whether v is a value that the column can have.
func (c Column) holds(v float64) bool {
	switch c.Kind {
	case Bernoulli:
		return v == 0 || v == 1
	case Categorical:
		return v >= 0 && v < float64(c.Levels) && float64(int(v)) == v
	}
	return true
}

// places returns where the inputs and the outputs of each column begin, and how many
// there are.
func places(columns []Column, components int) (in, out []int) {
	in, out = make([]int, len(columns)+1), make([]int, len(columns)+1)
	for j, c := range columns {
		in[j+1], out[j+1] = in[j]+c.inputs(), out[j]+c.outputs(components)
	}
	return in, out
}
