package figure

import (
	"fmt"
	"slices"
	"strings"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// History is the course of a fit.
type History struct {
	// Title names the model, such as "vae".
	Title string
	// Subtitle says what the curves are, such as "evidence lower bound" or
	// "exact mean log-likelihood". It may be empty.
	Subtitle string
	// Unit is what the steps are: "iteration" or "epoch".
	Unit string
	// Quantity labels the vertical axis; "" means "nats per row".
	Quantity string
	// Train and Valid are the values after each step; the first belongs to
	// step 1. Valid has the length of Train, or is nil.
	Train, Valid []float64
	// Best is the step whose model was kept, counted from 1; 0 marks none.
	Best int
}

// Histories draws the course of several fits side by side, each on its own
// axes. Where the first steps are so far off that they would flatten all
// others, they are left out of the frame, and a note says so.
func Histories(title string, histories []History) (*Figure, error) {
	if len(histories) == 0 {
		return nil, fmt.Errorf("figure: no histories: %w", ErrEmpty)
	}
	f := frame{title: title}
	panels := make([]panel, len(histories))
	validation, best := false, false
	for k, h := range histories {
		if err := h.check(); err != nil {
			return nil, err
		}
		validation = validation || h.Valid != nil
		best = best || h.Best > 0
		p, hidden := h.plot()
		var remarks []string
		if hidden > 0 {
			remarks = append(remarks, count(hidden, h.Unit)+" at the start left out of the frame")
		}
		if size := h.block(); size > 1 {
			remarks = append(remarks, "lines are medians of "+count(size, h.Unit)+", bands their range")
		}
		if remarks != nil {
			f.notes = append(f.notes, h.Title+": "+strings.Join(remarks, "; ")+".")
		}
		panels[k] = panel{h.Title, h.Subtitle, p}
	}
	f.legend = append(f.legend, entry{"training rows", lineThumb(trainLine)})
	if validation {
		f.legend = append(f.legend, entry{"validation rows", lineThumb(validLine)})
	}
	if best {
		f.legend = append(f.legend, entry{"step that was kept", glyphThumb(bestMark)})
	}
	across := columnsFor(len(panels), 3)
	down := (len(panels) + across - 1) / across
	f.width = pageWidth
	if across == 3 {
		f.width = 9.5 * vg.Inch
	}
	f.height = vg.Length(down) * (2.6*vg.Inch + head(panels))
	f.body = func(c draw.Canvas) { drawPanels(c, panels, across) }
	return f.figure(), nil
}

var (
	trainLine = stroke(categories[0], 1.5)
	validLine = stroke(categories[1], 1.5, 5, 2)
	bestMark  = draw.GlyphStyle{Color: ink, Radius: 3.2, Shape: diamond{}}
)

// check returns an error unless the history can be drawn.
func (h History) check() error {
	switch {
	case len(h.Train) == 0:
		return fmt.Errorf("figure: the history of %s has no steps: %w", h.Title, ErrEmpty)
	case h.Valid != nil && len(h.Valid) != len(h.Train):
		return fmt.Errorf("figure: the history of %s has %d training and %d validation values: %w", h.Title, len(h.Train), len(h.Valid), ErrShape)
	case h.Best < 0 || h.Best > len(h.Train):
		return fmt.Errorf("figure: the history of %s keeps step %d of %d: %w", h.Title, h.Best, len(h.Train), ErrShape)
	}
	if err := checkValues("the training history of "+h.Title, h.Train...); err != nil {
		return err
	}
	return checkValues("the validation history of "+h.Title, h.Valid...)
}

// plot draws the history, and returns how many of the first steps lie outside
// the frame.
func (h History) plot() (p *plot.Plot, hidden int) {
	quantity := h.Quantity
	if quantity == "" {
		quantity = "nats per row"
	}
	p = newPlot(h.Unit, quantity, 1.8*vg.Inch, 2*vg.Inch)
	p.X.Tick.Marker = ticks{want: 4, integers: true}
	low, high := h.window()
	p.Y.Min, p.Y.Max = pad(low, high, 0.06)
	for hidden < len(h.Train) && (h.Train[hidden] < p.Y.Min || h.Train[hidden] > p.Y.Max) {
		hidden++
	}
	p.Add(grid(false, true))
	kept := h.Train
	size := h.block()
	courses := []course{newCourse(h.Train, size, trainLine, categories[0])}
	if h.Valid != nil {
		courses = append(courses, newCourse(h.Valid, size, validLine, categories[1]))
		kept = h.Valid
	}
	for _, one := range courses {
		p.Add(one.band())
	}
	for _, one := range courses {
		p.Add(one)
	}
	if len(h.Train) == 1 {
		p.Add(scatter{[]point{{1, h.Train[0]}}, draw.GlyphStyle{Color: trainLine.Color, Radius: 2.5, Shape: draw.CircleGlyph{}}})
	}
	if h.Best > 0 {
		p.Add(marker{float64(h.Best), kept[h.Best-1], fmt.Sprintf("%s %d", h.Unit, h.Best)})
	}
	p.X.Min, p.X.Max = pad(1, float64(len(h.Train)), 0.02)
	p.Y.Min, p.Y.Max = pad(low, high, 0.06)
	return p, hidden
}

// window returns the range of values to show: all of them, unless those of
// the first tenth of the steps would leave the rest less than a quarter of
// the height. In nats it spans at least a tenth, so that the last digits of a
// fit that has converged do not look like progress.
func (h History) window() (low, high float64) {
	all := slices.Concat(h.Train, h.Valid)
	low, high = floats.Min(all), floats.Max(all)
	if len(h.Train) < 8 {
		return low, high
	}
	skip := (len(h.Train) + 9) / 10
	late := slices.Clone(h.Train[skip:])
	if h.Valid != nil {
		late = append(late, h.Valid[skip:]...)
	}
	lateLow, lateHigh := floats.Min(late), floats.Max(late)
	room := lateHigh - lateLow
	if room >= (high-low)/4 {
		return low, high
	}
	// Some of the approach still shows.
	if h.Quantity == "" {
		room = max(0.3*room, 0.1-room)
	} else {
		room *= 0.3
	}
	return max(low, lateLow-room), min(high, lateHigh+room)
}

// marker points out one step.
type marker struct {
	x, y  float64
	label string
}

// Plot implements plot.Plotter.
func (m marker) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	at := vg.Point{X: tx(m.x), Y: ty(m.y)}
	c.StrokeLine2(stroke(pencil, 0.6, 2, 2), at.X, c.Min.Y, at.X, at.Y)
	c.DrawGlyphNoClip(bestMark, at)
	style := writing(bodySize, ink, false)
	label := shorten(m.label, style, vg.Inch)
	x := at.X + 4
	if x+style.Width(label) > c.Max.X {
		x = at.X - 4 - style.Width(label)
	}
	c.FillText(style, vg.Point{X: x, Y: c.Min.Y + 4}, label)
}

// diamond is a filled square on its corner.
type diamond struct{}

// DrawGlyph implements draw.GlyphDrawer.
func (diamond) DrawGlyph(c *draw.Canvas, s draw.GlyphStyle, at vg.Point) {
	var p vg.Path
	p.Move(vg.Point{X: at.X - s.Radius, Y: at.Y})
	p.Line(vg.Point{X: at.X, Y: at.Y - s.Radius})
	p.Line(vg.Point{X: at.X + s.Radius, Y: at.Y})
	p.Line(vg.Point{X: at.X, Y: at.Y + s.Radius})
	p.Close()
	c.SetColor(s.Color)
	c.Fill(p)
}
