package figure

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// mostColumns is how many columns Pairs draws; more leave no room for each.
const mostColumns = 8

// Group is a set of points of one origin: the data, or a model's samples.
type Group struct {
	Name   string
	Points *mat.Dense // N×D
	// Outlines returns closed curves over columns a (across) and b (n×2 points
	// each), one for each component of the model; nil: none. OutlineName says
	// in the legend what they hold.
	Outlines    func(a, b int) []*mat.Dense
	OutlineName string
}

// Pairs draws each pair of columns of the groups as a scatter plot, and each
// column by itself as histograms of area 1 on the diagonal. It takes 2 to 8
// columns, whose labels columns holds, and reads best with two groups: the
// data first, and the samples of one model. Outlines are drawn off the diagonal.
func Pairs(title string, columns []string, groups []Group) (*Figure, error) {
	d := len(columns)
	if d < 2 || d > mostColumns {
		return nil, fmt.Errorf("figure: a scatter matrix of %d columns, want 2 to %d: %w", d, mostColumns, ErrShape)
	}
	if len(groups) == 0 {
		return nil, fmt.Errorf("figure: no points: %w", ErrEmpty)
	}
	low, high := make([]float64, d), make([]float64, d)
	f := frame{title: title}
	drawn := make([][][]float64, len(groups)) // rows to draw, by group
	for k, g := range groups {
		if err := checkPoints(fmt.Sprintf("points %q", g.Name), g.Points, d); err != nil {
			return nil, err
		}
		for j := range d {
			a, b := columnRange(g.Points, j)
			if k == 0 {
				low[j], high[j] = a, b
			}
			low[j], high[j] = min(low[j], a), max(high[j], b)
		}
		n, _ := g.Points.Dims()
		rows, note := thin(n, 600)
		if note != "" {
			f.notes = append(f.notes, g.Name+": "+note)
		}
		for _, i := range rows {
			drawn[k] = append(drawn[k], g.Points.RawRowView(i))
		}
		f.legend = append(f.legend, entry{g.Name + ", " + count(n, "row"), glyphThumb(groupStyle(k, 1))})
	}

	// Numbers that are too long for the axis of a panel go to the notes.
	marks := make([]ticks, d)
	for j, name := range columns {
		a, b := pad(low[j], high[j], 0.06)
		marks[j] = fitTicks(a, b, pairSide(d))
		if marks[j].silent {
			f.notes = append(f.notes, fmt.Sprintf("%s runs from %v to %v.", name, low[j], high[j]))
		}
	}

	plots := make([][]*plot.Plot, d)
	for r := range d {
		plots[r] = make([]*plot.Plot, d)
		for c := range r + 1 {
			plots[r][c] = pairPlot(r, c, marks, groups, drawn)
			p := plots[r][c]
			for k, g := range groups {
				if g.Outlines == nil || r == c {
					continue
				}
				o, err := newOutlines(g.Name, g.Outlines(c, r), mix(category(k), ink, 0.4))
				if err != nil {
					return nil, err
				}
				p.Add(o)
				f.addEntry(entry{g.OutlineName, lineThumb(o.style)})
			}
			p.X.Min, p.X.Max = pad(low[c], high[c], 0.06)
			if r != c {
				p.Y.Min, p.Y.Max = pad(low[r], high[r], 0.06)
			}
		}
	}
	side := pairSide(d)
	f.width, f.height = vg.Length(d)*side+36, vg.Length(d)*side+30
	f.body = func(c draw.Canvas) {
		label := writing(bodySize, ink, false)
		label.XAlign = draw.XCenter
		corner := c
		c = draw.Crop(c, bodySize+5, 0, bodySize+5, 0)
		tiles := draw.Tiles{Rows: d, Cols: d, PadX: 8, PadY: 8}
		for r, row := range plot.Align(plots, tiles, c) {
			for k, tile := range row {
				if plots[r][k] != nil {
					plots[r][k].Draw(tile)
				}
				// The labels are not left to gonum/plot, which cannot lay
				// out panels that are smaller than their labels.
				if r == d-1 {
					area := plots[r][k].DataCanvas(tile)
					c.FillText(label, vg.Point{X: area.Center().X, Y: corner.Min.Y + 2}, shorten(columns[k], label, side-10))
				}
				if k == 0 && r > 0 {
					area := plots[r][k].DataCanvas(tile)
					upright := label
					upright.Rotation = math.Pi / 2
					upright.YAlign = draw.YTop
					c.FillText(upright, vg.Point{X: corner.Min.X, Y: area.Center().Y}, shorten(columns[r], label, side-10))
				}
			}
		}
	}
	return f.figure(), nil
}

// pairSide returns the side of a panel where there are d columns.
func pairSide(d int) vg.Length { return min(vg.Length(150), 8.5*vg.Inch/vg.Length(d)) }

// fitTicks returns at most three or so marks whose labels fit beside each
// other along a panel, and each beside its neighbour panel; they are silent
// where not even one does.
func fitTicks(low, high float64, side vg.Length) ticks {
	style := writing(bodySize, ink, false)
	for want := 3; want > 0; want-- {
		t := ticks{want: want}
		var width, widest vg.Length
		marks := t.Ticks(low, high)
		for _, mark := range marks {
			width += style.Width(mark.Label) + 4
			widest = max(widest, style.Width(mark.Label))
		}
		if len(marks) > 0 && width <= 0.75*side && widest <= 0.3*side {
			return t
		}
	}
	return ticks{want: 3, silent: true}
}

// pairPlot returns the plot of column r against column c of the rows drawn,
// or the histograms of column r if they are the same.
func pairPlot(r, c int, marks []ticks, groups []Group, drawn [][][]float64) *plot.Plot {
	d := len(marks)
	p := newPlot("", "", 0, 0)
	across, up := marks[c], marks[r]
	across.silent = across.silent || r < d-1
	up.silent = up.silent || c > 0
	p.X.Tick.Marker, p.Y.Tick.Marker = across, up
	if r != c {
		for k, rows := range slices.Backward(drawn) { // the data last, on top
			points := make([]point, len(rows))
			for i, row := range rows {
				points[i] = point{row[c], row[r]}
			}
			p.Add(scatter{points, groupStyle(k, len(points))})
		}
		return p
	}
	// The height of a histogram has a scale of its own.
	p.Y.Tick.Marker = ticks{silent: true}
	p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
	top := 0.0
	var pooled []float64
	fewest := math.MaxInt
	for _, g := range groups {
		column := mat.Col(nil, r, g.Points)
		pooled = append(pooled, column...)
		fewest = min(fewest, len(column))
	}
	edges := binEdges(pooled, fewest)
	for k, g := range groups {
		b := fillBars(edges, mat.Col(nil, r, g.Points))
		top = max(top, slices.Max(b.heights))
		p.Add(outline{b, stroke(groupStyle(k, 1).Color, 1.2)})
	}
	p.Y.Min, p.Y.Max = 0, 1.08*top
	return p
}

// groupStyle returns how one of n points of the k-th group is drawn: the data
// in ink, the models in colour with their own shapes.
func groupStyle(k, n int) draw.GlyphStyle {
	style := pointStyle(n)
	if k > 0 {
		_, _, _, alpha := style.Color.RGBA()
		style.Color = fade(category(k), float64(alpha)/math.MaxUint16)
		style.Shape = shapes[k%len(shapes)]
		style.Radius *= 1.15
	}
	return style
}

// outline draws a histogram as a line around its bars.
type outline struct {
	bars
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (o outline) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	line := []vg.Point{{X: tx(o.edges[0]), Y: ty(0)}}
	for k, h := range o.heights {
		line = append(line, vg.Point{X: tx(o.edges[k]), Y: ty(h)}, vg.Point{X: tx(o.edges[k+1]), Y: ty(h)})
	}
	line = append(line, vg.Point{X: tx(o.edges[len(o.edges)-1]), Y: ty(0)})
	c.StrokeLines(o.style, line)
}
