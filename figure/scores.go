package figure

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"likely/density"
)

// Score is how good one model is.
type Score struct {
	Name     string
	Estimate density.Estimate // nats per row
}

// Scores draws the mean log-likelihood of each model as a mark, the best on top, with
// the number and one standard error beside it. Bars are one standard error (thick) and
// two (thin), over rows and draws together. The mark shows the kind of the number. rows
// names the examples, such as "test rows". A score of −∞ is listed without a mark; NaN
// and +∞ are errors. A standard error that is NaN, as for a single row, has no bar.
func Scores(title, rows string, scores []Score) (*Figure, error) {
	if len(scores) == 0 {
		return nil, fmt.Errorf("figure: no scores: %w", ErrEmpty)
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range scores {
		e := s.Estimate
		value := e.Value
		if math.IsInf(value, -1) {
			value = 0 // listed, not drawn
		}
		if err := checkValues("the score of "+s.Name+" and its error", value, spread(e)); err != nil {
			return nil, err
		}
		if int(e.Kind) < 0 || int(e.Kind) >= len(kindStyles) {
			return nil, fmt.Errorf("figure: the score of %s is of unknown kind %v: %w", s.Name, e.Kind, ErrShape)
		}
		if !math.IsInf(e.Value, -1) {
			low, high = min(low, e.Value-2*spread(e)), max(high, e.Value+2*spread(e))
		}
	}
	if math.IsInf(low, 1) {
		return nil, fmt.Errorf("figure: all scores are −∞: %w", ErrEmpty)
	}
	sorted := slices.Clone(scores)
	slices.SortStableFunc(sorted, func(a, b Score) int { return cmp.Compare(b.Estimate.Value, a.Estimate.Value) })

	p := newPlot("log-likelihood of the "+rows+" (nats per row)", "", 3.4*vg.Inch, pageWidth)
	p.X.Min, p.X.Max = pad(low, high, 0.08)
	p.Y.Min, p.Y.Max = -0.6, float64(len(sorted))-0.4
	p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
	bold := writing(panelSize, ink, true)
	p.Y.Tick.Label.Font, p.Y.Tick.Label.Color = bold.Font, bold.Color
	var names plot.ConstantTicks
	for i, s := range sorted {
		names = append(names, plot.Tick{Value: float64(len(sorted) - 1 - i), Label: shorten(s.Name, bold, 1.6*vg.Inch)})
	}
	p.Y.Tick.Marker = names
	p.Add(grid(true, false), dots(sorted))

	numbers := writing(bodySize, ink, false)
	width := vg.Length(0)
	texts := make([]string, len(sorted))
	for i, s := range sorted {
		texts[i] = formatEstimate(s.Estimate)
		width = max(width, numbers.Width(texts[i]))
	}
	return frame{
		title: title, legend: kindLegend(sorted),
		notes:  []string{"Higher is better. Bars: ± one standard error (thick) and two (thin) of each model by itself; differences taken row by row are sharper."},
		width:  pageWidth,
		height: vg.Length(len(sorted))*28 + 44,
		body: func(c draw.Canvas) {
			left := draw.Crop(c, 0, -width-10, 0, 0)
			p.Draw(left)
			area := p.DataCanvas(left)
			_, ty := p.Transforms(&area)
			for i, text := range texts {
				y := ty(float64(len(sorted) - 1 - i))
				c.FillText(numbers, vg.Point{X: c.Max.X - width, Y: y - bodySize/2 + 2}, text)
			}
		},
	}.figure(), nil
}

// spread returns the standard error, 0 where it is unknown.
func spread(e density.Estimate) float64 {
	if s := e.StdErr(); !math.IsNaN(s) {
		return s
	}
	return 0
}

// formatEstimate writes "−4.10 ± 0.12" with the digits that the error
// warrants.
func formatEstimate(e density.Estimate) string {
	if math.IsInf(e.Value, -1) {
		return "−∞"
	}
	s := e.StdErr()
	if !(s > 0) || s < 1e-6*math.Abs(e.Value) {
		return minus(strconv.FormatFloat(e.Value, 'g', 6, 64))
	}
	decimals := max(0, 1-int(math.Floor(math.Log10(s))))
	return minus(fmt.Sprintf("%.*f ± %.*f", decimals, e.Value, decimals, s))
}

// kindStyles holds the mark of each density.Kind, and its name.
var kindStyles = [...]struct {
	name  string
	style draw.GlyphStyle
}{
	density.ExactValue: {"exact", draw.GlyphStyle{Color: categories[0], Radius: 4, Shape: draw.CircleGlyph{}}},
	density.LowerBound: {"lower bound (the truth is higher)", draw.GlyphStyle{Color: categories[1], Radius: 4.5, Shape: wedge{+1}}},
	density.UpperBound: {"upper bound (the truth is lower)", draw.GlyphStyle{Color: categories[3], Radius: 4.5, Shape: wedge{-1}}},
	density.Consistent: {"estimate by sampling", draw.GlyphStyle{Color: categories[2], Radius: 4, Shape: ring{}}},
	density.Quadrature: {"integral over the code", draw.GlyphStyle{Color: categories[0], Radius: 4, Shape: draw.CircleGlyph{}}},
}

// kindLegend explains the marks that occur.
func kindLegend(scores []Score) []entry {
	var legend []entry
	for kind, k := range kindStyles {
		if slices.ContainsFunc(scores, func(s Score) bool { return int(s.Estimate.Kind) == kind }) {
			legend = append(legend, entry{k.name, glyphThumb(k.style)})
		}
	}
	return legend
}

// dots draws the scores; the first has the highest place.
type dots []Score

// Plot implements plot.Plotter.
func (d dots) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	for i, s := range d {
		e := s.Estimate
		if math.IsInf(e.Value, -1) {
			continue
		}
		style := kindStyles[e.Kind].style
		y := ty(float64(len(d) - 1 - i))
		if se := spread(e); se > 0 {
			a, b := tx(e.Value-2*se), tx(e.Value+2*se)
			line := stroke(style.Color, 1)
			c.StrokeLine2(line, a, y, b, y)
			c.StrokeLine2(line, a, y-3, a, y+3)
			c.StrokeLine2(line, b, y-3, b, y+3)
			c.StrokeLine2(stroke(style.Color, 2.6), tx(e.Value-se), y, tx(e.Value+se), y)
		}
		c.DrawGlyphNoClip(style, vg.Point{X: tx(e.Value), Y: y})
	}
}

// wedge is a filled triangle that points right (+1) or left (−1).
type wedge struct{ direction vg.Length }

// DrawGlyph implements draw.GlyphDrawer.
func (w wedge) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	var p vg.Path
	p.Move(vg.Point{X: at.X + w.direction*s.Radius, Y: at.Y})
	p.Line(vg.Point{X: at.X - w.direction*s.Radius*0.7, Y: at.Y + s.Radius})
	p.Line(vg.Point{X: at.X - w.direction*s.Radius*0.7, Y: at.Y - s.Radius})
	p.Close()
	c.SetColor(s.Color)
	c.Fill(p)
}

// ring is a circle filled with paper.
type ring struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (ring) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	var p vg.Path
	p.Move(vg.Point{X: at.X + s.Radius, Y: at.Y})
	p.Arc(at, s.Radius, 0, 2*math.Pi)
	p.Close()
	c.SetColor(paper)
	c.Fill(p)
	c.SetLineStyle(stroke(s.Color, 1.6))
	c.Stroke(p)
}
