package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// shares are the parts of the mass whose highest-density regions Densities
// draws.
var shares = []float64{0.5, 0.8, 0.95, 0.99}

const (
	gridNodes  = 160  // along each side of a panel
	mostPoints = 2000 // drawn per panel; more hide each other
)

// Panel is a density to draw.
type Panel struct {
	// Title names the model.
	Title string
	// Subtitle says how good it is and what kind of number that is, such as
	// "−4.10 ± 0.12 nats (exact)". It may be empty.
	Subtitle string
	// LogDensity returns log p(x) in nats, in the units of the data.
	LogDensity LogDensity
	// Outlines are closed curves over two columns, one for each component of the
	// density. Each is n×2 points, and its last point joins the first. nil: none.
	// OutlineName says in the legend what they hold, such as "components, 80 % of
	// each".
	Outlines    []*mat.Dense
	OutlineName string
	// Parts are weighted log densities over one column. The density of the panel is the
	// sum of theirs. nil: none.
	Parts []LogDensity
}

// Densities draws the densities of panels over the same points (N×2), side by side on
// shared axes. Filled are the highest-density regions with 50, 80, 95 and 99 % of each
// model's mass. The frame is the range of the points and 15 % more on all sides. Mass
// is counted up to three more frames beyond each side. A note names models with more
// than 1 % of their mass outside the frame, or with peaks too narrow to be drawn truly.
// Outlines are drawn over the regions. columns are the labels of the axes, with units.
//
// Each LogDensity is called with 25600 rows, and once more with 12288 if more
// than 1 % of its mass lies outside the frame. Points that are not finite, and
// log-densities that are NaN or +∞, are errors.
func Densities(title string, points *mat.Dense, panels []Panel, columns [2]string) (*Figure, error) {
	if err := checkPoints("the data", points, 2); err != nil {
		return nil, err
	}
	if len(panels) == 0 {
		return nil, fmt.Errorf("figure: no densities: %w", ErrEmpty)
	}
	var x, y [2]float64
	x[0], x[1] = columnRange(points, 0)
	y[0], y[1] = columnRange(points, 1)
	x[0], x[1] = pad(x[0], x[1], 0.15)
	y[0], y[1] = pad(y[0], y[1], 0.15)

	n, _ := points.Dims()
	rows, note := thin(n, mostPoints)
	marks := make([]point, len(rows))
	for k, i := range rows {
		marks[k] = point{points.At(i, 0), points.At(i, 1)}
	}
	f := frame{title: title, legend: densityLegend(n)}
	if note != "" {
		f.notes = append(f.notes, note)
	}
	across := columnsFor(len(panels), 4)
	side := panelSide(across)
	drawn := make([]panel, len(panels))
	for k, p := range panels {
		g, err := newField(p.Title, p.LogDensity, x, y, gridNodes)
		if err != nil {
			return nil, err
		}
		if g.mass() < 0.99 {
			if err := g.lookAround(p.Title, p.LogDensity); err != nil {
				return nil, err
			}
		}
		if note := g.massNote(); note != "" {
			f.notes = append(f.notes, p.Title+": "+note)
		}
		// Numbers and labels stand at the left and at the bottom only.
		xLabel, yLabel := columns[0], columns[1]
		left, bottom := k%across == 0, k+across >= len(panels)
		if !left {
			yLabel = ""
		}
		if !bottom {
			xLabel = ""
		}
		c := newPlot(xLabel, yLabel, 0.6*side, 0.8*side)
		c.X.Tick.Marker = ticks{want: 4, silent: !bottom}
		c.Y.Tick.Marker = ticks{silent: !left}
		c.X.Min, c.X.Max, c.Y.Min, c.Y.Max = x[0], x[1], y[0], y[1]
		c.Add(newRegions(g), scatter{marks, pointStyle(len(marks))})
		if len(p.Outlines) > 0 {
			o, err := newOutlines(p.Title, p.Outlines, ink)
			if err != nil {
				return nil, err
			}
			c.Add(o)
			f.addEntry(entry{p.OutlineName, lineThumb(o.style)})
		}
		drawn[k] = panel{p.Title, p.Subtitle, c}
	}
	down := (len(panels) + across - 1) / across
	f.width = vg.Length(across)*side + 40
	f.height = vg.Length(down) * (side + head(drawn) + 26)
	f.body = func(c draw.Canvas) { drawPanels(c, drawn, across) }
	return f.figure(), nil
}

// massNote says how much of the mass the frame leaves out, or that the sum over
// the nodes is not that of a density; "" if it misses little.
func (g field) massNote() string {
	percent := func(share float64) string {
		if share > 0.1 {
			return fmt.Sprintf("%.0f %%", 100*share)
		}
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	inside, around := g.mass(), g.massAround()
	switch {
	case inside+around > 1.05:
		return "the density has peaks narrower than this picture can show; its regions are rough."
	case inside+around < 0.97:
		return percent(1-inside) + " of the mass lies outside the frame or in peaks narrower than this picture can show; its regions are rough."
	case inside < 0.99:
		return percent(1-inside) + " of the mass lies outside the frame."
	}
	return ""
}

// panelSide returns the side of square panels, n in a row.
func panelSide(n int) vg.Length {
	return []vg.Length{340, 270, 230, 210}[min(n, 4)-1]
}

// densityLegend explains the regions and the points.
func densityLegend(rows int) []entry {
	var legend []entry
	for k := range shares {
		label := fmt.Sprintf("%g %%", 100*shares[k])
		if k == len(shares)-1 {
			label += " of the model's mass"
		}
		legend = append(legend, entry{label, fillThumb(regionColor(k), stroke(regionEdge(k), 0.7))})
	}
	return append(legend, entry{"data, " + count(rows, "row"), glyphThumb(pointStyle(1))})
}

// regionColor returns the fill of the k-th region, and regionEdge its line.
// Only the light half of viridis is used, so that points stay visible.
func regionColor(k int) color.NRGBA {
	light := 1 - float64(k)/float64(len(shares)-1)
	return mix(sequential(0.92-0.37*light), paper, 0.25+0.35*(1-light))
}

func regionEdge(k int) color.NRGBA {
	return mix(regionColor(k), ink, 0.35)
}

// regions draws nested highest-density regions.
type regions struct {
	loops [][]loop // by share, the innermost first
}

func newRegions(g field) regions {
	var r regions
	for _, level := range g.thresholds(shares) {
		r.loops = append(r.loops, g.region(level))
	}
	return r
}

// Plot implements plot.Plotter.
func (r regions) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	at := func(q point) vg.Point { return vg.Point{X: tx(q.x), Y: ty(q.y)} }
	for k := len(r.loops) - 1; k >= 0; k-- {
		var area vg.Path
		for _, l := range r.loops[k] {
			for i, q := range l.points {
				if i == 0 {
					area.Move(at(q))
				} else {
					area.Line(at(q))
				}
			}
			area.Close()
		}
		c.SetColor(regionColor(k))
		c.Fill(area)
		c.SetLineStyle(stroke(regionEdge(k), 0.7))
		for _, l := range r.loops[k] {
			for _, run := range l.runs() {
				var line vg.Path
				for i, q := range run {
					if i == 0 {
						line.Move(at(q))
					} else {
						line.Line(at(q))
					}
				}
				c.Stroke(line)
			}
		}
	}
}

// scatter draws points; those outside the frame are left out.
type scatter struct {
	points []point
	style  draw.GlyphStyle
}

// Plot implements plot.Plotter.
func (s scatter) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for _, q := range s.points {
		c.DrawGlyph(s.style, vg.Point{X: tx(q.x), Y: ty(q.y)})
	}
}

// pointStyle returns how n data points are drawn: the more, the smaller and
// the fainter.
func pointStyle(n int) draw.GlyphStyle {
	crowd := min(max(math.Log10(float64(n)/100)/1.3, 0), 1)
	return draw.GlyphStyle{
		Color:  fade(ink, 0.85-0.45*crowd),
		Radius: vg.Length(1.7 - 0.7*crowd),
		Shape:  draw.CircleGlyph{},
	}
}
