package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Density1D draws the densities of panels as curves over a histogram of the
// data, whose area is 1, with a tick for every row where there are few. The
// subtitles of the panels stand in the legend, and Parts are thin lines below their
// sum. column labels the x axis, with
// its unit. Each LogDensity is called once, with 1001 rows of one column.
func Density1D(title string, values []float64, panels []Panel, column string) (*Figure, error) {
	if len(values) == 0 {
		return nil, fmt.Errorf("figure: the data has no rows: %w", ErrEmpty)
	}
	if err := checkValues("the data", values...); err != nil {
		return nil, err
	}
	if len(panels) == 0 {
		return nil, fmt.Errorf("figure: no densities: %w", ErrEmpty)
	}
	low, high := pad(floats.Min(values), floats.Max(values), 0.15)
	grid1D := floats.Span(make([]float64, 1001), low, high)
	nodes := mat.NewDense(len(grid1D), 1, grid1D)

	bars := newBars(values)
	top := floats.Max(bars.heights)
	p := newPlot(column, "density", pageWidth-1.5*vg.Inch, 2.9*vg.Inch)
	p.X.Min, p.X.Max = low, high
	p.Add(grid(false, true), bars)
	legend := []entry{{"data, " + count(len(values), "row"), fillThumb(barFill, draw.LineStyle{})}}
	if len(values) <= 300 {
		p.Add(rug(values))
	}
	for k, panel := range panels {
		if panel.LogDensity == nil {
			return nil, fmt.Errorf("figure: %s has no log-density: %w", panel.Title, ErrEmpty)
		}
		logp := panel.LogDensity(nil, nodes)
		if err := checkLogDensity(panel.Title, logp, nodes); err != nil {
			return nil, err
		}
		if err := checkMass(panel.Title, logp); err != nil {
			return nil, err
		}
		line := make(plotter.XYs, len(logp))
		for i, v := range logp {
			line[i] = plotter.XY{X: grid1D[i], Y: math.Exp(v)}
			top = max(top, line[i].Y)
		}
		if math.IsInf(top, 1) {
			return nil, fmt.Errorf("figure: the density of %s is too large to draw: %w", panel.Title, ErrShape)
		}
		style := stroke(category(k), 1.6, dashes(k)...)
		for _, part := range panel.Parts {
			var thin plotter.XYs
			values := part(nil, nodes)
			if err := checkLogDensity("a part of "+panel.Title, values, nodes); err != nil {
				return nil, err
			}
			highest := floats.Max(values)
			for i, v := range values {
				if v > highest-7 { // the rest would only thicken the axis
					thin = append(thin, plotter.XY{X: grid1D[i], Y: math.Exp(v)})
				}
			}
			p.Add(&plotter.Line{XYs: thin, LineStyle: partStyle(k)})
		}
		p.Add(&plotter.Line{XYs: line, LineStyle: style})
		label := panel.Title
		if panel.Subtitle != "" {
			label += ": " + panel.Subtitle
		}
		legend = append(legend, entry{label, lineThumb(style)})
		if len(panel.Parts) > 0 {
			legend = append(legend, entry{panel.OutlineName, lineThumb(partStyle(k))})
		}
	}
	p.Y.Min, p.Y.Max = 0, 1.05*top
	return frame{
		title: title, legend: legend, width: pageWidth, height: 3.6 * vg.Inch,
		body: func(c draw.Canvas) { p.Draw(c) },
	}.figure(), nil
}

// partStyle returns how the parts of the k-th density are drawn.
func partStyle(k int) draw.LineStyle { return stroke(mix(category(k), ink, 0.3), 0.8) }

// dashes returns the dash pattern of the k-th line, so that lines differ in
// more than colour.
func dashes(k int) []vg.Length {
	return [][]vg.Length{nil, {6, 2}, {2, 2}, {7, 2, 2, 2}}[k%4]
}

var barFill = mix(silver, paper, 0.35)

// bars is a histogram of area 1.
type bars struct {
	edges   []float64
	heights []float64 // one fewer than edges
}

// newBars counts values into bins that suit them.
func newBars(values []float64) bars { return fillBars(binEdges(values, len(values)), values) }

// binEdges chooses bins over the range of values for a histogram of n of them. Their
// width is 2·IQR/∛N (Freedman and Diaconis 1981). That suits one hump and would merge
// clusters, so there are at least 3·∛n bins. There are from 8 to 60.
func binEdges(values []float64, n int) []float64 {
	sorted := slices.Sorted(slices.Values(values))
	all := len(sorted)
	low, high := sorted[0], sorted[all-1]
	if low == high {
		low, high = pad(low, high, 0.5)
	}
	width := 2 * (sorted[(3*all)/4] - sorted[all/4]) / math.Cbrt(float64(n))
	bins := 60
	if width > 0 {
		bins = int(min(max(math.Ceil((high-low)/width), math.Ceil(3*math.Cbrt(float64(n))), 8), 60))
	}
	return floats.Span(make([]float64, bins+1), low, high)
}

// fillBars counts values into evenly spaced bins that cover them.
func fillBars(edges, values []float64) bars {
	bins := len(edges) - 1
	low, width := edges[0], edges[bins]-edges[0]
	b := bars{edges: edges, heights: make([]float64, bins)}
	for _, v := range values {
		k := int((v - low) / width * float64(bins))
		b.heights[min(k, bins-1)] += float64(bins) / (float64(len(values)) * width)
	}
	return b
}

// Plot implements plot.Plotter.
func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	c.SetColor(barFill)
	for k, h := range b.heights {
		r := vg.Rectangle{
			Min: vg.Point{X: tx(b.edges[k]), Y: ty(0)},
			Max: vg.Point{X: tx(b.edges[k+1]) - 0.6, Y: ty(h)},
		}
		if h > 0 {
			c.Fill(r.Path())
		}
	}
}

// rug draws a tick on the x axis for each value.
type rug []float64

// Plot implements plot.Plotter.
func (r rug) Plot(c draw.Canvas, p *plot.Plot) {
	tx, _ := p.Transforms(&c)
	style := stroke(fade(ink, 0.5), 0.5)
	for _, v := range r {
		c.StrokeLine2(style, tx(v), c.Min.Y, tx(v), c.Min.Y+6)
	}
}
