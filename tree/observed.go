package tree

import (
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// observed is a model as a distribution of what is observed of each row.
type observed struct{ *Model }

// LogProb is [Model.LogProbObserved].
func (o observed) LogProb(dst []float64, x *mat.Dense) []float64 {
	return o.LogProbObserved(dst, x)
}

// Observed returns the model as a distribution of the observed columns of each row:
// values that are missing, NaN, are summed over.
func (m *Model) Observed() density.Exact { return observed{m} }
