package figure

import (
	"cmp"
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

	// around holds the log-densities of the cells of a margin outside the
	// grid, each of the area aroundCell; nil if there is no margin.
	around     []float64
	aroundCell float64
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
	if err := checkLogDensity(name, g.logp, nodes); err != nil {
		return g, err
	}
	return g, checkMass(name, g.logp)
}

// lookAround evaluates f at the centres of the cells of a margin around the
// grid, three times as wide as the grid itself on all sides, so that the
// thresholds count the mass there too. The cells are coarser than those of the
// grid: they only need to say how much mass there is, at which density.
func (g *field) lookAround(name string, f LogDensity) error {
	const (
		across = 16 // cells along one side of the grid
		margin = 3
		tiles  = 2*margin + 1
	)
	width, height := g.x[len(g.x)-1]-g.x[0], g.y[len(g.y)-1]-g.y[0]
	centres := mat.NewDense((tiles*tiles-1)*across*across, 2, nil)
	row := 0
	for j := range tiles * across {
		for i := range tiles * across {
			if i/across == margin && j/across == margin {
				continue // the grid itself
			}
			centres.SetRow(row, []float64{
				g.x[0] + width*((float64(i)+0.5)/across-margin),
				g.y[0] + height*((float64(j)+0.5)/across-margin),
			})
			row++
		}
	}
	g.around, g.aroundCell = f(nil, centres), width*height/(across*across)
	return checkLogDensity(name, g.around, centres)
}

// checkLogDensity returns an error if values cannot be the log-density of the
// rows of x: a NaN or +∞.
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
	return nil
}

// checkMass returns an error if there is no mass at any of the nodes.
func checkMass(name string, values []float64) error {
	if math.IsInf(floats.Max(values), -1) {
		return fmt.Errorf("figure: %s has no density anywhere in the frame: %w", name, ErrEmpty)
	}
	return nil
}

// cell returns the area that a node of the grid stands for.
func (g field) cell() float64 { return (g.x[1] - g.x[0]) * (g.y[1] - g.y[0]) }

// weight returns the part of a cell that node k stands for: half of it on the
// sides of the grid, a quarter at the corners.
func (g field) weight(k int) float64 {
	w := 1.0
	if i := k % len(g.x); i == 0 || i == len(g.x)-1 {
		w /= 2
	}
	if j := k / len(g.x); j == 0 || j == len(g.y)-1 {
		w /= 2
	}
	return w
}

// mass returns the integral of the density over the grid by the trapezoidal
// rule.
func (g field) mass() float64 {
	peak := floats.Max(g.logp)
	var sum float64
	for k, v := range g.logp {
		sum += g.weight(k) * math.Exp(v-peak)
	}
	return math.Exp(math.Log(sum) + peak + math.Log(g.cell()))
}

// massAround returns the integral of the density over the margin; 0 without
// one.
func (g field) massAround() float64 {
	if g.around == nil {
		return 0
	}
	return math.Exp(density.LogSumExp(g.around) + math.Log(g.aroundCell))
}

// thresholds returns, for each share in (0, 1) of the mass on the grid and in the
// margin, the log-density c at which {log p ≥ c} holds that share. It bounds the
// highest-density region of that share (Hyndman 1996, "Computing and graphing highest
// density regions").
func (g field) thresholds(shares []float64) []float64 {
	type patch struct{ logp, area float64 }
	patches := make([]patch, 0, len(g.logp)+len(g.around))
	for k, v := range g.logp {
		patches = append(patches, patch{v, g.weight(k)})
	}
	for _, v := range g.around {
		patches = append(patches, patch{v, g.aroundCell / g.cell()})
	}
	slices.SortFunc(patches, func(a, b patch) int { return cmp.Compare(b.logp, a.logp) })
	below := make([]float64, len(patches)) // mass down to each patch
	var sum float64
	for i, p := range patches {
		sum += p.area * math.Exp(p.logp-patches[0].logp)
		below[i] = sum
	}
	levels := make([]float64, len(shares))
	for k, share := range shares {
		i, _ := slices.BinarySearch(below, share*sum)
		i = min(i, len(patches)-1)
		levels[k] = patches[i].logp
		// Between two patches the share grows evenly.
		if i > 0 && !math.IsInf(patches[i].logp, -1) {
			t := (share*sum - below[i-1]) / (below[i] - below[i-1])
			levels[k] = patches[i-1].logp + t*(patches[i].logp-patches[i-1].logp)
		}
	}
	return levels
}
