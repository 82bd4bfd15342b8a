package bayes

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/density"
	"likely/gmm"
)

// Weights is the prior of the mixture weights.
type Weights int

const (
	// Dirichlet is a symmetric Dirichlet distribution.
	Dirichlet Weights = iota
	// DirichletProcess is the truncated stick-breaking process.
	DirichletProcess
)

var weightsNames = []string{"dirichlet", "dirichlet-process"}

// String returns dirichlet or dirichlet-process.
func (w Weights) String() string {
	if w < 0 || int(w) >= len(weightsNames) {
		return fmt.Sprintf("Weights(%d)", int(w))
	}
	return weightsNames[w]
}

// MarshalText returns the name.
func (w Weights) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads the name.
func (w *Weights) UnmarshalText(text []byte) error {
	i := slices.Index(weightsNames, string(text))
	if i < 0 {
		return density.SettingErrorf(ErrSettings, "bayes: {Weights} is %q: {err}; want dirichlet or dirichlet-process", text)
	}
	*w = Weights(i)
	return nil
}

// Settings says what to fit and how. The zero value works.
type Settings struct {
	// Components is the largest number of components, K; 0: 10.
	Components int
	// Family is that of the covariances: gmm.Full, gmm.Tied, gmm.Diagonal,
	// gmm.Spherical, gmm.TiedDiagonal or gmm.TiedSpherical; nil: gmm.Full.
	Family gmm.Covariance
	// Weights is the prior of the weights.
	Weights Weights
	// Concentration is α₀ of the Dirichlet distribution, for each component,
	// or γ of the process; 0: 1/K, or 1. Small values empty components.
	Concentration float64
	// Shrinkage is β₀, in rows; 0: 1.
	Shrinkage float64
	// DegreesOfFreedom is ν₀, above D−1 for gmm.Full and gmm.Tied and above 0
	// for the others; 0: D, or 1.
	DegreesOfFreedom float64
	// Mean is m₀ (length D); nil: the mean of the data.
	Mean []float64
	// Covariance is W₀⁻¹/ν₀, the covariance that a component is expected to
	// have (D×D, positive definite), of which the families whose axes are the
	// columns take the diagonal; nil: that of the data.
	Covariance mat.Symmetric
	// Starts is the number of k-means starts, of which the one with the
	// greatest bound is kept; 0: 5.
	Starts int
	// Start, if not nil, is a mixture of K components whose responsibilities
	// are where the fit starts, instead of k-means.
	Start *gmm.Model
	// RowWeights says how often each row counts (length N, not negative); nil:
	// once. A row of weight 0 is absent, one of weight 2 there twice.
	RowWeights []float64
	// Iterations bounds the number of iterations of a start; 0: 1000.
	Iterations int
	// Tolerance is the gain of the bound, in nats per row, below which a start
	// ends; 0: 1e-8. A negative gain never satisfies it.
	Tolerance float64
}

// Errors of a fit.
var (
	// ErrSettings reports settings that make no sense.
	ErrSettings = errors.New("impossible settings")
	// ErrSingular reports data that do not fill their space, with no
	// covariance given in the settings.
	ErrSingular = errors.New("the covariance of the data is singular")
)

// resolve puts defaults in, for D columns.
func (s Settings) resolve(d int) (Settings, error) {
	if s.Start != nil {
		if s.Components == 0 {
			s.Components = s.Start.Components()
		}
		s.Starts = 1
	}
	setDefault(&s.Components, 10)
	setDefault(&s.Starts, 5)
	setDefault(&s.Shrinkage, 1)
	setDefault(&s.Iterations, 1000)
	setDefault(&s.Tolerance, 1e-8)
	if s.Family == nil {
		s.Family = gmm.Full
	}
	if s.Weights == Dirichlet {
		setDefault(&s.Concentration, 1/float64(s.Components))
	}
	setDefault(&s.Concentration, 1)
	least := 0.0
	switch s.Family {
	case gmm.Full, gmm.Tied:
		least = float64(d) - 1
		setDefault(&s.DegreesOfFreedom, float64(d))
	case gmm.Diagonal, gmm.Spherical, gmm.TiedDiagonal, gmm.TiedSpherical:
		setDefault(&s.DegreesOfFreedom, 1)
	default:
		return s, density.SettingErrorf(ErrSettings, "bayes: {Family} is %v: {err}; want full, tied, diag, spherical, tied-diag or tied-spherical", s.Family)
	}
	for _, c := range []struct {
		name  string
		value float64
		above float64
	}{
		{"Components", float64(s.Components), 0}, {"Concentration", s.Concentration, 0}, {"Shrinkage", s.Shrinkage, 0},
		{"DegreesOfFreedom", s.DegreesOfFreedom, least}, {"Starts", float64(s.Starts), 0},
		{"Iterations", float64(s.Iterations), 0}, {"Tolerance", s.Tolerance, 0},
	} {
		if !(c.value > c.above) || math.IsInf(c.value, 0) {
			return s, density.SettingErrorf(ErrSettings, "bayes: {%s} is %v: {err}; want a number above %v, or 0 for the default", c.name, c.value, c.above)
		}
	}
	if most := 1 << 20; s.Starts > most || s.Components > most {
		return s, density.SettingErrorf(ErrSettings, "bayes: {Components} is %d and {Starts} is %d: {err}; want at most %d of either", s.Components, s.Starts, most)
	}
	if s.Weights != Dirichlet && s.Weights != DirichletProcess {
		return s, density.SettingErrorf(ErrSettings, "bayes: {Weights} is %v: {err}; want dirichlet or dirichlet-process", s.Weights)
	}
	if s.Concentration > mostConcentrated {
		return s, density.SettingErrorf(ErrSettings, "bayes: {Concentration} is %v: {err}; want at most %v, beyond which the bound drowns in its normalisers", s.Concentration, float64(mostConcentrated))
	}
	for j, v := range s.Mean {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return s, density.SettingErrorf(ErrSettings, "bayes: {Mean} in column %d is %v: {err}; want a finite number", j+1, v)
		}
	}
	if s.Mean != nil && len(s.Mean) != d || s.Covariance != nil && s.Covariance.SymmetricDim() != d {
		panic("bayes: prior and data differ in dimension")
	}
	if s.Start != nil && (s.Start.Components() != s.Components || s.Start.Dim() != d) {
		return s, density.SettingErrorf(ErrSettings, "bayes: {Start} has %d components in %d columns for %d in %d: {err}", s.Start.Components(), s.Start.Dim(), s.Components, d)
	}
	return s, nil
}

// mostConcentrated bounds the concentration: ln Γ of its size loses as many digits.
const mostConcentrated = 1e8

func setDefault[T int | float64](field *T, value T) {
	if *field == 0 {
		*field = value
	}
}
