package compare

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"likely/gmm"
)

// mixturesOnly returns what the data have that only mixtures take exactly, or "".
func (c *Config) mixturesOnly() string {
	switch {
	case c.Missing:
		return "missing values"
	case c.Weights != "":
		return "weights"
	}
	return ""
}

// observed is a mixture as a density of what is observed of each row: values that
// are missing, NaN, are integrated out.
type observed struct{ *gmm.Model }

// LogProb stores the log density of the observed values of each row of x (N×D) in
// dst (length N, or nil) and returns it, in nats.
func (o observed) LogProb(dst []float64, x *mat.Dense) []float64 {
	return o.LogProbObserved(dst, x)
}

// complete returns the rows of x (N×D) that lack nothing, x itself if none does,
// or nil if all do: what can be drawn as points.
func complete(x *mat.Dense) *mat.Dense {
	n, d := x.Dims()
	var values []float64
	for i := range n {
		if row := x.RawRowView(i); !slices.ContainsFunc(row, math.IsNaN) {
			values = append(values, row...)
		}
	}
	switch len(values) {
	case 0:
		return nil
	case n * d:
		return x
	}
	return mat.NewDense(len(values)/d, d, values)
}
