package density

import "fmt"

// Measure is what a density is a density with respect to. Log-densities on
// different measures are different quantities and are never compared.
type Measure int

const (
	// Continuous data are used as they are, against Lebesgue measure.
	Continuous Measure = iota
	// Dequantized data are discrete levels spread by uniform noise of one
	// step, against Lebesgue measure. The mean log-density is then a lower
	// bound on the discrete log-likelihood (Theis et al. 2016, eq. 3–5).
	Dequantized
	// Binary data are 0 or 1 in each column, against counting measure.
	Binary
	// Discrete data are levels 0, 1, 2, … in each column, against counting
	// measure.
	Discrete
	// Mixed data have columns of both sorts. Their density is one against the
	// product of Lebesgue measure for the continuous columns and counting measure
	// for the others: a density of the former times a probability of the latter.
	Mixed
)

var measureNames = [...]string{"continuous", "dequantized", "binary", "discrete", "mixed"}

// String returns continuous, dequantized, binary, discrete or mixed.
func (m Measure) String() string {
	if m < 0 || int(m) >= len(measureNames) {
		return fmt.Sprintf("Measure(%d)", int(m))
	}
	return measureNames[m]
}

// MarshalText implements encoding.TextMarshaler.
func (m Measure) MarshalText() ([]byte, error) {
	if m < 0 || int(m) >= len(measureNames) {
		return nil, fmt.Errorf("density: unknown measure %d", int(m))
	}
	return []byte(m.String()), nil
}

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Measure) UnmarshalText(text []byte) error {
	for i, name := range measureNames {
		if name == string(text) {
			*m = Measure(i)
			return nil
		}
	}
	return fmt.Errorf("density: unknown measure %q; want one of %q", text, measureNames)
}
