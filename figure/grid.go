package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"

	"likely/density"
)

// LogDensity returns log p(xᵢ) in nats for each row of x in dst, which may be
// nil; it is the method LogProb of a density.Exact. Where the density is only
// estimated, the caller decides how, for instance through a finite mixture of
// draws from the prior.
type LogDensity func(dst []float64, x *mat.Dense) []float64

// field is a log-density on a regular grid of nodes.
type field struct {
	x, y []float64 // coordinates of the columns and rows of nodes
	logp []float64 // nats; node (i, j) at j·len(x)+i
}

// newField evaluates f in one call on n×n nodes over a rectangle. name is the
// panel's, for errors.
func newField(name string, f LogDensity, x, y [2]float64, n int) (field, error) {
	g := field{
		x: floats.Span(make([]float64, n), x[0], x[1]),
		y: floats.Span(make([]float64, n), y[0], y[1]),
	}
	nodes := mat.NewDense(n*n, 2, nil)
	for j, v := range g.y {
		for i, u := range g.x {
			nodes.SetRow(j*n+i, []float64{u, v})
		}
	}
	if f == nil {
		return g, fmt.Errorf("figure: %s has no log-density: %w", name, ErrEmpty)
	}
	g.logp = f(nil, nodes)
	return g, checkLogDensity(name, g.logp, nodes)
}

// checkLogDensity returns an error if values cannot be the log-density of the
// rows of x: a NaN, +∞, or no mass at all.
func checkLogDensity(name string, values []float64, x *mat.Dense) error {
	n, _ := x.Dims()
	if len(values) != n {
		return fmt.Errorf("figure: the log-density of %s returned %d values for %d rows: %w", name, len(values), n, ErrShape)
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 1) {
			return fmt.Errorf("figure: the log-density of %s at %v is %v: %w", name, x.RawRowView(i), v, density.ErrNonFinite)
		}
	}
	if math.IsInf(floats.Max(values), -1) {
		return fmt.Errorf("figure: %s has no density anywhere in the frame: %w", name, ErrEmpty)
	}
	return nil
}

// mass returns the integral of the density over the grid, as a sum over
// nodes.
func (g field) mass() float64 {
	cell := (g.x[1] - g.x[0]) * (g.y[1] - g.y[0])
	return math.Exp(density.LogSumExp(g.logp) + math.Log(cell))
}

// thresholds returns, for each share in (0, 1) of the mass on the grid, the
// log-density c at which {log p ≥ c} holds that share: the boundary of its
// highest-density region (Hyndman 1996, "Computing and graphing highest
// density regions").
func (g field) thresholds(shares []float64) []float64 {
	sorted := slices.Clone(g.logp)
	slices.Sort(sorted)
	slices.Reverse(sorted)
	below := make([]float64, len(sorted)) // share of the mass down to each node
	var sum float64
	for i, v := range sorted {
		sum += math.Exp(v - sorted[0])
		below[i] = sum
	}
	levels := make([]float64, len(shares))
	for k, share := range shares {
		i, _ := slices.BinarySearch(below, share*sum)
		i = min(i, len(sorted)-1)
		levels[k] = sorted[i]
		// Between two nodes the share grows evenly.
		if i > 0 && !math.IsInf(sorted[i], -1) {
			t := (share*sum - below[i-1]) / (below[i] - below[i-1])
			levels[k] = sorted[i-1] + t*(sorted[i]-sorted[i-1])
		}
	}
	return levels
}
