package figure

import (
	"fmt"
	"image/color"
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// Gap is the distance from a bound up to the log-likelihood, in parts.
type Gap struct {
	// Name is the model's, or that of the rows.
	Name string
	// Parts are stacked in order, in nats per row.
	Parts []GapPart
}

// GapPart is one reason for a gap.
type GapPart struct {
	// Name is the reason, such as "approximation" or "amortization". Parts
	// of one name have one colour.
	Name string
	// Nats is the size, and StdErr its standard error; 0 draws no bar, and
	// neither does NaN.
	Nats, StdErr float64
}

// Gaps draws each gap, log p(x) − ELBO, as a row of stacked bars (Cremer et al. 2018).
// One part is what the family of q cannot express (approximation). The other is what
// the encoder fails to reach within it (amortization). The line on each part is one
// standard error. A part that is negative, as noise or an unfinished optimisation can
// make it, is drawn to the left of zero and not hidden.
func Gaps(title string, gaps []Gap) (*Figure, error) {
	if len(gaps) == 0 {
		return nil, fmt.Errorf("figure: no gaps: %w", ErrEmpty)
	}
	var names []string
	index := make(map[string]int)
	low, high := 0.0, 0.0
	var rows plot.ConstantTicks
	label := writing(panelSize, ink, true)
	for i, g := range gaps {
		if len(g.Parts) == 0 {
			return nil, fmt.Errorf("figure: the gap of %s has no parts: %w", g.Name, ErrEmpty)
		}
		for _, part := range g.Parts {
			se := part.StdErr
			if math.IsNaN(se) {
				se = 0
			}
			if err := checkValues(fmt.Sprintf("the %s gap of %s", part.Name, g.Name), part.Nats, se); err != nil {
				return nil, err
			}
			if _, ok := index[part.Name]; !ok {
				index[part.Name] = len(names)
				names = append(names, part.Name)
			}
		}
		for _, s := range stack(g) {
			low, high = min(low, s.from-s.error, s.to-s.error), max(high, s.from, s.to+s.error)
		}
		rows = append(rows, plot.Tick{Value: float64(len(gaps) - 1 - i), Label: shorten(g.Name, label, 1.8*vg.Inch)})
	}
	f := frame{title: title, width: pageWidth, height: vg.Length(len(gaps))*34 + 44}
	for k, name := range names {
		f.legend = append(f.legend, entry{name, fillThumb(gapFill(k), draw.LineStyle{})})
	}
	f.notes = []string{"Lines: ± one standard error of each part."}

	p := newPlot("gap to log p(x) (nats per row, smaller is better)", "", pageWidth, pageWidth)
	p.Y.LineStyle.Width, p.Y.Tick.LineStyle.Width = 0, 0
	p.Y.Tick.Label.Font, p.Y.Tick.Label.Color = label.Font, label.Color
	p.Y.Tick.Marker = rows
	p.X.Min, p.X.Max = low, high
	if width := high - low; width > 0 {
		p.X.Max += 0.1 * width
		if low < 0 {
			p.X.Min -= 0.04 * width
		}
	} else {
		p.X.Max = 1
	}
	p.Y.Min, p.Y.Max = -0.6, float64(len(gaps))-0.4
	p.Add(grid(true, false), stacks{gaps, index})
	f.body = func(c draw.Canvas) { p.Draw(c) }
	return f.figure(), nil
}

// gapFill returns the colour of the k-th part.
func gapFill(k int) color.NRGBA { return mix(category(k), paper, 0.25) }

// segment is a part of a stack.
type segment struct {
	part            GapPart
	from, to, error float64
}

// stack lays the positive parts of a gap end to end to the right of zero, and
// the negative ones to its left.
func stack(g Gap) []segment {
	var right, left float64
	segments := make([]segment, len(g.Parts))
	for i, part := range g.Parts {
		from := &right
		if part.Nats < 0 {
			from = &left
		}
		s := segment{part: part, from: *from, to: *from + part.Nats}
		if part.StdErr > 0 {
			s.error = part.StdErr
		}
		*from = s.to
		segments[i] = s
	}
	return segments
}

// stacks draws gaps, the first on top.
type stacks struct {
	gaps  []Gap
	index map[string]int // the colour of a part, by its name
}

// Plot implements plot.Plotter.
func (s stacks) Plot(c draw.Canvas, p *plot.Plot) {
	tx, ty := p.Transforms(&c)
	const half = 8
	number := writing(bodySize, ink, false)
	for i, g := range s.gaps {
		y := ty(float64(len(s.gaps) - 1 - i))
		var total, end float64
		for _, part := range stack(g) {
			bar := vg.Rectangle{Min: vg.Point{X: tx(part.from), Y: y - half}, Max: vg.Point{X: tx(part.to), Y: y + half}}
			c.SetColor(gapFill(s.index[part.part.Name]))
			c.Fill(bar.Path())
			total += part.part.Nats
			end = max(end, part.from, part.to+part.error)
		}
		for _, part := range stack(g) { // over the bars, not under the next
			if part.error > 0 {
				a, b := tx(part.to-part.error), tx(part.to+part.error)
				c.StrokeLine2(stroke(ink, 0.9), a, y, b, y)
				c.StrokeLine2(stroke(ink, 0.9), a, y-2.5, a, y+2.5)
				c.StrokeLine2(stroke(ink, 0.9), b, y-2.5, b, y+2.5)
			}
		}
		c.FillText(number, vg.Point{X: tx(end) + 5, Y: y - bodySize/2 + 2}, minus(fmt.Sprintf("%.3g", total)))
	}
	c.StrokeLine2(stroke(pencil, 0.7), tx(0), c.Min.Y, tx(0), c.Max.Y)
}
