package gmm

import (
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// observed is a mixture as a density of what is observed of each row.
type observed struct{ *Model }

// LogProb is [Model.LogProbObserved].
func (o observed) LogProb(dst []float64, x *mat.Dense) []float64 {
	return o.LogProbObserved(dst, x)
}

// Observed returns the mixture as a density of the observed columns of each row:
// values that are missing, NaN, are integrated out.
func (m *Model) Observed() density.Exact { return observed{m} }
