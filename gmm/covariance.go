package gmm

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"likely/internal/safetensors"
)

// Covariance is a family of covariance matrices: what the components of a
// mixture may look like. Its values are [Full] and [Diagonal].
type Covariance interface {
	// String returns the name that the command and saved models use.
	String() string
	// NumParameters returns the number of free parameters of the K
	// covariances in D dimensions.
	NumParameters(k, d int) int

	// maximize is the family's part of the M-step: the covariances that
	// maximise the expected log-likelihood, given the moments of the
	// responsibilities, subject to variances of at least floor (0: none).
	// keep holds the covariances so far, nil at first; components without
	// rows keep theirs.
	maximize(m *moments, floor float64, keep shapes) (shapes, error)
	// fromTensor rebuilds covariances of K components in D dimensions.
	fromTensor(t safetensors.Tensor, k, d int) (shapes, error)
}

// shapes are the covariances of K components in D dimensions, ready for use.
// They are immutable and safe for concurrent use.
type shapes interface {
	// logDensity stores log N(xᵢ; μₖ, Σₖ) for the m rows of x (row-major,
	// width D) in dst[i·stride]. tmp has length m·D and is overwritten.
	logDensity(dst []float64, stride, k int, mean, x, tmp []float64)
	// displace stores Lₖe in dst, where Σₖ = LₖLₖᵀ and e is standard normal.
	displace(dst []float64, k int, random *rand.Rand)
	// at stores element (i, j) of Σₖ.
	at(k, i, j int) float64
	// narrowest returns the smallest variance of component k in any
	// direction, or a lower bound that is tight where it is small.
	narrowest(k int) float64
	// floored reports whether the floor holds up component k.
	floored(k int) bool
	// rescaled returns the covariances of s·x, column by column.
	rescaled(s []float64) shapes
	// reordered returns the components in the given order.
	reordered(order []int) shapes
	// tensor returns the parameters as saved.
	tensor() safetensors.Tensor
	family() Covariance
}

// covariances lists the families by name.
var covariances = []Covariance{Full, Diagonal}

// CovarianceNames returns the names of the families.
func CovarianceNames() []string {
	names := make([]string, len(covariances))
	for i, c := range covariances {
		names[i] = c.String()
	}
	return names
}

// ParseCovariance returns the family with the given name. An unknown name is an
// error that lists the known ones.
func ParseCovariance(name string) (Covariance, error) {
	for _, c := range covariances {
		if c.String() == name {
			return c, nil
		}
	}
	return nil, fmt.Errorf("gmm: unknown covariance family %q; want one of %s", name, strings.Join(CovarianceNames(), ", "))
}
