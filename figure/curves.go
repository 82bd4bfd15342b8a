package figure

import (
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Curve is a quantity that depends on a setting, with its error.
type Curve struct {
	Name string
	// X is ascending; Y has its length.
	X, Y []float64
	// StdErr are standard errors of Y, drawn as a band of one above and one
	// below; nil draws none.
	StdErr []float64
	// Best is the number of the point to mark, counted from 1; 0 marks
	// none.
	Best int
}

// Reference is a value to compare curves with.
type Reference struct {
	Name   string
	Value  float64
	StdErr float64 // 0 draws no band
}

// CurvesAxes says what the axes of Curves are.
type CurvesAxes struct {
	// X and Y are the labels, with units.
	X, Y string
	// LogX makes the horizontal axis logarithmic, as suits numbers of
	// samples; all X must then be positive.
	LogX bool
	// WholeX keeps the marks of the horizontal axis on whole numbers, as
	// suits numbers of components.
	WholeX bool
}

// Curves draws quantities against a setting: a bound against its number of
// samples, a selection criterion against the number of components. References
// are horizontal lines across the figure; they may be nil.
func Curves(title string, axes CurvesAxes, curves []Curve, references []Reference) (*Figure, error) {
	return drawCurves(title, axes, curves, references, nil)
}

// drawCurves is Curves on a window of values; nil shows all.
func drawCurves(title string, axes CurvesAxes, curves []Curve, references []Reference, window *[2]float64) (*Figure, error) {
	if len(curves) == 0 {
		return nil, fmt.Errorf("figure: no curves: %w", ErrEmpty)
	}
	p := newPlot(axes.X, axes.Y, pageWidth-1.5*vg.Inch, 2.9*vg.Inch)
	p.X.Tick.Marker = ticks{}
	if axes.WholeX {
		p.X.Tick.Marker = ticks{want: 12, integers: true}
	}
	p.Add(grid(false, true))
	xLow, xHigh, low, high := math.Inf(1), math.Inf(-1), math.Inf(1), math.Inf(-1)
	f := frame{title: title, width: pageWidth, height: 3.6 * vg.Inch}

	for k, r := range references {
		if err := checkValues("the reference "+r.Name, r.Value, r.StdErr); err != nil {
			return nil, err
		}
		low, high = min(low, r.Value-r.StdErr), max(high, r.Value+r.StdErr)
		style := stroke(pencil, 1.1, [][]vg.Length{{4, 2}, {1.5, 1.5}}[k%2]...)
		p.Add(level{r, style})
		f.legend = append(f.legend, entry{r.Name, lineThumb(style)})
	}
	banded, best := false, false
	var legend []entry
	for k, c := range curves {
		if err := c.check(axes.LogX); err != nil {
			return nil, err
		}
		xLow, xHigh = min(xLow, c.X[0]), max(xHigh, c.X[len(c.X)-1])
		for i, y := range c.Y {
			se := 0.0
			if c.StdErr != nil {
				se = c.StdErr[i]
			}
			low, high = min(low, y-se), max(high, y+se)
		}
		banded = banded || c.StdErr != nil && floats.Max(c.StdErr) > 0
		best = best || c.Best > 0
		style := stroke(category(k), 1.5, dashes(k+k/len(categories))...) // another line where colours come again
		p.Add(curve{c, category(k), style, shapes[k%len(shapes)]})
		legend = append(legend, entry{c.Name, lineThumb(style)})
	}
	f.legend = append(legend, f.legend...)
	if best {
		f.legend = append(f.legend, entry{"best", glyphThumb(bestRing)})
	}
	if banded {
		f.notes = []string{"Bands: ± one standard error."}
	}
	if window != nil && (low < window[0] || high > window[1]) {
		low, high = max(low, window[0]), min(high, window[1])
		f.notes = append(f.notes, "Curves that leave the frame are far worse there.")
	}
	p.Y.Min, p.Y.Max = pad(low, high, 0.06)
	if axes.LogX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, logTicks{}
		ratio := math.Pow(max(xHigh/xLow, 1.1), 0.03)
		p.X.Min, p.X.Max = xLow/ratio, xHigh*ratio
	} else {
		p.X.Min, p.X.Max = pad(xLow, xHigh, 0.03)
	}
	f.body = func(c draw.Canvas) { p.Draw(c) }
	return f.figure(), nil
}

// Criteria draws a selection criterion against the number of components, one curve for
// each family of covariances. It rings the best point of all, unless a curve says which
// that is: a value may be the best and not be sound. Values that are much worse than
// the better half run out of the frame. criterion labels the vertical axis with its
// sign convention, such as "BIC (nats, larger is better)". smaller says that the
// smallest value is the best.
func Criteria(title, criterion string, smaller bool, curves []Curve) (*Figure, error) {
	marked := slices.Clone(curves)
	var all []float64
	given, best := false, 0 // the curve with the best point
	for k, c := range curves {
		if err := c.check(false); err != nil {
			return nil, err
		}
		given = given || c.Best > 0
		if smaller && floats.Min(c.Y) < floats.Min(curves[best].Y) || !smaller && floats.Max(c.Y) > floats.Max(curves[best].Y) {
			best = k
		}
		all = append(all, c.Y...)
	}
	if len(curves) > 0 && !given {
		marked[best].Best = 1 + floats.MaxIdx(curves[best].Y)
		if smaller {
			marked[best].Best = 1 + floats.MinIdx(curves[best].Y)
		}
	}
	axes := CurvesAxes{X: "components", Y: criterion, WholeX: true}
	if len(all) == 0 {
		return drawCurves(title, axes, marked, nil, nil)
	}
	slices.Sort(all)
	median := all[len(all)/2]
	window := &[2]float64{math.Inf(-1), all[0] + 4*(median-all[0])}
	if !smaller {
		best := all[len(all)-1]
		window = &[2]float64{best - 4*(best-median), math.Inf(1)}
	}
	return drawCurves(title, axes, marked, nil, window)
}

// check returns an error unless the curve can be drawn.
func (c Curve) check(logX bool) error {
	n := len(c.X)
	switch {
	case n == 0:
		return fmt.Errorf("figure: the curve %s has no points: %w", c.Name, ErrEmpty)
	case len(c.Y) != n || c.StdErr != nil && len(c.StdErr) != n:
		return fmt.Errorf("figure: the curve %s has %d places, %d values and %d errors: %w", c.Name, n, len(c.Y), len(c.StdErr), ErrShape)
	case c.Best < 0 || c.Best > n:
		return fmt.Errorf("figure: the curve %s marks point %d of %d: %w", c.Name, c.Best, n, ErrShape)
	}
	if err := checkValues("the curve "+c.Name, slices.Concat(c.X, c.Y, c.StdErr)...); err != nil {
		return err
	}
	for i := range n {
		if i > 0 && !(c.X[i] > c.X[i-1]) {
			return fmt.Errorf("figure: the curve %s does not ascend at point %d: %w", c.Name, i+1, ErrShape)
		}
	}
	if logX && !(c.X[0] > 0) {
		return fmt.Errorf("figure: the curve %s starts at %v on a logarithmic axis: %w", c.Name, c.X[0], ErrShape)
	}
	return nil
}

// curve draws a Curve.
type curve struct {
	Curve
	color color.NRGBA
	line  draw.LineStyle
	shape draw.GlyphDrawer
}

// bestRing surrounds the best point.
var bestRing = draw.GlyphStyle{Color: ink, Radius: 5, Shape: draw.RingGlyph{}}

// Plot implements plot.Plotter.
func (u curve) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	line := make([]vg.Point, len(u.X))
	for i := range line {
		line[i] = vg.Point{X: tx(u.X[i]), Y: ty(u.Y[i])}
	}
	if u.StdErr != nil {
		var band []vg.Point
		for i := range line {
			band = append(band, vg.Point{X: line[i].X, Y: ty(u.Y[i] + u.StdErr[i])})
		}
		for i := len(line) - 1; i >= 0; i-- {
			band = append(band, vg.Point{X: line[i].X, Y: ty(u.Y[i] - u.StdErr[i])})
		}
		c.FillPolygon(fade(u.color, 0.18), c.ClipPolygonXY(band))
	}
	c.StrokeLines(u.line, c.ClipLinesXY(line)...)
	if len(line) <= 60 {
		for _, at := range line {
			c.DrawGlyph(draw.GlyphStyle{Color: u.color, Radius: 2.4, Shape: u.shape}, at)
		}
	}
	if u.Best > 0 {
		c.SetLineStyle(stroke(ink, 1))
		c.DrawGlyphNoClip(bestRing, line[u.Best-1])
	}
}

// level draws a Reference.
type level struct {
	Reference
	style draw.LineStyle
}

// Plot implements plot.Plotter.
func (l level) Plot(c draw.Canvas, p *plot.Plot) {
	_, ty := p.Transforms(&c)
	if l.StdErr > 0 {
		c.SetColor(fade(pencil, 0.15))
		c.Fill(vg.Rectangle{
			Min: vg.Point{X: c.Min.X, Y: ty(l.Value - l.StdErr)},
			Max: vg.Point{X: c.Max.X, Y: ty(l.Value + l.StdErr)},
		}.Path())
	}
	c.StrokeLine2(l.style, c.Min.X, ty(l.Value), c.Max.X, ty(l.Value))
}
