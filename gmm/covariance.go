package gmm

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"likely/internal/safetensors"
)

// Covariance is a family of covariance matrices: what the components of a
// mixture may look like. [Covariances] lists its values, to which
// [FactorAnalyzers] and [ProbabilisticPCA] add those of a given number of factors.
type Covariance interface {
	// String returns the name that the command and saved models use, as
	// MarshalText does; [CovarianceName] reads it.
	String() string
	MarshalText() ([]byte, error)
	// NumParameters returns the number of free parameters of the K
	// covariances in D dimensions.
	NumParameters(k, d int) int

	// scales reports whether a member of the family stays one when columns
	// are measured in other units. Such families are fitted to columns of
	// unit variance, others to columns in proportion to the data's.
	scales() bool
	// needs returns what maximize asks of the second moments in D columns.
	needs(d int) need
	// maximize is the family's part of the M-step: the covariances that
	// maximise the expected log-likelihood, given the moments of the
	// responsibilities, subject to variances of at least floor (0: none).
	// keep holds the covariances so far, nil at first; components without
	// rows keep theirs.
	maximize(m *moments, floor float64, keep shapes) (shapes, error)
	// toTensor returns the parameters of covariances of the family as saved.
	toTensor(s shapes) safetensors.Tensor
	// fromTensor rebuilds covariances of K components in D dimensions.
	fromTensor(t safetensors.Tensor, k, d int) (shapes, error)
}

// need is what an M-step asks of the second moments of the rows of each component.
type need int

const (
	needSquares  need = iota // the sums of squares in each column
	needProducts             // those, and the products of the scatter with a few vectors
	needScatters             // the whole scatter, D×D
)

// shapes are the covariances of K components in D dimensions, ready for use.
// They are immutable and safe for concurrent use.
type shapes interface {
	// logDensities stores log N(xᵢ; μₖ, Σₖ) for the rows of x (row-major,
	// width D) and all components in dst (rows×K). means is K×D.
	logDensities(dst, means, x []float64)
	// logDensity stores log N(xᵢ; μ, Σₖ) for the rows of x in dst.
	logDensity(dst []float64, k int, mean, x []float64)
	// completer returns what completes rows with missing values.
	completer() completer
	// displace stores Lₖe in dst, where Σₖ = LₖLₖᵀ and e is standard normal.
	displace(dst []float64, k int, random *rand.Rand)
	// times returns Σₖv for v of length D.
	times(k int, v []float64) []float64
	// solve returns Σₖ⁻¹v for v of length D.
	solve(k int, v []float64) []float64
	// at returns element (i, j) of Σₖ.
	at(k, i, j int) float64
	// narrowest returns the smallest variance of component k in any
	// direction, or a lower bound that is tight where it is small.
	narrowest(k int) float64
	// floored reports whether the floor holds up component k.
	floored(k int) bool
	// heywood returns the number, from 1, of a column whose noise is at the floor
	// though the covariance of component k is not (a Heywood case), or 0.
	heywood(k int) int
	// rowsNeeded returns the number of rows that a covariance of its own needs.
	rowsNeeded() int
	// rescaled returns the covariances of s·x, column by column, or an error
	// where they are more or less than a number can hold.
	rescaled(s []float64) (shapes, error)
	// reordered returns the components in the given order.
	reordered(order []int) shapes
	family() Covariance
}

// covariances lists the families.
var covariances = []Covariance{
	Full, Tied, Diagonal, Spherical, TiedDiagonal, TiedSpherical,
	VEI, EVI, VEE, EVE, VVE, EEV, VEV, EVV,
}

// Covariances returns all families but those with factors.
func Covariances() []Covariance { return slices.Clone(covariances) }

// CovarianceNames returns the names of the families.
func CovarianceNames() []string {
	names := make([]string, len(covariances))
	for i, c := range covariances {
		names[i] = c.String()
	}
	return names
}

// ParseCovariance returns the family with the given name, which may be its name
// in mclust's scheme. An unknown name is an error that lists the known ones.
func ParseCovariance(name string) (Covariance, error) {
	for _, c := range covariances {
		if c.String() == name || Geometry(c) == name {
			return c, nil
		}
	}
	if f, ok := parseFactors(name); ok {
		return f, nil
	}
	return nil, fmt.Errorf("gmm: unknown covariance family %q; want one of %s, factors:L or ppca:L for L factors, or a name such as EEE of mclust", name, strings.Join(CovarianceNames(), ", "))
}

// CovarianceName is a family that is read from its name, for flags and files.
type CovarianceName struct{ Covariance }

// UnmarshalText is [ParseCovariance].
func (c *CovarianceName) UnmarshalText(text []byte) (err error) {
	c.Covariance, err = ParseCovariance(string(text))
	return err
}

// MarshalText returns the name; "" where there is no family.
func (c CovarianceName) MarshalText() ([]byte, error) {
	if c.Covariance == nil {
		return nil, nil
	}
	return c.Covariance.MarshalText()
}

// Geometry returns the name of the family in the scheme of mclust: three letters
// for volume, shape and orientation of
//
//	Σₖ = λₖ Dₖ Aₖ Dₖᵀ        |Aₖ| = 1, DₖᵀDₖ = I
//
// each E (equal in all components), V (varying) or I (identity).
func Geometry(c Covariance) string {
	switch c {
	case Full:
		return "VVV"
	case Tied:
		return "EEE"
	case Diagonal:
		return "VVI"
	case Spherical:
		return "VII"
	case TiedDiagonal:
		return "EEI"
	case TiedSpherical:
		return "EII"
	}
	return c.String()
}
