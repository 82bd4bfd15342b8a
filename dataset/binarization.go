package dataset

import (
	"fmt"
	"slices"
	"strings"
)

// Binarization is how levels of grey become bits.
type Binarization int

// The ways of binarisation.
const (
	NotBinarized       Binarization = iota
	BinarizedThreshold              // 1 above the middle of the range
	BinarizedStatic                 // one draw with the grey value as probability
	BinarizedDynamic                // fresh draws in training, one fixed draw elsewhere
)

var binarizationNames = []string{"none", "threshold", "static", "dynamic"}

// String returns the name: none, threshold, static or dynamic.
func (b Binarization) String() string { return binarizationNames[b] }

// MarshalText returns the name.
func (b Binarization) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a name.
func (b *Binarization) UnmarshalText(text []byte) error {
	i := slices.Index(binarizationNames, string(text))
	if i < 0 {
		return fmt.Errorf("%q is not one of %s", text, strings.Join(binarizationNames, ", "))
	}
	*b = Binarization(i)
	return nil
}
